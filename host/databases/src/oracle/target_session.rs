//! The transactions of one stream. The writes in them are in other modules: `ddl`, `insert`, `merge`, `swap`, `remove`.

use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use wmshost_flow::{
    Clock, Dialect, Failure, LoadClock, MergeRule, Micros, Refused, Removal, STAGED_SUFFIX, Sql, TableDefinition,
    TargetGrant, TargetSession, Value, WriteStats, is_reserved,
};

use super::bulk_merge::TempTable;
use super::connect::{ConnectionPool, PooledConnection};
use super::ddl::PendingDdl;
use super::names::{quoted, spelled};
use super::settings::Tags;
use super::sql_session::{self, execute_autonomous, is_definition, with_client};
use super::table::Table;

/// The host's own columns: the run that wrote a row last, and when.
pub(super) const AUDIT_COLUMNS: [&str; 2] = ["wms_run_id", "wms_loaded_at"];
/// The host's own column in tables that keep deleted rows: the time at which a row was found missing in the source.
pub(super) const DELETED_AT: &str = "wms_deleted_at";
/// All columns of the host's own.
pub(super) const SYSTEM_COLUMNS: [&str; 3] = [AUDIT_COLUMNS[0], AUDIT_COLUMNS[1], DELETED_AT];
/// The table whose rows prove that a transaction was committed.
const WITNESS: &str = "WMSHOST_CHECKPOINT";

/// The state of a session's transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Transaction {
    None,
    Open,
    /// A write failed half way: only a rollback is left.
    Broken,
}

/// The two tables that a name can mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum WriteTable {
    /// The granted table.
    Table,
    /// Its staged table.
    Staged,
}

/// A session.
pub(super) struct OracleTargetSession {
    /// The place that failures name.
    pub(super) place: String,
    pub(super) grant: TargetGrant,
    pub(super) connections: Arc<ConnectionPool>,
    pub(super) connection: PooledConnection,
    /// The deferred changes of tables.
    pub(super) changes: Vec<PendingDdl>,
    /// Rows that were refused and not taken yet.
    pub(super) refused: Vec<Refused>,
    /// True if rows were written in this transaction.
    pub(super) has_written: bool,
    /// The load time of the transaction's rows.
    pub(super) loaded_at: Micros,
    load_clock: LoadClock,
    /// True if the staged table can be dropped once the transaction is committed.
    pub(super) staged_is_done: bool,
    /// The temporary table for large merges.
    pub(super) bulk: TempTable,
    /// The tables as they were found last.
    found: Vec<(WriteTable, Option<Arc<Table>>)>,
    /// True if the ledger was written in this transaction.
    pub(super) has_witness: bool,
    pub(super) clock: Arc<dyn Clock>,
    transaction: Transaction,
    /// The tables that are known as the stream's own in this transaction.
    pub(super) owned: Vec<WriteTable>,
}

impl OracleTargetSession {
    pub(super) fn new(
        connections: Arc<ConnectionPool>,
        grant: TargetGrant,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, Failure> {
        let place = connections.maker().place.clone();
        if is_reserved(&grant.table) {
            return Err(Failure::invalid_config(format!(
                "{place}: the name {} is reserved for the host; give the table another name",
                grant.table
            )));
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
            has_witness: false,
            clock,
            transaction: Transaction::None,
            owned: Vec::new(),
        })
    }

    /// The table that a name means; any other is denied.
    pub(super) fn resolve_table(&self, table: &str) -> Result<WriteTable, Failure> {
        if spelled(table) == spelled(&self.grant.table) {
            Ok(WriteTable::Table)
        } else if spelled(table) == spelled(&self.staged_name()) {
            Ok(WriteTable::Staged)
        } else {
            Err(Failure::denied(format!("{}: the table {table} is not granted, {} is", self.place, self.grant.table)))
        }
    }

    /// The name of the staged table.
    pub(super) fn staged_name(&self) -> String {
        format!("{}{STAGED_SUFFIX}", self.grant.table)
    }

    /// The most bytes that a name may have.
    pub(super) fn name_bytes(&self) -> usize {
        self.connection.name_bytes
    }

    /// A table as the server has it now. It is read outside of the transaction, so that the transaction holds nothing
    /// that a change of the table would have to wait for.
    pub(super) fn find_now(&self, table: &str) -> Result<Option<Table>, Failure> {
        Table::find(&mut sql_session::take(&self.connections)?, &self.place, table)
    }

