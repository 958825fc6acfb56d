//! The session of one stream's writing: its transaction, its tables, and what every operation on them needs.

use std::sync::Arc;

use arrow_schema::SchemaRef;
pub(crate) use wmshost_flow::{AUDIT_COLUMNS, DELETED_AT, SYSTEM_COLUMNS};
use wmshost_flow::{
    Clock, Failure, LoadClock, Micros, Refused, Sql as _, TableDefinition, TargetGrant, TargetSession as _, is_reserved,
};
use wmshost_sql::Value;

use super::table::Table;
use crate::oracle::connect::manager::{ConnectionPool, PooledConnection};
use crate::oracle::connect::settings::Tags;
use crate::oracle::names::{quoted, spelled};
use crate::oracle::sql_session;
use crate::oracle::sql_session::execute_autonomous;
use crate::write_session::Transaction;
pub(crate) use crate::write_session::WriteTable;

/// A session.
pub(crate) struct OracleTargetSession {
    /// The place that failures name.
    pub(crate) place: String,
    pub(crate) grant: TargetGrant,
    pub(crate) connections: Arc<ConnectionPool>,
    pub(crate) connection: PooledConnection,
    /// The deferred changes of tables.
    pub(crate) changes: Vec<PendingDdl>,
    /// Rows that were refused and not taken yet.
    pub(crate) refused: Vec<Refused>,
    /// True if rows were written in this transaction.
    pub(crate) has_written: bool,
    /// The load time of the transaction's rows.
    pub(crate) loaded_at: Micros,
    pub(crate) load_clock: LoadClock,
    /// True if the staged table can be dropped once the transaction is committed.
    pub(crate) staged_is_done: bool,
    /// The temporary table for large merges.
    pub(crate) bulk: TempTable,
    /// The tables as they were found last.
    pub(crate) found: Vec<(WriteTable, Option<Arc<Table>>)>,
    /// True if the ledger was written in this transaction, so that its rows show whether the commit took place.
    pub(crate) has_checkpoint: bool,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) transaction: Transaction,
    /// The tables that are known as the stream's own in this transaction.
    pub(crate) owned: Vec<WriteTable>,
    /// The stream's spelling of its columns.
    pub(crate) spelling: Vec<String>,
}

