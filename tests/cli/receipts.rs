//! Receipts of runs: what they find, and that a reader of its own agrees with them.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use serde_json::Value as Json;
use wmshost_tests::{TestProject, root};

const SOURCE: &str = "CREATE TABLE s (id INTEGER PRIMARY KEY, n TEXT, d DECIMAL(10,2), f REAL, b BLOB, ok BOOLEAN,
        t TIMESTAMP, z TIMESTAMP WITH TIME ZONE, day DATE_ONLY, changed INTEGER);
    WITH RECURSIVE ids(id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM ids WHERE id < 20000)
    INSERT INTO s SELECT id, CASE WHEN id % 7 > 0 THEN printf('näme %d', id) END, id / 100.0, id / 7.0,
        CASE WHEN id % 11 = 0 THEN x'' ELSE CAST('b' || id AS BLOB) END, id % 2,
        printf('2026-01-01 00:%02d:00', id % 60), printf('1926-01-01 00:%02d:00Z', id % 60),
        printf('2026-02-%02d', 1 + id % 28), 1 FROM ids;";
const STREAM: &str =
    "method = \"incremental\"\nchange_key = \"changed\"\nlookback_versions = 0\ntarget_triggers = \"allow\"\n";

/// A project whose runs leave receipts, with further keys of `[run]`.
fn project(keys: &str) -> TestProject {
    let project = TestProject::with_stream(SOURCE, STREAM);
    leave_receipts(&project, keys);
    project
}

/// Has a project's runs leave receipts, with further keys of `[run]`.
pub(crate) fn leave_receipts(project: &TestProject, keys: &str) {
    let text = fs::read_to_string(project.pipeline()).expect("a pipeline file");
    let text = text.replace("retries = 0", &format!("retries = 0\nreceipts = true\n{keys}"));
    fs::write(project.pipeline(), text).expect("a pipeline file");
}

/// The receipts so far, in their order.
pub(crate) fn receipts(project: &TestProject) -> Vec<PathBuf> {
    let files = fs::read_dir(project.path("home/receipts/lab")).expect("receipts");
    let files = files.map(|file| file.expect("a file").path());
    let mut files: Vec<_> = files.filter(|file| file.extension().is_some_and(|ending| ending == "json")).collect();
    files.sort();
    files
}

fn last(project: &TestProject) -> String {
    receipts(project).pop().expect("a receipt").to_string_lossy().into_owned()
}

