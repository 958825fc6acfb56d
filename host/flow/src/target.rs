//! Port: writing a database in transactions. Only the flow begins and commits; a loader writes in between.

use std::ops::AddAssign;
use std::sync::{Arc, Mutex};

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;

use crate::clock::Micros;
use crate::failure::Failure;
use crate::metadata::{OwnerKind, TableOwner, TakeOver};
use crate::source::Dialect;
use crate::sql::{Sql, SqlSession};
use crate::value::Value;

/// What a session may write, and the marks it puts on every row.
#[derive(Debug, Clone)]
pub struct TargetGrant {
    /// The pipeline's name.
    pub pipeline: String,
    /// The stream's name.
    pub stream: String,
    /// The one table that may be written.
    pub table: String,
    /// The run's id, for `wms_run_id`.
    pub run_id: String,
    /// The wish to take the table over from its owner.
    pub take_over: Option<TakeOver>,
}

impl TargetGrant {
    /// The stream, as the owner of the table.
    pub fn owner(&self) -> TableOwner {
        TableOwner { pipeline: self.pipeline.clone(), maker: OwnerKind::Stream, name: self.stream.clone() }
    }
}

/// A table as it is, or as it shall be, without the host's own columns.
#[derive(Debug, Clone)]
pub struct TableDefinition {
    /// Its name.
    pub name: String,
    /// Its columns.
    pub columns: SchemaRef,
    /// The columns of its primary key, in order; empty: none.
    pub key: Vec<String>,
}

/// How a merge tells rows apart and which version wins.
#[derive(Debug, Clone)]
pub struct MergeRule {
    /// The columns that say which row is meant.
    pub key: Vec<String>,
    /// The column that says which version is newer: a lower incoming value loses, a NULL on either side
    /// lets the incoming row win. `None`: the incoming row always wins.
    pub version: Option<String>,
}

/// What happened to rows in a transaction.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct WriteStats {
    /// Rows that are new in the table.
    pub inserted: u64,
    /// Rows that replaced an older version.
    pub updated: u64,
    /// Rows that were there already, or were older than what was there.
    pub unchanged: u64,
    /// Rows written into a staged table, not visible yet.
    pub staged: u64,
    /// Rows that a swap took away.
    pub deleted: u64,
    /// Rows that the database refused one by one; the session says which and why.
    pub rejected: u64,
}

/// A row that the database refused, or that it could not keep as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// Its place in the batch, from 0.
    pub row: usize,
    /// The short name of the rule that it broke.
    pub rule: String,
    /// Why, in words, without a value.
    pub reason: String,
}

impl WriteStats {
    /// Rows that were handed over, whatever became of them.
    pub fn received(&self) -> u64 {
        self.inserted + self.updated + self.unchanged + self.staged + self.rejected
    }
}

impl AddAssign for WriteStats {
    fn add_assign(&mut self, other: Self) {
        self.inserted += other.inserted;
        self.updated += other.updated;
        self.unchanged += other.unchanged;
        self.staged += other.staged;
        self.deleted += other.deleted;
        self.rejected += other.rejected;
    }
}

/// What becomes of rows that the source no longer has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Removal {
    /// They stay, with the moment in `wms_deleted_at`.
    Soft,
    /// They go.
    Delete,
}

/// A database that can be written.
pub trait Target: Send + Sync {
    /// A session for one stream.
    fn session(&self, grant: TargetGrant) -> Result<Box<dyn TargetSession>, Failure>;
    /// A session of the host's own.
    fn sql(&self) -> Result<Box<dyn SqlSession>, Failure>;
}

/// A session that writes one table in transactions. Names other than the granted table are `denied`. Every
/// write needs a transaction; dropping the session rolls an open one back. A table that is not recorded as the stream's
/// own is refused, see [`crate::Claim`].
pub trait TargetSession: Send {
    /// Begins a transaction; waits for other writers of the same database.
    fn begin(&mut self) -> Result<(), Failure>;
    /// Commits it.
    fn commit(&mut self) -> Result<(), Failure>;
    /// Undoes it.
    fn rollback(&mut self) -> Result<(), Failure>;

    /// The table's definition; `None` if there is no such table.
    fn describe(&mut self, table: &str) -> Result<Option<TableDefinition>, Failure>;
    /// Creates the table.
    fn create(&mut self, table: &TableDefinition) -> Result<(), Failure>;
    /// Adds nullable columns at the end.
    fn add_columns(&mut self, table: &str, columns: &SchemaRef) -> Result<(), Failure>;
    /// Gives columns wider types; no value changes by it.
    fn widen_columns(&mut self, table: &str, columns: &SchemaRef) -> Result<(), Failure>;
    /// The rows of the batches that were written since the last call which the database refused.
    fn take_refused(&mut self) -> Vec<Refused>;
    /// Inserts all rows, by column name; one that the database refuses does not keep the others out. Goes into the staged table if that is the name given.
    fn insert(&mut self, table: &str, rows: &RecordBatch) -> Result<WriteStats, Failure>;
    /// Inserts what is new, updates what differs and is not older; refused rows as above.
    fn merge(&mut self, table: &str, rows: &RecordBatch, rule: &MergeRule) -> Result<WriteStats, Failure>;
    /// Makes an empty table beside the table and returns its name; keeps the rows that an interrupted load
    /// left there if `resume`.
    fn stage(&mut self, table: &TableDefinition, resume: bool) -> Result<String, Failure>;
    /// Puts the staged table in the place of the table. Equal content leaves the old table alone.
    fn swap(&mut self, table: &str) -> Result<WriteStats, Failure>;

    /// Makes the table keep rows that are taken away: it gets the column `wms_deleted_at` if it lacks it.
    fn keep_deleted(&mut self, table: &str) -> Result<(), Failure>;
    /// Takes the rows with these keys away, or marks them as deleted; returns how many there were. Rows that are
    /// marked already do not count. The batch has the key's columns only.
    fn remove(&mut self, table: &str, keys: &RecordBatch, removal: Removal) -> Result<u64, Failure>;
    /// When the rows with these keys were loaded, in the order of the keys; `None` for one that is not there. The batch has
    /// the key's columns only.
    fn loaded_at(&mut self, table: &str, keys: &RecordBatch) -> Result<Vec<Option<Micros>>, Failure>;

    /// How many rows the table has, or how many of them have this column empty.
    fn count(&mut self, table: &str, empty: Option<&str>) -> Result<u64, Failure> {
        let sql = self.sql();
        let quoted = |name: &str| match sql.dialect() {
            Dialect::Sqlite => format!("\"{}\"", name.replace('"', "\"\"")),
            Dialect::Oracle => format!("\"{}\"", name.to_uppercase().replace('"', "")),
        };
        let condition = empty.map(|column| format!(" WHERE {} IS NULL", quoted(column))).unwrap_or_default();
        let statement = format!("SELECT COUNT(*) FROM {}{condition}", quoted(table));
        match sql.query(&statement, &[])?.first().and_then(|row| row.first()) {
            Some(Value::Int64(count)) => Ok(count.unsigned_abs()),
            Some(Value::Decimal(count)) => Ok(count.parse().unwrap_or_default()),
            _ => Ok(0),
        }
    }

    /// Statements of the host's own, in the session's transaction if one is open.
    fn sql(&mut self) -> &mut dyn Sql;
}

/// A session shared by the flow, which commits, and the loader, which writes.
pub type SharedTarget = Arc<Mutex<Box<dyn TargetSession>>>;
