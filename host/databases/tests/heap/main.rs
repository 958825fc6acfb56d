//! The limit of SQLite's memory, which holds for the whole process, and so for a process of its own.

use rusqlite::Connection;
use wmshost_databases::sqlite;
use wmshost_flow::SourceGrant;

/// Rows that would take the memory of the machine end by a limit.
#[test]
fn a_statement_that_makes_much_of_nothing_is_stopped() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("source.db");
    let schema = "CREATE TABLE a (id INTEGER PRIMARY KEY, v TEXT); INSERT INTO a VALUES (1, 'x'), (2, 'y')";
    Connection::open(&path).and_then(|connection| connection.execute_batch(schema)).expect("a database");
    let source = sqlite::open_source(&path, 1, "wms").expect("a source");
    let mut reader = source.session(&SourceGrant::of(["a".to_owned()].into())).expect("a session");
    let large = |count: usize| {
        let columns = (0..count).map(|at| format!("printf('%.*c', 16000000, 'x') AS c{at}"));
        columns.collect::<Vec<_>>().join(", ")
    };
    let many = (0..1_001).map(|at| format!("1 AS c{at}")).collect::<Vec<_>>().join(", ");
    for statement in [format!("SELECT {} FROM a", large(200)), format!("SELECT {many} FROM a")] {
        let failed = reader.query(&statement, &[]).and_then(|mut cursor| cursor.next(1).map(drop));
        let failure = failed.expect_err("too much").to_string();
        assert!(failure.contains("memory") || failure.contains("too many columns"), "{failure}");
    }
    // The connection is as good as before.
    let mut cursor = reader.query("SELECT v FROM a", &[]).expect("a cursor");
    assert_eq!(cursor.next(10).expect("rows").expect("a batch").rows.num_rows(), 2);
}
