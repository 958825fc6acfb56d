//! One stream's transactions. What is written in them is in the rooms beside: `define`, `write`, `swap`, `remove`.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use rusqlite::Connection;
use rusqlite::functions::FunctionFlags;
use wmshost_flow::{
    Claim, Clock, Counts, Dialect, Failure, Marks, MergeRule, Micros, Refused, Removal, STAGED_SUFFIX, Sql,
    TableDefinition, TargetGrant, TargetSession, Value, is_reserved, timestamp_from_text,
};

use super::failure::failure;
use super::feed::Feed;
use super::gate::{Gate, Turn};
use super::moment::MomentText;
use super::plain;
use super::statement::{Database, lock};
use super::table::{Table, quoted};
use super::write::Plan;

/// The host's own columns: the run that wrote a row last, and when.
pub(super) const MARKS: [&str; 2] = ["wms_run_id", "wms_loaded_at"];
/// Another column of the host's own, in tables that keep what is deleted: when the source had the row no longer.
pub(super) const DELETED: &str = "wms_deleted_at";
/// All columns of the host's own.
pub(super) const OWN_COLUMNS: [&str; 3] = [MARKS[0], MARKS[1], DELETED];
/// The function that an update calls, to be counted and to have the run's id.
pub(super) const COUNT_UPDATE: &str = "wms_count_update";

/// Where a session stands.
enum Transaction {
    None,
    Open {
        _turn: Turn,
    },
    /// A write failed half way: only a rollback is left.
    Broken {
        _turn: Turn,
    },
}

/// Which of the two tables a name means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Written {
    /// The granted table.
    Table,
    /// The one that is staged beside it.
    Staged,
}

/// A session.
pub(super) struct Writer {
    /// Where failures say they come from.
    pub(super) place: String,
    pub(super) grant: TargetGrant,
    pub(super) feed: Feed,
    /// Statements that were prepared for batches like those before.
    pub(super) plans: Vec<Plan>,
    /// Rows that were refused since somebody asked.
    pub(super) refused: Vec<Refused>,
    /// The mark of the transaction's rows, as text, once it has any.
    loaded_at: Option<String>,
    marks: Marks,
    pub(super) database: Database,
    updates: Arc<AtomicU64>,
    clock: Arc<dyn Clock>,
    gate: Arc<Gate>,
    transaction: Transaction,
    /// The tables that are known as the stream's own in this transaction.
    owned: Vec<Written>,
}

impl Writer {
    pub(super) fn new(
        place: String,
        grant: TargetGrant,
        connection: Connection,
        clock: Arc<dyn Clock>,
        gate: Arc<Gate>,
    ) -> Result<Self, Failure> {
        let lower = grant.table.to_lowercase();
        if lower.starts_with("sqlite_") || is_reserved(&grant.table) {
            return Err(Failure::invalid_config(format!(
                "{place}: the name {} is kept for the host and SQLite; give the table another one",
                grant.table
            )));
        }
        let updates = Arc::new(AtomicU64::new(0));
        count_updates(&connection, &grant.run_id, Arc::clone(&updates)).map_err(|error| failure(&place, error))?;
        Ok(Self {
            place,
            grant,
            feed: Feed::new(),
            plans: Vec::new(),
            refused: Vec::new(),
            loaded_at: None,
            marks: Marks::default(),
            database: Database::new(connection.into()),
            updates,
            clock,
            gate,
            transaction: Transaction::None,
            owned: Vec::new(),
        })
    }

    /// Which table a name means; any other is denied.
    pub(super) fn written(&self, table: &str) -> Result<Written, Failure> {
        if table.eq_ignore_ascii_case(&self.grant.table) {
            Ok(Written::Table)
        } else if table.eq_ignore_ascii_case(&self.staged_name()) {
            Ok(Written::Staged)
        } else {
            Err(Failure::denied(format!("{}: the table {table} is not granted, {} is", self.place, self.grant.table)))
        }
    }

    /// The name of the staged table.
    pub(super) fn staged_name(&self) -> String {
        format!("{}{STAGED_SUFFIX}", self.grant.table)
    }

    /// The table of this name in the database.
    pub(super) fn find(&self, table: &str) -> Result<Option<Table>, Failure> {
        Table::find(&lock(&self.database), table).map_err(|failure| failure.within(&self.place))
    }

    /// Runs statements without parameters.
    pub(super) fn run(&self, doing: &str, sql: &str) -> Result<(), Failure> {
        let done = lock(&self.database).execute_batch(sql);
        done.map_err(|error| failure(format_args!("{}, {doing}", self.place), error))
    }

