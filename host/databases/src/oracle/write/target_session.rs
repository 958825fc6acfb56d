//! The transactions of one stream. The writes in them are in other modules: `ddl`, `insert`, `merge`, `swap`, `remove`.

use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use wmshost_flow::{Failure, MergeRule, Micros, Refused, Removal, Sql, TableDefinition, TargetSession, WriteStats};
use wmshost_sql::{Dialect, Value, gather_statistics};

use super::session::{OracleTargetSession, PendingDdl, SYSTEM_COLUMNS, WriteTable, take};
use crate::oracle::names::spelled;
use crate::oracle::sql_session;
use crate::oracle::sql_session::{execute_autonomous, is_definition, with_client};
use crate::write_session::{Transaction, names_of};

/// The tables of the same schema that a table refers to.
const REFERRED: &str = "SELECT DISTINCT r.table_name FROM all_constraints c JOIN all_constraints r \
     ON r.owner = c.r_owner AND r.constraint_name = c.r_constraint_name \
     WHERE c.owner = SYS_CONTEXT('USERENV', 'CURRENT_SCHEMA') AND r.owner = c.owner AND c.table_name = :1 \
     AND c.constraint_type = 'R' AND c.status = 'ENABLED'";

impl TargetSession for OracleTargetSession {
    fn begin(&mut self) -> Result<(), Failure> {
        self.transaction.check_none(&self.place)?;
        if self.connection.is_broken() {
            self.connection = take(&self.connections, &self.grant)?;
            self.forget_tables();
        }
        self.transaction = Transaction::Open(());
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

    fn spell_as(&mut self, columns: &SchemaRef) {
        self.spelling = names_of(columns);
        self.forget_tables();
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

    fn check_merge(&mut self, table: &str, rule: &MergeRule) -> Result<(), Failure> {
        let which = self.resolve_table(table)?;
        let Some(found) = self.find(which)? else { return Ok(()) };
        self.check_rule(&found, table, rule)
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

    fn references(&mut self, table: &str) -> Result<Vec<String>, Failure> {
        let rows = sql_session::query(&mut self.connection, &self.place, REFERRED, &[Value::Text(spelled(table))])?;
        Ok(rows.into_iter().flatten().map(|name| name.to_string()).collect())
    }

    fn gather_statistics(&mut self, table: &str) -> Result<(), Failure> {
        execute_autonomous(&self.connections, &gather_statistics(&spelled(table)), &[]).map(drop)
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
        self.write(|writer| sql_session::execute(&mut writer.connection, &writer.place, statement, parameters))
    }

    fn execute_many(&mut self, statement: &str, rows: &[Vec<Value>]) -> Result<u64, Failure> {
        self.write(|writer| sql_session::execute_many(&mut writer.connection, &writer.place, statement, rows))
    }

    fn query(&mut self, statement: &str, parameters: &[Value]) -> Result<Vec<Vec<Value>>, Failure> {
        sql_session::query(&mut self.connection, &self.place, statement, parameters)
    }

    fn columns(&mut self, query: &str) -> Result<Vec<(String, String)>, Failure> {
        sql_session::columns(&mut self.connection, &self.place, query)
    }

    fn create_if_missing(&mut self, statement: &str) -> Result<(), Failure> {
        self.write(|writer| sql_session::create_if_missing(&writer.connections, statement))
    }

    fn carries_checkpoint(&mut self) {
        self.has_checkpoint = true;
    }
}
