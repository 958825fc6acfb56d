//! What stopped a run, and what a run met that nobody foresaw, holds for the next runs too: too many rejected rows, a clock
//! that was ahead, a table that had rows, a source that is written meanwhile.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use rusqlite::Connection;
use wmshost_tests::TestProject;

const TABLE: &str = "CREATE TABLE s (id INTEGER PRIMARY KEY, v TEXT, changed TIMESTAMP);";
const STREAM: &str = "method = \"incremental\"\nchange_key = \"changed\"\nlookback = \"0s\"\n";
const YEAR: &str = "31536000";

/// Rows whose value is no text where `is_bad` holds.
fn rows(count: usize, is_bad: impl Fn(usize) -> bool) -> String {
    let values = (0..count).map(|row| {
        let value = if is_bad(row) { "x'ff'".to_owned() } else { format!("'v{row}'") };
        format!("({row}, {value}, '2026-01-01 00:{:02}:{:02}')", row / 60, row % 60)
    });
    format!("INSERT INTO s VALUES {};", values.collect::<Vec<_>>().join(", "))
}

fn loaded(project: &TestProject) -> Vec<String> {
    project.rows("SELECT id, v FROM WMS_S ORDER BY id")
}

#[test]
fn a_share_of_rejected_rows_that_stops_a_run_stops_the_next_one() {
    for (extract_batch_rows, load_batch_rows) in [("100", "200"), ("100", "20"), ("7", "20")] {
        let source = format!("{TABLE}{}", rows(60, |row| row % 2 == 0));
        let mut project = TestProject::with_stream(&source, STREAM);
        project.set("WMS_BATCH_SIZE", extract_batch_rows);
        project.set("TARGET_BATCH_SIZE", load_batch_rows);
        for _ in 0..3 {
            project.wmshost("run", &[]).ended(1).says(&["max_rejected_percent"]);
        }
        project.wmshost("status", &[]).ended(1);
        project.change("UPDATE s SET v = 'mended ' || id, changed = '2026-02-01 00:00:00' WHERE v = x'ff'");
        project.run();
        assert_eq!(loaded(&project).len(), 60, "{extract_batch_rows} {load_batch_rows}");
    }
}

#[test]
fn a_stream_whose_every_row_was_rejected_stays_so_until_something_else_is_read() {
    // Fewer than the rows from which a share counts, and more.
    for (count, codes) in [(8, [4, 4, 4]), (50, [1, 1, 1])] {
        let project = TestProject::with_stream(&format!("{TABLE}{}", rows(count, |_| true)), STREAM);
        for code in codes {
            project.wmshost("run", &[]).ended(code);
            let status = project.wmshost("status", &["--output", "json"]).ended(1).json();
            assert_ne!(status["streams"][0]["health"], "fresh", "{count}: {status:#}");
        }
        project.change("UPDATE s SET v = 'mended', changed = '2026-02-01 00:00:00'");
        project.run();
        assert_eq!(loaded(&project).len(), count);
        project.wmshost("status", &[]).succeeded();
    }
}

#[test]
fn a_clock_that_was_ahead_keeps_no_comparison_and_no_alarm_back() {
    let stream = format!("{STREAM}deletes = \"hard\"\nreconcile_every = \"1d\"\nmax_age = \"1h\"\n");
    let mut project = TestProject::with_stream(&format!("{TABLE}{}", rows(50, |_| false)), &stream);
    project.set("WMSHOST_CLOCK_AHEAD", YEAR);
    project.run();
    project.set("WMSHOST_CLOCK_AHEAD", "0");
    let status = project.wmshost("status", &["--output", "json"]).ended(1).json();
    assert!(
        status["streams"][0]["reason"].as_str().is_some_and(|reason| reason.contains("in the future")),
        "{status:#}"
    );
    project.change("DELETE FROM s WHERE id < 5");
    project.run();
    assert_eq!(loaded(&project).len(), 45);
    project.wmshost("status", &[]).succeeded();
}

#[test]
fn a_first_load_into_a_table_that_has_rows_is_compared() {
    let stream = format!("{STREAM}deletes = \"hard\"\nlate_rows = \"reconcile\"\ntake_over = \"WMS_S\"\n");
    let project = TestProject::with_stream(&format!("{TABLE}{}", rows(100, |_| false)), &stream);
    let theirs = "CREATE TABLE WMS_S (id INTEGER PRIMARY KEY, v TEXT, changed TIMESTAMP);
        INSERT INTO WMS_S VALUES (5, 'other', '2027-01-01 00:00:00'), (5000, 'extra', '2026-01-01 00:00:00')";
    project.target().execute_batch(theirs).expect("a table");
    project.run();
    let expected: Vec<String> = (0..100).map(|row| format!("{row} v{row}")).collect();
    assert_eq!(loaded(&project), expected);
}

/// A writer changes all rows at once, again and again: whatever is read has one value.
#[test]
fn a_source_that_is_written_meanwhile_is_read_as_of_one_moment() {
    for journal in ["delete", "wal"] {
        let source = format!("PRAGMA journal_mode = {journal}; {TABLE}{}", rows(3_000, |_| false));
        let project = TestProject::with_stream(&source, "method = \"full\"\n");
        let (path, is_over) = (project.source_path(), AtomicBool::new(false));
        thread::scope(|scope| {
            scope.spawn(|| {
                let mut number = 0;
                while !is_over.load(Ordering::Relaxed) {
                    number += 1;
                    // A connection for each transaction: the last one that is closed empties a write-ahead log.
                    let writer = Connection::open(&path).expect("the source");
                    writer.busy_timeout(std::time::Duration::from_secs(60)).expect("a connection");
                    writer.execute("UPDATE s SET v = ?1", [number]).expect("a write");
                }
            });
            for _ in 0..6 {
                let run = project.wmshost("run", &[]);
                if run.code() == Some(0) {
                    let values = project.number("SELECT COUNT(DISTINCT v) FROM WMS_S");
                    if values != 1 {
                        is_over.store(true, Ordering::Relaxed);
                    }
                    assert_eq!(values, 1, "{journal}: rows of several moments");
                }
                let is_torn = run.err().contains("malformed");
                is_over.fetch_or(is_torn, Ordering::Relaxed);
                assert!(!is_torn, "{journal}: {}", run.err());
            }
            is_over.store(true, Ordering::Relaxed);
        });
    }
}
