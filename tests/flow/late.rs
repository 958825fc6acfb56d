//! Ties, late rows, rows without a change key, versions out of order: F1–F9, T1–T7, T13.

use wmshost_tests::TestProject;

const TABLE: &str = "CREATE TABLE s (id INTEGER PRIMARY KEY, v TEXT, changed TIMESTAMP(6));
    CREATE INDEX s_changed ON s (changed, id);";

const EQUAL: &str = "SELECT count(*) FROM (SELECT id, v, changed FROM WMS_S EXCEPT SELECT id, v, changed FROM source.s)
    UNION ALL SELECT count(*) FROM (SELECT id, v, changed FROM source.s EXCEPT SELECT id, v, changed FROM WMS_S)
    UNION ALL SELECT (SELECT count(*) FROM WMS_S) - (SELECT count(*) FROM source.s)";

fn incremental(policy: &str) -> String {
    format!("method = \"incremental\"\nchange_key = \"changed\"\nlookback = \"2h\"\n{policy}")
}

fn assert_equal(project: &TestProject) {
    let target = project.target();
    target.execute("ATTACH ?1 AS source", [project.source_path().to_string_lossy()]).expect("the source");
    let mut statement = target.prepare(EQUAL).expect("a query");
    let counts: Vec<i64> =
        statement.query_map([], |row| row.get(0)).expect("rows").collect::<rusqlite::Result<_>>().expect("rows");
    assert_eq!(counts, [0, 0, 0], "extra, missing, count");
}

/// This number of rows with one change key, from the first id on.
fn ties(first: u64, count: u64, changed: &str) -> String {
    format!(
        "WITH RECURSIVE n(i) AS (SELECT {first} UNION ALL SELECT i + 1 FROM n WHERE i < {first} + {count} - 1)
         INSERT INTO s SELECT i, 'v' || i, '{changed}' FROM n;"
    )
}

#[test]
fn more_ties_than_a_batch_lose_nothing() {
    let project = TestProject::with_stream(TABLE, &incremental(""));
    project.change(&ties(1, 950, "2026-01-01 00:00:00.000001"));
    project.run();
    assert_equal(&project);
    // New rows at the very same microsecond as the bookmark.
    project.change(&ties(2_000, 730, "2026-01-01 00:00:00.000001"));
    project.run();
    assert_equal(&project);
}

#[test]
fn a_row_that_commits_ninety_minutes_late_is_found() {
    let project = TestProject::with_stream(TABLE, &incremental(""));
    project.change(&ties(1, 10, "2026-01-01 12:00:00.000000"));
    project.run();
    project.change("INSERT INTO s VALUES (99, 'late', '2026-01-01 10:30:00.000000')");
    assert_eq!(project.run_stream("s")["rows_written"], 1);
    assert_equal(&project);
    // The rows that are read again because of the lookback are not written again.
    assert_eq!(project.run_stream("s")["rows_written"], 0);
}

#[test]
fn a_backdated_import_is_found_by_a_comparison() {
    let project = TestProject::with_stream(TABLE, &incremental("late_rows = \"reconcile\"\nreconcile_every = \"0s\""));
    project.change(&ties(1, 300, "2025-06-01 12:00:00.000000"));
    project.change(&ties(301, 1, "2026-01-01 12:00:00.000000"));
    project.run();
    project.change(
        "INSERT INTO s VALUES (900, 'backdated', '2020-01-01 00:00:00.000000'); UPDATE s SET v = 'silent' WHERE id = 7",
    );
    let run = project.run_stream("s");
    assert_eq!((&run["reconciled"]["missing"], &run["reconciled"]["different"]), (&1.into(), &1.into()));
    assert_equal(&project);
}

