//! Rows in flight. A batch is Arrow columns plus the rows that were taken out of it on the way: those stay
//! with it, so that they reach quarantine in the same transaction as their neighbours reach the table.

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

/// Which policy decides about a row that was taken out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// A value of it has no place: in its column's type, in the key, in a batch, or in the target (`on_bad_value`).
    BadValue,
    /// It broke a rule of a plugin.
    Rule,
    /// It broke a plugin (`on_trap`).
    Breakdown,
}

/// A row that did not go on, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejected {
    /// Which policy decides about it.
    pub cause: Cause,
    /// The short name of the rule that the row broke.
    pub rule: String,
    /// The reason in words, without a value.
    pub reason: String,
    /// The values in question, as quarantine quotes them after the reason; they are reported nowhere else.
    pub value: Option<String>,
    /// The stage that took it out.
    pub stage: Stage,
    /// Who took it out: a plugin with its version, the driver, or the host.
    pub by: String,
    /// The digest of that plugin's bytes.
    pub digest: Option<String>,
    /// The row as the source had it, as a JSON object.
    pub row: String,
    /// Its place among the rows that were read together, from 0; `None` where it is not known.
    pub place: Option<usize>,
}

/// Rows in flight.
#[derive(Debug, Clone)]
pub struct Batch {
    /// The rows.
    pub rows: RecordBatch,
    /// The rows that were taken out.
    pub rejected: Vec<Rejected>,
    /// What the rows were made of.
    pub origin: Origin,
}

impl Batch {
    /// A batch out of which no row was taken yet.
    pub fn new(rows: RecordBatch) -> Self {
        Self::read(rows, Vec::new())
    }

    /// Rows as they were just read, without those that could not be.
    pub fn read(rows: RecordBatch, rejected: Vec<Rejected>) -> Self {
        let origin = Origin::of(&rows);
        Self { rows, rejected, origin }
    }

    /// The rows for which the mask is true; the others are forgotten.
    pub(crate) fn only(self, mask: &BooleanArray) -> Result<Self, Failure> {
        let Self { rows, rejected, mut origin } = self;
        let rows = filter_record_batch(&rows, mask)
            .map_err(|error| Failure::permanent(format!("taking rows out of a batch: {error}")))?;
        origin.keep(mask);
        Ok(Self { rows, rejected, origin })
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
    bare_key(rows, row, key).map(|key| format!(" ({key})")).unwrap_or_default()
}

/// ` (id = 7 to id = 9)`: the keys of the first and the last of some rows.
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

/// One value as JSON: decimals, dates and timestamps are text, binary is hex.
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

/// One value as text; `None` if it is NULL, or of a type that no driver makes.
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
