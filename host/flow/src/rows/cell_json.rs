//! Rows and values as JSON, and keys in words.

use std::fmt::Write as _;
use std::ops::Range;

use arrow_array::cast::AsArray;
use arrow_array::types::{Date32Type, Decimal128Type, Float64Type, Int64Type, TimestampMicrosecondType};
use arrow_array::{Array, RecordBatch};
use arrow_schema::DataType;
use wmshost_sql::{date_text, timestamp_text};

/// Returns one row of a batch as a JSON object. Decimals, dates and timestamps are text, binary is hex; a column of a
/// type that no driver produces is left out.
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

/// Returns the key of a row for a message, such as ` (id = 7)`; an empty text if the batch lacks a column of the key.
pub(crate) fn key_in_words(rows: &RecordBatch, row: usize, key: &[String]) -> String {
    bare_key(rows, row, key).map(|key| format!(" ({key})")).unwrap_or_default()
}

/// Returns the keys of the first and the last of a range of rows, such as ` (id = 7 to id = 9)`.
pub(crate) fn keys_in_words(rows: &RecordBatch, part: &Range<usize>, key: &[String]) -> String {
    let ends = [part.start, part.end.saturating_sub(1)].map(|row| bare_key(rows, row, key));
    let [Some(first), Some(last)] = ends else { return String::new() };
    format!(" ({first} to {last})")
}

fn bare_key(rows: &RecordBatch, row: usize, key: &[String]) -> Option<String> {
    let part = |name: &String| Some(format!("{name} = {}", value_as_json(rows.column_by_name(name)?.as_ref(), row)));
    let parts = key.iter().map(part).collect::<Option<Vec<_>>>()?;
    (!parts.is_empty()).then(|| parts.join(", "))
}

/// Returns one value as JSON: decimals, dates and timestamps are text, binary is hex.
pub fn cell_as_json(column: &dyn Array, row: usize) -> String {
    value_as_json(column, row)
}

fn value_as_json(column: &dyn Array, row: usize) -> String {
    match (plain_value(column, row), column.data_type()) {
        (None, _) => "null".to_owned(),
        (Some(text), DataType::Boolean | DataType::Int64) => text,
        (Some(text), DataType::Float64) if column.as_primitive::<Float64Type>().value(row).is_finite() => text,
        (Some(text), _) => quoted(&text),
    }
}

/// Returns one value as text; `None` if it is NULL, or of a type that no driver produces.
pub(crate) fn plain_value(column: &dyn Array, row: usize) -> Option<String> {
    if column.is_null(row) {
        return None;
    }
    Some(match column.data_type() {
        DataType::Boolean => column.as_boolean().value(row).to_string(),
        DataType::Int64 => column.as_primitive::<Int64Type>().value(row).to_string(),
        DataType::Float64 => match column.as_primitive::<Float64Type>().value(row) {
            value if value.is_finite() => format!("{value:?}"),
            value => value.to_string(),
        },
        DataType::Decimal128(..) => column.as_primitive::<Decimal128Type>().value_as_string(row),
        DataType::Utf8 => column.as_string::<i32>().value(row).to_owned(),
        DataType::Binary => column.as_binary::<i32>().value(row).iter().fold(String::new(), |mut hex, byte| {
            let _ = write!(hex, "{byte:02x}");
            hex
        }),
        DataType::Date32 => date_text(column.as_primitive::<Date32Type>().value(row).into()),
        DataType::Timestamp(_, zone) => {
            let micros = column.as_primitive::<TimestampMicrosecondType>().value(row);
            timestamp_text(micros) + if zone.is_some() { "Z" } else { "" }
        }
        _ => return None,
    })
}

/// Returns a text as a JSON string.
pub(crate) fn quoted(text: &str) -> String {
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
