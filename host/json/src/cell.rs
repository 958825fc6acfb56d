//! One JSON value as a value of its column's type, or the reason why it does not fit.

use std::borrow::Cow;

use arrow_schema::DataType;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::value::RawValue;

use super::moment::{self, Moment};
use super::number::{Exact, Misfit};
use super::reading::Reading;

/// A value of a column.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Cell<'a> {
    Null,
    Boolean(bool),
    /// A whole number, a number of microseconds, or a number of days.
    Int64(i64),
    Float64(f64),
    Decimal(i128),
    Text(Cow<'a, str>),
    Binary(Vec<u8>),
}

/// Makes a value of the text of a JSON value; the error is a reason without the value.
pub(super) fn cell<'a>(raw: &'a str, kind: &DataType, reading: Reading) -> Result<Cell<'a>, &'static str> {
    let scalar = match raw.as_bytes().first() {
        Some(b'n') | None => return Ok(Cell::Null),
        Some(b'{' | b'[') if reading.nested_as_text && *kind == DataType::Utf8 => return Ok(Cell::Text(compact(raw))),
        Some(b'{' | b'[') => return Err("is an object or a list"),
        Some(b'"') => text(raw)?,
        _ => Cow::Borrowed(raw),
    };
    if *kind == DataType::Utf8 {
        return Ok(Cell::Text(scalar));
    }
    // A blank field is written as an empty text, whatever its type; of bytes, it is none.
    if scalar.is_empty() && *kind != DataType::Binary {
        return Ok(Cell::Null);
    }
    match kind {
        DataType::Boolean => match &*scalar {
            "true" => Ok(Cell::Boolean(true)),
            "false" => Ok(Cell::Boolean(false)),
            _ => Err("is neither true nor false"),
        },
        DataType::Int64 => Exact::parse(&scalar).and_then(Exact::whole).map(Cell::Int64).map_err(whole_misfit),
        DataType::Decimal128(precision, scale) => {
            let unscaled = Exact::parse(&scalar).and_then(|number| number.scaled(*precision, *scale));
            unscaled.map(Cell::Decimal).map_err(decimal_misfit)
        }
        DataType::Float64 => {
            // A number with more digits than a decimal has is one, too.
            let is_number = !matches!(Exact::parse(&scalar), Err(Misfit::NoNumber));
            let number = is_number.then(|| scalar.parse().ok()).flatten();
            number.filter(|number: &f64| number.is_finite()).map(Cell::Float64).ok_or("is not a number")
        }
        DataType::Binary => STANDARD.decode(&*scalar).map(Cell::Binary).map_err(|_| "is not bytes in base64"),
        DataType::Date32 => moment::days(&scalar).map(Cell::Int64).ok_or("is not a date such as 2026-01-31"),
        DataType::Timestamp(_, Some(_)) => {
            let assumed = |moment: Moment| match moment.offset {
                None if reading.utc_without_zone => Moment { offset: Some(0), ..moment },
                _ => moment,
            };
            let instant = Moment::parse(&scalar).map(assumed).and_then(Moment::instant);
            instant.map(Cell::Int64).ok_or("is not a time with an offset, such as 2026-01-31T23:59:59.999999+01:00")
        }
        DataType::Timestamp(_, None) => {
            let moment = Moment::parse(&scalar).filter(|moment| moment.offset.is_none());
            let moment = moment.map(|moment| Cell::Int64(moment.micros));
            moment.ok_or("is not a time without an offset, such as 2026-01-31T23:59:59.999999")
        }
        _ => Err("is of a type that JSON has no values of"),
    }
}

fn whole_misfit(misfit: Misfit) -> &'static str {
    match misfit {
        Misfit::NoNumber => "is not a number",
        Misfit::TooManyDigits => "is a number of more than 64 bits",
        Misfit::TooFine => "is not a whole number",
    }
}

fn decimal_misfit(misfit: Misfit) -> &'static str {
    match misfit {
        Misfit::NoNumber => "is not a number",
        Misfit::TooManyDigits => "has more digits than its column",
        Misfit::TooFine => "has more digits after the point than its column",
    }
}

/// An object or a list without the blanks between its parts.
fn compact(raw: &str) -> Cow<'_, str> {
    if !raw.contains([' ', '\t', '\n', '\r']) {
        return Cow::Borrowed(raw);
    }
    let (mut text, mut is_text, mut is_escaped) = (String::with_capacity(raw.len()), false, false);
    for letter in raw.chars() {
        if is_text || !letter.is_ascii_whitespace() {
            text.push(letter);
        }
        let is_quote = letter == '"' && !is_escaped;
        is_text ^= is_quote;
        is_escaped = is_text && letter == '\\' && !is_escaped;
    }
    Cow::Owned(text)
}

/// The beginning of a text that no column takes, half of a pair of surrogates, for words that JSON does not have.
pub const NO_TEXT: &str = "\\ud800";

/// The text of a JSON string.
fn text(raw: &str) -> Result<Cow<'_, str>, &'static str> {
    let inner = raw.get(1..raw.len().saturating_sub(1)).unwrap_or_default();
    if !inner.as_bytes().contains(&b'\\') {
        return Ok(Cow::Borrowed(inner));
    }
    let why = || match inner.strip_prefix(NO_TEXT) {
        Some("NaN" | "Infinity" | "-Infinity") => "is not a number that JSON has a word for",
        _ => "is a text with half of a surrogate pair",
    };
    serde_json::from_str(raw).map(Cow::Owned).map_err(|_| why())
}

