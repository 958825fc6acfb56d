//! When rows were loaded.

use arrow_array::RecordBatch;
use wmshost_flow::{Failure, Micros, cell_value};
use wmshost_sql::Value;

use super::session::{AUDIT_COLUMNS, OracleTargetSession};
use crate::oracle::names::quoted;
use crate::oracle::sql_session::query;

impl OracleTargetSession {
    /// The load times of the rows with these keys; `None` for a key without a row.
    pub(crate) fn rows_loaded_at(&mut self, table: &str, keys: &RecordBatch) -> Result<Vec<Option<Micros>>, Failure> {
        let which = self.resolve_table(table)?;
        let Some(found) = self.find(which)? else { return Ok(vec![None; keys.num_rows()]) };
        let columns: Vec<String> = keys.schema().fields().iter().map(|field| field.name().clone()).collect();
        let refused = self.refused.len();
        let load = self.load(&found, table, keys, &columns)?;
        let same = columns.iter().enumerate().map(|(at, name)| format!("{} = :{}", quoted(name), at + 1));
        let statement = format!(
            "SELECT {} FROM {} WHERE {}",
            quoted(AUDIT_COLUMNS[1]),
            quoted(table),
            same.collect::<Vec<_>>().join(" AND ")
        );
        // A key that the table cannot hold has no row.
        self.refused.truncate(refused);
        let mut loaded = vec![None; keys.num_rows()];
        for (row, place) in load.places.iter().enumerate() {
            let key: Vec<Value> = (0..columns.len()).map(|at| cell_value(load.wire.column(at), row)).collect();
            let rows = query(&mut self.connection, &self.place, &statement, &key)?;
            if let Some(Value::Timestamp(at)) = rows.first().and_then(|row| row.first()) {
                loaded[*place] = Some(*at);
            }
        }
        Ok(loaded)
    }
}
