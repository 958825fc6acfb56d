//! Stored values as values of a stream, by the forms that a pipeline declares (the table is in the flow's
//! `columns/form.rs`). Nothing is rounded: a value that does not fit exactly is none, and the reason can be asked for.

use arrow_schema::DataType;
use wmshost_flow::{SourceForm, type_name};

use crate::digits;
use crate::sqlite::decimal::{self, Number};
use crate::sqlite::moment::{YEARS, parse_date, parse_timestamp};

/// Microseconds of a day.
const DAY: i64 = 86_400_000_000;
/// Milliseconds of a day.
const DAY_MILLIS: f64 = 86_400_000.0;
/// Milliseconds from the beginning of the Julian days to 1970-01-01T00:00:00.
const JULIAN_MILLIS: i64 = 210_866_760_000_000;
/// Whole numbers below this are exact as binary fractions.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// The type of a column's values in the stream, and the form in which the source keeps them.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Conversion {
    pub(crate) kind: DataType,
    /// `None`: as the driver reads this type anyway.
    pub(crate) form: Option<SourceForm>,
}

impl From<DataType> for Conversion {
    fn from(kind: DataType) -> Self {
        Self { kind, form: None }
    }
}

/// A stored value that is not NULL.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Stored<'a> {
    Integer(i64),
    Real(f64),
    Text(&'a [u8]),
}

/// Microseconds since 1970-01-01T00:00:00 of a stored moment, in UTC if `zoned`.
pub(crate) fn micros(form: SourceForm, zoned: bool, stored: Stored<'_>) -> Option<i64> {
    let micros = match (form, form.epoch_scale(), stored) {
        (_, Some(scale), Stored::Integer(count)) => count.checked_mul(10_i64.pow(scale.into()))?,
        (_, Some(scale), Stored::Real(count)) => micros_of_real(count, scale)?,
        (_, Some(scale), Stored::Text(text)) => i64::try_from(decimal::from_text(text, 18, scale)?).ok()?,
        (SourceForm::JulianDay, _, stored) => micros_of_julian(real(stored)?)?,
        (SourceForm::Iso, _, Stored::Text(text)) => parse_timestamp(text, zoned)?,
        (SourceForm::IsoUtc, _, Stored::Text(text)) => {
            parse_timestamp(text, true).or_else(|| parse_timestamp(text, false))?
        }
        _ => return None,
    };
    YEARS.contains(&micros).then_some(micros)
}

/// A count with a fraction: the milliseconds that are stored as this very fraction, or else the microseconds. After the
/// year 2112 a fraction of seconds is too coarse for microseconds.
fn micros_of_real(count: f64, scale: u8) -> Option<i64> {
    let finest = |digits: u8, most: f64| {
        let power = 10_f64.powi(digits.into());
        let nearest = (count * power).round();
        // The product was rounded, too.
        let whole = [0.0, -1.0, 1.0].into_iter().map(|more| nearest + more).find(|whole| whole / power == count)?;
        (whole.abs() < most).then_some(whole as i64 * 10_i64.pow(u32::from(scale - digits)))
    };
    finest(scale.saturating_sub(3), EXACT).or_else(|| finest(scale, EXACT / 2.0))
}

fn micros_of_julian(days: f64) -> Option<i64> {
    let nearest = (days * DAY_MILLIS).round();
    let millis = (nearest.abs() < EXACT && nearest / DAY_MILLIS == days).then_some(nearest as i64)?;
    (millis - JULIAN_MILLIS).checked_mul(1_000)
}

/// Days since 1970-01-01 of a stored date, which has no time of day.
pub(crate) fn days(form: SourceForm, stored: Stored<'_>) -> Option<i32> {
    if let (SourceForm::Iso, Stored::Text(text)) = (form, stored) {
        return parse_date(text);
    }
    let micros = micros(form, false, stored)?;
    (micros.rem_euclid(DAY) == 0).then(|| i32::try_from(micros.div_euclid(DAY)).ok())?
}

/// The number that a form keeps for a moment; for a comparison only, so that it may be the nearest one.
pub(crate) fn number(form: SourceForm, micros: i64) -> Number {
    let unit = 10_i64.pow(form.epoch_scale().unwrap_or_default().into());
    // Whole milliseconds are divided as such: their number is exact as a binary fraction, which that of the microseconds
    // is not after the year 2255, so that the quotient is rounded once.
    let (count, parts) =
        if unit > 1_000 && micros % 1_000 == 0 { (micros / 1_000, unit / 1_000) } else { (micros, unit) };
    match form {
        SourceForm::JulianDay => {
            let millis = micros.div_euclid(1_000).saturating_add(JULIAN_MILLIS) as f64;
            Number::Real((millis + micros.rem_euclid(1_000) as f64 / 1_000.0) / DAY_MILLIS)
        }
        _ if micros % unit == 0 => Number::Whole(micros / unit),
        _ => Number::Real(count as f64 / parts as f64),
    }
}

