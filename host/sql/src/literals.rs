//! Values in the text of a statement.

use crate::{Dialect, Value};

/// Returns a text literal, which is the same in all dialects.
pub fn text_literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

impl Dialect {
    /// Returns a value as a literal.
    pub fn literal(self, value: &Value) -> String {
        match value {
            Value::Null => "NULL".to_owned(),
            Value::Boolean(value) => u8::from(*value).to_string(),
            Value::Int64(value) => value.to_string(),
            Value::Float64(value) if value.is_finite() => format!("{value:?}"),
            Value::Float64(_) => "NULL".to_owned(),
            Value::Decimal(digits) => digits.clone(),
            Value::Text(text) => text_literal(text),
            Value::Binary(_) => match self {
                Self::Sqlite => format!("x'{value}'"),
                Self::Oracle => format!("HEXTORAW('{value}')"),
            },
            Value::Date(_) => match self {
                Self::Sqlite => format!("'{value}'"),
                Self::Oracle => format!("DATE '{value}'"),
            },
            Value::Timestamp(_) => match self {
                Self::Sqlite => format!("'{value}'"),
                Self::Oracle => format!("TIMESTAMP '{value}'"),
            },
        }
    }

    /// Returns a time as a parameter that is stored in a column of the host's own: SQLite keeps it as text.
    pub fn timestamp_parameter(self, micros: i64) -> Value {
        let timestamp = Value::Timestamp(micros);
        match self {
            Self::Sqlite => Value::Text(timestamp.to_string()),
            Self::Oracle => timestamp,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_written_in_each_dialect() {
        for (value, sqlite, oracle) in [
            (Value::Null, "NULL", "NULL"),
            (Value::Boolean(true), "1", "1"),
            (Value::Float64(0.5), "0.5", "0.5"),
            (Value::Float64(f64::NAN), "NULL", "NULL"),
            (Value::Decimal("-12.50".into()), "-12.50", "-12.50"),
            (Value::Text("it's".into()), "'it''s'", "'it''s'"),
            (Value::Binary(vec![0, 255]), "x'00ff'", "HEXTORAW('00ff')"),
            (Value::Date(0), "'1970-01-01'", "DATE '1970-01-01'"),
            (Value::Timestamp(0), "'1970-01-01 00:00:00.000000'", "TIMESTAMP '1970-01-01 00:00:00.000000'"),
        ] {
            assert_eq!(Dialect::Sqlite.literal(&value), sqlite);
            assert_eq!(Dialect::Oracle.literal(&value), oracle);
        }
    }
}
