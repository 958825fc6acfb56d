//! Declared column types and Arrow types, both ways. SQLite itself stores any value in any column; here the declared
//! type decides the type of a column, and a value that does not fit it is a bad value.
//!
//! | declared | Arrow | stored as |
//! |---|---|---|
//! | `BOOLEAN`, `BOOL` | Boolean | 0 or 1 |
//! | `INTEGER`, `INT`, `BIGINT`, `SMALLINT`, `BIG INT`, `INT64`, `SERIAL` … | Int64 | whole number |
//! | `NUMBER(p)`, `DECIMAL(p)`, `NUMERIC(p)`, scale 0, p ≤ 18 | Int64 | whole number |
//! | `NUMBER(p,s)`, `DECIMAL(p,s)`, `NUMERIC(p,s)` | Decimal128(p, s) | whole number or binary fraction |
//! | `NUMBER`, `DECIMAL`, `NUMERIC` alone, `MONEY` | Decimal128(38, 10) | the same |
//! | `DECIMAL_WHOLE(p)` | Decimal128(p, 0), p ≤ 15 | whole number |
//! | `DECIMAL_TEXT(p,s)` | Decimal128(p, s), p > 15 | canonical text |
//! | `REAL`, `DOUBLE`, `FLOAT`, `FLOAT8`, `BINARY_DOUBLE` … | Float64 | binary fraction |
//! | `BLOB`, `RAW`, `BINARY` … | Binary | bytes |
//! | `DATE`, which as in Oracle has a time, `TIMESTAMP[(n)]`, `DATETIME` | Timestamp(µs) | text |
//! | `TIMESTAMP WITH TIME ZONE`, `TIMESTAMPTZ[(n)]` | Timestamp(µs, UTC) | text with `Z` |
//! | `DATE_ONLY` | Date32 | text |
//! | everything else, and no type at all | Utf8 | text |
//!
//! A key or indexed column whose declared type does not decide, such as `LONG`, `UUID` or none at all, is Int64 if it
//! holds only numbers (see `column_types`): as text, 10 would come before 9.
//!
//! A decimal in `DECIMAL(38,10)`, the reading of a bare `NUMBER`, that has more than 10 digits after the point
//! is a bad value: it is never rounded.

use std::sync::Arc;

use arrow_schema::{DataType, TimeUnit};
use wmshost_sql::{ColumnPurpose, Dialect, MOST_DIGITS, is_utc};

/// The most digits that fit every whole number of 64 bits.
pub(crate) const INT64_DIGITS: u8 = 18;
/// The name that represents UTC in Arrow timestamps.
const UTC: &str = "UTC";

/// The Arrow type of a declared type; `None` for a number that no decimal of 38 digits can hold.
pub(crate) fn arrow_type(declared: &str) -> Option<DataType> {
    let declared = declared.trim().to_ascii_uppercase();
    let (name, arguments, behind) = parts(&declared);
    Some(match name {
        "BOOLEAN" | "BOOL" => DataType::Boolean,
        "INTEGER" | "INT" | "BIGINT" | "SMALLINT" | "TINYINT" | "MEDIUMINT" | "HUGEINT" | "UNSIGNED" => DataType::Int64,
        "INT1" | "INT2" | "INT3" | "INT4" | "INT8" | "INT16" | "INT32" | "INT64" | "UINT" | "UINT32" | "UINT64" => {
            DataType::Int64
        }
        "BIG" | "SMALL" | "TINY" | "MEDIUM" if behind == "INT" || behind == "INTEGER" => DataType::Int64,
        "SERIAL" | "BIGSERIAL" | "SMALLSERIAL" | "SERIAL2" | "SERIAL4" | "SERIAL8" => DataType::Int64,
        "NUMBER" | "DECIMAL" | "NUMERIC" | "DEC" | "MONEY" | "SMALLMONEY" => return number_type(arguments),
        "DECIMAL_WHOLE" | "DECIMAL_TEXT" => return exact_type(arguments),
        "REAL" | "DOUBLE" | "FLOAT" | "FLOAT4" | "FLOAT8" | "FLOAT32" | "FLOAT64" => DataType::Float64,
        "BINARY_DOUBLE" | "BINARY_FLOAT" => DataType::Float64,
        "BLOB" | "RAW" | "BINARY" | "VARBINARY" | "BYTEA" => DataType::Binary,
        "LONG" if behind == "RAW" => DataType::Binary,
        "DATE_ONLY" => DataType::Date32,
        "TIMESTAMPTZ" => timestamp(true),
        "DATE" | "DATETIME" | "TIMESTAMP" => timestamp(is_zoned(behind)),
        _ => DataType::Utf8,
    })
}

