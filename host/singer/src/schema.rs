//! The columns of a stream: JSON Schema as types of columns.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow_schema::{DataType, Field, TimeUnit};
use serde_json::Value;
use wmshost_flow::{JsonColumn, JsonPlace, type_of_name};

/// The column with the version of the table that a record belongs to.
pub const TABLE_VERSION: &str = "_sdc_table_version";

/// The column that identifies a record where each is a row of its own.
pub const ROW: &str = "_sdc_row";

/// The digits of a number without hints.
const DIGITS: (u8, i8) = (38, 10);
/// The names of a decimal that is written as text.
const DECIMAL_FORMATS: [&str; 2] = ["x-singer.decimal", "singer.decimal"];

/// The keyword with the exact type of a column, which a tap of this program writes.
pub(crate) const EXACT_TYPE: &str = "x-wmshost-type";

/// The columns of a stream and its key.
#[derive(Debug, Clone, PartialEq)]
pub struct ColumnsOf {
    /// The columns.
    pub columns: Vec<JsonColumn>,
    /// The names of the columns that identify a row.
    pub key: Vec<String>,
}

/// Makes columns of a stream's schema; the errors are all mistakes.
pub fn columns(schema: &str, key: &[String]) -> Result<ColumnsOf, Vec<String>> {
    let schema: Value = serde_json::from_str(schema).map_err(|_| vec!["the schema is not JSON".to_owned()])?;
    let none = serde_json::Map::new();
    let properties = match schema.get("properties") {
        Some(Value::Object(properties)) => properties,
        Some(_) => return Err(vec!["the schema's `properties` is not an object".to_owned()]),
        None if schema.get("$ref").is_some() => return Err(vec![unresolved("the schema")]),
        None => &none,
    };
    let (mut columns, mut mistakes) = (Vec::new(), Vec::new());
    let mut names: BTreeMap<String, &str> = BTreeMap::new();
    for (property, schema) in properties {
        let Some(name) = column_name(property) else {
            mistakes.push(format!("the property {property:?} has no letter or digit for a column's name"));
            continue;
        };
        if let Some(other) = names.insert(name.clone(), property) {
            mistakes.push(format!("the properties {other:?} and {property:?} would both be the column {name}"));
        }
        match kind(schema) {
            Ok(kind) => columns.push(column(&name, property, kind)),
            Err(what) => mistakes.push(format!("the property {property:?}: {what}")),
        }
    }
    let mut key_columns = Vec::new();
    for property in key {
        match column_name(property).filter(|_| properties.contains_key(property)) {
            Some(name) => key_columns.push(name),
            None => mistakes.push(format!("the key property {property:?} is not in the schema")),
        }
    }
    if columns.is_empty() && mistakes.is_empty() {
        mistakes.push("the schema has no properties, so that there is nothing to load".to_owned());
    }
    if mistakes.is_empty() { Ok(ColumnsOf { columns, key: key_columns }) } else { Err(mistakes) }
}

/// A column that is made of a property.
pub(crate) fn column(name: &str, property: &str, kind: DataType) -> JsonColumn {
    let place = JsonPlace::Path { names: vec![property.to_owned()], or_bare: false };
    JsonColumn { field: Arc::new(Field::new(name, kind, true)), place }
}

/// The type of a moment.
pub(crate) fn moment() -> DataType {
    DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()))
}

/// A name as tables and columns have it: small letters, digits and `_`. Returns `None` if nothing is left.
pub fn column_name(name: &str) -> Option<String> {
    let mut plain = String::new();
    for letter in name.chars() {
        match letter {
            '.' | '-' | ' ' => plain.push('_'),
            letter if letter.is_ascii_alphanumeric() || letter == '_' => plain.push(letter.to_ascii_lowercase()),
            _ => {}
        }
    }
    if plain.starts_with(|letter: char| letter.is_ascii_digit()) {
        plain.insert(0, '_');
    }
    plain.contains(|letter: char| letter.is_ascii_alphanumeric()).then_some(plain)
}

fn unresolved(what: &str) -> String {
    format!("{what} has a $ref, which the tap has to resolve")
}

