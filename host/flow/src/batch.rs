//! Rows in flight. A batch is Arrow columns plus the rows that were taken out of it on the way: those stay
//! with it, so that they reach quarantine in the same transaction as their neighbours reach the table.

use std::fmt::Write as _;

use arrow_array::cast::AsArray;
use arrow_array::types::{Date32Type, Decimal128Type, Float64Type, Int64Type, TimestampMicrosecondType};
use arrow_array::{Array, RecordBatch};
use arrow_schema::DataType;

use crate::value::{date_text, timestamp_text};

/// A row that did not go on, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejected {
    /// The short name of the rule that the row broke.
    pub rule: String,
    /// The reason in words.
    pub reason: String,
    /// Who took it out: a plugin with its version, or the driver.
    pub by: String,
    /// The row as a JSON object, as it was when it was taken out.
    pub row: String,
}

/// Rows in flight.
#[derive(Debug, Clone)]
pub struct Batch {
    /// The rows.
    pub rows: RecordBatch,
    /// The rows that were taken out.
    pub rejected: Vec<Rejected>,
}

impl Batch {
    /// A batch out of which no row was taken yet.
    pub fn new(rows: RecordBatch) -> Self {
        Self { rows, rejected: Vec::new() }
    }
}

/// One row of a batch as a JSON object. Decimals, dates and timestamps are text, binary is hex; a column of a
/// type that no driver makes is left out.
pub fn row_as_json(rows: &RecordBatch, row: usize) -> String {
    let mut json = String::from("{");
    for (field, column) in rows.schema().fields().iter().zip(rows.columns()) {
        let value = value_as_json(column.as_ref(), row);
        let comma = if json.len() > 1 { "," } else { "" };
        let _ = write!(json, "{comma}{}:{value}", quoted(field.name()));
    }
    json.push('}');
    json
}

/// ` (id = 7)`: the key of a row, for a person; nothing if the batch does not have all of it.
pub(crate) fn key_in_words(rows: &RecordBatch, row: usize, key: &[String]) -> String {
    let part = |name: &String| Some(format!("{name} = {}", value_as_json(rows.column_by_name(name)?.as_ref(), row)));
    match key.iter().map(part).collect::<Option<Vec<_>>>() {
        Some(parts) if !parts.is_empty() => format!(" ({})", parts.join(", ")),
        _ => String::new(),
    }
}

fn value_as_json(column: &dyn Array, row: usize) -> String {
    if column.is_null(row) {
        return "null".to_owned();
    }
    match column.data_type() {
        DataType::Boolean => column.as_boolean().value(row).to_string(),
        DataType::Int64 => column.as_primitive::<Int64Type>().value(row).to_string(),
        DataType::Float64 => {
            let value = column.as_primitive::<Float64Type>().value(row);
            if value.is_finite() { format!("{value:?}") } else { quoted(&value.to_string()) }
        }
        DataType::Decimal128(..) => quoted(&column.as_primitive::<Decimal128Type>().value_as_string(row)),
        DataType::Utf8 => quoted(column.as_string::<i32>().value(row)),
        DataType::Binary => {
            let bytes = column.as_binary::<i32>().value(row);
            quoted(&bytes.iter().fold(String::new(), |mut hex, byte| {
                let _ = write!(hex, "{byte:02x}");
                hex
            }))
        }
        DataType::Date32 => quoted(&date_text(column.as_primitive::<Date32Type>().value(row).into())),
        DataType::Timestamp(_, zone) => {
            let micros = column.as_primitive::<TimestampMicrosecondType>().value(row);
            let zone = if zone.is_some() { "Z" } else { "" };
            quoted(&(timestamp_text(micros) + zone))
        }
        _ => "null".to_owned(),
    }
}

/// A JSON string.
fn quoted(text: &str) -> String {
    let mut json = String::with_capacity(text.len() + 2);
    json.push('"');
    for c in text.chars() {
        match c {
            '"' => json.push_str("\\\""),
            '\\' => json.push_str("\\\\"),
            c if c.is_control() => {
                let _ = write!(json, "\\u{:04x}", u32::from(c));
            }
            c => json.push(c),
        }
    }
    json.push('"');
    json
}