/// SQLite's conversion of a value that is stored in a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Affinity {
    /// A whole number, if it looks like one.
    Integer,
    /// Text.
    Text,
    /// No conversion: the value stays as it is.
    None,
    /// A binary fraction, if it looks like a number.
    Real,
    /// A number, if it looks like one.
    Numeric,
}

impl Affinity {
    /// Returns whether a value that looks like a number becomes one.
    pub(crate) fn is_numeric(self) -> bool {
        matches!(self, Self::Integer | Self::Real | Self::Numeric)
    }
}

/// The affinity of a declared type, by SQLite's own rules.
pub(crate) fn affinity(declared: &str) -> Affinity {
    let declared = declared.trim().to_ascii_uppercase();
    let has = |word: &str| declared.contains(word);
    match () {
        // The type of a STRICT table's column that keeps every value as it is.
        () if declared == "ANY" || declared.is_empty() => Affinity::None,
        () if has("INT") => Affinity::Integer,
        () if has("CHAR") || has("CLOB") || has("TEXT") => Affinity::Text,
        () if has("BLOB") => Affinity::None,
        () if has("REAL") || has("FLOA") || has("DOUB") => Affinity::Real,
        () => Affinity::Numeric,
    }
}

/// Returns whether a declared type leaves open what is in a column: it is read as text, but SQLite stores numbers in
/// it.
pub(crate) fn is_undecided(declared: &str) -> bool {
    affinity(declared) != Affinity::Text && arrow_type(declared) == Some(DataType::Utf8)
}

/// The first word, the text in parentheses after it, and the words after that.
fn parts(declared: &str) -> (&str, Option<&str>, &str) {
    let end = declared.find(|c: char| c == '(' || c.is_whitespace()).unwrap_or(declared.len());
    let (name, rest) = declared.split_at(end);
    let rest = rest.trim_start();
    match rest.strip_prefix('(').and_then(|inner| inner.split_once(')')) {
        Some((arguments, behind)) => (name, Some(arguments), behind.trim()),
        None => (name, None, rest),
    }
}

fn number_type(arguments: Option<&str>) -> Option<DataType> {
    let Some(arguments) = arguments else {
        return Some(DataType::Decimal128(MOST_DIGITS, 10));
    };
    let (precision, scale) = digits(arguments)?;
    // A negative scale counts zeros in front of the point; a scale beyond the precision, zeros after it.
    let precision = if scale < 0 { precision - scale } else { precision.max(scale) };
    let precision = u8::try_from(precision).ok().filter(|p| (1..=MOST_DIGITS).contains(p))?;
    match scale.max(0) {
        0 if precision <= INT64_DIGITS => Some(DataType::Int64),
        scale => Some(DataType::Decimal128(precision, scale as i8)),
    }
}

fn exact_type(arguments: Option<&str>) -> Option<DataType> {
    let (precision, scale) = digits(arguments?)?;
    let precision = u8::try_from(precision).ok().filter(|p| (1..=MOST_DIGITS).contains(p))?;
    let scale = i8::try_from(scale).ok().filter(|s| (0..=precision as i8).contains(s))?;
    Some(DataType::Decimal128(precision, scale))
}

/// Precision and scale in parentheses; `*` is the greatest precision.
fn digits(arguments: &str) -> Option<(i16, i16)> {
    let (precision, scale) = arguments.split_once(',').unwrap_or((arguments, "0"));
    let precision = match precision.trim() {
        "*" => i16::from(MOST_DIGITS),
        digits => digits.parse::<u8>().ok()?.into(),
    };
    let scale = scale.trim().parse::<i8>().ok()?;
    Some((precision, scale.into()))
}

fn is_zoned(behind: &str) -> bool {
    let mut words = behind.split_whitespace();
    words.next() == Some("WITH") && words.any(|word| word == "ZONE")
}

fn timestamp(zoned: bool) -> DataType {
    DataType::Timestamp(TimeUnit::Microsecond, zoned.then(|| Arc::from(UTC)))
}

/// The type to declare for an Arrow type; `None` if the target has no type for it.
pub(crate) fn declared_type(arrow: &DataType) -> Option<String> {
    Dialect::Sqlite.declared_type(arrow, ColumnPurpose::Loaded)
}

/// Returns whether decimals of a column with this declared type are stored as text.
pub(crate) fn is_decimal_text(declared: &str) -> bool {
    declared.trim_start().get(..12).is_some_and(|name| name.eq_ignore_ascii_case("DECIMAL_TEXT"))
}

