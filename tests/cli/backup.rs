//! `wmshost backup` and `wmshost restore`.

use std::fs;

use serde_json::Value as Json;
use wmshost_tests::TestProject;

use crate::clean::names;

const SOURCE: &str = "CREATE TABLE s (id INTEGER PRIMARY KEY, v INTEGER, changed INTEGER);
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000) INSERT INTO s SELECT i, i, 1 FROM n;";
const STREAM: &str = "method = \"incremental\"\nchange_key = \"changed\"\nlookback_versions = 0\n";
const SUM: &str = "SELECT sum(v) FROM WMS_S";

/// A project with a run, and its backup.
fn backed_up() -> (TestProject, String) {
    let project = TestProject::with_stream(SOURCE, STREAM);
    project.wmshost("run", &[]).succeeded();
    let folder = project.path("backup").to_string_lossy().into_owned();
    project.wmshost("backup", &["--to", &folder]).succeeded();
    (project, folder)
}

/// Changes the source and loads the changes.
fn load_changes(project: &TestProject) {
    project.change("UPDATE s SET v = v + 1, changed = changed + 1");
    project.wmshost("run", &[]).succeeded();
}

#[test]
fn a_backup_is_taken_while_others_write_and_is_put_back_with_its_ledger() {
    let project = TestProject::with_stream(SOURCE, STREAM);
    project.wmshost("run", &[]).succeeded();
    let loaded = project.number(SUM);
    // Somebody writes, and has not committed yet.
    let writer = project.target();
    writer.execute_batch("BEGIN IMMEDIATE; UPDATE WMS_S SET v = 0").expect("an update");
    let folder = project.path("backup").to_string_lossy().into_owned();
    let list = project.wmshost("backup", &["--to", &folder, "--output", "json"]).succeeded().json();
    writer.execute_batch("ROLLBACK").expect("a rollback");
    assert_eq!(names(&project.path("backup")), ["backup.json", "host-state.db", "target-ana.db"], "{list:#}");
    assert_eq!(list["databases"][0]["connection"], "ana", "{list:#}");

    load_changes(&project);
    let changed = project.number(SUM);
    assert_ne!(changed, loaded);
    // A reader that has the database open goes on with it.
    let reader = project.target();
    let seen = || reader.query_row(SUM, [], |row| row.get::<_, i64>(0)).expect("a number");
    assert_eq!(seen(), changed);
    let restored = project.wmshost("restore", &["--from", &folder, "--yes", "--output", "json"]).succeeded().json();
    assert_eq!((project.number(SUM), seen()), (loaded, loaded));
    let kept = restored[0]["kept"].as_str().expect("what was there");
    let kept = rusqlite::Connection::open(kept).expect("what was there");
    assert_eq!(kept.query_row(SUM, [], |row| row.get::<_, i64>(0)).expect("a number"), changed);
    assert_eq!(restored.as_array().map(Vec::len), Some(1), "the history stays: {restored:#}");
    // The bookmark went back with the rows, so that the next run loads what is missing.
    let run = project.run_stream("s");
    assert_eq!((&run["rows_written"], project.number(SUM)), (&1000.into(), changed), "{run:#}");
    project.wmshost("verify", &[]).succeeded();
}

#[test]
fn history_is_put_back_if_asked_and_a_target_that_is_gone_too() {
    let (project, folder) = backed_up();
    load_changes(&project);
    let runs = || {
        let runs = project.plain(&["runs", "list", "--output", "json"]).succeeded().json();
        runs.as_array().map(Vec::len)
    };
    assert_eq!(runs(), Some(2));
    for ending in ["", "-wal", "-shm"] {
        let _ = fs::remove_file(format!("{}{ending}", project.target_path().display()));
    }
    let restored = project.wmshost("restore", &["--from", &folder, "--yes", "--history"]).succeeded();
    assert!(restored.out().contains("nothing was there"), "{}", restored.out());
    assert_eq!((runs(), project.number("SELECT count(*) FROM WMS_S")), (Some(1), 1000));
}

