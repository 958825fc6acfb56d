//! The values of a key column: how the source stores each, and what it means, which is what the target must hold.
//! The meaning is a canonical text, so that two values are equal only if they mean the same.

use rusqlite::types::Value as Stored;
use wmshost_tests::Numbers;

/// A value as the source stores it, and what it means.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Value {
    /// What the source holds.
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

/// What the values of a column are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Family {
    /// Whole numbers of at most so many digits.
    Whole(u32),
    /// Decimals: digits before the point and behind it.
    Decimal(u32, u32),
    /// Decimals that the source keeps as text.
    DecimalText(u32, u32),
    /// Texts.
    Text,
    /// Texts that do not look like numbers, for columns that would make numbers of those.
    Word,
    /// Numbers and texts in one column, as a column without a type allows.
    Mixed,
    /// Whole numbers where no type says so.
    AnyWhole,
    /// Timestamps; the flag says whether with a zone.
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

/// The canonical text of a number in text: no plus, no zeros at the end of a fraction.
fn canonical_number(text: &str) -> String {
    let text = text.strip_prefix('+').unwrap_or(text);
    let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { text };
    let (sign, digits) = text.strip_prefix('-').map_or(("", text), |digits| ("-", digits));
    let digits = digits.trim_start_matches('0');
    match digits {
        "" => "0".to_owned(),
        digits if digits.starts_with('.') => format!("{sign}0{digits}"),
        digits => format!("{sign}{digits}"),
    }
}