/// The meaning of a word for true or false.
pub(crate) fn word(stored: Stored<'_>) -> Option<bool> {
    const WORDS: [(&str, bool); 12] = [
        ("y", true),
        ("yes", true),
        ("t", true),
        ("true", true),
        ("on", true),
        ("1", true),
        ("n", false),
        ("no", false),
        ("f", false),
        ("false", false),
        ("off", false),
        ("0", false),
    ];
    match stored {
        Stored::Integer(number) => [false, true].get(usize::try_from(number).ok()?).copied(),
        Stored::Text(text) => {
            WORDS.iter().find(|(word, _)| text.eq_ignore_ascii_case(word.as_bytes())).map(|(_, meaning)| *meaning)
        }
        Stored::Real(_) => None,
    }
}

/// A whole number of 64 bits, from its digits or as it is.
pub(crate) fn whole(stored: Stored<'_>) -> Option<i64> {
    match stored {
        Stored::Integer(value) => Some(value),
        Stored::Text(text) => i64::try_from(decimal::from_text(text, 19, 0)?).ok(),
        Stored::Real(_) => None,
    }
}

/// The decimal in a stored value.
#[inline]
pub(crate) fn decimal(stored: Stored<'_>, precision: u8, scale: u8) -> Option<i128> {
    match stored {
        Stored::Integer(value) => decimal::from_integer(value, precision, scale),
        Stored::Real(value) => decimal::from_real(value, precision, scale),
        Stored::Text(text) => decimal::from_text(text, precision, scale),
    }
}

/// A binary fraction; of digits, only up to 15, which it returns as they were.
pub(crate) fn real(stored: Stored<'_>) -> Option<f64> {
    match stored {
        Stored::Real(value) => Some(value),
        Stored::Integer(value) => (value.unsigned_abs() < EXACT as u64).then_some(value as f64),
        Stored::Text(text) => {
            let text = std::str::from_utf8(text).ok()?;
            let plain = |c: char| c.is_ascii_digit() || matches!(c, '.' | '-' | '+');
            let digits = text.trim_start_matches(['-', '+', '0', '.']).chars().filter(char::is_ascii_digit).count();
            let is_exact = text.chars().all(plain) && digits <= usize::from(decimal::REAL_DIGITS);
            is_exact.then(|| text.parse().ok()).flatten()
        }
    }
}

/// The reason why a stored value of a form is not one of the type: `is not seconds since 1970 …`.
pub(crate) fn reason(form: SourceForm, kind: &DataType, stored: Stored<'_>) -> String {
    let finer = "or has more digits than microseconds, or is outside of the years 0000 to 9999";
    let what = match form {
        SourceForm::EpochSeconds => format!("is not a number of seconds since 1970, {finer}"),
        SourceForm::EpochMillis => format!("is not a number of milliseconds since 1970, {finer}"),
        SourceForm::EpochMicros => format!("is not a number of microseconds since 1970, {finer}"),
        SourceForm::JulianDay => "is not a Julian day with a whole number of milliseconds".to_owned(),
        SourceForm::Words => "is no word for true or false".to_owned(),
        SourceForm::IsoUtc => "is not a date or moment, or is finer than microseconds".to_owned(),
        SourceForm::Iso => match (stored, kind) {
            (Stored::Text(text), DataType::Timestamp(_, zone)) => moment_reason(text, zone.is_some()).to_owned(),
            (Stored::Text(_), _) => "is not a date".to_owned(),
            _ => "is a number, where the form iso is text".to_owned(),
        },
        SourceForm::Text => match (stored, kind) {
            (Stored::Text(text), kind) => {
                let (precision, scale) = match kind {
                    DataType::Decimal128(precision, scale) => (*precision, scale.unsigned_abs()),
                    _ => (18, 0),
                };
                let text = String::from_utf8_lossy(text);
                let digits = digits::bad_cell(&text, precision, scale).filter(|_| *kind != DataType::Float64);
                digits.unwrap_or_else(|| "is not the text of a number".to_owned())
            }
            _ => "does not fit".to_owned(),
        },
    };
    if *kind == DataType::Date32 && micros(form, false, stored).is_some() {
        return "has a time of day, which a date does not keep".to_owned();
    }
    format!("{what} (read as {} from {})", type_name(kind), form.name())
}

/// The reason why a text is not a moment of a column with a zone, or without one.
pub(crate) fn moment_reason(text: &[u8], zoned: bool) -> &'static str {
    match (zoned, parse_timestamp(text, !zoned)) {
        (false, Some(_)) => {
            "has an offset from UTC, which the column's type does not keep: `timestamp in UTC` in `columns` does"
        }
        (true, Some(_)) => {
            "has no offset from UTC, which the column's type requires: the form iso-utc in `columns` takes it for UTC"
        }
        _ if is_finer(text) => "is finer than microseconds",
        _ => "is not a date or moment",
    }
}