#[test]
fn rows_without_a_change_key_go_by_policy() {
    let nulls = "INSERT INTO s VALUES (1, 'a', NULL), (2, 'b', '2026-01-01 00:00:00.000000')";
    let later = "INSERT INTO s VALUES (3, 'c', NULL); UPDATE s SET v = 'changed' WHERE id = 1";
    for (policy, rows) in
        [("include", vec!["1 changed", "2 b", "3 c"]), ("ignore", vec!["1 a", "2 b"]), ("reject", vec!["2 b"])]
    {
        let project = TestProject::with_stream(TABLE, &incremental(&format!("null_keys = \"{policy}\"")));
        project.change(nulls);
        project.run();
        project.change(later);
        project.run();
        assert_eq!(project.rows("SELECT id, v FROM WMS_S ORDER BY id"), rows, "{policy}");
        if policy == "reject" {
            let keys = project
                .rows("SELECT DISTINCT row_key FROM WMSHOST_QUARANTINE WHERE rule = 'null-change-key' ORDER BY 1");
            assert_eq!(keys, ["id=1", "id=3"]);
        }
    }
    let project = TestProject::with_stream(TABLE, &incremental("null_keys = \"fail\""));
    project.change(nulls);
    project.wmshost("run", &[]).ended(1).says(&["stream s, extract", "a row without changed", "null_keys"]);
}

#[test]
fn an_older_version_never_wins() {
    let project = TestProject::with_stream(
        "CREATE TABLE s (n INTEGER PRIMARY KEY, id INTEGER, v TEXT, changed TIMESTAMP(6));",
        "method = \"incremental\"\nchange_key = \"changed\"\nkey = [\"id\"]",
    );
    // Two versions of one key in one batch, the newer one first; later an older one arrives.
    project.change(
        "INSERT INTO s VALUES (1, 7, 'new', '2026-01-02 00:00:00.000000'), (2, 7, 'old', '2026-01-01 00:00:00.000000')",
    );
    project.run();
    assert_eq!(project.rows("SELECT id, v FROM WMS_S"), ["7 new"]);
    project.change(
        "INSERT INTO s VALUES (3, 7, 'older', '2025-12-31 23:59:59'), (4, 8, 'other', '2026-01-02 00:00:00.000000')",
    );
    project.run();
    assert_eq!(project.rows("SELECT id, v FROM WMS_S ORDER BY id"), ["7 new", "8 other"]);
}

#[test]
fn offsets_are_compared_as_instants_and_microseconds_are_kept() {
    let project = TestProject::with_stream(
        "CREATE TABLE s (id INTEGER PRIMARY KEY, v TEXT, changed TIMESTAMPTZ(6));",
        "method = \"incremental\"\nchange_key = \"changed\"\nlookback = \"0s\"",
    );
    // As text the second is later; as an instant the first is.
    project.change("INSERT INTO s VALUES (1, 'a', '2018-02-17 23:30:00.123456-03:00'), (2, 'b', '2018-02-17 23:59:00.000001-02:00')");
    project.run();
    let stored = project.rows("SELECT id, changed FROM WMS_S ORDER BY id");
    assert_eq!(stored, ["1 2018-02-18 02:30:00.123456Z", "2 2018-02-18 01:59:00.000001Z"]);
    project.change("INSERT INTO s VALUES (3, 'c', '2018-02-18 00:30:00.123457-02:00')");
    project.run();
    assert_eq!(project.rows("SELECT count(*) FROM WMS_S"), ["3"]);
}

#[test]
fn a_change_key_of_the_future_does_not_hide_what_comes_before_it() {
    let project = TestProject::with_stream(TABLE, &incremental(""));
    project
        .change("INSERT INTO s VALUES (1, 'a', '2026-01-01 00:00:00.000000'), (2, 'b', '2199-01-01 00:00:00.000000')");
    project.run();
    project
        .change("INSERT INTO s VALUES (3, 'c', '2026-01-01 00:00:01.000000'); UPDATE s SET v = 'again' WHERE id = 2");
    project.run();
    assert_equal(&project);
}

#[test]
fn appended_rows_are_read_behind_the_highest_key() {
    let project = TestProject::with_stream(TABLE, "method = \"append\"");
    project.change(&ties(1, 500, "2026-01-01 00:00:00.000000"));
    project.run();
    assert_eq!(project.run_stream("s")["rows_read"], 0);
    project.change("INSERT INTO s VALUES (501, 'more', '2020-01-01 00:00:00.000000')");
    assert_eq!(project.run_stream("s")["rows_read"], 1);
    assert_equal(&project);
}