/// Returns whether two types are the same for the target: time zones may differ in their spelling of UTC.
pub(crate) fn same_type(a: &DataType, b: &DataType) -> bool {
    match (a, b) {
        (DataType::Timestamp(unit, Some(zone)), DataType::Timestamp(other, Some(second))) => {
            unit == other && is_utc(zone) && is_utc(second)
        }
        _ => a == b,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn declared_types_decide() {
        let decimal = DataType::Decimal128;
        for (declared, expected) in [
            ("BOOLEAN", Some(DataType::Boolean)),
            ("integer", Some(DataType::Int64)),
            ("BIGINT", Some(DataType::Int64)),
            ("BIG INT", Some(DataType::Int64)),
            ("int64", Some(DataType::Int64)),
            ("SERIAL", Some(DataType::Int64)),
            ("FLOAT8", Some(DataType::Float64)),
            ("MONEY", Some(decimal(38, 10))),
            ("NUMBER(10)", Some(DataType::Int64)),
            ("NUMBER(18, 0)", Some(DataType::Int64)),
            ("NUMBER(19)", Some(decimal(19, 0))),
            ("NUMBER(12,2)", Some(decimal(12, 2))),
            ("number ( 12 , 2 )", Some(decimal(12, 2))),
            ("NUMBER(*,4)", Some(decimal(38, 4))),
            ("NUMBER(3,5)", Some(decimal(5, 5))),
            ("NUMBER(5,-2)", Some(DataType::Int64)),
            ("NUMERIC", Some(decimal(38, 10))),
            ("NUMBER(39)", None),
            ("NUMBER(0)", None),
            ("NUMBER(x)", None),
            ("DECIMAL_TEXT(38,0)", Some(decimal(38, 0))),
            ("DECIMAL_WHOLE(5)", Some(decimal(5, 0))),
            ("DOUBLE PRECISION", Some(DataType::Float64)),
            ("FLOAT(126)", Some(DataType::Float64)),
            ("VARCHAR2(20 CHAR)", Some(DataType::Utf8)),
            ("CLOB", Some(DataType::Utf8)),
            ("", Some(DataType::Utf8)),
            ("INTERVAL DAY TO SECOND", Some(DataType::Utf8)),
            ("RAW(16)", Some(DataType::Binary)),
            ("LONG RAW", Some(DataType::Binary)),
            ("LONG", Some(DataType::Utf8)),
            ("DATE", Some(timestamp(false))),
            ("TIMESTAMP(9)", Some(timestamp(false))),
            ("TIMESTAMP WITHOUT TIME ZONE", Some(timestamp(false))),
            ("TIMESTAMP(6) WITH TIME ZONE", Some(timestamp(true))),
            ("TIMESTAMP WITH LOCAL TIME ZONE", Some(timestamp(true))),
            ("TIMESTAMPTZ", Some(timestamp(true))),
            ("DATE_ONLY", Some(DataType::Date32)),
        ] {
            assert_eq!(arrow_type(declared), expected, "{declared}");
        }
    }

    #[test]
    fn a_type_that_says_nothing_is_undecided() {
        for declared in ["", "ANY", "LONG", "UUID", "STRING", "INTERVAL DAY TO SECOND"] {
            assert!(is_undecided(declared), "{declared}");
        }
        for declared in ["TEXT", "VARCHAR2(20)", "CLOB", "INTEGER", "BLOB", "MONEY", "DATE"] {
            assert!(!is_undecided(declared), "{declared}");
        }
    }

    #[test]
    fn what_has_no_place_is_not_declared() {
        for arrow in [
            DataType::Int32,
            DataType::Timestamp(TimeUnit::Millisecond, None),
            DataType::Timestamp(TimeUnit::Microsecond, Some("America/Sao_Paulo".into())),
            DataType::Decimal128(10, -2),
        ] {
            assert_eq!(declared_type(&arrow), None, "{arrow}");
        }
    }

    fn any_type() -> impl Strategy<Value = DataType> {
        let decimal = (1_u8..=38).prop_flat_map(|p| (Just(p), 0..=p as i8));
        prop_oneof![
            Just(DataType::Boolean),
            Just(DataType::Int64),
            Just(DataType::Float64),
            Just(DataType::Utf8),
            Just(DataType::Binary),
            Just(DataType::Date32),
            Just(timestamp(false)),
            Just(timestamp(true)),
            decimal.prop_map(|(precision, scale)| DataType::Decimal128(precision, scale)),
        ]
    }

    proptest! {
        #[test]
        fn every_type_comes_back(arrow in any_type()) {
            let declared = declared_type(&arrow).expect("a type of the contract");
            prop_assert_eq!(arrow_type(&declared), Some(arrow));
        }
    }
}
