//! The values of a key column: the spelling of each in a statement, and its meaning, which is the value that the target
//! must hold.

use std::collections::BTreeSet;

use wmshost_tests::Numbers;
use wmshost_tests::generated::{self, canonical_number, hexadecimal, moment_text, pointed};

/// A value in a statement.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Stored {
    Null,
    Text(String),
    /// An expression.
    Sql(String),
}

/// A value as the source gets it, and its meaning.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Value {
    pub(crate) stored: Stored,
    /// The canonical text; `None` for a value that does not fit its column's type.
    pub(crate) means: Option<String>,
}

impl Value {
    fn new(stored: Stored, means: impl Into<String>) -> Self {
        Self { stored, means: Some(means.into()) }
    }

    fn number(text: &str) -> Self {
        Self::new(Stored::Sql(text.to_owned()), canonical_number(text))
    }
}

/// The family of a column's values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Family {
    /// Whole numbers of at most this many digits, with this many zeros after them.
    Whole(u32, u32),
    /// Decimals: digits before the point and after it, and the number of those after it that a column keeps.
    Decimal(u32, u32),
    /// Texts.
    Text,
    /// Texts that the server pads to this number of letters.
    Padded(usize),
    /// Timestamps with this number of digits of a second; the flag is true if they have a zone.
    Moment(u32, bool),
    /// True and false.
    Truth,
    /// Bytes.
    Bytes,
    /// Binary fractions.
    Real,
}

impl Family {
    /// The expression with which PostgreSQL shows a value of the target's column by its meaning.
    pub(crate) fn shown(self, column: &str) -> String {
        match self {
            Self::Moment(_, false) => format!("to_char({column}, 'YYYY-MM-DD HH24:MI:SS.US')"),
            Self::Moment(_, true) => format!("to_char({column} AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US')"),
            Self::Bytes => format!("encode({column}, 'hex')"),
            _ => format!("{column}::text"),
        }
    }

    /// The meaning of a value that PostgreSQL shows as this text.
    pub(crate) fn meaning(self, text: &str) -> String {
        match self {
            Self::Whole(..) | Self::Decimal(..) | Self::Truth => canonical_number(text),
            _ => text.to_owned(),
        }
    }

    /// Up to `count` values in the host's order.
    pub(crate) fn ascending(self, count: usize, _: &str, _: bool, numbers: &mut Numbers) -> Vec<Value> {
        match self {
            Self::Whole(digits, zeros) => {
                let with_zeros = |value: i64| Value::number(&(i128::from(value) * 10_i128.pow(zeros)).to_string());
                generated::wholes(count, digits, numbers).into_iter().map(with_zeros).collect()
            }
            // A scale beyond the precision: NUMBER(3,5) has three digits, after two zeros.
            Self::Decimal(0, behind) => {
                let unscaled = generated::unscaled(count, 0, behind - 2, numbers);
                unscaled.into_iter().map(|value| Value::number(&pointed(value, behind))).collect()
            }
            Self::Decimal(before, behind) => {
                let unscaled = generated::unscaled(count, before, behind, numbers);
                unscaled.into_iter().map(|value| Value::number(&pointed(value, behind))).collect()
            }
            Self::Text => {
                let texts = generated::texts(count, "BINARY", false, false, numbers);
                texts.into_iter().map(|text| Value::new(Stored::Text(text.clone()), text)).collect()
            }
            Self::Padded(width) => padded(count, width, numbers),
            Self::Moment(digits, zoned) => moments(count, digits, zoned, numbers),
            Self::Truth => [("FALSE", "0"), ("TRUE", "1")]
                .map(|(sql, means)| Value::new(Stored::Sql(sql.to_owned()), means))
                .to_vec(),
            Self::Bytes => {
                let bytes = generated::bytes(count + 1, numbers).into_iter().filter(|bytes| !bytes.is_empty());
                let digits = bytes.map(|bytes| hexadecimal(&bytes));
                digits.map(|text| Value::new(Stored::Sql(format!("HEXTORAW('{text}')")), text)).collect()
            }
            Self::Real => (1..=count).map(|at| Value::number(&format!("{}.5", at * 3))).collect(),
        }
    }

    /// A value that does not fit a column of this family, if there is one: an empty text, which is NULL to Oracle, or a
    /// number with too many decimal places for the decimal as which a NUMBER without precision is read.
    pub(crate) fn misfit(self) -> Option<Value> {
        let stored = match self {
            Self::Text | Self::Padded(_) => Stored::Text(String::new()),
            Self::Decimal(_, 10) => Stored::Sql("0.123456789012".to_owned()),
            _ => Stored::Null,
        };
        Some(Value { stored, means: None })
    }
}

/// Texts that are distinct with their padding, in the order of the padded texts.
fn padded(count: usize, width: usize, numbers: &mut Numbers) -> Vec<Value> {
    let texts = generated::texts(count, "RTRIM", false, false, numbers);
    let pairs: BTreeSet<_> = texts.into_iter().map(|text| (format!("{text:width$}"), text)).collect();
    pairs.into_iter().map(|(means, text)| Value::new(Stored::Text(text), means)).collect()
}

/// Timestamps of a precision, and those with a zone in several zones.
fn moments(count: usize, digits: u32, zoned: bool, numbers: &mut Numbers) -> Vec<Value> {
    let step = 10_i64.pow(6 - digits.min(6));
    let drawn = generated::moments(count, numbers, |at, numbers| (at / step * step, numbers.draw() >> 8));
    let mut seen = BTreeSet::new();
    let distinct = drawn.into_iter().filter(|(at, _)| seen.insert(*at));
    distinct.map(|(at, spelling)| Value::new(moment(at, zoned, spelling), moment_text(at))).collect()
}

/// A moment in a statement.
pub(crate) fn moment(at: i64, zoned: bool, spelling: u64) -> Stored {
    const HOUR: i64 = 3_600_000_000;
    Stored::Sql(match (zoned, spelling % 3) {
        (false, _) => format!("TIMESTAMP '{}'", moment_text(at)),
        (true, 0) => format!("TIMESTAMP '{} +00:00'", moment_text(at)),
        (true, 1) => format!("TIMESTAMP '{} +03:00'", moment_text(at + 3 * HOUR)),
        (true, _) => format!("TIMESTAMP '{} -05:00'", moment_text(at - 5 * HOUR)),
    })
}
