//! Scalars of YAML as types, values and names of models.

use arrow_schema::{DataType, TimeUnit};
use wmshost_flow::type_of_name;
use wmshost_sql::{Value, is_decimal};

use crate::yaml::{Node, Value as Yaml};

/// The type that a word of SQL or of dbt means; `None` for one that is not known.
pub(super) fn column_type(word: &str) -> Option<DataType> {
    let word = word.trim().to_ascii_lowercase();
    let (name, arguments) = match word.split_once('(') {
        Some((name, rest)) => (name.trim(), Some(rest.split_once(')')?.0)),
        None => (word.as_str(), None),
    };
    let moment = |zone: Option<&str>| DataType::Timestamp(TimeUnit::Microsecond, zone.map(Into::into));
    Some(match name {
        "boolean" | "bool" => DataType::Boolean,
        "int" | "integer" | "bigint" | "smallint" | "int64" | "int8" | "int4" => DataType::Int64,
        "float" | "float64" | "float8" | "double" | "double precision" | "real" | "binary_double" => DataType::Float64,
        "text" | "string" | "varchar" | "varchar2" | "nvarchar2" | "char" | "character varying" => DataType::Utf8,
        "blob" | "binary" | "bytea" | "raw" => DataType::Binary,
        "date" => DataType::Date32,
        "timestamp" | "datetime" if word.contains("with time zone") => moment(Some("UTC")),
        "timestamp" | "datetime" | "timestamp_ntz" => moment(None),
        "timestamptz" | "timestamp_tz" | "timestamp with time zone" => moment(Some("UTC")),
        "decimal" | "numeric" | "number" => type_of_name(&format!("decimal({})", arguments?)).ok()?,
        _ => return None,
    })
}

/// A scalar as a value: a number or a truth value without quotes, otherwise text.
pub(super) fn value(node: &Node) -> Option<Value> {
    let Yaml::Scalar(text, is_plain) = &node.value else { return None };
    if node.is_null() {
        return Some(Value::Null);
    }
    if *is_plain {
        if let Ok(number) = text.parse() {
            return Some(Value::Int64(number));
        }
        if is_decimal(text) {
            return Some(Value::Decimal(text.clone()));
        }
        if let Some(flag) = node.flag().filter(|_| text.len() > 3) {
            return Some(Value::Boolean(flag));
        }
    }
    Some(Value::Text(text.clone()))
}

/// SQL without placeholders, as a template: its braces are doubled.
pub(crate) fn braces_doubled(sql: &str) -> String {
    sql.replace('{', "{{").replace('}', "}}")
}

/// The name in `ref('name')`, `source('group', 'name')`, or a bare name.
pub(crate) fn relation(text: &str) -> String {
    let quotes = ['\'', '"'];
    match text.trim_end_matches(|letter: char| letter == ')' || letter.is_whitespace()).strip_suffix(quotes) {
        Some(before) if text.contains('(') => before.rsplit(quotes).next().unwrap_or_default().to_owned(),
        _ => text.trim().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_types() {
        assert_eq!(column_type("NUMBER(10, 2)"), Some(DataType::Decimal128(10, 2)));
        assert_eq!(column_type("varchar(20)"), Some(DataType::Utf8));
        assert_eq!(
            column_type("timestamp(6) with time zone"),
            Some(DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())))
        );
        assert_eq!((column_type("number"), column_type("geometry")), (None, None));
    }

    #[test]
    fn references_are_names() {
        assert_eq!(relation("ref('a')"), "a");
        assert_eq!(relation("source(\"s\", \"t\")"), "t");
        assert_eq!(relation("plain"), "plain");
    }
}
