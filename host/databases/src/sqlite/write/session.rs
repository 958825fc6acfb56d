//! The session of one stream's writing: its transaction, its tables, and what every operation on them needs.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use rusqlite::Connection;
use rusqlite::functions::FunctionFlags;
pub(crate) use wmshost_flow::{AUDIT_COLUMNS, DELETED_AT, SYSTEM_COLUMNS};
use wmshost_flow::{Claim, Clock, Failure, LoadClock, Micros, Refused, Sql as _, TargetGrant, is_reserved};
use wmshost_sql::{Value, timestamp_from_text};

use super::batch_table::BatchTable;
use super::opened_file::OpenedFile;
use super::plan::Plan;
use super::writer_queue::{Permit, WriterQueue};
use crate::sqlite::failure::failure;
use crate::sqlite::moment::MomentText;
use crate::sqlite::statement::{Database, lock};
use crate::sqlite::table::{Table, quoted};
use crate::write_session::Transaction;
pub(crate) use crate::write_session::WriteTable;

/// The function that an update calls, to be counted and to return the run's id.
pub(crate) const COUNT_UPDATE: &str = "wms_count_update";

/// A session.
pub(crate) struct SqliteTargetSession {
    /// The place that failures name.
    pub(crate) place: String,
    pub(crate) grant: TargetGrant,
    pub(crate) batch_table: BatchTable,
    /// Statements that were prepared for batches of the same shape.
    pub(crate) plans: Vec<Plan>,
    /// Rows that were refused and not taken yet.
    pub(crate) refused: Vec<Refused>,
    /// The load time of the transaction's rows, as text, once it has any.
    pub(crate) loaded_at: Option<String>,
    pub(crate) load_clock: LoadClock,
    pub(crate) database: Database,
    pub(crate) updates: Arc<AtomicU64>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) file: OpenedFile,
    pub(crate) queue: Arc<WriterQueue>,
    pub(crate) transaction: Transaction<Permit>,
    /// The tables that are known as the stream's own in this transaction.
    pub(crate) owned: Vec<WriteTable>,
    /// The stream's spelling of its columns.
    pub(crate) spelling: Vec<String>,
}

impl SqliteTargetSession {
    pub(crate) fn new(
        place: String,
        grant: TargetGrant,
        connection: Connection,
        (clock, file): (Arc<dyn Clock>, OpenedFile),
        queue: Arc<WriterQueue>,
    ) -> Result<Self, Failure> {
        let lower = grant.table.to_ascii_lowercase();
        if lower.starts_with("sqlite_") || is_reserved(&grant.table) {
            return Err(Failure::invalid_config(format!(
                "{place}: the name {} is reserved for the host and SQLite",
                grant.table
            ))
            .advise("give the table another name"));
        }
        let updates = Arc::new(AtomicU64::new(0));
        count_updates(&connection, &grant.run_id, Arc::clone(&updates)).map_err(|error| failure(&place, error))?;
        Ok(Self {
            place,
            grant,
            batch_table: BatchTable::new(),
            plans: Vec::new(),
            refused: Vec::new(),
            loaded_at: None,
            load_clock: LoadClock::default(),
            database: Database::new(connection.into()),
            updates,
            clock,
            file,
            queue,
            transaction: Transaction::None,
            owned: Vec::new(),
            spelling: Vec::new(),
        })
    }

    /// The table that a name means; any other is denied.
    pub(crate) fn resolve_table(&self, table: &str) -> Result<WriteTable, Failure> {
        WriteTable::resolve(table, &self.place, &self.grant, str::eq_ignore_ascii_case)
    }

    /// The name of the staged table.
    pub(crate) fn staged_name(&self) -> String {
        WriteTable::Staged.name(&self.grant)
    }

    /// The table of this name in the database.
    pub(crate) fn find(&self, table: &str) -> Result<Option<Table>, Failure> {
        Table::find(&lock(&self.database), table).map_err(|failure| failure.within(&self.place))
    }

