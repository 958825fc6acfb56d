//! Comparing and repairing, and reading a part again: F12.

use wmshost_tests::{TestProject, assert_target_equals_source};

#[test]
fn what_differs_is_found_named_and_repaired() {
    let project = TestProject::sample(3_000, 4);
    project.run();
    let equal = project.wmshost("verify", &["--output", "json"]).succeeded().json();
    assert!(equal["streams"].as_array().expect("streams").iter().all(|stream| stream["equal"] == true), "{equal}");
    // Counts alone would not show it: one row is deleted, one is inserted, one changes.
    project
        .target()
        .execute_batch(
            "DELETE FROM WMS_ALLOCATION WHERE allocation_id = (SELECT min(allocation_id) FROM WMS_ALLOCATION);
             INSERT INTO WMS_ALLOCATION (allocation_id) VALUES (-5);
             UPDATE WMS_ALLOCATION SET priority_level = 77 WHERE allocation_id =
                 (SELECT max(allocation_id) FROM WMS_ALLOCATION);",
        )
        .expect("altered");
    let found = project.wmshost("verify", &["--stream", "allocation", "--output", "json"]).ended(1).json();
    let stream = &found["streams"][0];
    assert_eq!([&stream["missing"], &stream["extra"], &stream["different"]], [1, 1, 1], "{stream}");
    assert!(stream["ranges_different"].as_u64() >= Some(1), "{stream}");
    project.wmshost("verify", &["--stream", "allocation", "--repair"]).succeeded().says(&["1 extra rows stay"]);
    project.target().execute_batch("DELETE FROM WMS_ALLOCATION WHERE allocation_id = -5").expect("deleted");
    project.wmshost("verify", &[]).succeeded();
    assert_target_equals_source(&project);
}

#[test]
fn extra_rows_are_taken_away_as_the_policy_says() {
    let table = "CREATE TABLE s (a TEXT, b INTEGER, v TEXT, PRIMARY KEY (a, b)) WITHOUT ROWID;
        WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)
        INSERT INTO s SELECT 'k' || (i % 7), i, 'v' FROM n;";
    let project =
        TestProject::with_stream(table, "method = \"append\"\ndeletes = \"hard\"\nreconcile_every = \"366d\"");
    project.run();
    project.change("DELETE FROM s WHERE b IN (1, 9999, 20000)");
    let repaired = project.wmshost("verify", &["--repair", "--output", "json"]).succeeded().json();
    assert_eq!([&repaired["streams"][0]["extra"], &repaired["streams"][0]["repaired"]], [3, 3]);
    assert_eq!(project.number("SELECT count(*) FROM WMS_S"), 19_997);
    project.wmshost("verify", &[]).succeeded();
}

#[test]
fn a_backfill_reads_a_part_again_goes_on_and_leaves_the_bookmark_alone() {
    let table = "CREATE TABLE s (id INTEGER PRIMARY KEY, v TEXT, changed TIMESTAMP(6));
        WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000)
        INSERT INTO s SELECT i, 'v', datetime('2026-01-01', '+' || i || ' hours') FROM n;";
    let mut project = TestProject::with_stream(table, "method = \"incremental\"\nchange_key = \"changed\"");
    project.run();
    let bookmark = project.wmshost("state show", &["--stream", "s", "--output", "json"]).succeeded().out();
    project.target().execute_batch("DELETE FROM WMS_S WHERE id BETWEEN 24 AND 500").expect("deleted");
    let backfill = ["--stream", "s", "--from", "2026-01-02", "--to", "2026-01-22", "--window", "3d"];
    project.set("WMSHOST_CRASH_AT", "s:batch-committed:1");
    assert_eq!(project.wmshost("backfill", &backfill).code(), None, "it dies");
    project.set("WMSHOST_CRASH_AT", "");
    let rest = project.wmshost("backfill", &[&backfill[..], &["--output", "json"]].concat()).succeeded().json();
    assert_eq!(rest["windows"].as_array().map(Vec::len), Some(7));
    assert!(rest["total"]["rows_written"].as_u64().is_some_and(|rows| rows > 0 && rows < 477), "{rest}");
    assert_eq!(project.number("SELECT count(*) FROM WMS_S"), 1_000);
    assert_eq!(project.wmshost("state show", &["--stream", "s", "--output", "json"]).succeeded().out(), bookmark);
    // Windows that are done are not done again.
    let again =
        project.wmshost("backfill", &backfill).succeeded().says(&["7 of 7 windows are already done", "--again"]);
    assert_eq!(again.out().matches("already-done").count(), 7, "{}", again.out());
    for (arguments, words) in [
        (["--from", "2026-02-01", "--to", "2026-01-01"], "is not before"),
        (["--from", "yesterday", "--to", "2026-01-01"], "write a moment"),
    ] {
        let all = [&["--stream", "s"][..], &arguments[..]].concat();
        project.wmshost("backfill", &all).ended(2).says(&[words]);
    }
}

