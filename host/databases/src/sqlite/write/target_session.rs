//! The transactions of one stream. The writes in them are in other modules: `ddl`, `insert`, `swap`, `remove`.

use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_schema::{Schema, SchemaRef};
use wmshost_flow::{Failure, MergeRule, Micros, Refused, Removal, Sql, TableDefinition, TargetSession, WriteStats};
use wmshost_sql::{Dialect, Value};

use super::session::{SYSTEM_COLUMNS, SqliteTargetSession};
use crate::sqlite::failure::failure;
use crate::sqlite::sql_session;
use crate::write_session::{Transaction, names_of};

impl TargetSession for SqliteTargetSession {
    fn begin(&mut self) -> Result<(), Failure> {
        self.transaction.check_none(&self.place)?;
        let permit = self.queue.enter();
        self.run("beginning a transaction", "BEGIN IMMEDIATE")?;
        self.transaction = Transaction::Open(permit);
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
        committed.and_then(|()| self.file.check(&self.place))
    }

    fn rollback(&mut self) -> Result<(), Failure> {
        self.end().map_err(|error| failure(format_args!("{}, rolling back", self.place), error))
    }

    fn spell_as(&mut self, columns: &SchemaRef) {
        self.spelling = names_of(columns);
    }

    fn describe(&mut self, table: &str) -> Result<Option<TableDefinition>, Failure> {
        self.resolve_table(table)?;
        let spelled = |name: &str| Dialect::Sqlite.spelled_as(name, &self.spelling).to_owned();
        Ok(self.find(table)?.map(|table| {
            let columns = table.schema(&SYSTEM_COLUMNS);
            let fields = columns.fields().iter().map(|field| field.as_ref().clone().with_name(spelled(field.name())));
            TableDefinition {
                columns: Arc::new(Schema::new(fields.collect::<Vec<_>>())),
                key: table.key().iter().map(|name| spelled(name)).collect(),
                name: table.name,
            }
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

    fn insert(&mut self, table: &str, rows: &RecordBatch) -> Result<WriteStats, Failure> {
        self.write_table(table, |writer| writer.write_rows(table, rows, None))
    }

    fn merge(&mut self, table: &str, rows: &RecordBatch, rule: &MergeRule) -> Result<WriteStats, Failure> {
        self.write_table(table, |writer| writer.write_rows(table, rows, Some(rule)))
    }

    fn check_merge(&mut self, table: &str, rule: &MergeRule) -> Result<(), Failure> {
        self.resolve_table(table)?;
        let Some(found) = self.find(table)? else { return Ok(()) };
        self.check_rule(&found, rule).map_err(|failure| failure.within(format_args!("{}, table {table}", self.place)))
    }

    fn stage(&mut self, table: &TableDefinition, resume: bool) -> Result<String, Failure> {
        self.write_both(&table.name, |writer| writer.stage_table(table, resume))
    }

    fn swap(&mut self, table: &str) -> Result<WriteStats, Failure> {
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

impl Sql for SqliteTargetSession {
    fn dialect(&self) -> Dialect {
        Dialect::Sqlite
    }

    fn execute(&mut self, statement: &str, parameters: &[Value]) -> Result<u64, Failure> {
        self.write(|writer| sql_session::execute(&writer.place, &writer.database, statement, parameters))
    }

    fn execute_many(&mut self, statement: &str, rows: &[Vec<Value>]) -> Result<u64, Failure> {
        self.write(|writer| sql_session::execute_many(&writer.place, &writer.database, statement, rows))
    }

    fn query(&mut self, statement: &str, parameters: &[Value]) -> Result<Vec<Vec<Value>>, Failure> {
        sql_session::query(&self.place, &self.database, statement, parameters)
    }

    fn columns(&mut self, query: &str) -> Result<Vec<(String, String)>, Failure> {
        sql_session::columns(&self.place, &self.database, query)
    }
}
