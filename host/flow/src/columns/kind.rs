//! The words for types in pipeline files: those that messages and reports have, and short ones.

use std::sync::Arc;

use arrow_schema::{DataType, TimeUnit};
use wmshost_sql::MOST_DIGITS;

/// The words that a pipeline file may have for a type.
const WORDS: &str = "boolean, int64, float64, decimal(p, s) with p up to 38, text, binary, date, timestamp, or timestamp \
                     in UTC";

/// Returns the type that a word names; the error says which words there are.
pub fn type_of_name(word: &str) -> Result<DataType, String> {
    let lower = word.trim().to_ascii_lowercase();
    let timestamp = |zone: Option<&str>| DataType::Timestamp(TimeUnit::Microsecond, zone.map(Arc::from));
    Ok(match lower.as_str() {
        "boolean" => DataType::Boolean,
        "int64" => DataType::Int64,
        "float64" => DataType::Float64,
        "utf8" | "text" => DataType::Utf8,
        "binary" => DataType::Binary,
        "date" => DataType::Date32,
        "timestamp" | "timestamp without zone" => timestamp(None),
        "timestamp in utc" => timestamp(Some("UTC")),
        _ => return decimal(&lower).ok_or_else(|| format!("is not a type: write {WORDS}")),
    })
}

fn decimal(word: &str) -> Option<DataType> {
    let arguments = word.strip_prefix("decimal")?.trim().strip_prefix('(')?.strip_suffix(')')?;
    let (precision, scale) = arguments.split_once(',').unwrap_or((arguments, "0"));
    let (precision, scale): (u8, u8) = (precision.trim().parse().ok()?, scale.trim().parse().ok()?);
    let in_range = (1..=MOST_DIGITS).contains(&precision) && scale <= precision;
    in_range.then_some(DataType::Decimal128(precision, scale as i8))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stages::transform::type_name;

    #[test]
    fn the_words_of_reports_are_understood() {
        let timestamp = |zone: Option<&str>| DataType::Timestamp(TimeUnit::Microsecond, zone.map(Arc::from));
        for kind in [
            DataType::Boolean,
            DataType::Int64,
            DataType::Float64,
            DataType::Decimal128(20, 12),
            DataType::Utf8,
            DataType::Binary,
            DataType::Date32,
            timestamp(None),
            timestamp(Some("UTC")),
        ] {
            assert_eq!(type_of_name(&type_name(&kind)), Ok(kind));
        }
        assert_eq!(type_of_name("Decimal(18)"), Ok(DataType::Decimal128(18, 0)));
        for word in ["", "number", "decimal(39)", "decimal(2,3)", "decimal(x)", "decimal 3", "timestamp(6)"] {
            assert!(type_of_name(word).is_err(), "{word}");
        }
    }
}
