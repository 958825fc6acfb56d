//! Rows in flight. A batch is Arrow columns plus the rows that were rejected on the way: those stay with the batch, so
//! that they reach quarantine in the same transaction in which the other rows reach the table.

use std::fmt::Write as _;
use std::ops::Range;

use arrow_array::cast::AsArray;
use arrow_array::types::{Date32Type, Decimal128Type, Float64Type, Int64Type, TimestampMicrosecondType};
use arrow_array::{Array, BooleanArray, RecordBatch};
use arrow_schema::DataType;
use arrow_select::filter::filter_record_batch;

use crate::failure::{Failure, Stage};
use crate::origin::Origin;
use crate::value::{date_text, timestamp_text};

/// The policy that decides about a rejected row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// One of its values does not fit its column's type, the key, a batch or the target (`on_bad_value`).
    BadValue,
    /// It violates a rule of a plugin.
    Rule,
    /// It makes a plugin trap (`on_trap`).
    Breakdown,
}

/// A rejected row and the reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejected {
    /// The policy that decides about it.
    pub cause: Cause,
    /// The short name of the rule that the row violates.
    pub rule: String,
    /// The reason in words, without a value.
    pub reason: String,
    /// The values in question, which quarantine quotes after the reason; they are reported nowhere else.
    pub value: Option<String>,
    /// The stage that rejected it.
    pub stage: Stage,
    /// The component that rejected it: a plugin with its version, the driver, or the host.
    pub by: String,
    /// The digest of that plugin's bytes; `None` if no plugin rejected it.
    pub digest: Option<String>,
    /// The row as it is in the source, as a JSON object.
    pub row: String,
    /// Its position among the rows that were read together, from 0; `None` if it is not known.
    pub place: Option<usize>,
}

/// Rows in flight.
#[derive(Debug, Clone)]
pub struct Batch {
    /// The rows.
    pub rows: RecordBatch,
    /// The rows that were rejected.
    pub rejected: Vec<Rejected>,
    /// The source rows that the rows were made of.
    pub origin: Origin,
}

impl Batch {
    /// A batch from which no row was rejected yet.
    pub fn new(rows: RecordBatch) -> Self {
        Self::read(rows, Vec::new())
    }

    /// Rows that were just read, with those that could not be read as rejected ones.
    pub fn read(rows: RecordBatch, rejected: Vec<Rejected>) -> Self {
        let origin = Origin::of(&rows);
        Self { rows, rejected, origin }
    }

    /// Keeps the rows for which the mask is true and drops the others.
    pub(crate) fn only(self, mask: &BooleanArray) -> Result<Self, Failure> {
        let Self { rows, rejected, mut origin } = self;
        let rows = filter_record_batch(&rows, mask)
            .map_err(|error| Failure::permanent(format!("taking rows out of a batch: {error}")))?;
        origin.keep(mask);
        Ok(Self { rows, rejected, origin })
    }
}

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
