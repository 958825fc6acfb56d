//! Rows that the source no longer has: F11, T9, T10.

use wmshost_tests::TestProject;

const TABLE: &str = "CREATE TABLE s (id INTEGER PRIMARY KEY, v TEXT, changed TIMESTAMP(6));
    CREATE INDEX s_changed ON s (changed, id);
    INSERT INTO s VALUES (1, 'a', '2026-01-01 00:00:00'), (2, 'b', '2026-01-01 00:00:01'), (3, 'c', '2026-01-01 00:00:02');";

fn stream(policy: &str) -> String {
    format!("method = \"incremental\"\nchange_key = \"changed\"\nreconcile_every = \"0s\"\n{policy}")
}

const ROWS: &str = "SELECT id, v FROM WMS_S ORDER BY id";

#[test]
fn by_default_they_stay() {
    let project = TestProject::with_stream(TABLE, &stream(""));
    project.run();
    project.change("DELETE FROM s WHERE id = 2");
    project.run();
    assert_eq!(project.rows(ROWS), ["1 a", "2 b", "3 c"]);
}

#[test]
fn a_soft_delete_marks_them_and_a_row_that_is_there_again_is_there() {
    let project = TestProject::with_stream(TABLE, &stream("deletes = \"soft\""));
    project.run();
    project.change("DELETE FROM s WHERE id IN (2, 3)");
    let run = project.run_stream("s");
    assert_eq!(run["rows_deleted"], 2);
    let marked = "SELECT id, wms_deleted_at IS NOT NULL FROM WMS_S ORDER BY id";
    assert_eq!(project.rows(marked), ["1 0", "2 1", "3 1"]);
    // Nothing new: each row is marked only once.
    assert_eq!(project.run_stream("s")["rows_deleted"], 0);
    // One is inserted again with an old change key, one with a new one.
    project.change("INSERT INTO s VALUES (2, 'again', '2026-02-01 00:00:00')");
    project.run();
    assert_eq!(
        project.rows("SELECT id, v, wms_deleted_at IS NOT NULL FROM WMS_S ORDER BY id"),
        ["1 a 0", "2 again 0", "3 c 1"]
    );
}

#[test]
fn a_hard_delete_takes_them_away() {
    let project = TestProject::with_stream(TABLE, &stream("deletes = \"hard\""));
    project.run();
    project.change("DELETE FROM s WHERE id = 1; INSERT INTO s VALUES (4, 'd', '2026-01-02 00:00:00')");
    assert_eq!(project.run_stream("s")["rows_deleted"], 1);
    assert_eq!(project.rows(ROWS), ["2 b", "3 c", "4 d"]);
}

#[test]
fn a_comparison_is_made_when_it_is_due() {
    let project = TestProject::with_stream(
        TABLE,
        "method = \"incremental\"\nchange_key = \"changed\"\ndeletes = \"hard\"\nreconcile_every = \"1d\"",
    );
    project.run();
    project.change("DELETE FROM s WHERE id = 1");
    assert_eq!(project.run_stream("s")["rows_deleted"], 0, "the first load was the comparison of today");
    assert_eq!(project.rows(ROWS).len(), 3);
}

#[test]
fn a_purge_of_a_day_is_found_in_a_table_that_is_replaced() {
    for (policy, left) in [("", vec!["3 c NULL"]), ("deletes = \"soft\"", vec!["1 a m", "2 b m", "3 c NULL"])] {
        let project = TestProject::with_stream(TABLE, policy);
        project.run();
        project.change("DELETE FROM s WHERE id < 3");
        // The first run with the policy adds the column for the marks.
        assert_eq!(project.run_stream("s")["rows_deleted"], 2);
        let deleted =
            if policy.is_empty() { "NULL" } else { "CASE WHEN wms_deleted_at IS NULL THEN 'NULL' ELSE 'm' END" };
        let rows = format!("SELECT id, v, {deleted} FROM WMS_S ORDER BY id");
        assert_eq!(project.rows(&rows), left);
        assert_eq!(project.run_stream("s")["rows_deleted"], 0);
    }
}

/// A column that the source lost stays in a table that is replaced, as long as a row that is kept as deleted has a value in it.
#[test]
fn a_row_that_is_kept_as_deleted_keeps_the_values_of_columns_that_the_source_lost() {
    let table = "CREATE TABLE s (id INTEGER PRIMARY KEY, v TEXT, weight DECIMAL(8,2), empty TEXT);
        INSERT INTO s VALUES (1, 'a', 1.5, NULL), (2, 'b', 2.25, 'x'), (3, 'c', NULL, 'y')";
    let project = TestProject::with_stream(table, "deletes = \"soft\"\nmax_deleted_percent = 100\n");
    project.run();
    project.change("DELETE FROM s WHERE id = 1");
    project.run();
    // Another row is deleted in the run in which the columns are gone.
    project.change("DELETE FROM s WHERE id = 3; ALTER TABLE s DROP COLUMN weight; ALTER TABLE s DROP COLUMN empty");
    let run = project.run_stream("s");
    let told = ["weight is no longer in the source", "empty is no longer in the source"];
    assert_eq!(run["schema_changes"], serde_json::json!(told));
    let rows = "SELECT id, v, weight, empty, wms_deleted_at IS NOT NULL FROM WMS_S ORDER BY id";
    assert_eq!(project.rows(rows), ["1 a 1.5 NULL 1", "2 b NULL NULL 0", "3 c NULL y 1"]);
    let before = project.rows("SELECT * FROM WMS_S ORDER BY id");
    for _ in 0..2 {
        let run = project.run_stream("s");
        assert_eq!((&run["rows_deleted"], &run["rows_written"]), (&0.into(), &0.into()));
        assert_eq!(project.rows("SELECT * FROM WMS_S ORDER BY id"), before);
    }
    // The last value in a column is gone, and so is the column.
    project.change("INSERT INTO s VALUES (3, 'again')");
    project.run();
    assert_eq!(
        project.rows("SELECT id, v, weight, wms_deleted_at IS NOT NULL FROM WMS_S ORDER BY id"),
        ["1 a 1.5 1", "2 b NULL 0", "3 again NULL 0"]
    );
    assert_eq!(project.number("SELECT count(*) FROM pragma_table_info('WMS_S') WHERE name = 'empty'"), 0);
    project.wmshost("verify", &[]).succeeded();
}