/// Returns the faults that the reader in Python finds in a receipt, and in the target if asked; `None` without Python.
fn read_by_python(receipt: &str, project: &TestProject, reads_target: bool) -> Option<Vec<String>> {
    let mut command = Command::new("python3");
    command.arg(root().join("tests/cli/receipt.py")).arg(receipt);
    if reads_target {
        command.arg(project.target_path());
    }
    let Ok(done) = command.output() else {
        assert!(std::env::var_os("CI").is_none(), "python3 is missing");
        return None;
    };
    let (out, err) = (String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
    assert!(err.is_empty(), "{err}");
    Some(out.lines().filter(|line| !line.is_empty()).map(str::to_owned).collect())
}

/// The only stream of a receipt.
fn stream(receipt: &str) -> Json {
    let text = fs::read_to_string(receipt).expect("a receipt");
    serde_json::from_str::<Json>(&text).expect("JSON")["streams"][0].clone()
}

#[test]
fn a_reader_of_its_own_confirms_the_whole_table_and_finds_every_change_of_it() {
    let project = project("");
    project.wmshost("run", &[]).succeeded().says(&["note: receipt: "]);
    let receipt = last(&project);
    let proof = &stream(&receipt)["proof"];
    assert_eq!((&proof["scope"], &proof["equal"]), (&"whole".into(), &true.into()), "{proof:#}");
    assert_eq!(proof["target"]["rows"], 20_000);
    assert_eq!(proof["ranges"].as_array().expect("ranges").len(), 3);
    project.plain(&["receipt", "check", &receipt]).succeeded();
    let Some(found) = read_by_python(&receipt, &project, true) else { return };
    assert!(found.is_empty(), "{found:?}");
    let ranges = ["None", "{\"id\":8201}", "{\"id\":16401}"];
    // Each change, the one that undoes it, and the range in which it is.
    for (change, undo, range) in [
        ("UPDATE WMS_S SET n = 'x' WHERE id = 5", "UPDATE WMS_S SET n = 'näme 5' WHERE id = 5", 0),
        ("UPDATE WMS_S SET n = '' WHERE id = 7", "UPDATE WMS_S SET n = NULL WHERE id = 7", 0),
        ("UPDATE WMS_S SET ok = 1 - ok WHERE id = 9000", "UPDATE WMS_S SET ok = 1 - ok WHERE id = 9000", 1),
        ("UPDATE WMS_S SET d = 90.01 WHERE id = 9000", "UPDATE WMS_S SET d = 90 WHERE id = 9000", 1),
        (
            "CREATE TABLE kept AS SELECT * FROM WMS_S WHERE id = 20000; DELETE FROM WMS_S WHERE id = 20000",
            "INSERT INTO WMS_S SELECT * FROM kept; DROP TABLE kept",
            2,
        ),
        (
            "CREATE TABLE twice AS SELECT * FROM WMS_S WHERE id = 3; UPDATE twice SET id = 20001; \
             INSERT INTO WMS_S SELECT * FROM twice",
            "DELETE FROM WMS_S WHERE id = 20001; DROP TABLE twice",
            2,
        ),
    ] {
        project.target().execute_batch(change).expect(change);
        let found = read_by_python(&receipt, &project, true).expect("Python");
        assert_eq!(found, [format!("s: the table is another from {} on", ranges[range])], "{change}");
        project.target().execute_batch(undo).expect(undo);
        let found = read_by_python(&receipt, &project, true).expect("Python");
        assert!(found.is_empty(), "{undo}: {found:?}");
    }
}

#[test]
fn a_target_that_flips_drops_or_doubles_a_row_fails_the_run_that_loaded_it() {
    for act in [
        "UPDATE WMS_S SET n = 'flipped' WHERE id = NEW.id",
        "DELETE FROM WMS_S WHERE id = NEW.id",
        "INSERT INTO WMS_S (id, n, wms_loaded_at) VALUES (NEW.id + 100000, NEW.n, NEW.wms_loaded_at)",
    ] {
        // A row with another key is none of those that a run of changes has read.
        for reads_all in [true, false].into_iter().filter(|reads_all| *reads_all || !act.starts_with("INSERT")) {
            let project = project("");
            project.wmshost("run", &[]).succeeded();
            let trigger =
                |event| format!("CREATE TRIGGER {event}_s AFTER {event} ON WMS_S WHEN NEW.id = 9000 BEGIN {act}; END");
            project.target().execute_batch(&trigger("UPDATE")).expect("a trigger");
            if reads_all {
                project.wmshost("state reset", &["--stream", "s", "--yes"]).succeeded();
            }
            project.change("UPDATE s SET n = n || '!', changed = 2 WHERE id BETWEEN 8990 AND 9010");
            let run = project.wmshost("run", &[]).ended(1);
            assert!(run.err().contains("s: the target does not have the rows that were loaded"), "{}", run.err());
            let receipt = last(&project);
            let shown = project.plain(&["receipt", "show", &receipt]).succeeded();
            let proof = &stream(&receipt)["proof"];
            assert_eq!(proof["scope"], if reads_all { "whole" } else { "read" }, "{act}");
            let place = match reads_all {
                true if act.starts_with("INSERT") => "the keys from {\"id\":16401} on differ",
                true => "the keys from {\"id\":8201} on differ",
                false => "the row {\"id\":9000} differs",
            };
            assert!(shown.err().contains(place), "{act}: {}", shown.err());
            project.plain(&["receipt", "check", &receipt]).ended(1);
            if let Some(found) = read_by_python(&receipt, &project, false) {
                assert!(found.iter().all(|fault| fault.contains("the target differed")), "{found:?}");
                assert_eq!(found.len(), 1, "{found:?}");
            }
        }
    }
}

#[test]
fn a_receipt_about_the_whole_table_verifies_it_and_one_about_changes_does_not() {
    let project = project("");
    let through = || {
        let status = project.wmshost("status", &["--output", "json"]).succeeded().json();
        status["streams"][0]["verified_through"].clone()
    };
    let opened_at = |receipt: &str| {
        let text = fs::read_to_string(receipt).expect("a receipt");
        serde_json::from_str::<Json>(&text).expect("JSON")["opened_at"].clone()
    };
    project.wmshost("run", &[]).succeeded();
    let whole = opened_at(&last(&project));
    let moment = |time: &Json| time.as_str().expect("a time").trim_end_matches('Z').replace(' ', "T");
    assert_eq!(moment(&through()), moment(&whole));
    project.change("UPDATE s SET n = 'new', changed = 2 WHERE id < 5");
    project.wmshost("run", &[]).succeeded();
    assert_eq!(stream(&last(&project))["proof"]["scope"], "read");
    assert_eq!(moment(&through()), moment(&whole));
    project.wmshost("run", &["--full-refresh"]).succeeded();
    assert_eq!(moment(&through()), moment(&opened_at(&last(&project))));
    assert_ne!(moment(&through()), moment(&whole));
}

#[test]
fn receipts_follow_one_another_and_are_signed() {
    let project = project("receipt_key = \"receipts.key\"\n");
    // Without a key that can sign, no row is moved.
    project.wmshost("run", &[]).ended(1).says(&["receipts.key"]);
    assert!(!project.target_path().exists() || project.rows("SELECT name FROM sqlite_schema").is_empty());
    let key = project.path("receipts.key").to_string_lossy().into_owned();
    project.plain(&["plugin", "key", "--to", &key, "--unprotected"]).succeeded();
    let public = format!("{key}.pub");
    project.wmshost("run", &[]).succeeded();
    project.change("UPDATE s SET n = 'new', changed = 2 WHERE id < 5");
    project.wmshost("run", &[]).succeeded();
    project.change("ALTER TABLE s RENAME TO elsewhere");
    assert_ne!(project.wmshost("run", &[]).code(), Some(0));
    let all = all_of(&project);
    assert_eq!(all.len(), 3);
    let check = |rest: &[&str], code| {
        let arguments = [&["receipt", "check"], rest, &all.iter().map(String::as_str).collect::<Vec<_>>()].concat();
        project.plain(&arguments).ended(code)
    };
    let checked = check(&["--key", &public, "--output", "json"], 0).json();
    let links: Vec<_> = (0..3).map(|at| checked[at]["link"].as_str().expect("a link")).collect();
    assert_eq!(links, ["first", "follows", "follows"]);
    assert!(checked[2]["signed_by"].is_string(), "{checked:#}");
    let results: Vec<_> = (0..3).map(|at| checked[at]["streams"][0]["result"].as_str().expect("a result")).collect();
    assert_eq!(results, ["equal", "equal", "not proven"], "what did not run to its end proves nothing");
    let other = project.path("other.key").to_string_lossy().into_owned();
    project.plain(&["plugin", "key", "--to", &other, "--unprotected"]).succeeded();
    check(&["--key", &format!("{other}.pub")], 1).says(&["by none of the keys"]);

    let text = fs::read_to_string(&all[0]).expect("a receipt");
    fs::write(&all[0], text.replacen("\"rows\": 8200", "\"rows\": 8201", 1)).expect("a changed receipt");
    let said =
        ["the root of the source is not that of its ranges", "the receipt before it is not the one", "for other bytes"];
    check(&["--key", &public], 1).says(&said);
    check(&[], 1).says(&said[..2]);
    if let Some(found) = read_by_python(&all[1], &project, false) {
        assert_eq!(found, ["it does not follow the receipt before it"]);
    }
    fs::remove_file(&all[0]).expect("a receipt");
    project.plain(&["receipt", "check", &all[1]]).succeeded();
    fs::write(&all[0], "{}").expect("no receipt");
    project.plain(&["receipt", "check", &all[0]]).ended(2).says(&["it is no receipt"]);
}

fn all_of(project: &TestProject) -> Vec<String> {
    receipts(project).iter().map(|file| file.to_string_lossy().into_owned()).collect()
}

#[test]
fn the_history_shows_the_receipt_of_a_run_and_what_is_wrong_with_it() {
    let project = project("");
    let show = |run: usize| {
        let runs = project.plain(&["runs", "list", "--output", "json"]).succeeded().json();
        let id = runs[run]["run_id"].as_str().expect("a run").to_owned();
        let text = project.plain(&["runs", "show", &id]).succeeded();
        (project.plain(&["runs", "show", &id, "--output", "json"]).succeeded().json(), text)
    };
    project.wmshost("run", &[]).succeeded();
    project.change("UPDATE s SET n = 'new', changed = 2 WHERE id < 5");
    project.wmshost("run", &[]).succeeded();
    let files = all_of(&project);
    let (shown, text) = show(0);
    let receipt = &shown["receipt"];
    assert_eq!((&receipt["file"], &receipt["sequence"]), (&files[1].as_str().into(), &2.into()), "{receipt:#}");
    assert_eq!((&receipt["in_order"], &receipt["link"]), (&true.into(), &"follows".into()), "{receipt:#}");
    assert_eq!(receipt["streams"][0]["result"], "equal");
    assert!(text.out().contains(&format!("{}: 1 equal; follows the one before it", files[1])), "{}", text.out());

    let trigger = "CREATE TRIGGER t AFTER UPDATE ON WMS_S WHEN NEW.id = 9 BEGIN DELETE FROM WMS_S WHERE id = 9; END";
    project.target().execute_batch(trigger).expect("a trigger");
    project.change("UPDATE s SET n = 'newer', changed = 3 WHERE id < 15");
    project.wmshost("run", &[]).ended(1);
    let (shown, _) = show(0);
    let stream = &shown["receipt"]["streams"][0];
    assert_eq!(stream["result"], "differs");
    assert_eq!(stream["differences"][1], "the row {\"id\":9} differs", "{stream:#}");

    fs::write(&files[0], "{}").expect("no receipt");
    let (shown, text) = show(1);
    assert_eq!(shown["receipt"]["link"], "broken");
    assert!(text.err().contains("the receipt before it is not the one that it follows"), "{}", text.err());
    let (shown, text) = show(2);
    assert_eq!(shown["receipt"]["sequence"], Json::Null);
    let why = shown["receipt"]["faults"][0].as_str().expect("a fault");
    assert!(why.contains("it is no receipt") && text.out().contains(why), "{why}: {}", text.out());
    fs::remove_file(&files[0]).expect("a file");
    let (shown, text) = show(2);
    assert!(shown["receipt"].is_null() && !text.out().contains("receipt"), "{}", text.out());
}

#[test]
fn rows_of_any_order_in_the_table_are_counted_in_the_ranges_of_their_keys() {
    // The key of two columns is an index of its own; the table keeps the rows in the order in which they were written.
    let source = "CREATE TABLE s (name TEXT, part INTEGER, v TEXT, PRIMARY KEY (name, part)) WITHOUT ROWID;
        WITH RECURSIVE ids(id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM ids WHERE id < 20000)
        INSERT INTO s SELECT printf('näme %04d', id / 3), id % 3, 'v' || id FROM ids;";
    let project = TestProject::with_stream(source, "target_triggers = \"allow\"\n");
    leave_receipts(&project, "");
    project.wmshost("run", &[]).succeeded();
    let moved = "CREATE TABLE moved AS SELECT * FROM WMS_S ORDER BY v; DELETE FROM WMS_S; \
                 INSERT INTO WMS_S SELECT * FROM moved; DROP TABLE moved";
    project.target().execute_batch(moved).expect("rows in another order");
    project.wmshost("state reset", &["--stream", "s", "--yes"]).succeeded();
    project.change("UPDATE s SET v = 'new' WHERE part = 1 AND name > 'näme 6000'");
    project.wmshost("run", &[]).succeeded();
    let receipt = last(&project);
    let proof = &stream(&receipt)["proof"];
    assert_eq!((&proof["scope"], &proof["equal"]), (&"whole".into(), &true.into()), "{proof:#}");
    assert_eq!(proof["ranges"].as_array().map(Vec::len), Some(3), "the ranges are those of the source");
    let Some(found) = read_by_python(&receipt, &project, true) else { return };
    assert!(found.is_empty(), "{found:?}");
}

#[test]
fn a_cell_that_cannot_be_read_back_is_the_reason_why_nothing_is_proven() {
    let project = project("");
    project.wmshost("run", &[]).succeeded();
    let trigger = "CREATE TRIGGER t AFTER UPDATE ON WMS_S WHEN NEW.id = 9 AND NEW.t <> 'never' \
                   BEGIN UPDATE WMS_S SET t = 'never' WHERE id = 9; END";
    project.target().execute_batch(trigger).expect("a trigger");
    project.wmshost("state reset", &["--stream", "s", "--yes"]).succeeded();
    project.change("UPDATE s SET changed = 2 WHERE id = 9");
    project.wmshost("run", &[]).succeeded().says(&["the receipt proves nothing about it"]);
    let stream = stream(&last(&project));
    let reason = stream["reason"].as_str().expect("a reason");
    assert!(reason.contains("a row of the table WMS_S cannot be read") && stream["proof"].is_null(), "{stream:#}");
}