/// Returns whether a text would be a moment if its fraction of a second were cut.
fn is_finer(text: &[u8]) -> bool {
    let Some(point) = text.iter().position(|byte| *byte == b'.') else { return false };
    let behind = text[point + 1..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (head, tail) = (&text[..point], &text[point + 1 + behind..]);
    let without = [head, tail].concat();
    behind > 6 && (parse_timestamp(&without, false).is_some() || parse_timestamp(&without, true).is_some())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use wmshost_flow::SourceForm::{EpochMicros, EpochMillis, EpochSeconds, Iso, IsoUtc, JulianDay};

    use super::*;

    const NOON: i64 = 1_769_860_800_000_000;

    #[test]
    fn moments_are_read_from_every_form_or_not_at_all() {
        for (form, zoned, stored, expected) in [
            (EpochSeconds, false, Stored::Integer(1_769_860_800), Some(NOON)),
            (EpochSeconds, false, Stored::Real(1_769_860_800.123_456), Some(NOON + 123_456)),
            (EpochSeconds, false, Stored::Real(1_769_860_800.123_456_7), None),
            (EpochSeconds, false, Stored::Real(8_603_830_402.998), Some(8_603_830_402_998_000)),
            (EpochSeconds, false, Stored::Text(b"1769860800.5"), Some(NOON + 500_000)),
            (EpochSeconds, false, Stored::Text(b"2026-01-31"), None),
            (EpochSeconds, false, Stored::Integer(i64::MAX), None),
            (EpochSeconds, false, Stored::Integer(253_402_300_800), None),
            (EpochMillis, false, Stored::Integer(1_769_860_800_001), Some(NOON + 1_000)),
            (EpochMillis, true, Stored::Integer(-1), Some(-1_000)),
            (EpochMicros, false, Stored::Integer(NOON), Some(NOON)),
            (EpochMicros, false, Stored::Real(0.5), None),
            (EpochSeconds, false, Stored::Real(f64::NAN), None),
            (JulianDay, false, Stored::Real(2_461_072.0), Some(NOON)),
            (JulianDay, false, Stored::Integer(2_461_072), Some(NOON)),
            (JulianDay, false, Stored::Real(2_461_072.000_000_1), None),
            (Iso, false, Stored::Text(b"2026-01-31T12:00:00"), Some(NOON)),
            (Iso, false, Stored::Text(b"2026-01-31T12:00:00Z"), None),
            (Iso, true, Stored::Text(b"2026-01-31 12:00:00.000 +00:00"), Some(NOON)),
            (IsoUtc, true, Stored::Text(b"2026-01-31 13:00:00+01"), Some(NOON)),
            (IsoUtc, true, Stored::Text(b"2026-01-31 12:00"), Some(NOON)),
            (IsoUtc, false, Stored::Integer(0), None),
        ] {
            assert_eq!(micros(form, zoned, stored), expected, "{form:?} {stored:?}");
        }
    }

    #[test]
    fn dates_words_and_numbers_are_read_or_not_at_all() {
        assert_eq!(days(EpochSeconds, Stored::Integer(86_400)), Some(1));
        assert_eq!(days(EpochSeconds, Stored::Integer(86_401)), None);
        assert_eq!(days(Iso, Stored::Text(b"1970-01-02")), Some(1));
        assert_eq!(word(Stored::Text(b"YES")), Some(true));
        assert_eq!(word(Stored::Text(b"off")), Some(false));
        assert_eq!(word(Stored::Integer(2)), None);
        assert_eq!(word(Stored::Text(b"x")), None);
        assert_eq!(whole(Stored::Text(b"-9223372036854775808")), Some(i64::MIN));
        assert_eq!(whole(Stored::Text(b"9223372036854775808")), None);
        assert_eq!(real(Stored::Text(b"12.50")), Some(12.5));
        assert_eq!(real(Stored::Text(b"1234567890.1234567")), None);
        assert_eq!(real(Stored::Text(b"inf")), None);
    }

    #[test]
    fn a_reason_names_the_form() {
        let timestamp = SourceForm::Iso.usual_type().expect("a type");
        let said = reason(EpochSeconds, &timestamp, Stored::Text(b"n/a"));
        assert!(said.contains("seconds since 1970") && said.contains("from epoch-s"), "{said}");
        let said = reason(EpochSeconds, &DataType::Date32, Stored::Integer(1));
        assert!(said.contains("time of day"), "{said}");
        let said = reason(SourceForm::Text, &DataType::Decimal128(4, 2), Stored::Text(b"1.234"));
        assert!(said.contains("3 digits after the point"), "{said}");
    }

    proptest! {
        #[test]
        fn what_a_form_keeps_for_a_moment_is_that_moment(millis in -62_167_219_200_000_i64..253_402_300_800_000) {
            for form in [EpochSeconds, EpochMillis, EpochMicros, JulianDay] {
                let stored = match number(form, millis * 1_000) {
                    Number::Whole(value) => Stored::Integer(value),
                    Number::Real(value) => Stored::Real(value),
                };
                prop_assert_eq!(micros(form, false, stored), Some(millis * 1_000), "{:?}", form);
            }
        }
    }
}