/// The type of a property.
fn kind(schema: &Value) -> Result<DataType, String> {
    if schema.get("$ref").is_some() {
        return Err(unresolved("it"));
    }
    if let Some(word) = schema.get(EXACT_TYPE).and_then(Value::as_str) {
        return type_of_name(word).map_err(|why| format!("its {EXACT_TYPE} {why}"));
    }
    for word in ["anyOf", "oneOf"] {
        if let Some(parts) = schema.get(word).and_then(Value::as_array) {
            return one_of(parts);
        }
    }
    let types = match schema.get("type") {
        Some(Value::String(name)) => vec![name.as_str()],
        Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    let types: Vec<&str> = types.into_iter().filter(|name| *name != "null").collect();
    match types.as_slice() {
        ["boolean"] => Ok(DataType::Boolean),
        ["integer"] => Ok(DataType::Int64),
        ["number"] | ["integer", "number"] | ["number", "integer"] => Ok(number(schema)),
        ["string"] => text(schema),
        [name] if DECIMAL_FORMATS.contains(name) => decimal(schema),
        _ => Ok(DataType::Utf8),
    }
}

/// The type of a property that is one of several: theirs if it is the same; a moment also where others are texts.
fn one_of(parts: &[Value]) -> Result<DataType, String> {
    let is_null = |part: &&Value| part.get("type").and_then(Value::as_str) == Some("null");
    let kinds = parts.iter().filter(|part| !is_null(part)).map(kind).collect::<Result<Vec<_>, _>>()?;
    let all = |expected: &[DataType]| !kinds.is_empty() && kinds.iter().all(|kind| expected.contains(kind));
    match kinds.first() {
        Some(first) if all(std::slice::from_ref(first)) => Ok(first.clone()),
        Some(_) if all(&[moment(), DataType::Utf8]) => Ok(moment()),
        _ => Ok(DataType::Utf8),
    }
}

/// A number; the digits after its point are those of `multipleOf`, if that is a power of ten.
fn number(schema: &Value) -> DataType {
    let digits = schema.get("multipleOf").map(ToString::to_string);
    let after_point = digits.as_deref().and_then(|text| text.strip_prefix("0."));
    let is_power = |text: &&str| text.trim_start_matches('0') == "1";
    match after_point.filter(is_power).and_then(|text| i8::try_from(text.len()).ok()) {
        Some(scale) if scale <= 38 => DataType::Decimal128(38, scale),
        _ => DataType::Decimal128(DIGITS.0, DIGITS.1),
    }
}

fn text(schema: &Value) -> Result<DataType, String> {
    match schema.get("format").and_then(Value::as_str) {
        Some("date-time") => Ok(moment()),
        Some("date") => Ok(DataType::Date32),
        Some(format) if DECIMAL_FORMATS.contains(&format) => decimal(schema),
        _ if schema.get("contentEncoding").and_then(Value::as_str) == Some("base64") => Ok(DataType::Binary),
        _ => Ok(DataType::Utf8),
    }
}

fn decimal(schema: &Value) -> Result<DataType, String> {
    let digits = |key: &str, otherwise: i64| match schema.get(key) {
        None | Some(Value::Null) => Some(otherwise),
        Some(value) => value.as_i64(),
    };
    let (precision, scale) = (digits("precision", DIGITS.0.into()), digits("scale", DIGITS.1.into()));
    match (precision, scale) {
        (Some(precision @ 1..=38), Some(scale)) if (0..=precision).contains(&scale) => {
            let digits = (u8::try_from(precision), i8::try_from(scale));
            let (Ok(precision), Ok(scale)) = digits else { return Err("its digits are out of range".to_owned()) };
            Ok(DataType::Decimal128(precision, scale))
        }
        _ => Err("a decimal has a precision of 1 to 38 digits and a scale of 0 up to it".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind_of(schema: &str) -> DataType {
        kind(&serde_json::from_str(schema).expect("JSON")).unwrap_or_else(|what| panic!("{schema}: {what}"))
    }

    #[test]
    fn types_follow_the_schema() {
        for (schema, expected) in [
            (r#"{"type":["null","boolean"]}"#, DataType::Boolean),
            (r#"{"type":"integer"}"#, DataType::Int64),
            (r#"{"type":["number","null"]}"#, DataType::Decimal128(38, 10)),
            (r#"{"type":"number","multipleOf":0.01}"#, DataType::Decimal128(38, 2)),
            (r#"{"type":"number","multipleOf":0.05}"#, DataType::Decimal128(38, 10)),
            (r#"{"type":"string","format":"date-time"}"#, moment()),
            (r#"{"type":"string","format":"date"}"#, DataType::Date32),
            (r#"{"type":"string","format":"uuid"}"#, DataType::Utf8),
            (r#"{"type":"string","format":"x-singer.decimal","precision":12,"scale":4}"#, DataType::Decimal128(12, 4)),
            (r#"{"type":["string","null"],"format":"singer.decimal"}"#, DataType::Decimal128(38, 10)),
            (r#"{"type":"string","contentEncoding":"base64"}"#, DataType::Binary),
            (r#"{"type":["null","number"],"x-wmshost-type":"decimal(12,4)"}"#, DataType::Decimal128(12, 4)),
            (r#"{"type":"object"}"#, DataType::Utf8),
            (r#"{"type":["string","integer"]}"#, DataType::Utf8),
            ("{}", DataType::Utf8),
            ("true", DataType::Utf8),
            (r#"{"type":"null"}"#, DataType::Utf8),
            (r#"{"anyOf":[{"type":"string","format":"date-time"},{"type":["string","null"]}]}"#, moment()),
            (r#"{"anyOf":[{"type":"integer"},{"type":"null"}]}"#, DataType::Int64),
            (r#"{"anyOf":[{"type":"integer"},{"type":"string"}]}"#, DataType::Utf8),
        ] {
            assert_eq!(kind_of(schema), expected, "{schema}");
        }
    }

    #[test]
    fn all_mistakes_of_a_schema_are_told() {
        let schema = r##"{"properties":{"A b":{},"a-b":{},"r":{"$ref":"#/x"},"!":{},
            "d":{"type":"string","format":"singer.decimal","precision":60}}}"##;
        let mistakes = columns(schema, &["id".to_owned()]).expect_err("mistakes");
        let text = mistakes.join("\n");
        for part in
            ["both be the column a_b", "has a $ref", "\"!\" has no letter", "1 to 38 digits", "\"id\" is not in"]
        {
            assert!(text.contains(part), "{part}: {text}");
        }
        assert_eq!(columns("{}", &[]).expect_err("empty").len(), 1);
    }

    #[test]
    fn names_are_made_plain() {
        for (name, plain) in [("_id", "_id"), ("Test:A!b", "testab"), ("1st", "_1st"), ("a.b-c d", "a_b_c_d")] {
            assert_eq!(column_name(name).as_deref(), Some(plain));
        }
        assert_eq!(column_name("::"), None);
    }
}