impl Family {
    /// What a value means that the target holds; NULL has no meaning.
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
            (_, Stored::Blob(bytes)) => bytes.iter().map(|byte| format!("{byte:02x}")).collect(),
        })
    }

    /// Up to `count` values in ascending order. With `plain`, every order that a database may have sorts them so.
    pub(crate) fn ascending(self, count: usize, collation: &str, plain: bool, numbers: &mut Numbers) -> Vec<Value> {
        match self {
            Self::Whole(digits) => wholes(count, digits, numbers).into_iter().map(whole).collect(),
            Self::AnyWhole => wholes(count, 9, numbers).into_iter().map(whole).collect(),
            // Up to 18 digits are stored as a whole number, up to 15 come back from a binary fraction.
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

    /// A value that does not fit a column of this family, where there is one.
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

/// Whole numbers around the powers of ten, where the order of digits is not the order of numbers.
fn wholes(count: usize, digits: u32, numbers: &mut Numbers) -> Vec<i64> {
    let mut all = std::collections::BTreeSet::new();
    let most = 10_i64.pow(digits.min(18));
    let mut tries = 0;
    while all.len() < count && tries < 1_000 {
        tries += 1;
        let power = 10_i64.pow(numbers.below(u64::from(digits.min(18))) as u32);
        let near = power + numbers.below(7) as i64 - 3;
        let value = match numbers.below(4) {
            0 => numbers.below(30) as i64,
            1 => -near,
            _ => near,
        };
        if value.abs() < most {
            all.insert(value);
        }
    }
    all.into_iter().collect()
}

/// An unscaled number with its point.
fn pointed(unscaled: i128, behind: u32) -> String {
    let power = 10_i128.pow(behind);
    let sign = if unscaled < 0 { "-" } else { "" };
    let (whole, rest) = (unscaled.unsigned_abs() / power as u128, unscaled.unsigned_abs() % power as u128);
    if behind == 0 {
        format!("{sign}{whole}")
    } else {
        format!("{sign}{whole}.{rest:0>width$}", width = behind as usize)
    }
}

fn decimals(count: usize, before: u32, behind: u32, as_text: bool, numbers: &mut Numbers) -> Vec<Value> {
    let mut all = std::collections::BTreeSet::new();
    let digits = before + behind;
    let most = 10_i128.pow(digits);
    let mut tries = 0;
    while all.len() < count && tries < 1_000 {
        tries += 1;
        let power = 10_i128.pow(numbers.below(u64::from(digits)) as u32);
        let near = power + numbers.below(700) as i128 - 350;
        let one = 10_i128.pow(behind);
        let value = match numbers.below(5) {
            0 => numbers.below(30) as i128 * one,
            1 => -near,
            2 => numbers.below(200) as i128 * one + numbers.below(u64::try_from(one).unwrap_or(u64::MAX)) as i128,
            _ => near,
        };
        if value.abs() < most {
            all.insert(value);
        }
    }
    let value = |unscaled: i128| {
        let text = pointed(unscaled, behind);
        let means = canonical_number(&text);
        let stored = match (as_text, means.parse::<i64>()) {
            (true, _) => Stored::Text(text),
            (false, Ok(whole)) => Stored::Integer(whole),
            (false, Err(_)) => Stored::Real(text.parse().expect("a number")),
        };
        Value { stored, means: Some(means) }
    };
    all.into_iter().map(value).collect()
}

const LETTERS: &[&str] = &[
    "a",
    "A",
    "b",
    "B",
    "z",
    "Z",
    "_",
    "-",
    "'",
    "\"",
    "é",
    "e\u{301}",
    "ß",
    "ÿ",
    "Ā",
    "ż",
    "中",
    "\u{e000}",
    "\u{fffd}",
    "😀",
    "𝄞",
    "\u{10ffff}",
    "9",
    "10",
    "1",
    "0",
    ".",
    "%",
    "[",
    "^",
];

/// Texts whose order depends on the collation and the encoding; distinct under the collation of a unique column.
fn texts(count: usize, collation: &str, plain: bool, words: bool, numbers: &mut Numbers) -> Vec<Value> {
    let mut all: Vec<String> = Vec::new();
    let mut known = std::collections::BTreeSet::new();
    let mut tries = 0;
    while all.len() < count && tries < 1_000 {
        tries += 1;
        let mut text = if words { "w".to_owned() } else { String::new() };
        if plain {
            text.push_str(&format!("{:03}", all.len()));
        }
        for _ in 0..=numbers.below(3) {
            text.push_str(numbers.pick::<&str>(LETTERS));
        }
        if numbers.chance(10) {
            text.push(' ');
        }
        let folded = match collation {
            "NOCASE" => text.to_ascii_lowercase(),
            "RTRIM" => text.trim_end_matches(' ').to_owned(),
            _ => text.clone(),
        };
        if known.insert(folded) {
            all.push(text);
        }
    }
    if !plain {
        all.sort();
    }
    all.iter().map(|text| Value::text(text)).collect()
}

/// Whole numbers, fractions and texts, in the order of a column without a type: numbers first. No text looks like a
/// number.
fn mixed(count: usize, plain: bool, numbers: &mut Numbers) -> Vec<Value> {
    if plain {
        return wholes(count, 9, numbers).into_iter().map(whole).collect();
    }
    let mut all: Vec<Value> = wholes(count / 3 + 1, 9, numbers).into_iter().map(whole).collect();
    all.extend((1..=count / 6 + 1).map(|at| {
        let value = at as f64 * 7.0 + 0.25;
        Value::new(Stored::Real(value), value.to_string())
    }));
    all.extend(texts(count / 2, "NOCASE", false, true, numbers));
    all
}

/// The calendar date of a day since 1970-01-01 (Howard Hinnant's algorithm).
fn date_text(day: i64) -> String {
    let shifted = day + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    format!("{:04}-{month:02}-{day:02}", year_of_era + era * 400 + i64::from(month <= 2))
}

const DAY: i64 = 86_400_000_000;

/// The canonical text of a moment in microseconds since 1970.
pub(crate) fn moment_text(micros: i64) -> String {
    let (day, rest) = (micros.div_euclid(DAY), micros.rem_euclid(DAY));
    let (seconds, fraction) = (rest / 1_000_000, rest % 1_000_000);
    format!("{} {:02}:{:02}:{:02}.{fraction:06}", date_text(day), seconds / 3_600, seconds / 60 % 60, seconds % 60)
}

/// The canonical text of a day in microseconds since 1970.
pub(crate) fn day_text(micros: i64) -> String {
    date_text(micros.div_euclid(DAY))
}

/// A moment in one of the ways in which applications write it.
pub(crate) fn spelled(micros: i64, zoned: bool, spelling: u64) -> String {
    let offset = if zoned && spelling % 3 == 1 { 3 * 3_600_000_000 } else { 0 };
    let mut text = moment_text(micros + offset);
    if spelling % 2 == 1 {
        // As short as the moment allows, without the zeros at the end.
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

/// 2020-01-01, the first moment there is: no clock of a machine is before it.
pub(crate) const EPOCH: i64 = 1_577_836_800_000_000;

fn moments(count: usize, zoned: bool, plain: bool, numbers: &mut Numbers) -> Vec<Value> {
    let mut at = EPOCH + numbers.below(3) as i64 * 3_600_000_000;
    let mut all = Vec::new();
    for _ in 0..count {
        let spelling = if plain { 0 } else { numbers.draw() >> 8 };
        let text = spelled(at, zoned, spelling);
        all.push(Value::new(Stored::Text(text), moment_text(at)));
        at += match numbers.below(5) {
            0 => 1,
            1 => 500_000,
            2 => 1_000_000 * (1 + numbers.below(100) as i64),
            3 => DAY - at.rem_euclid(DAY),
            _ => 60_000_000 * (1 + numbers.below(2_000) as i64),
        };
    }
    all
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

/// Bytes of all lengths, some the beginning of others.
fn bytes(count: usize, numbers: &mut Numbers) -> Vec<Value> {
    let mut all = std::collections::BTreeSet::new();
    while all.len() < count {
        let length = numbers.below(4);
        all.insert((0..length).map(|_| numbers.pick(&[0_u8, 1, 0x41, 0x61, 0x7f, 0x80, 0xff])).collect::<Vec<u8>>());
    }
    let means = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    all.into_iter().map(|bytes| Value::new(Stored::Blob(bytes.clone()), means(&bytes))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_what_the_calendar_says() {
        assert_eq!(moment_text(EPOCH), "2020-01-01 00:00:00.000000");
        assert_eq!(moment_text(951_782_400_000_001), "2000-02-29 00:00:00.000001");
        assert_eq!(spelled(EPOCH, false, 1), "2020-01-01");
        assert_eq!(spelled(EPOCH, true, 1), "2020-01-01 03:00+03:00");
        assert_eq!(canonical_number("-0012.500"), "-12.5");
        assert_eq!(canonical_number("0.0"), "0");
    }
}
