//! A folder with a source and a target, and the helpers that the tests share.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use arrow_array::{ArrayRef, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray};
use rusqlite::Connection;
use tempfile::TempDir;
use wmshost_databases::sqlite;
use wmshost_flow::{
    Batch, Clock, Failure, Micros, Source, SourceGrant, SourceSession, TableDefinition, TakeOver, Target, TargetGrant,
    TargetSession, Value, WriteStats,
};

/// A clock that a test sets.
#[derive(Default)]
pub(crate) struct TurnedClock(AtomicI64);

impl TurnedClock {
    pub(crate) fn set(&self, now: Micros) {
        self.0.store(now, Ordering::Relaxed);
    }
}

impl Clock for TurnedClock {
    fn now(&self) -> Micros {
        self.0.load(Ordering::Relaxed)
    }

    fn elapsed(&self) -> Duration {
        Duration::ZERO
    }
}

/// A folder with a source and a target.
pub(crate) struct Warehouse {
    folder: TempDir,
    pub(crate) clock: Arc<TurnedClock>,
}

impl Warehouse {
    /// An empty target, and a source that these statements create.
    pub(crate) fn new(source: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let warehouse = Self { folder, clock: Arc::default() };
        warehouse.source_connection().execute_batch(source).expect("valid statements");
        warehouse
    }

    pub(crate) fn source_path(&self) -> PathBuf {
        self.folder.path().join("source.db")
    }

    pub(crate) fn target_path(&self) -> PathBuf {
        self.folder.path().join("made").join("target.db")
    }

    /// A plain connection to the source, which may write.
    pub(crate) fn source_connection(&self) -> Connection {
        Connection::open(self.source_path()).expect("the source")
    }

    /// A plain connection to the target.
    pub(crate) fn target_connection(&self) -> Connection {
        Connection::open(self.target_path()).expect("the target")
    }

    pub(crate) fn source(&self) -> Arc<dyn Source> {
        sqlite::open_source(&self.source_path(), 2, "wms").expect("the source")
    }

    /// A session that may read these tables.
    pub(crate) fn reader(&self, tables: &[&str]) -> Box<dyn SourceSession> {
        self.source().session(&grant(tables)).expect("a session")
    }

    pub(crate) fn target(&self) -> Arc<dyn Target> {
        let clock: Arc<dyn Clock> = Arc::clone(&self.clock) as _;
        sqlite::open_target(&self.target_path(), "ana", clock).expect("the target")
    }

    /// A session that may write the table T.
    pub(crate) fn writer(&self) -> Box<dyn TargetSession> {
        self.target().session(write_grant("run-1")).expect("a session")
    }

    /// The rows of a query on the target, as text.
    pub(crate) fn target_rows(&self, query: &str) -> Vec<String> {
        rows_of(&self.target_connection(), query)
    }
}

pub(crate) fn grant(tables: &[&str]) -> SourceGrant {
    let tables = tables.iter().map(|table| (*table).to_owned()).collect();
    SourceGrant::of(tables)
}

pub(crate) fn write_grant(run_id: &str) -> TargetGrant {
    TargetGrant {
        pipeline: "p".to_owned(),
        stream: "s".to_owned(),
        table: "T".to_owned(),
        run_id: run_id.to_owned(),
        take_over: Some(TakeOver::parse("T")),
        allows_triggers: true,
    }
}

/// The rows of a query, as text.
pub(crate) fn rows_of(connection: &Connection, query: &str) -> Vec<String> {
    let mut statement = connection.prepare(query).expect("a query");
    let columns = statement.column_count();
    let rows = statement.query_map([], |row| {
        let cells = (0..columns).map(|at| {
            Ok(match row.get::<_, rusqlite::types::Value>(at)? {
                rusqlite::types::Value::Null => "NULL".to_owned(),
                rusqlite::types::Value::Integer(value) => value.to_string(),
                rusqlite::types::Value::Real(value) => format!("{value:?}"),
                rusqlite::types::Value::Text(value) => format!("'{value}'"),
                rusqlite::types::Value::Blob(value) => format!("x{value:02x?}"),
            })
        });
        Ok(cells.collect::<rusqlite::Result<Vec<_>>>()?.join(" "))
    });
    rows.expect("rows").collect::<rusqlite::Result<_>>().expect("rows")
}

/// All rows of a query through the port, in one batch.
pub(crate) fn read_all(session: &mut dyn SourceSession, query: &str, parameters: &[Value]) -> Batch {
    let mut cursor = session.query(query, parameters).expect("a cursor");
    let batch = cursor.next(1_000_000).expect("rows");
    let batch = batch.unwrap_or_else(|| Batch::new(RecordBatch::new_empty(cursor.schema())));
    assert!(cursor.next(1).expect("the end").is_none());
    batch
}

/// The failure with which a query through the port is refused.
pub(crate) fn refusal(session: &mut dyn SourceSession, query: &str) -> Failure {
    match session.query(query, &[]) {
        Err(failure) => failure,
        Ok(_) => panic!("allowed: {query}"),
    }
}

/// A batch of (id, name, changed).
pub(crate) fn batch(rows: &[(i64, Option<&str>, Option<i64>)]) -> RecordBatch {
    let ids: ArrayRef = Arc::new(Int64Array::from_iter_values(rows.iter().map(|row| row.0)));
    let names: ArrayRef = Arc::new(StringArray::from_iter(rows.iter().map(|row| row.1)));
    let changed: ArrayRef = Arc::new(TimestampMicrosecondArray::from_iter(rows.iter().map(|row| row.2)));
    RecordBatch::try_from_iter_with_nullable([("id", ids, true), ("name", names, true), ("changed", changed, true)])
        .expect("a batch")
}

/// The table T of such batches.
pub(crate) fn definition(key: &[&str]) -> TableDefinition {
    TableDefinition {
        name: "T".to_owned(),
        columns: batch(&[]).schema(),
        key: key.iter().map(|name| (*name).to_owned()).collect(),
    }
}

/// Writes in a transaction and commits it.
pub(crate) fn in_transaction<T>(
    writer: &mut dyn TargetSession,
    act: impl FnOnce(&mut dyn TargetSession) -> Result<T, Failure>,
) -> T {
    writer.begin().expect("a transaction");
    let result = act(writer).expect("a write");
    writer.commit().expect("a commit");
    result
}

/// Counts of inserted, updated and unchanged rows.
pub(crate) fn counts(inserted: u64, updated: u64, unchanged: u64) -> WriteStats {
    WriteStats { inserted, updated, unchanged, ..WriteStats::default() }
}