    /// Runs statements without parameters.
    pub(crate) fn run(&self, doing: &str, sql: &str) -> Result<(), Failure> {
        let done = lock(&self.database).execute_batch(sql);
        done.map_err(|error| failure(format_args!("{}, {doing}", self.place), error))
    }

    /// Runs a write. If it fails, the transaction can only be rolled back, so that a partial write is never visible.
    pub(super) fn write<T>(&mut self, act: impl FnOnce(&mut Self) -> Result<T, Failure>) -> Result<T, Failure> {
        self.transaction.check_open(&self.place)?;
        let result = act(self);
        if result.is_err() {
            self.transaction.mark_broken();
        }
        result
    }

    /// Runs a write into a table, once that is the stream's own.
    pub(super) fn write_table<T>(
        &mut self,
        table: &str,
        act: impl FnOnce(&mut Self) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        self.write(|writer| {
            writer.secure(writer.resolve_table(table)?)?;
            act(writer)
        })
    }

    /// Runs a write that needs the staged table as well.
    pub(super) fn write_both<T>(
        &mut self,
        table: &str,
        act: impl FnOnce(&mut Self) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        self.write_table(table, |writer| {
            writer.secure(WriteTable::Staged)?;
            act(writer)
        })
    }

    /// Makes sure that a table is the stream's own. Every write goes through here.
    pub(super) fn secure(&mut self, which: WriteTable) -> Result<(), Failure> {
        if self.owned.contains(&which) {
            return Ok(());
        }
        let table = which.name(&self.grant);
        let (grant, now) = (self.grant.clone(), self.clock.now());
        let claim = Claim {
            owner: &grant.owner(),
            run_id: &grant.run_id,
            take_over: grant.take_over.as_ref(),
            allows_triggers: grant.allows_triggers,
        };
        let secured = claim.secure(self, &table, now);
        secured.map_err(|failure| failure.within(&self.place))?;
        self.owned.push(which);
        Ok(())
    }

    /// The load time of the transaction's rows.
    pub(crate) fn load_time(&mut self) -> Result<String, Failure> {
        if let Some(load_time) = &self.loaded_at {
            return Ok(load_time.clone());
        }
        let (table, now) = (self.grant.table.to_uppercase(), self.clock.now());
        let mut load_clock = std::mem::take(&mut self.load_clock);
        let next = load_clock.tick(self, &table, now, Self::newest_load_time);
        self.load_clock = load_clock;
        let mut text = Vec::new();
        if MomentText::default().timestamp(next?, false, &mut text).is_none() {
            return Err(Failure::permanent("the clock is not between the years 0000 and 9999"));
        }
        let load_time = String::from_utf8_lossy(&text).into_owned();
        self.loaded_at = Some(load_time.clone());
        Ok(load_time)
    }

    /// The newest load time of the table's rows.
    pub(super) fn newest_load_time(&mut self) -> Result<Option<Micros>, Failure> {
        let table = self.grant.table.clone();
        if self.find(&table)?.is_none_or(|table| table.column(AUDIT_COLUMNS[1]).is_none()) {
            return Ok(None);
        }
        let newest = self.query(&format!("SELECT max({}) FROM main.{}", AUDIT_COLUMNS[1], quoted(&table)), &[])?;
        Ok(match newest.first().and_then(|row| row.first()) {
            Some(Value::Text(text)) => timestamp_from_text(text),
            _ => None,
        })
    }

    /// The number of rows updated since the last call.
    pub(crate) fn take_updates(&self) -> u64 {
        self.updates.swap(0, Ordering::Relaxed)
    }

    /// Rolls back an open transaction, and lets the next writer in.
    pub(super) fn end(&mut self) -> rusqlite::Result<()> {
        // Whatever was created in the transaction no longer exists.
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

impl Drop for SqliteTargetSession {
    fn drop(&mut self) {
        if let Err(error) = self.end() {
            tracing::warn!("{}: rolling back failed: {error}", self.place);
        }
    }
}