#[test]
fn nothing_is_replaced_while_a_run_holds_a_stream_or_by_what_is_no_whole_backup() {
    let (project, folder) = backed_up();
    load_changes(&project);
    let changed = project.number(SUM);
    let restore = |rest: &[&str], code| {
        let rest = [&["--from", folder.as_str()], rest].concat();
        let done = project.wmshost("restore", &rest).ended(code);
        assert_eq!(project.number(SUM), changed);
        let kept = names(project.target_path().parent().expect("a folder"));
        assert!(kept.iter().all(|name| !name.contains(".before-")), "{kept:?}");
        done
    };
    restore(&[], 1).says(&["pass --yes to confirm"]);
    let lease = "INSERT INTO WMSHOST_LEASE (pipeline, stream, run_id, machine, process, renewed_at, expires_at) \
                 VALUES ('lab', 's', 'other', 'elsewhere', 1, unixepoch(), unixepoch() + 60)";
    project.target().execute_batch(lease).expect("a lease");
    restore(&["--yes"], 3).says(&["other"]);
    project.target().execute_batch("DELETE FROM WMSHOST_LEASE").expect("no lease");

    let list = project.path("backup/backup.json");
    let text = fs::read_to_string(&list).expect("a list");
    fs::write(&list, text.replace("\"lab\"", "\"other\"")).expect("a list");
    restore(&["--yes"], 2).says(&["the backup is one of pipeline other, not of lab"]);
    fs::write(&list, text.replace("target-ana.db", "../analytics.db")).expect("a list");
    restore(&["--yes"], 2).says(&["it is not as the backup has written it"]);
    fs::write(&list, text.replace("\"ana\"", "\"wms\"")).expect("a list");
    restore(&["--yes"], 2).says(&["no SQLite target of lab"]);
    fs::write(&list, &text).expect("a list");
    let copy = project.path("backup/target-ana.db");
    let mut bytes = fs::read(&copy).expect("a copy");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&copy, bytes).expect("a copy");
    restore(&["--yes"], 2).says(&["it is not as the backup has written it", "nothing was replaced"]);
    fs::remove_file(&list).expect("a list");
    restore(&["--yes"], 2).says(&["it is no backup"]);
}

#[test]
fn a_backup_overwrites_nothing_and_says_what_it_leaves_out() {
    let (mut project, folder) = backed_up();
    let before: Json =
        serde_json::from_slice(&fs::read(project.path("backup/backup.json")).expect("a list")).expect("JSON");
    project.wmshost("backup", &["--to", &folder]).ended(2).says(&["there is something in this folder"]);
    let after: Json =
        serde_json::from_slice(&fs::read(project.path("backup/backup.json")).expect("a list")).expect("JSON");
    assert_eq!(before, after);
    fs::remove_file(project.target_path()).expect("a target");
    let empty = project.path("empty");
    project.wmshost("backup", &["--to", &empty.to_string_lossy()]).ended(2).says(&["its file is not there yet"]);
    assert!(!empty.exists(), "a folder without a backup was left");
    let text = fs::read_to_string(project.pipeline()).expect("a pipeline");
    let oracle = "[connections.ora]\ndriver = \"oracle\"\nhost = \"127.0.0.1\"\nservice_name = \"x\"\n\
                  username = { env = \"ORA_USER\" }\npassword = { env = \"ORA_USER\" }\n[run]";
    project.set("ORA_USER", "somebody");
    let text = text.replacen("[run]", oracle, 1).replace("target = \"ana\"", "target = \"ora\"");
    fs::write(project.pipeline(), text).expect("a pipeline");
    project.wmshost("backup", &["--to", &empty.to_string_lossy()]).ended(2).says(&["use RMAN, or `expdp`"]);
}