#[test]
fn a_backfill_is_done_again_when_that_is_asked_for() {
    let table = "CREATE TABLE s (id INTEGER PRIMARY KEY, v TEXT, changed TIMESTAMP(6), born TIMESTAMP(6));
        WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 400)
        INSERT INTO s SELECT i, 'v', datetime('2026-01-01', '+' || i || ' hours'), '2026-01-03' FROM n;";
    let mut project = TestProject::with_stream(table, "method = \"incremental\"\nchange_key = \"changed\"");
    project.run();
    let window = ["--stream", "s", "--from", "2026-01-02", "--to", "2026-01-12", "--window", "1d", "--output", "json"];
    let backfill = |project: &TestProject, more: &[&str]| project.wmshost("backfill", &[&window[..], more].concat());
    let statuses = |reported: &serde_json::Value| -> Vec<String> {
        let windows = reported["windows"].as_array().expect("windows").iter();
        windows.map(|window| window["status"].as_str().expect("a status").to_owned()).collect()
    };
    let first = backfill(&project, &[]).succeeded().json();
    assert_eq!(statuses(&first), ["succeeded"; 10]);
    let damage = "DELETE FROM WMS_S WHERE id BETWEEN 24 AND 263";
    project.target().execute_batch(damage).expect("deleted");
    let second = backfill(&project, &[]).succeeded().says(&["10 of 10 windows are already done"]).json();
    assert_eq!(statuses(&second), ["already-done"; 10]);
    assert_eq!((&second["windows"][0]["done_by"], &second["total"]["rows_read"]), (&first["run_id"], &0.into()));
    assert_eq!(project.number("SELECT count(*) FROM WMS_S"), 160);
    // An interrupted backfill continues without `--again`.
    project.set("WMSHOST_CRASH_AT", "s:batch-committed:1");
    assert_eq!(backfill(&project, &["--again"]).code(), None, "it dies");
    project.set("WMSHOST_CRASH_AT", "");
    let rest = backfill(&project, &[]).succeeded().json();
    assert_eq!(statuses(&rest), ["succeeded"; 10]);
    assert_eq!(project.number("SELECT count(*) FROM WMS_S"), 400);
    let third = backfill(&project, &["--again"]).succeeded().json();
    assert_eq!((statuses(&third), &third["total"]["rows_written"]), (vec!["succeeded".to_owned(); 10], &0.into()));
    // All of it is one run.
    let runs = project.plain(&["runs", "list", "--output", "json"]).succeeded().json();
    let of_backfills = runs.as_array().expect("runs").iter().filter(|run| run["run_id"] == third["run_id"]);
    assert_eq!(of_backfills.count(), 1);
    // Windows that were done under another definition are done again.
    project.write_stream("method = \"incremental\"\nchange_key = \"born\"");
    let other = backfill(&project, &[]).succeeded().json();
    assert_eq!(statuses(&other), ["succeeded"; 10]);
}

#[test]
fn a_row_that_a_repair_loads_leaves_quarantine() {
    let stream = "method = \"incremental\"\nchange_key = \"changed\"\nlookback = \"0s\"\nmax_rejected_percent = 100\n";
    let project = TestProject::with_stream(
        "CREATE TABLE s (id INTEGER PRIMARY KEY, amount DECIMAL(8,2), changed TIMESTAMP);
         INSERT INTO s VALUES (1, 1, '2026-01-01 00:00:00'), (2, 'n/a', '2026-01-01 00:00:00'),
             (3, 'n/a', '2026-01-01 00:00:00'), (4, 4, '2026-01-02 00:00:00')",
        stream,
    );
    project.run();
    let kept = || project.rows("SELECT row_key FROM WMSHOST_QUARANTINE ORDER BY 1");
    assert_eq!(kept(), ["id=2", "id=3"]);
    // The row is corrected without a new change key: no incremental run sees it.
    project.change("UPDATE s SET amount = 2 WHERE id = 2");
    project.run();
    assert_eq!(kept(), ["id=2", "id=3"]);
    project.wmshost("verify", &["--repair"]).succeeded();
    assert_eq!(project.rows("SELECT id FROM WMS_S ORDER BY 1"), ["1", "2", "4"]);
    assert_eq!(kept(), ["id=3"]);
}

#[test]
fn a_repair_is_suggested_only_where_it_helps() {
    const HINT: &str = "ranges of keys differ";
    let project = TestProject::with_stream(
        "CREATE TABLE s (n INTEGER PRIMARY KEY, id INTEGER, changed TIMESTAMP);
         INSERT INTO s VALUES (1, 7, '2026-01-01'), (2, 8, '2026-01-01'), (3, 9, '2026-01-01');",
        "method = \"incremental\"\nchange_key = \"changed\"\nkey = [\"id\"]",
    );
    project.run();
    project.target().execute_batch("DELETE FROM WMS_S WHERE id = 9").expect("deleted");
    project.wmshost("verify", &[]).ended(1).says(&["1 of", HINT, "--repair loads what is missing or different"]);
    project.wmshost("verify", &["--repair"]).succeeded();
    project.target().execute_batch("INSERT INTO WMS_S (n, id) VALUES (4, 10)").expect("inserted");
    project.wmshost("verify", &[]).ended(1).says(&[HINT, "--repair treats extra rows as the stream's `deletes` says"]);
    project.target().execute_batch("DELETE FROM WMS_S WHERE id = 10").expect("deleted");
    project.change("INSERT INTO s VALUES (5, 8, '2026-01-01')");
    let duplicate = project.wmshost("verify", &[]).ended(1).says(&["1 rows of the source have a key"]);
    assert!(!duplicate.err().contains(HINT), "{}", duplicate.err());
    project.target().execute_batch("DROP TABLE WMS_S").expect("dropped");
    let failed = project.wmshost("verify", &[]).says(&["the target has no table"]);
    assert!(!failed.err().contains(HINT), "{}", failed.err());
}
