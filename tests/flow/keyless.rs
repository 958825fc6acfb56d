//! Tables without a key: each run reads them as a whole, and both sides hold each row equally often.

use wmshost_tests::TestProject;

const TABLE: &str = "CREATE TABLE s (a INTEGER, b TEXT, c NUMERIC(20, 4)); CREATE TABLE spare AS SELECT * FROM s;";
const STREAM: &str = "max_deleted_percent = 100\nmax_rejected_percent = 100\n";

/// A project with batches of four rows.
fn project(stream: &str) -> TestProject {
    let mut project = TestProject::with_stream(TABLE, stream);
    project.set("WMS_BATCH_SIZE", "4");
    project.set("TARGET_BATCH_SIZE", "4");
    project
}

/// The rows of a table, sorted, as often as they occur.
fn bag(connection: &rusqlite::Connection, table: &str) -> Vec<String> {
    let mut statement = connection
        .prepare(&format!(
            "SELECT quote(a) || ' ' || quote(b) || ' ' || quote(CAST(c AS REAL)) FROM {table} ORDER BY 1"
        ))
        .expect("a statement");
    let rows = statement.query_map([], |row| row.get(0)).expect("rows");
    rows.collect::<Result<_, _>>().expect("texts")
}

/// Changes of the source, with rows that occur once, several times, with NULLs, and in another order.
const CHANGES: [&str; 7] = [
    "INSERT INTO s VALUES (1, 'x', 1.5), (1, 'x', 1.5), (1, 'x', 1.5), (NULL, NULL, NULL), (NULL, NULL, NULL), (2, '', 0)",
    "INSERT INTO s SELECT a, b, c FROM s UNION ALL SELECT a, b, c FROM s",
    "DELETE FROM s WHERE rowid IN (1, 4, 9)",
    "UPDATE s SET b = 'y' WHERE rowid IN (2, 7)",
    "INSERT INTO spare SELECT * FROM s ORDER BY random(); DELETE FROM s; INSERT INTO s SELECT * FROM spare",
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 30) INSERT INTO s SELECT i % 3, 'z', i % 2 FROM n",
    "DELETE FROM s",
];

#[test]
fn both_sides_hold_each_row_equally_often_whatever_breaks() {
    // Where the first try of each run dies; none at all.
    let points = [
        "",
        "table-prepared:1",
        "batch-loaded:1",
        "batch-committed:1",
        "batch-committed:3",
        "finish-begun:1",
        "finished:1",
        "end-committed:1",
    ];
    for point in points {
        let mut project = project(STREAM);
        for change in CHANGES {
            project.change(change);
            if !point.is_empty() {
                project.set("WMSHOST_CRASH_AT", &format!("s:{point}"));
                let _died = project.wmshost("run", &[]);
                project.set("WMSHOST_CRASH_AT", "");
            }
            project.wmshost("run", &[]).succeeded();
            assert_eq!(bag(&project.target(), "WMS_S"), bag(&project.source(), "s"), "{point}: {change}");
            project.wmshost("verify", &[]).succeeded();
            // Nothing has changed since.
            let run = project.run_stream("s");
            assert_eq!((&run["rows_written"], &run["rows_deleted"]), (&0.into(), &0.into()), "{point}: {change}");
        }
    }
}

#[test]
fn a_comparison_counts_rows_and_repairs_none() {
    let project = project(STREAM);
    project.change(CHANGES[0]);
    project.run();
    project
        .target()
        .execute_batch("DELETE FROM WMS_S WHERE rowid = 1; INSERT INTO WMS_S (a) VALUES (7), (7)")
        .expect("changed");
    let verified = project.wmshost("verify", &["--output", "json"]).ended(1).json();
    let stream = &verified["streams"][0];
    assert_eq!(
        (&stream["missing"], &stream["extra"], &stream["different"]),
        (&1.into(), &2.into(), &0.into()),
        "{stream}"
    );
    project
        .wmshost("verify", &["--repair"])
        .ended(1)
        .says(&["rows without a key cannot be repaired", "--full-refresh"]);
    project.wmshost("run", &["--full-refresh"]).succeeded();
    project.wmshost("verify", &[]).succeeded();
}

#[test]
fn what_needs_a_key_is_refused_before_anything_is_written() {
    for (stream, words) in [
        ("method = \"append\"", "or read the table whole by the method \"full\""),
        ("method = \"incremental\"\nchange_key = \"a\"", "or read the table whole by the method \"full\""),
        ("deletes = \"soft\"", "rows without a key cannot be marked as deleted"),
    ] {
        let project = project(stream);
        project.change(CHANGES[0]);
        for command in ["check", "run"] {
            project.wmshost(command, &[]).ended(2).says(&[words, "`key`"]);
        }
        let made = "SELECT count(*) FROM sqlite_schema WHERE name LIKE 'WMS_S%'";
        assert_eq!(project.number(made), 0, "{stream}");
    }
}

#[test]
fn a_rejected_row_leaves_quarantine_when_the_source_has_corrected_it() {
    let project = project(STREAM);
    project.change(CHANGES[0]);
    project.change("INSERT INTO s VALUES (3, 'x', 'no number'), (3, 'x', 'no number')");
    assert_eq!(project.run_stream("s")["rows_rejected"], 2);
    assert_eq!(project.number("SELECT count(*) FROM WMS_S"), 6);
    assert!(project.number("SELECT count(*) FROM WMSHOST_QUARANTINE") > 0);
    project.wmshost("verify", &[]).succeeded();
    project.change("UPDATE s SET c = 3 WHERE c = 'no number'");
    project.run();
    assert_eq!(bag(&project.target(), "WMS_S"), bag(&project.source(), "s"));
    assert_eq!(project.number("SELECT count(*) FROM WMSHOST_QUARANTINE"), 0);
}

#[test]
fn a_table_that_gets_a_key_or_loses_it_is_loaded_by_choice_only() {
    let project = project(STREAM);
    project.change("INSERT INTO s VALUES (1, 'x', 1), (2, 'y', 2)");
    project.run();
    project.write_stream(&format!("{STREAM}key = [\"a\"]"));
    project.run();
    project.write_stream(STREAM);
    project.change("INSERT INTO s VALUES (2, 'y', 2)");
    project.run();
    assert_eq!(bag(&project.target(), "WMS_S"), bag(&project.source(), "s"));
    project.wmshost("verify", &[]).succeeded();
}
