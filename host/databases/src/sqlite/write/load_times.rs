//! When rows were loaded.

use arrow_array::RecordBatch;
use wmshost_flow::{Failure, Micros};
use wmshost_sql::timestamp_from_text;

use super::encode::StoredRows;
use super::remove::as_text;
use super::session::{AUDIT_COLUMNS, SqliteTargetSession};
use crate::sqlite::failure::failure;
use crate::sqlite::statement::{Cell, Statement, lock};
use crate::sqlite::table::quoted;

impl SqliteTargetSession {
    /// The load times of the rows with these keys; `None` for a key without a row.
    pub(crate) fn rows_loaded_at(&mut self, table: &str, keys: &RecordBatch) -> Result<Vec<Option<Micros>>, Failure> {
        let place = format!("{}, table {table}", self.place);
        self.resolve_table(table)?;
        let mut loaded = vec![None; keys.num_rows()];
        let Some(found) = self.find(table)? else { return Ok(loaded) };
        let columns: Vec<_> = keys.schema().fields().iter().map(|field| field.name().clone()).collect();
        let as_text = as_text(&found, &columns).map_err(|failure| failure.within(&place))?;
        let stored = StoredRows::encode(keys, &as_text).map_err(|row| row.failure(table).within(&place))?;
        // The left side's collation counts, which is BINARY whatever the table's is.
        let same: Vec<_> =
            columns.iter().enumerate().map(|(at, name)| format!("f.c{at} = t.{}", quoted(name))).collect();
        let batch_table = self.batch_table.table(&lock(&self.database), columns.len());
        let prepared = batch_table.and_then(|batch_table| {
            let text = format!(
                "SELECT f.rowid, t.{} FROM {batch_table} AS f JOIN main.{} AS t ON {}",
                AUDIT_COLUMNS[1],
                quoted(&found.name),
                same.join(" AND ")
            );
            Statement::prepare(&self.database, &text)
        });
        let mut statement = prepared.map_err(|error| failure(&place, error))?;
        self.batch_table.offer(Some(stored));
        let mut running = statement.run();
        let done = loop {
            match running.step() {
                Ok(true) => {
                    if let (Cell::Integer(row), Cell::Text(at)) = (running.cell(0), running.cell(1))
                        && let Some(slot) = usize::try_from(row).ok().and_then(|row| loaded.get_mut(row))
                    {
                        *slot = std::str::from_utf8(at).ok().and_then(timestamp_from_text);
                    }
                }
                Ok(false) => break Ok(()),
                Err(error) => break Err(error),
            }
        };
        drop(running);
        self.batch_table.offer(None);
        done.map(|()| loaded).map_err(|error| failure(&place, error))
    }
}