/// Finds the value that a path leads to; `None` where a member is missing or null. A scalar on the way is the value if
/// `or_bare` allows that.
pub(super) fn descend<'a>(mut raw: &'a str, names: &[String], or_bare: bool) -> Result<Option<&'a str>, &'static str> {
    for name in names {
        match raw.as_bytes().first() {
            Some(b'{') => match member(raw, name)? {
                Some(value) => raw = value.get(),
                None => return Ok(None),
            },
            Some(b'[') => return Err("is a list"),
            Some(b'n') | None => return Ok(None),
            Some(_) => return Ok(or_bare.then_some(raw)),
        }
    }
    Ok((!raw.starts_with('n')).then_some(raw))
}

/// The value of an object's member.
fn member<'a>(raw: &'a str, name: &str) -> Result<Option<&'a RawValue>, &'static str> {
    let mut found = None;
    let mut is_twice = false;
    super::row::each_member(raw, |key, value| {
        if key == name {
            is_twice |= found.replace(value).is_some();
        }
    })
    .map_err(|_| "is not JSON")?;
    if is_twice { Err("has a member twice") } else { Ok(found) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DECIMAL: DataType = DataType::Decimal128(38, 10);

    #[test]
    fn values_are_taken_in_all_their_spellings() {
        for (raw, kind, value) in [
            ("null", DataType::Int64, Cell::Null),
            ("12345", DataType::Int64, Cell::Int64(12_345)),
            ("\"12345\"", DataType::Int64, Cell::Int64(12_345)),
            ("\"\"", DataType::Int64, Cell::Null),
            ("\"\"", DataType::Utf8, Cell::Text("".into())),
            ("\"0.5000\"", DECIMAL, Cell::Decimal(5_000_000_000)),
            ("5e-1", DECIMAL, Cell::Decimal(5_000_000_000)),
            ("true", DataType::Boolean, Cell::Boolean(true)),
            ("\"false\"", DataType::Boolean, Cell::Boolean(false)),
            ("0.1", DataType::Float64, Cell::Float64(0.1)),
            ("90", DataType::Utf8, Cell::Text("90".into())),
            ("1.50", DataType::Utf8, Cell::Text("1.50".into())),
            ("\"AP8=\"", DataType::Binary, Cell::Binary(vec![0, 255])),
            ("\"\"", DataType::Binary, Cell::Binary(Vec::new())),
            ("\"2026-01-31\"", DataType::Date32, Cell::Int64(20_484)),
            ("\"a\\u0000\\ud83d\\ude00\\n\"", DataType::Utf8, Cell::Text("a\0😀\n".into())),
        ] {
            assert_eq!(cell(raw, &kind, Reading::STRICT), Ok(value), "{raw}");
        }
    }

    #[test]
    fn a_value_that_does_not_fit_is_never_rounded_or_guessed() {
        for (raw, kind) in [
            ("{}", DataType::Int64),
            ("[1]", DataType::Utf8),
            ("1.5", DataType::Int64),
            ("\"abc\"", DECIMAL),
            ("0.12345678901", DECIMAL),
            ("1", DataType::Boolean),
            ("\"\\ud83d\"", DataType::Utf8),
            ("\"2026-02-30\"", DataType::Date32),
            ("\"2026-01-31T00:00:00\"", DataType::Timestamp(arrow_schema::TimeUnit::Microsecond, Some("UTC".into()))),
            ("\"1e999\"", DataType::Float64),
            ("\"AP8\"", DataType::Binary),
        ] {
            assert!(cell(raw, &kind, Reading::STRICT).is_err(), "{raw}");
        }
    }

    #[test]
    fn a_lenient_reading_takes_objects_as_text_and_moments_without_a_zone() {
        let lenient = Reading { nested_as_text: true, utc_without_zone: true, ..Reading::STRICT };
        let zoned = DataType::Timestamp(arrow_schema::TimeUnit::Microsecond, Some("UTC".into()));
        let object = r#"{"a b": [1, 1.50], "c": "x \" y"}"#;
        let expected = r#"{"a b":[1,1.50],"c":"x \" y"}"#;
        assert_eq!(cell(object, &DataType::Utf8, lenient), Ok(Cell::Text(expected.into())));
        assert!(cell(object, &DataType::Int64, lenient).is_err());
        assert_eq!(cell("\"1970-01-01T00:00:01\"", &zoned, lenient), Ok(Cell::Int64(1_000_000)));
    }

    #[test]
    fn a_relation_is_found_in_all_its_spellings() {
        let id = ["id".to_owned()];
        for (raw, found) in [
            (r#"{"id": 7, "key": "F", "url": ""}"#, Some("7")),
            (r#"{"key": "F"}"#, None),
            (r#"{"id": null}"#, None),
            ("7", Some("7")),
            ("\"7\"", Some("\"7\"")),
            ("null", None),
        ] {
            assert_eq!(descend(raw, &id, true), Ok(found), "{raw}");
        }
        assert_eq!(descend("7", &["key".to_owned()], false), Ok(None));
        assert!(descend("[7]", &id, true).is_err());
        assert!(descend(r#"{"id": 7, "id": 8}"#, &id, true).is_err());
    }
}