    /// Does a write. If it fails, the transaction can only be rolled back: what was written half stays unseen.
    fn write<T>(&mut self, act: impl FnOnce(&mut Self) -> Result<T, Failure>) -> Result<T, Failure> {
        match self.transaction {
            Transaction::Open { .. } => {}
            Transaction::None => {
                return Err(Failure::permanent(format!("{}: no transaction was begun", self.place)));
            }
            Transaction::Broken { .. } => {
                return Err(Failure::permanent(format!(
                    "{}: a write in this transaction failed; it can only be rolled back",
                    self.place
                )));
            }
        }
        let result = act(self);
        if result.is_err() {
            self.transaction = match std::mem::replace(&mut self.transaction, Transaction::None) {
                Transaction::Open { _turn } => Transaction::Broken { _turn },
                other => other,
            };
        }
        result
    }

    /// Does a write into a table, once that is the stream's own.
    fn write_table<T>(&mut self, table: &str, act: impl FnOnce(&mut Self) -> Result<T, Failure>) -> Result<T, Failure> {
        self.write(|writer| {
            writer.secure(writer.written(table)?)?;
            act(writer)
        })
    }

    /// Does a write that needs the staged table as well.
    fn write_both<T>(&mut self, table: &str, act: impl FnOnce(&mut Self) -> Result<T, Failure>) -> Result<T, Failure> {
        self.write_table(table, |writer| {
            writer.secure(Written::Staged)?;
            act(writer)
        })
    }

    /// Makes sure that a table is the stream's own: the one place that every write comes through.
    fn secure(&mut self, which: Written) -> Result<(), Failure> {
        if self.owned.contains(&which) {
            return Ok(());
        }
        let table = match which {
            Written::Table => self.grant.table.clone(),
            Written::Staged => self.staged_name(),
        };
        let (grant, now) = (self.grant.clone(), self.clock.now());
        let claim = Claim { owner: &grant.owner(), run_id: &grant.run_id, take_over: grant.take_over.as_ref() };
        let secured = claim.secure(self, &table, now);
        secured.map_err(|failure| failure.within(&self.place))?;
        self.owned.push(which);
        Ok(())
    }

    /// The mark of the transaction's rows.
    pub(super) fn mark(&mut self) -> Result<String, Failure> {
        if let Some(mark) = &self.loaded_at {
            return Ok(mark.clone());
        }
        let (table, now) = (self.grant.table.to_uppercase(), self.clock.now());
        let mut marks = std::mem::take(&mut self.marks);
        let next = marks.next(self, &table, now, Self::newest_mark);
        self.marks = marks;
        let mut text = Vec::new();
        if MomentText::default().timestamp(next?, false, &mut text).is_none() {
            return Err(Failure::permanent("the clock is not between the years 0000 and 9999"));
        }
        let mark = String::from_utf8_lossy(&text).into_owned();
        self.loaded_at = Some(mark.clone());
        Ok(mark)
    }

    /// The newest mark of the table's rows.
    fn newest_mark(&mut self) -> Result<Option<Micros>, Failure> {
        let table = self.grant.table.clone();
        if self.find(&table)?.is_none_or(|table| table.column(MARKS[1]).is_none()) {
            return Ok(None);
        }
        let newest = self.query(&format!("SELECT max({}) FROM main.{}", MARKS[1], quoted(&table)), &[])?;
        Ok(match newest.first().and_then(|row| row.first()) {
            Some(Value::Text(text)) => timestamp_from_text(text),
            _ => None,
        })
    }

    /// How many rows were updated since the last call.
    pub(super) fn take_updates(&self) -> u64 {
        self.updates.swap(0, Ordering::Relaxed)
    }

    /// Rolls back what is open, and lets the next writer in.
    fn end(&mut self) -> rusqlite::Result<()> {
        // What was created in the transaction is gone.
        self.plans.clear();
        self.owned.clear();
        let connection = lock(&self.database);
        // After some errors SQLite has rolled back by itself.
        let result = if connection.is_autocommit() { Ok(()) } else { connection.execute_batch("ROLLBACK") };
        drop(connection);
        self.transaction = Transaction::None;
        result
    }
}

