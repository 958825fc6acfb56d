//! The values of a key column: the form in which the source stores each, and its meaning, which is the value that the
//! target must hold. The meaning is a canonical text, so that two values are equal only if they mean the same.

pub(crate) use rusqlite::types::Value as Stored;
use wmshost_tests::{EPOCH, Numbers, canonical_number, day_text, generated, hexadecimal, moment_text};

/// A value as the source stores it, and its meaning.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Value {
    /// The stored form.
    pub(crate) stored: Stored,
    /// The canonical text; `None` for a value that does not fit its column's type.
    pub(crate) means: Option<String>,
}

impl Value {
    pub(crate) fn new(stored: Stored, means: impl Into<String>) -> Self {
        Self { stored, means: Some(means.into()) }
    }

    pub(crate) fn text(text: &str) -> Self {
        Self::new(Stored::Text(text.to_owned()), text)
    }
}

/// The family of a column's values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Family {
    /// Whole numbers of at most this many digits.
    Whole(u32),
    /// Decimals: digits before the point and after it.
    Decimal(u32, u32),
    /// Decimals that the source keeps as text.
    DecimalText(u32, u32),
    /// Texts.
    Text,
    /// Texts that do not look like numbers, for columns that would convert those to numbers.
    Word,
    /// Numbers and texts in one column, as a column without a type allows.
    Mixed,
    /// Whole numbers in a column without a type.
    AnyWhole,
    /// Timestamps; the flag is true if they have a zone.
    Moment(bool),
    /// Dates without a time.
    Day,
    /// True and false.
    Truth,
    /// Bytes.
    Bytes,
    /// Binary fractions.
    Real,
}

impl Family {
    /// The meaning of a value in the target; NULL has none.
    pub(crate) fn meaning(self, stored: &Stored) -> Option<String> {
        Some(match (self, stored) {
            (_, Stored::Null) => return None,
            (Self::Real, Stored::Integer(value)) => format!("{:?}", *value as f64),
            (Self::Real, Stored::Real(value)) => format!("{value:?}"),
            (_, Stored::Integer(value)) => value.to_string(),
            (_, Stored::Real(value)) => canonical_number(&value.to_string()),
            (Self::Whole(_) | Self::Decimal(..) | Self::DecimalText(..) | Self::Truth, Stored::Text(text)) => {
                canonical_number(text)
            }
            (Self::Moment(true), Stored::Text(text)) => text.strip_suffix('Z').unwrap_or(text).to_owned(),
            (_, Stored::Text(text)) => text.clone(),
            (_, Stored::Blob(bytes)) => hexadecimal(bytes),
        })
    }

    /// Up to `count` values in ascending order. With `plain`, they have the same order by every rule that a database
    /// may have.
    pub(crate) fn ascending(self, count: usize, collation: &str, plain: bool, numbers: &mut Numbers) -> Vec<Value> {
        match self {
            Self::Whole(digits) => generated::wholes(count, digits, numbers).into_iter().map(whole).collect(),
            Self::AnyWhole => generated::wholes(count, 9, numbers).into_iter().map(whole).collect(),
            // Up to 18 digits are stored as a whole number; up to 15 survive a binary fraction.
            Self::Decimal(before, 0) => decimals(count, before.min(18), 0, false, numbers),
            Self::Decimal(before, behind) => decimals(count, before.min(15 - behind.min(12)), behind, false, numbers),
            Self::DecimalText(before, behind) => decimals(count, before, behind, true, numbers),
            Self::Text => texts(count, collation, plain, false, numbers),
            Self::Word => texts(count, collation, plain, true, numbers),
            Self::Mixed => mixed(count, plain, numbers),
            Self::Moment(zoned) => moments(count, zoned, plain, numbers),
            Self::Day => days(count, numbers),
            Self::Truth => [0, 1].map(whole).to_vec(),
            Self::Bytes => bytes(count, numbers),
            Self::Real => (1..=count as i64).map(|at| real(at as f64 * 1.5 - 7.0)).collect(),
        }
    }

    /// A value that does not fit a column of this family, if there is one.
    pub(crate) fn misfit(self) -> Option<Value> {
        let stored = match self {
            Self::Text | Self::Word | Self::Mixed | Self::AnyWhole => Stored::Blob(vec![0xff, 0xfe]),
            Self::Bytes => Stored::Text("no bytes".to_owned()),
            _ => Stored::Text("n/a".to_owned()),
        };
        Some(Value { stored, means: None })
    }
}