    /// A table as it was found last.
    pub(super) fn find(&mut self, which: WriteTable) -> Result<Option<Arc<Table>>, Failure> {
        if let Some((_, known)) = self.found.iter().find(|(known, _)| *known == which) {
            return Ok(known.clone());
        }
        let name = self.name_of(which);
        let found = self.find_now(&name)?.map(Arc::new);
        self.found.push((which, found.clone()));
        Ok(found)
    }

    /// Has the tables read again.
    pub(super) fn forget_tables(&mut self) {
        self.found.clear();
        if self.bulk != TempTable::Refused {
            self.bulk = TempTable::Unknown;
        }
    }

    /// Runs a write. If it fails, the transaction can only be rolled back, so that a partial write is never visible.
    pub(super) fn write<T>(&mut self, act: impl FnOnce(&mut Self) -> Result<T, Failure>) -> Result<T, Failure> {
        match self.transaction {
            Transaction::Open => {}
            Transaction::None => return Err(Failure::permanent(format!("{}: no transaction was begun", self.place))),
            Transaction::Broken => {
                return Err(Failure::permanent(format!(
                    "{}: a write in this transaction failed; it can only be rolled back",
                    self.place
                )));
            }
        }
        let result = act(self);
        if result.is_err() {
            self.transaction = Transaction::Broken;
        }
        result
    }

    /// Writes rows into tables that are the stream's own, after the deferred changes of tables.
    fn write_rows<T>(&mut self, table: &str, act: impl FnOnce(&mut Self) -> Result<T, Failure>) -> Result<T, Failure> {
        self.write(|writer| {
            let which = writer.resolve_table(table)?;
            writer.apply()?;
            writer.secure(which)?;
            if !writer.has_written {
                writer.loaded_at = writer.mark()?;
            }
            writer.has_written = true;
            act(writer)
        })
    }

    /// The load time for the transaction's rows.
    fn mark(&mut self) -> Result<Micros, Failure> {
        let (table, now) = (spelled(&self.grant.table), self.clock.now());
        let mut load_clock = std::mem::take(&mut self.load_clock);
        let mark = load_clock.tick(self, &table, now, Self::newest_mark);
        self.load_clock = load_clock;
        mark
    }

    /// The newest load time of the table's rows.
    fn newest_mark(&mut self) -> Result<Option<Micros>, Failure> {
        if self.find_now(&self.grant.table)?.is_none_or(|table| table.column(AUDIT_COLUMNS[1]).is_none()) {
            return Ok(None);
        }
        let newest = format!("SELECT MAX({}) FROM {}", quoted(AUDIT_COLUMNS[1]), quoted(&self.grant.table));
        Ok(match self.query(&newest, &[])?.first().and_then(|row| row.first()) {
            Some(Value::Timestamp(newest)) => Some(*newest),
            _ => None,
        })
    }

    fn end(&mut self) {
        self.transaction = Transaction::None;
        self.owned.clear();
        self.changes.clear();
        self.has_written = false;
        self.has_witness = false;
        self.staged_is_done = false;
        if self.bulk == TempTable::Used {
            self.bulk = TempTable::Empty;
        }
    }

    fn drop_staged(&mut self) {
        let drop = format!("DROP TABLE {} PURGE", quoted(&self.staged_name()));
        self.forget_tables();
        if let Err(failure) = execute_autonomous(&self.connections, &drop, &[]) {
            tracing::warn!("{}: the staged table stays until the next load: {failure}", self.place);
        }
    }
}

/// A connection that is labelled with the work of a grant.
pub(super) fn take(connections: &Arc<ConnectionPool>, grant: &TargetGrant) -> Result<PooledConnection, Failure> {
    let connection = sql_session::take(connections)?;
    let (module, action, client_id) = (grant.pipeline.clone(), grant.stream.clone(), grant.run_id.clone());
    connection.tag(&Tags { module, action, client_id });
    Ok(connection)
}

impl TargetSession for OracleTargetSession {
    fn begin(&mut self) -> Result<(), Failure> {
        if self.transaction != Transaction::None {
            return Err(Failure::permanent(format!("{}: a transaction is open already", self.place)));
        }
        if self.connection.is_broken() {
            self.connection = take(&self.connections, &self.grant)?;
            self.forget_tables();
        }
        self.transaction = Transaction::Open;
        Ok(())
    }

    fn commit(&mut self) -> Result<(), Failure> {
        let committed = self.write(|writer| {
            writer.apply()?;
            writer.commit_for_sure()
        });
        let done = self.staged_is_done && committed.is_ok();
        if committed.is_err()
            && let Err(failure) = self.rollback()
        {
            tracing::warn!("{failure}");
        }
        self.end();
        if done {
            self.drop_staged();
        }
        committed
    }

