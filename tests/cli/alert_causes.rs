//! Alerts: the causes that no failure of a stream is: what was never loaded, what cannot be read, models, and files.

use std::fs;

use crate::alerts::{HOUR, Receiver, ahead, project};
use crate::serve::{Server, log, wait_for};

const NOTHING: [&str; 0] = [];

#[test]
fn a_stream_that_was_never_loaded_is_reported_when_its_time_has_passed_since_it_was_first_seen() {
    let receiver = Receiver::start();
    let mut project = project(&receiver, "max_age = \"1h\"", "");
    project.wmshost("alerts send", &[]).succeeded();
    ahead(&mut project, HOUR / 2);
    project.wmshost("alerts send", &[]).succeeded();
    assert_eq!(receiver.kinds(), NOTHING);
    ahead(&mut project, 2 * HOUR);
    project.wmshost("alerts send", &[]).succeeded();
    let sent = receiver.take();
    let message = sent.first().expect("a message").json();
    assert_eq!((&message["cause"], &message["kind"], sent.len()), (&"lab/never/s".into(), &"alert".into(), 1));
    assert_eq!(message["title"], "lab: the stream s was never loaded");
    project.wmshost("alerts send", &[]).succeeded();
    assert_eq!(receiver.kinds(), NOTHING);
    project.run();
    assert_eq!(receiver.kinds(), ["recovery lab/never/s"]);
}

#[test]
fn a_target_that_cannot_be_read_is_reported_after_ten_minutes_and_what_is_late_stays_so() {
    let receiver = Receiver::start();
    let mut project = project(&receiver, "max_age = \"1h\"", "");
    project.run();
    ahead(&mut project, 2 * HOUR);
    project.wmshost("alerts send", &[]).succeeded();
    assert_eq!(receiver.kinds(), ["alert lab/late"]);
    let kept = project.path("kept.db");
    fs::rename(project.target_path(), &kept).expect("the target");
    fs::write(project.target_path(), "this is no database, whatever its name says").expect("a file");
    project.wmshost("alerts send", &[]).succeeded();
    ahead(&mut project, 2 * HOUR + 300);
    project.wmshost("alerts send", &[]).succeeded();
    assert_eq!(receiver.kinds(), NOTHING, "it may pass by itself");
    ahead(&mut project, 2 * HOUR + 700);
    project.wmshost("alerts send", &[]).succeeded();
    assert_eq!(receiver.kinds(), ["alert lab/unreadable"]);
    fs::rename(&kept, project.target_path()).expect("the target");
    project.wmshost("alerts send", &[]).succeeded();
    assert_eq!(receiver.kinds(), ["recovery lab/unreadable"], "it is late as before, and nobody is told again");
    project.run();
    assert_eq!(receiver.kinds(), ["recovery lab/late"]);
}

#[test]
fn a_model_that_fails_its_tests_or_is_not_built_is_reported_until_it_is_in_order() {
    let receiver = Receiver::start();
    let project = project(&receiver, "", "[models]\nplugins = []\nproject = \"sql\"\n");
    fs::create_dir(project.path("sql")).expect("a folder");
    let write = |name: &str, text: &str| fs::write(project.path("sql").join(name), text).expect("a file");
    write(
        "models.yml",
        "version: 2\nsources:\n  - name: streams\n    tables:\n      - name: s\n\
         models:\n  - name: big\n    description: Rows.\n    config: {materialized: table}\n    columns:\n\
        \x20     - name: v\n        data_tests: [not_null]\n",
    );
    write("big.sql", "SELECT id, NULLIF(v, 7) AS v FROM {s}\n");
    project.run();
    assert_eq!(receiver.kinds(), NOTHING);
    project.change("INSERT INTO s VALUES (2, 7, '2026-01-02 00:00:00')");
    project.wmshost("run", &[]).ended(1);
    let sent = receiver.take();
    let message = sent.first().expect("a message").json();
    assert_eq!((&message["cause"], sent.len()), (&"lab/model/big".into(), 1), "{message:#}");
    assert_eq!(message["title"], "lab: the model big failed its tests");
    // The same model in another trouble is the same cause.
    project.wmshost("models build", &[]).ended(1);
    assert_eq!(receiver.kinds(), NOTHING);
    project.change("UPDATE s SET v = 8, changed = '2026-01-03 00:00:00' WHERE id = 2");
    project.run();
    assert_eq!(receiver.kinds(), ["recovery lab/model/big"]);
}

#[test]
fn a_server_reports_a_file_with_mistakes_until_it_is_mended() {
    let receiver = Receiver::start();
    let project = project(&receiver, "schedule = \"0 0 1 1 *\"", "");
    let right = fs::read_to_string(project.pipeline()).expect("a file");
    let server = Server::start_with(&project, &[]);
    wait_for("the server", &project, || log(&project).contains("schedules: 1"));
    fs::write(project.pipeline(), right.replace("0 0 1 1 *", "0 0 31 2 *")).expect("a file");
    server.signal("-HUP");
    let mut said = Vec::new();
    wait_for("an alert", &project, || {
        said.extend(receiver.kinds());
        !said.is_empty()
    });
    assert_eq!((said, server.end()), (vec!["alert lab/file".to_owned()], 0));
    // A server that is started looks at once.
    fs::write(project.pipeline(), right).expect("a file");
    let server = Server::start_with(&project, &[]);
    let mut said = Vec::new();
    wait_for("the recovery", &project, || {
        said.extend(receiver.kinds());
        !said.is_empty()
    });
    assert_eq!((said, server.end()), (vec!["recovery lab/file".to_owned()], 0));
}