fn whole(value: i64) -> Value {
    Value::new(Stored::Integer(value), value.to_string())
}

fn real(value: f64) -> Value {
    Value::new(Stored::Real(value), format!("{value:?}"))
}

fn decimals(count: usize, before: u32, behind: u32, as_text: bool, numbers: &mut Numbers) -> Vec<Value> {
    let value = |unscaled: i128| {
        let text = generated::pointed(unscaled, behind);
        let means = canonical_number(&text);
        let stored = match (as_text, means.parse::<i64>()) {
            (true, _) => Stored::Text(text),
            (false, Ok(whole)) => Stored::Integer(whole),
            (false, Err(_)) => Stored::Real(text.parse().expect("a number")),
        };
        Value { stored, means: Some(means) }
    };
    generated::unscaled(count, before, behind, numbers).into_iter().map(value).collect()
}

fn texts(count: usize, collation: &str, plain: bool, words: bool, numbers: &mut Numbers) -> Vec<Value> {
    generated::texts(count, collation, plain, words, numbers).iter().map(|text| Value::text(text)).collect()
}

/// Whole numbers, fractions and texts, in the order of a column without a type: numbers first. No text looks like a
/// number.
fn mixed(count: usize, plain: bool, numbers: &mut Numbers) -> Vec<Value> {
    if plain {
        return generated::wholes(count, 9, numbers).into_iter().map(whole).collect();
    }
    let mut all: Vec<Value> = generated::wholes(count / 3 + 1, 9, numbers).into_iter().map(whole).collect();
    all.extend((1..=count / 6 + 1).map(|at| {
        let value = at as f64 * 7.0 + 0.25;
        Value::new(Stored::Real(value), value.to_string())
    }));
    all.extend(texts(count / 2, "NOCASE", false, true, numbers));
    all
}

const DAY: i64 = 86_400_000_000;

/// A timestamp in one of the spellings that applications use.
pub(crate) fn spelled(micros: i64, zoned: bool, spelling: u64) -> String {
    let offset = if zoned && spelling % 3 == 1 { 3 * 3_600_000_000 } else { 0 };
    let mut text = moment_text(micros + offset);
    if spelling % 2 == 1 {
        // As short as the value allows, without the zeros at the end.
        text = text.trim_end_matches('0').trim_end_matches('.').to_owned();
        let full = moment_text(micros + offset);
        if full.ends_with(":00.000000") {
            text = full[..16].to_owned();
        } else if full.ends_with(".000000") {
            text = full[..19].to_owned();
        }
        if !zoned && full.ends_with("00:00:00.000000") {
            text = full[..10].to_owned();
        }
    }
    if spelling % 5 >= 3 {
        text = text.replace(' ', "T");
    }
    match (zoned, offset, spelling % 7) {
        (false, ..) => text,
        (true, 0, 0 | 1) => text + "+00:00",
        (true, 0, _) => text + "Z",
        (true, _, 0) => text + "+03",
        (true, ..) => text + "+03:00",
    }
}

fn moments(count: usize, zoned: bool, plain: bool, numbers: &mut Numbers) -> Vec<Value> {
    generated::moments(count, numbers, |at, numbers| {
        let spelling = if plain { 0 } else { numbers.draw() >> 8 };
        Value::new(Stored::Text(spelled(at, zoned, spelling)), moment_text(at))
    })
}

fn days(count: usize, numbers: &mut Numbers) -> Vec<Value> {
    let mut at = EPOCH;
    let mut all = Vec::new();
    for _ in 0..count {
        all.push(Value::text(&day_text(at)));
        at += DAY * (1 + numbers.below(20) as i64);
    }
    all
}

fn bytes(count: usize, numbers: &mut Numbers) -> Vec<Value> {
    let value = |bytes: Vec<u8>| Value::new(Stored::Blob(bytes.clone()), hexadecimal(&bytes));
    generated::bytes(count, numbers).into_iter().map(value).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_spelled_in_many_ways() {
        assert_eq!(spelled(EPOCH, false, 1), "2020-01-01");
        assert_eq!(spelled(EPOCH, true, 1), "2020-01-01 03:00+03:00");
    }
}