fn count_updates(connection: &Connection, run_id: &str, updates: Arc<AtomicU64>) -> rusqlite::Result<()> {
    let run_id = run_id.to_owned();
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DIRECTONLY;
    connection.create_scalar_function(COUNT_UPDATE, 0, flags, move |_| {
        updates.fetch_add(1, Ordering::Relaxed);
        Ok(run_id.clone())
    })
}

impl TargetSession for Writer {
    fn begin(&mut self) -> Result<(), Failure> {
        if !matches!(self.transaction, Transaction::None) {
            return Err(Failure::permanent(format!("{}: a transaction is open already", self.place)));
        }
        let turn = self.gate.enter();
        self.run("beginning a transaction", "BEGIN IMMEDIATE")?;
        self.transaction = Transaction::Open { _turn: turn };
        self.loaded_at = None;
        self.owned.clear();
        Ok(())
    }

    fn commit(&mut self) -> Result<(), Failure> {
        let committed = self.write(|writer| writer.run("committing", "COMMIT"));
        match committed {
            Ok(()) => self.transaction = Transaction::None,
            Err(_) => {
                let _ = self.end();
            }
        }
        committed
    }

    fn rollback(&mut self) -> Result<(), Failure> {
        self.end().map_err(|error| failure(format_args!("{}, rolling back", self.place), error))
    }

    fn describe(&mut self, table: &str) -> Result<Option<TableDefinition>, Failure> {
        self.written(table)?;
        Ok(self.find(table)?.map(|table| TableDefinition {
            columns: table.schema(&OWN_COLUMNS),
            key: table.key(),
            name: table.name,
        }))
    }

    fn create(&mut self, table: &TableDefinition) -> Result<(), Failure> {
        self.write_table(&table.name, |writer| writer.create_table(table))
    }

    fn add_columns(&mut self, table: &str, columns: &SchemaRef) -> Result<(), Failure> {
        self.write_table(table, |writer| writer.add_table_columns(table, columns))
    }

    fn widen_columns(&mut self, table: &str, columns: &SchemaRef) -> Result<(), Failure> {
        self.write_both(table, |writer| writer.widen_table_columns(table, columns))
    }

    fn take_refused(&mut self) -> Vec<Refused> {
        std::mem::take(&mut self.refused)
    }

    fn insert(&mut self, table: &str, rows: &RecordBatch) -> Result<Counts, Failure> {
        self.write_table(table, |writer| writer.write_rows(table, rows, None))
    }

    fn merge(&mut self, table: &str, rows: &RecordBatch, rule: &MergeRule) -> Result<Counts, Failure> {
        self.write_table(table, |writer| writer.write_rows(table, rows, Some(rule)))
    }

    fn stage(&mut self, table: &TableDefinition, resume: bool) -> Result<String, Failure> {
        self.write_both(&table.name, |writer| writer.stage_table(table, resume))
    }

    fn swap(&mut self, table: &str) -> Result<Counts, Failure> {
        self.write_both(table, |writer| writer.swap_tables(table))
    }

    fn keep_deleted(&mut self, table: &str) -> Result<(), Failure> {
        self.write_table(table, |writer| writer.add_deleted_column(table))
    }

    fn remove(&mut self, table: &str, keys: &RecordBatch, removal: Removal) -> Result<u64, Failure> {
        self.write_table(table, |writer| writer.remove_rows(table, keys, removal))
    }

    fn loaded_at(&mut self, table: &str, keys: &RecordBatch) -> Result<Vec<Option<Micros>>, Failure> {
        self.rows_loaded_at(table, keys)
    }

    fn sql(&mut self) -> &mut dyn Sql {
        self
    }
}

impl Sql for Writer {
    fn dialect(&self) -> Dialect {
        Dialect::Sqlite
    }

    fn execute(&mut self, statement: &str, parameters: &[Value]) -> Result<u64, Failure> {
        self.write(|writer| plain::execute(&writer.place, &writer.database, statement, parameters))
    }

    fn execute_many(&mut self, statement: &str, rows: &[Vec<Value>]) -> Result<u64, Failure> {
        self.write(|writer| plain::execute_many(&writer.place, &writer.database, statement, rows))
    }

    fn query(&mut self, statement: &str, parameters: &[Value]) -> Result<Vec<Vec<Value>>, Failure> {
        plain::query(&self.place, &self.database, statement, parameters)
    }

    fn columns(&mut self, query: &str) -> Result<Vec<(String, String)>, Failure> {
        plain::columns(&self.place, &self.database, query)
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        if let Err(error) = self.end() {
            tracing::warn!("{}: rolling back failed: {error}", self.place);
        }
    }
}
