//! Rows that plugins get wrong, of any columns.

use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_schema::{DataType, Field, SchemaRef};
use serde_json::{Map, Value as Json, json};
use wmshost_flow::row_from_json;

use crate::cases::random::rows_of;
use crate::rows;

/// A text that no message may repeat.
pub(super) const SECRET: &str = "certified-secret";

/// The kinds of values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Values {
    /// NULL wherever it may be.
    Null,
    /// The least and the greatest values of each type.
    Extreme,
    /// Texts in many scripts and of many shapes.
    Unicode,
    /// Texts of 100,000 characters.
    Long,
    /// Texts that no message may repeat.
    Secret,
}

const UNICODE: [&str; 8] = ["", " ", "é", "e\u{301}", "𝄞", "مرحبا", "\u{202e}evil", "line\nline\ttab\u{0}nul"];

/// Returns rows of these columns; the key's values are unique.
pub(super) fn rows(columns: &SchemaRef, key: &[String], values: Values) -> Result<RecordBatch, String> {
    let plain = rows_of(columns, key, 1, 16)?;
    let mut parts = Vec::new();
    for at in 0..plain.num_rows() {
        let kept: Json =
            serde_json::from_str(&wmshost_flow::row_as_json(&plain, at)).map_err(|error| error.to_string())?;
        let cell = |field: &Arc<Field>| {
            let is_key = key.iter().any(|name| name == field.name());
            let changed = if is_key { None } else { value(field, values, at) };
            (field.name().clone(), changed.unwrap_or_else(|| kept[field.name()].clone()))
        };
        let row: Map<String, Json> = columns.fields().iter().map(cell).collect();
        parts.push(row_from_json(&Json::Object(row).to_string(), columns).map_err(|failure| failure.to_string())?);
    }
    rows::with_columns(columns, &parts)
}

/// The value of a column in a row; `None` for any other.
fn value(field: &Field, values: Values, row: usize) -> Option<Json> {
    let is_text = field.data_type() == &DataType::Utf8;
    Some(match values {
        Values::Null if field.is_nullable() => Json::Null,
        Values::Unicode if is_text => json!(UNICODE[row % UNICODE.len()]),
        Values::Long if is_text => json!("ü".repeat(100_000)),
        Values::Secret if is_text => json!(format!("{SECRET}-{row}")),
        Values::Extreme => extreme(field, row.is_multiple_of(2))?,
        _ => return None,
    })
}

fn extreme(field: &Field, least: bool) -> Option<Json> {
    Some(match field.data_type() {
        DataType::Int64 => json!(if least { i64::MIN } else { i64::MAX }),
        DataType::Float64 => json!(if least { "-1.7976931348623157e308" } else { "NaN" }),
        DataType::Decimal128(precision, scale) => {
            let nines = "9".repeat(usize::from(*precision));
            let scale = usize::try_from(*scale).unwrap_or_default();
            let (whole, fraction) = nines.split_at(nines.len() - scale);
            let whole = if whole.is_empty() { "0" } else { whole };
            let point = if scale == 0 { "" } else { "." };
            json!(format!("{}{whole}{point}{fraction}", if least { "-" } else { "" }))
        }
        DataType::Date32 => json!(if least { "0001-01-01" } else { "9999-12-31" }),
        DataType::Timestamp(..) => json!(if least { "0001-01-01 00:00:00" } else { "9999-12-31 23:59:59.999999" }),
        _ => return None,
    })
}
