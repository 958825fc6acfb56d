//! Port: writing a database in transactions. Only the flow begins and commits them; a loader writes in between.

use std::ops::AddAssign;
use std::sync::{Arc, Mutex};

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use wmshost_sql::Value;

use super::clock::Micros;
use super::sql::{Sql, SqlSession};
use crate::failure::Failure;
use crate::metadata::{OwnerKind, TableOwner, TakeOver};

/// The table that a session may write, and the values of the audit columns of every row.
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
    /// The request to take the table over from its owner.
    pub take_over: Option<TakeOver>,
    /// True if the table may have triggers of others.
    pub allows_triggers: bool,
}

impl TargetGrant {
    /// Returns the stream as the owner of the table.
    pub fn owner(&self) -> TableOwner {
        TableOwner { pipeline: self.pipeline.clone(), kind: OwnerKind::Stream, name: self.stream.clone() }
    }
}

/// A table that exists or is to be created, without the host's own columns.
#[derive(Debug, Clone)]
pub struct TableDefinition {
    /// Its name.
    pub name: String,
    /// Its columns.
    pub columns: SchemaRef,
    /// The columns of its primary key, in order; empty if it has none.
    pub key: Vec<String>,
}

/// The rule by which a merge identifies rows and decides which version wins.
#[derive(Debug, Clone)]
pub struct MergeRule {
    /// The columns that identify a row.
    pub key: Vec<String>,
    /// The column with the version: a lower incoming value loses; a NULL on either side lets the incoming row win.
    /// `None` if the incoming row always wins.
    pub version: Option<String>,
}

/// The number of rows by the result of writing them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct WriteStats {
    /// Rows that are new in the table.
    pub inserted: u64,
    /// Rows that replaced an older version.
    pub updated: u64,
    /// Rows that were there already, or that were older than the table's.
    pub unchanged: u64,
    /// Rows written into a staging table, not visible yet.
    pub staged: u64,
    /// Rows that were deleted by a swap.
    pub deleted: u64,
    /// Rows that the database refused one by one; the session returns them with the reasons.
    pub rejected: u64,
}

/// A row that the database refused, or that it could not store unchanged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// Its position in the batch, from 0.
    pub row: usize,
    /// The short name of the rule that it violates.
    pub rule: String,
    /// The reason in words, without a value.
    pub reason: String,
}

impl WriteStats {
    /// Returns the number of rows that were received, whatever the result.
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

/// The way in which rows are removed that the source no longer has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Removal {
    /// They stay, with the time of deletion in `wms_deleted_at`.
    Soft,
    /// They are deleted.
    Delete,
}

/// A database that can be written.
pub trait Target: Send + Sync {
    /// Returns a session for one stream.
    fn session(&self, grant: TargetGrant) -> Result<Box<dyn TargetSession>, Failure>;
    /// Returns a session of the host's own.
    fn sql(&self) -> Result<Box<dyn SqlSession>, Failure>;
}

/// A session that writes one table in transactions. Names other than the granted table are `denied`. Every write needs
/// a transaction; dropping the session rolls an open one back. A table that is not recorded as the stream's own is
/// refused, see [`crate::Claim`].
pub trait TargetSession: Send {
    /// Begins a transaction; waits for other writers of the same database.
    fn begin(&mut self) -> Result<(), Failure>;
    /// Commits the transaction; rolls it back if that fails.
    fn commit(&mut self) -> Result<(), Failure>;
    /// Rolls the transaction back.
    fn rollback(&mut self) -> Result<(), Failure>;

    /// Spells the columns of the session's tables as these from now on, where the database takes both names for one: a
    /// database need not keep the case of a name, which everything before the target distinguishes.
    fn spell_as(&mut self, columns: &SchemaRef);
    /// Returns the table's definition; `None` if there is no such table.
    fn describe(&mut self, table: &str) -> Result<Option<TableDefinition>, Failure>;
    /// Creates the table.
    fn create(&mut self, table: &TableDefinition) -> Result<(), Failure>;
    /// Adds nullable columns at the end.
    fn add_columns(&mut self, table: &str, columns: &SchemaRef) -> Result<(), Failure>;
    /// Changes columns to wider types; this changes no value.
    fn widen_columns(&mut self, table: &str, columns: &SchemaRef) -> Result<(), Failure>;
    /// Returns the rows that the database refused since the last call.
    fn take_refused(&mut self) -> Vec<Refused>;
    /// Inserts all rows, by column name; a row that the database refuses does not affect the others. The table may be
    /// the staging table.
    fn insert(&mut self, table: &str, rows: &RecordBatch) -> Result<WriteStats, Failure>;
    /// Inserts new rows, and updates those that differ and are not older; refused rows as for `insert`.
    fn merge(&mut self, table: &str, rows: &RecordBatch, rule: &MergeRule) -> Result<WriteStats, Failure>;
    /// Fails unless the table, if it exists, can tell its rows apart by the rule's key and their versions by its version
    /// column.
    fn check_merge(&mut self, table: &str, rule: &MergeRule) -> Result<(), Failure>;
    /// Creates an empty staging table for the table and returns its name; if `resume` is true, it keeps the rows that
    /// an interrupted load left there.
    fn stage(&mut self, table: &TableDefinition, resume: bool) -> Result<String, Failure>;
    /// Replaces the table with the staging table. If their contents are equal, the old table stays.
    fn swap(&mut self, table: &str) -> Result<WriteStats, Failure>;

    /// Adds the column `wms_deleted_at` to the table if it lacks it, so that deleted rows can be kept.
    fn keep_deleted(&mut self, table: &str) -> Result<(), Failure>;
    /// Deletes the rows with these keys, or marks them as deleted; returns their number. Rows that were marked before
    /// do not count. The batch has only the key's columns.
    fn remove(&mut self, table: &str, keys: &RecordBatch, removal: Removal) -> Result<u64, Failure>;
    /// Returns the times at which the rows with these keys were loaded, in the order of the keys; `None` for a row that
    /// does not exist. The batch has only the key's columns.
    fn loaded_at(&mut self, table: &str, keys: &RecordBatch) -> Result<Vec<Option<Micros>>, Failure>;

    /// Returns the number of rows in the table, or the number of those in which this column is empty.
    fn count(&mut self, table: &str, empty: Option<&str>) -> Result<u64, Failure> {
        let sql = self.sql();
        let dialect = sql.dialect();
        let condition = empty.map(|column| format!(" WHERE {} IS NULL", dialect.quoted(column))).unwrap_or_default();
        let statement = format!("SELECT COUNT(*) FROM {}{condition}", dialect.quoted(table));
        match sql.query(&statement, &[])?.first().and_then(|row| row.first()) {
            Some(Value::Int64(count)) => Ok(count.unsigned_abs()),
            Some(Value::Decimal(count)) => Ok(count.parse().unwrap_or_default()),
            _ => Ok(0),
        }
    }

    /// Returns the tables of the same schema that a table refers to by foreign keys.
    fn references(&mut self, _table: &str) -> Result<Vec<String>, Failure> {
        Ok(Vec::new())
    }

    /// Has the database count what it knows of a table that was filled for the first time, where it plans by that.
    fn gather_statistics(&mut self, _table: &str) -> Result<(), Failure> {
        Ok(())
    }

    /// Returns access for the host's own statements, in the session's transaction if one is open.
    fn sql(&mut self) -> &mut dyn Sql;
}

/// A session shared by the flow, which commits, and the loader, which writes.
pub type SharedTarget = Arc<Mutex<Box<dyn TargetSession>>>;