#[test]
fn a_comparison_by_keys_says_only_what_it_saw() {
    let project =
        TestProject::with_stream(TABLE, &stream("deletes = \"soft\"\nlookback = \"0s\"\nmax_rejected_percent = 100"));
    project.run();
    project.change("DELETE FROM s WHERE id IN (1, 2)");
    let run = project.wmshost("run", &[]).succeeded();
    run.says(&["s: its keys were compared with those of its source: 2 no longer in the source"]);
    // One row is new with an older change key, which no incremental read finds, and one is there again and is rejected.
    project.change(
        "INSERT INTO s VALUES (7, 'old', '2020-01-01 00:00:00'), (2, CAST(X'FF' AS TEXT), '2026-02-01 00:00:00')",
    );
    let run = project.run_stream("s");
    assert_eq!([&run["reconciled"]["missing"], &run["rows_rejected"]], [1, 1], "{run}");
    assert!(run["reconciled"]["different"].is_null(), "{run}");
    let run = project.wmshost("run", &[]).succeeded();
    run.says(&["1 rows of the source are not in the target", "--stream s --repair` loads them"]);
    project.wmshost("verify", &["--repair"]).succeeded();
    assert_eq!(project.rows("SELECT id, v FROM WMS_S WHERE wms_deleted_at IS NULL ORDER BY id"), ["3 c", "7 old"]);
    project.change("UPDATE s SET v = 'c2', changed = '2026-03-01' WHERE id = 3");
    assert_eq!(project.run_stream("s")["reconciled"]["missing"], 0);
}

#[test]
fn a_row_that_is_there_again_with_an_old_change_key_is_loaded_as_it_is_now() {
    for (late_rows, batch, key) in [
        ("lookback", "1", "id"),
        ("lookback", "100", "id"),
        ("lookback", "100", "id\", \"part"),
        ("reconcile", "100", "id"),
    ] {
        let table = "CREATE TABLE s (id INTEGER, part TEXT, v TEXT, changed TIMESTAMP(6), PRIMARY KEY (id));
            WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 60)
            INSERT INTO s SELECT i, 'p', 'v' || i, '2026-01-01 00:00:00' FROM n;";
        let policy = format!("deletes = \"soft\"\nlate_rows = {late_rows:?}\nlookback = \"0s\"\nkey = [\"{key}\"]");
        let mut project = TestProject::with_stream(table, &stream(&policy));
        project.set("WMS_BATCH_SIZE", batch);
        project.run();
        project.change("DELETE FROM s WHERE id % 7 = 0; UPDATE s SET v = 'new', changed = '2026-01-02' WHERE id = 1");
        assert_eq!(project.run_stream("s")["rows_deleted"], 8);
        // Two are there again, one changed and one as it was; one more is deleted.
        project.change(
            "INSERT INTO s VALUES (7, 'p', 'again', '2020-01-01'), (56, 'p', 'v56', '2026-01-01 00:00:00');
             DELETE FROM s WHERE id = 2; UPDATE s SET v = 'newer', changed = '2026-01-03' WHERE id = 1",
        );
        let run = project.run_stream("s");
        assert_eq!(
            [&run["reconciled"]["missing"], &run["reconciled"]["repaired"]],
            [2, 3],
            "{late_rows} {batch}: {run}"
        );
        assert_eq!(run["rows_deleted"], 1, "{run}");
        let live = "SELECT id, v FROM WMS_S WHERE wms_deleted_at IS NULL ORDER BY id";
        let source = project.source();
        let mut rows = source.prepare("SELECT id || ' ' || v FROM s ORDER BY id").expect("a query");
        let expected: Vec<String> =
            rows.query_map([], |row| row.get(0)).expect("rows").map(|row| row.expect("a text")).collect();
        assert_eq!(project.rows(live), expected, "{late_rows} {batch} {key}");
        project.wmshost("verify", &[]).succeeded();
        // What was done leaves nothing to do.
        project.change("UPDATE s SET v = 'newest', changed = '2026-01-04' WHERE id = 1");
        let run = project.run_stream("s");
        assert_eq!([&run["reconciled"]["missing"], &run["reconciled"]["extra"]], [0, 0], "{run}");
    }
}
