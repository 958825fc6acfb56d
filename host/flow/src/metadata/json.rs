//! Bookmarks and states as text: JSON that preserves types and every bit.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};
use wmshost_sql::Value;

use crate::values::{Bookmark, Position};

/// Returns a bookmark as JSON: a list of `{"name", "type", "value"}`.
pub fn bookmark_to_json(bookmark: &Bookmark) -> Json {
    bookmark.0.iter().map(position_json).collect()
}

/// Returns the bookmark in such JSON; `None` if it is not one.
pub fn bookmark_from_json(json: &Json) -> Option<Bookmark> {
    json.as_array()?.iter().map(position_of).collect::<Option<_>>().map(Bookmark)
}

/// Floating-point numbers are written as text, to preserve NaN and every bit.
fn position_json(Position { name, value }: &Position) -> Json {
    let (kind, value) = match value {
        Value::Null => ("null", Json::Null),
        Value::Boolean(value) => ("boolean", json!(value)),
        Value::Int64(value) => ("int64", json!(value)),
        Value::Float64(value) => ("float64", json!(format!("{value:?}"))),
        Value::Decimal(value) => ("decimal", json!(value)),
        Value::Text(value) => ("text", json!(value)),
        Value::Binary(value) => ("binary", json!(hex(value))),
        Value::Date(value) => ("date", json!(value)),
        Value::Timestamp(value) => ("timestamp", json!(value)),
    };
    json!({ "name": name, "type": kind, "value": value })
}

fn position_of(json: &Json) -> Option<Position> {
    let value = json.get("value")?;
    let text = || value.as_str().map(str::to_owned);
    let value = match json.get("type")?.as_str()? {
        "null" => Value::Null,
        "boolean" => Value::Boolean(value.as_bool()?),
        "int64" => Value::Int64(value.as_i64()?),
        "float64" => Value::Float64(value.as_str()?.parse().ok()?),
        "decimal" => Value::Decimal(text()?),
        "text" => Value::Text(text()?),
        "binary" => Value::Binary(unhex(value.as_str()?)?),
        "date" => Value::Date(value.as_i64()?.try_into().ok()?),
        "timestamp" => Value::Timestamp(value.as_i64()?),
        _ => return None,
    };
    Some(Position { name: json.get("name")?.as_str()?.to_owned(), value })
}

/// Returns an extractor's state as JSON: bytes in hex by key.
pub fn state_to_json(state: &BTreeMap<String, Vec<u8>>) -> Json {
    state.iter().map(|(key, value)| (key.clone(), json!(hex(value)))).collect()
}

/// Returns the state in such JSON; `None` if it is not one.
pub fn state_from_json(json: &Json) -> Option<BTreeMap<String, Vec<u8>>> {
    let entries = json.as_object()?.iter();
    entries.map(|(key, value)| Some((key.clone(), unhex(value.as_str()?)?))).collect()
}

/// Returns bytes as hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

pub(crate) fn unhex(text: &str) -> Option<Vec<u8>> {
    let bytes = text.as_bytes();
    let digit = |digit: u8| char::from(digit).to_digit(16);
    let pairs = bytes.chunks_exact(2).map(|pair| Some((digit(pair[0])? * 16 + digit(pair[1])?) as u8));
    bytes.len().is_multiple_of(2).then(|| pairs.collect::<Option<_>>())?
}