    fn rollback(&mut self) -> Result<(), Failure> {
        let open = self.transaction != Transaction::None;
        self.end();
        // The server has rolled back the transaction of a lost connection.
        if !open || self.connection.is_broken() {
            return Ok(());
        }
        let undone = with_client(&mut self.connection, &self.place, |client| client.rollback());
        if undone.is_err() {
            self.connection.mark_broken();
        }
        undone.map_err(|failure| failure.within("rolling back"))
    }

    fn describe(&mut self, table: &str) -> Result<Option<TableDefinition>, Failure> {
        match self.resolve_table(table)? {
            WriteTable::Table => self.foreseen(),
            WriteTable::Staged => {
                let staged = self.find_now(table)?;
                Ok(staged.map(|found| TableDefinition {
                    columns: found.schema(&SYSTEM_COLUMNS),
                    key: found.key,
                    name: table.to_owned(),
                }))
            }
        }
    }

    fn create(&mut self, table: &TableDefinition) -> Result<(), Failure> {
        self.ask_for(&table.name, |writer| writer.defer(&table.name, PendingDdl::Create(table.clone())))
    }

    fn add_columns(&mut self, table: &str, columns: &SchemaRef) -> Result<(), Failure> {
        self.ask_for(table, |writer| writer.defer(table, PendingDdl::Add(Arc::clone(columns))))
    }

    fn widen_columns(&mut self, table: &str, columns: &SchemaRef) -> Result<(), Failure> {
        self.ask_for(table, |writer| writer.defer(table, PendingDdl::Widen(Arc::clone(columns))))
    }

    fn take_refused(&mut self) -> Vec<Refused> {
        std::mem::take(&mut self.refused)
    }

    fn insert(&mut self, table: &str, rows: &RecordBatch) -> Result<WriteStats, Failure> {
        self.write_rows(table, |writer| writer.insert_rows(table, rows))
    }

    fn merge(&mut self, table: &str, rows: &RecordBatch, rule: &MergeRule) -> Result<WriteStats, Failure> {
        self.write_rows(table, |writer| writer.merge_rows(table, rows, rule))
    }

    fn stage(&mut self, table: &TableDefinition, resume: bool) -> Result<String, Failure> {
        self.ask_for(&table.name, |writer| {
            writer.check_own(WriteTable::Staged)?;
            writer.stage_table(table, resume)
        })
    }

    fn swap(&mut self, table: &str) -> Result<WriteStats, Failure> {
        self.write_rows(table, |writer| {
            writer.secure(WriteTable::Staged)?;
            writer.swap_rows(table)
        })
    }

    fn keep_deleted(&mut self, table: &str) -> Result<(), Failure> {
        self.ask_for(table, |writer| writer.defer(table, PendingDdl::KeepDeleted))
    }

    fn remove(&mut self, table: &str, keys: &RecordBatch, removal: Removal) -> Result<u64, Failure> {
        self.write_rows(table, |writer| writer.remove_rows(table, keys, removal))
    }

    fn loaded_at(&mut self, table: &str, keys: &RecordBatch) -> Result<Vec<Option<Micros>>, Failure> {
        self.rows_loaded_at(table, keys)
    }

    fn sql(&mut self) -> &mut dyn Sql {
        self
    }
}

impl Sql for OracleTargetSession {
    fn dialect(&self) -> Dialect {
        Dialect::Oracle
    }

    fn execute(&mut self, statement: &str, parameters: &[Value]) -> Result<u64, Failure> {
        if is_definition(statement) {
            return self.write(|writer| execute_autonomous(&writer.connections, statement, parameters));
        }
        self.has_witness |= statement.contains(WITNESS);
        self.write(|writer| sql_session::execute(&mut writer.connection, &writer.place, statement, parameters))
    }

    fn execute_many(&mut self, statement: &str, rows: &[Vec<Value>]) -> Result<u64, Failure> {
        self.has_witness |= statement.contains(WITNESS);
        self.write(|writer| sql_session::execute_many(&mut writer.connection, &writer.place, statement, rows))
    }

    fn query(&mut self, statement: &str, parameters: &[Value]) -> Result<Vec<Vec<Value>>, Failure> {
        sql_session::query(&mut self.connection, &self.place, statement, parameters)
    }

    fn columns(&mut self, query: &str) -> Result<Vec<(String, String)>, Failure> {
        sql_session::columns(&mut self.connection, &self.place, query)
    }
}

impl Drop for OracleTargetSession {
    fn drop(&mut self) {
        if let Err(failure) = self.rollback() {
            tracing::warn!("{failure}");
        }
    }
}
