//! Rows that the source no longer has: deleted, or marked as deleted.

use arrow_array::RecordBatch;
use rusqlite::Connection;
use wmshost_flow::{Failure, Removal};
use wmshost_sql::Value;

use super::encode::StoredRows;
use super::session::{AUDIT_COLUMNS, DELETED_AT, SqliteTargetSession, WriteTable};
use crate::sqlite::failure::failure;
use crate::sqlite::statement::{Statement, lock};
use crate::sqlite::table::{Table, by_bytes, is_binary, quoted};
use crate::sqlite::types::is_decimal_text;

impl SqliteTargetSession {
    /// Makes a table keep deleted rows. One that does not exist yet is created from the staged one.
    pub(crate) fn add_deleted_column(&mut self, table: &str) -> Result<(), Failure> {
        self.resolve_table(table)?;
        let found = match self.find(table)? {
            Some(found) => Some(found),
            None => self.find(&self.staged_name())?,
        };
        match found {
            Some(found) if found.column(DELETED_AT).is_none() => {
                self.plans.clear();
                let alter = format!("ALTER TABLE main.{} ADD COLUMN {DELETED_AT} TIMESTAMP(6)", quoted(&found.name));
                self.run(&format!("adding the column {DELETED_AT} to {}", found.name), &alter)
            }
            _ => Ok(()),
        }
    }

    /// Deletes the rows with these keys, or marks them as deleted; returns their number.
    pub(crate) fn remove_rows(&mut self, table: &str, keys: &RecordBatch, removal: Removal) -> Result<u64, Failure> {
        let place = format!("{}, table {table}", self.place);
        if self.resolve_table(table)? != WriteTable::Table {
            return Err(Failure::denied(format!("{place}: rows are taken from the table itself only")));
        }
        let loaded_at = self.load_time()?;
        let found = self.find(table)?;
        let found = found.ok_or_else(|| Failure::permanent(format!("{place}: there is no such table")))?;
        let schema = keys.schema();
        let columns: Vec<_> = schema.fields().iter().map(|field| field.name().clone()).collect();
        let as_text = as_text(&found, &columns).map_err(|failure| failure.within(&place))?;
        let stored = StoredRows::encode(keys, &as_text).map_err(|row| row.failure(table).within(&place))?;
        let key: Vec<_> = columns.iter().map(|name| key_column(&lock(&self.database), &found, name)).collect();
        let batch_table = self.batch_table.table(&lock(&self.database), columns.len());
        let prepared = batch_table
            .and_then(|batch_table| Statement::prepare(&self.database, &text(&found, &key, &batch_table, removal)));
        let mut statement = prepared.map_err(|error| failure(&place, error))?;
        self.batch_table.offer(Some(stored));
        let mut running = statement.run();
        let values = [self.grant.run_id.clone(), loaded_at].map(Value::Text);
        for (number, value) in (1..=running.parameter_count()).zip(&values) {
            running.bind(number, value);
        }
        let removed = running.step().map(|_| running.changes());
        drop(running);
        self.batch_table.offer(None);
        removed.map_err(|error| failure(&place, error))
    }
}

/// For each key column, whether its decimals are stored as text.
pub(crate) fn as_text(table: &Table, columns: &[String]) -> Result<Vec<bool>, Failure> {
    let column = |name: &String| match table.column(name) {
        Some(column) => Ok(is_decimal_text(&column.declared)),
        None => Err(Failure::permanent(format!("it has no column {name}"))),
    };
    columns.iter().map(column).collect()
}

/// A column of the key as it is compared: texts by their bytes. A column that is so by itself stays as it is, for an index
/// over several columns is not used where one of them names a collation.
fn key_column(connection: &Connection, table: &Table, name: &str) -> String {
    match table.column(name) {
        Some(column) if is_binary(connection, table, column) => quoted(name),
        _ => by_bytes(table, name),
    }
}

fn text(table: &Table, key: &[String], batch_table: &str, removal: Removal) -> String {
    let (name, key_list) = (quoted(&table.name), key.join(", "));
    let cells: Vec<_> = (0..key.len()).map(|at| format!("c{at}")).collect();
    let which = format!("({key_list}) IN (SELECT {} FROM {batch_table})", cells.join(", "));
    match removal {
        Removal::Delete => format!("DELETE FROM main.{name} WHERE {which}"),
        Removal::Soft => format!(
            "UPDATE main.{name} SET {} = ?1, {} = ?2, {DELETED_AT} = ?2 WHERE {DELETED_AT} IS NULL AND {which}",
            AUDIT_COLUMNS[0], AUDIT_COLUMNS[1]
        ),
    }
}
