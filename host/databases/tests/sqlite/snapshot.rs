//! All sessions see one moment, and the version says whether anything was written.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use arrow_array::cast::AsArray as _;
use arrow_array::types::Int64Type;
use rusqlite::Connection;
use wmshost_databases::sqlite;
use wmshost_flow::{FailureKind, SourceSession};

use crate::warehouse::{Warehouse, grant, read_all};

/// Two rows that a writer keeps at the same number.
const TWINS: &str = "PRAGMA journal_mode = WAL;
    CREATE TABLE a (n INTEGER); CREATE TABLE b (n INTEGER);
    INSERT INTO a VALUES (0); INSERT INTO b VALUES (0);";

fn number(session: &mut dyn SourceSession, table: &str) -> i64 {
    let batch = read_all(session, &format!("SELECT n FROM {table}"), &[]);
    batch.rows.column(0).as_primitive::<Int64Type>().value(0)
}

/// Stops the writer, also if the test fails.
struct Stop<'a>(&'a AtomicBool);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[test]
fn sessions_agree_while_a_writer_commits() {
    let warehouse = Warehouse::new(TWINS);
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let writer = warehouse.source_connection();
            while !stop.load(Ordering::Relaxed) {
                writer
                    .execute_batch("BEGIN; UPDATE a SET n = n + 1; UPDATE b SET n = n + 1; COMMIT")
                    .expect("a commit");
                std::thread::yield_now();
            }
        });
        let _stop = Stop(&stop);
        let mut different = 0;
        let mut last = -1;
        let end = Instant::now() + Duration::from_secs(30);
        while different < 3 && Instant::now() < end {
            let Ok(source) = sqlite::open_source(&warehouse.source_path(), 5, "wms") else { continue };
            let mut sessions: Vec<_> =
                (0..5).map(|_| source.session(&grant(&["a", "b"])).expect("a session")).collect();
            let first = number(sessions[0].as_mut(), "a");
            different += i32::from(first != last);
            last = first;
            for session in &mut sessions {
                assert_eq!(number(session.as_mut(), "a"), first);
                assert_eq!(number(session.as_mut(), "b"), first);
            }
        }
        assert!(different == 3, "the writer never committed in between");
    });
}

#[test]
fn later_commits_are_not_seen() {
    let warehouse = Warehouse::new(TWINS);
    let source = warehouse.source();
    warehouse.source_connection().execute_batch("UPDATE a SET n = 7; DROP TABLE b").expect("a commit");
    let mut session = source.session(&grant(&["a", "b"])).expect("a session");
    assert_eq!(number(session.as_mut(), "a"), 0);
    assert_eq!(number(session.as_mut(), "b"), 0);
    assert_eq!(number(warehouse.reader(&["a"]).as_mut(), "a"), 7);
}

#[test]
fn a_session_comes_back_to_the_pool() {
    let warehouse = Warehouse::new(TWINS);
    let source = warehouse.source();
    let first = source.session(&grant(&["a"])).expect("a session");
    let mut second = source.session(&grant(&["a"])).expect("a session");
    let failure = source.session(&grant(&["a"])).err().expect("both are taken");
    assert_eq!(failure.kind, FailureKind::Limit);
    drop(first);
    drop(source.session(&grant(&["a"])).expect("one is free"));
    let cursor = second.query("SELECT n FROM a", &[]).expect("a cursor");
    drop(second);
    let other = source.session(&grant(&["a"])).expect("one is free");
    assert!(source.session(&grant(&["a"])).is_err(), "the cursor still holds its lane");
    drop((cursor, other));
    assert!(source.session(&grant(&["a"])).is_ok());
}

#[test]
fn a_cursor_outlives_its_session_and_moves_to_another_thread() {
    let warehouse = Warehouse::new(TWINS);
    let mut session = warehouse.reader(&["a"]);
    let mut cursor = session.query("SELECT n FROM a", &[]).expect("a cursor");
    drop(session);
    let rows = std::thread::spawn(move || cursor.next(10).expect("rows").expect("rows").rows.num_rows());
    assert_eq!(rows.join().expect("no panic"), 1);
}

/// Makes the file look as if it had last been written some time ago.
fn age(warehouse: &Warehouse, seconds: u64) {
    for suffix in ["", "-wal"] {
        let mut path = warehouse.source_path().into_os_string();
        path.push(suffix);
        if let Ok(file) = std::fs::File::options().append(true).open(path) {
            let modified = file.metadata().and_then(|metadata| metadata.modified()).expect("a time");
            file.set_modified(modified - std::time::Duration::from_secs(seconds)).expect("set");
        }
    }
}

#[test]
fn the_version_changes_with_every_commit() {
    for mode in ["DELETE", "WAL"] {
        let warehouse = Warehouse::new(&format!("PRAGMA journal_mode = {mode}; CREATE TABLE a (n INTEGER);"));
        // Open all the time, so that the log stays.
        let writer: Connection = warehouse.source_connection();
        writer.execute_batch("INSERT INTO a VALUES (1)").expect("a commit");
        assert_eq!(warehouse.source().version(), None, "{mode}: too young");
        age(&warehouse, 60);
        let first = warehouse.source().version().expect("a version");
        assert_eq!(warehouse.source().version().as_ref(), Some(&first), "{mode}");
        writer.execute_batch("UPDATE a SET n = 2").expect("a commit");
        assert_eq!(warehouse.source().version(), None, "{mode}: too young");
        age(&warehouse, 60);
        let second = warehouse.source().version().expect("a version");
        assert_ne!(first, second, "{mode}");
        drop(writer);
        age(&warehouse, 60);
        let third = warehouse.source().version().expect("a version");
        assert_eq!(warehouse.source().version(), Some(third), "{mode}");
    }
}
