//! When rows were loaded.

use arrow_array::cast::AsArray as _;
use arrow_array::types::{Date32Type, Decimal128Type, Float64Type, Int64Type, TimestampMicrosecondType};
use arrow_array::{Array as _, ArrayRef, RecordBatch};
use arrow_schema::DataType;
use wmshost_flow::{Failure, Micros};
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
            let key: Vec<Value> = (0..columns.len()).map(|at| value_at(load.wire.column(at), row)).collect();
            let rows = query(&mut self.connection, &self.place, &statement, &key)?;
            if let Some(Value::Timestamp(at)) = rows.first().and_then(|row| row.first()) {
                loaded[*place] = Some(*at);
            }
        }
        Ok(loaded)
    }
}

/// A cell as a single value to bind.
fn value_at(column: &ArrayRef, row: usize) -> Value {
    if column.is_null(row) {
        return Value::Null;
    }
    match column.data_type() {
        DataType::Int64 => Value::Int64(column.as_primitive::<Int64Type>().value(row)),
        DataType::Float64 => Value::Float64(column.as_primitive::<Float64Type>().value(row)),
        DataType::Decimal128(..) => Value::Decimal(column.as_primitive::<Decimal128Type>().value_as_string(row)),
        DataType::Utf8 => Value::Text(column.as_string::<i32>().value(row).to_owned()),
        DataType::Binary => Value::Binary(column.as_binary::<i32>().value(row).to_vec()),
        DataType::Date32 => Value::Date(column.as_primitive::<Date32Type>().value(row)),
        DataType::Timestamp(..) => Value::Timestamp(column.as_primitive::<TimestampMicrosecondType>().value(row)),
        _ => Value::Null,
    }
}
