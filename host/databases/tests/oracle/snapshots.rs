//! All sessions of a run see one moment, and rows that commit late are not passed over.

use std::time::Duration;

use wmshost_databases::oracle::Snapshot;
use wmshost_flow::FailureKind;
use wmshost_oracle_emulator::{Account, Emulator, Options, Release};

use crate::server::{grant, read, run, settings, settings_of, source};

#[test]
fn what_is_committed_after_the_start_of_a_run_is_not_seen() {
    let server = Emulator::start(Options::default()).expect("a emulator");
    let settings = settings(&server, Release::R19);
    run(&settings, &["CREATE TABLE SEEN (ID NUMBER(5))", "INSERT INTO SEEN VALUES (1)"]);
    let source = source(&settings).expect("a source");
    let mut early = source.session(&grant(&["seen"])).expect("a session");
    run(&settings, &["INSERT INTO SEEN VALUES (2)", "DELETE FROM SEEN WHERE id = 1"]);
    let mut late = source.session(&grant(&["seen"])).expect("a session");
    for session in [&mut early, &mut late] {
        let batch = read(session.as_mut(), "SELECT id FROM seen", &[]);
        assert_eq!(crate::server::as_json(&batch), [r#"{"ID":1}"#]);
    }
    let mut loose = settings.clone();
    loose.snapshot = Snapshot::Statement;
    let mut session = crate::server::reader(&loose, &["seen"]);
    assert_eq!(crate::server::as_json(&read(session.as_mut(), "SELECT id FROM seen", &[])), [r#"{"ID":2}"#]);

    server.forget_snapshots();
    let failure = early.query("SELECT id FROM seen", &[]).err().expect("too old");
    assert_eq!(failure.kind, FailureKind::Transient, "{failure}");
    assert!(failure.message.contains("ORA-01555") && failure.message.contains("new snapshot"), "{failure}");
}

#[test]
fn the_clock_stays_behind_the_oldest_open_transaction() {
    let account = Account::new("BLIND", "b").without_catalogue();
    let server = Emulator::start(Options::default().account(account)).expect("a emulator");
    let settings = settings(&server, Release::R23);
    run(&settings, &["CREATE TABLE LATE (ID NUMBER(5))"]);
    let now = |settings: &wmshost_databases::oracle::Settings| {
        let source = source(settings).expect("a source");
        source.session(&grant(&["late"])).expect("a session").now().expect("a clock")
    };
    let mut admin = server.admin().expect("an admin");
    let free = now(&settings);
    admin.execute("BEGIN").expect("a transaction");
    admin.execute("INSERT INTO wms.late VALUES (1)").expect("a row");
    let begun = clock(&mut server.admin().expect("an admin"));
    // A second passes, because the start of a transaction is known to the second only.
    while clock(&mut server.admin().expect("an admin")) < begun + 1_500_000 {
        std::thread::yield_now();
    }
    let held = now(&settings);
    assert!(free <= begun && held <= begun, "{free} {held} {begun}");
    admin.execute("COMMIT").expect("a commit");
    let after = now(&settings);
    assert!(after > begun, "{after} {begun}");

    // For a user who may not see transactions, the declared lag is subtracted.
    let mut blind = settings_of(&server, Release::R23, "BLIND", "b");
    blind.commit_lag = Duration::from_secs(600);
    let lagging = now(&blind);
    let clock = clock(&mut server.admin().expect("an admin"));
    assert!((clock - lagging - 600_000_000).abs() < 60_000_000, "{lagging} {clock}");
}

/// The server's clock in microseconds.
fn clock(admin: &mut wmshost_oracle_emulator::Admin) -> i64 {
    let rows = admin.rows("SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint").expect("a clock");
    rows[0][0].as_deref().expect("a number").parse().expect("a number")
}
