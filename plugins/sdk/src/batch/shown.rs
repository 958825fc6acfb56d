//! Values in readable form, for the assertions of tests.

use super::{Batch, Rows};
use crate::contract::types::Value;
use crate::failure::Result;

/// The values of a column in readable form, row by row: for the assertions of tests.
pub fn shown(batch: &Batch, column: &str) -> Result<Vec<String>> {
    let rows = Rows::of(batch);
    let values = rows.any(column)?;
    Ok((0..rows.count()).map(|row| values.value(row).map_or("NULL".to_owned(), shown_value)).collect())
}

fn shown_value(value: Value) -> String {
    match value {
        Value::Null => "NULL".to_owned(),
        Value::Boolean(value) => value.to_string(),
        Value::Int64(value) | Value::Timestamp(value) => value.to_string(),
        Value::Float64(value) => value.to_string(),
        Value::Decimal(text) | Value::Text(text) => text,
        Value::Binary(bytes) => format!("{bytes:02x?}"),
        Value::Date(days) => days.to_string(),
    }
}