impl OracleTargetSession {
    pub(crate) fn new(
        connections: Arc<ConnectionPool>,
        grant: TargetGrant,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, Failure> {
        let place = connections.manager().place.clone();
        if is_reserved(&grant.table) {
            return Err(Failure::invalid_config(format!("{place}: the name {} is reserved for the host", grant.table))
                .advise("give the table another name"));
        }
        let connection = take(&connections, &grant)?;
        Ok(Self {
            place,
            grant,
            connections,
            connection,
            changes: Vec::new(),
            refused: Vec::new(),
            has_written: false,
            loaded_at: 0,
            load_clock: LoadClock::default(),
            staged_is_done: false,
            bulk: TempTable::Unknown,
            found: Vec::new(),
            has_checkpoint: false,
            clock,
            transaction: Transaction::None,
            owned: Vec::new(),
            spelling: Vec::new(),
        })
    }

    /// The table that a name means; any other is denied.
    pub(crate) fn resolve_table(&self, table: &str) -> Result<WriteTable, Failure> {
        WriteTable::resolve(table, &self.place, &self.grant, |a, b| spelled(a) == spelled(b))
    }

    /// The name of the staged table.
    pub(crate) fn staged_name(&self) -> String {
        WriteTable::Staged.name(&self.grant)
    }

    /// The most bytes that a name may have.
    pub(crate) fn name_bytes(&self) -> usize {
        self.connection.name_bytes
    }

    /// A table as the server has it now. It is read outside of the transaction, so that the transaction holds nothing
    /// that a change of the table would have to wait for.
    pub(crate) fn find_now(&self, table: &str) -> Result<Option<Table>, Failure> {
        let found = Table::find(&mut sql_session::take(&self.connections)?, &self.place, table)?;
        Ok(found.map(|table| table.spelled_as(&self.spelling)))
    }

    /// A table as it was found last.
    pub(crate) fn find(&mut self, which: WriteTable) -> Result<Option<Arc<Table>>, Failure> {
        if let Some((_, known)) = self.found.iter().find(|(known, _)| *known == which) {
            return Ok(known.clone());
        }
        let name = self.name_of(which);
        let found = self.find_now(&name)?.map(Arc::new);
        self.found.push((which, found.clone()));
        Ok(found)
    }

    /// Has the tables read again.
    pub(crate) fn forget_tables(&mut self) {
        self.found.clear();
        if self.bulk != TempTable::Refused {
            self.bulk = TempTable::Unknown;
        }
    }

    /// Runs a write. If it fails, the transaction can only be rolled back, so that a partial write is never visible.
    pub(crate) fn write<T>(&mut self, act: impl FnOnce(&mut Self) -> Result<T, Failure>) -> Result<T, Failure> {
        self.transaction.check_open(&self.place)?;
        let result = act(self);
        if result.is_err() {
            self.transaction.mark_broken();
        }
        result
    }

    /// Writes rows into tables that are the stream's own, after the deferred changes of tables.
    pub(super) fn write_rows<T>(
        &mut self,
        table: &str,
        act: impl FnOnce(&mut Self) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        self.write(|writer| {
            let which = writer.resolve_table(table)?;
            writer.apply()?;
            writer.secure(which)?;
            if !writer.has_written {
                writer.loaded_at = writer.load_time()?;
            }
            writer.has_written = true;
            act(writer)
        })
    }

    /// The load time for the transaction's rows.
    pub(super) fn load_time(&mut self) -> Result<Micros, Failure> {
        let (table, now) = (spelled(&self.grant.table), self.clock.now());
        let mut load_clock = std::mem::take(&mut self.load_clock);
        let load_time = load_clock.tick(self, &table, now, Self::newest_load_time);
        self.load_clock = load_clock;
        load_time
    }

    /// The newest load time of the table's rows.
    pub(super) fn newest_load_time(&mut self) -> Result<Option<Micros>, Failure> {
        if self.find_now(&self.grant.table)?.is_none_or(|table| table.column(AUDIT_COLUMNS[1]).is_none()) {
            return Ok(None);
        }
        let newest = format!("SELECT MAX({}) FROM {}", quoted(AUDIT_COLUMNS[1]), quoted(&self.grant.table));
        Ok(match self.query(&newest, &[])?.first().and_then(|row| row.first()) {
            Some(Value::Timestamp(newest)) => Some(*newest),
            _ => None,
        })
    }

    pub(super) fn end(&mut self) {
        self.transaction = Transaction::None;
        self.owned.clear();
        self.changes.clear();
        self.has_written = false;
        self.has_checkpoint = false;
        self.staged_is_done = false;
        if self.bulk == TempTable::Used {
            self.bulk = TempTable::Empty;
        }
    }

    pub(super) fn drop_staged(&mut self) {
        let drop = format!("DROP TABLE {} PURGE", quoted(&self.staged_name()));
        self.forget_tables();
        if let Err(failure) = execute_autonomous(&self.connections, &drop, &[]) {
            tracing::warn!("{}: the staged table stays until the next load: {failure}", self.place);
        }
    }
}

/// A connection that is labelled with the work of a grant.
pub(crate) fn take(connections: &Arc<ConnectionPool>, grant: &TargetGrant) -> Result<PooledConnection, Failure> {
    let connection = sql_session::take(connections)?;
    let (module, action, client_id) = (grant.pipeline.clone(), grant.stream.clone(), grant.run_id.clone());
    connection.tag(&Tags { module, action, client_id });
    Ok(connection)
}

impl Drop for OracleTargetSession {
    fn drop(&mut self) {
        if let Err(failure) = self.rollback() {
            tracing::warn!("{failure}");
        }
    }
}

/// A deferred change.
#[derive(Debug, Clone)]
pub(crate) enum PendingDdl {
    /// A table.
    Create(TableDefinition),
    /// Columns at a table's end.
    Add(SchemaRef),
    /// Wider types.
    Widen(SchemaRef),
    /// The column with the time of deletion, for a table that keeps deleted rows.
    KeepDeleted,
    /// A staged table, which is emptied by creating it again.
    Stage(TableDefinition),
}

/// The state of the temporary table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TempTable {
    /// It was not looked for yet.
    Unknown,
    /// It exists, with the table's columns, and is empty.
    Empty,
    /// It has rows of this transaction.
    Used,
    /// It cannot be used or created.
    Refused,
}
