//! Single values, and dates and times as text.

use std::fmt;

use crate::calendar::{date_of, days_of};

/// One value: a query parameter or a part of a bookmark. Two values are equal only if both type and value are.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// NULL.
    Null,
    /// True or false.
    Boolean(bool),
    /// A whole number.
    Int64(i64),
    /// A binary floating-point number.
    Float64(f64),
    /// An exact decimal as text: optional minus, digits, optional point and digits.
    Decimal(String),
    /// Text.
    Text(String),
    /// Bytes.
    Binary(Vec<u8>),
    /// Days since 1970-01-01.
    Date(i32),
    /// Microseconds since 1970-01-01T00:00:00.
    Timestamp(i64),
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("NULL"),
            Self::Boolean(v) => write!(f, "{v}"),
            Self::Int64(v) => write!(f, "{v}"),
            Self::Float64(v) => write!(f, "{v:?}"),
            Self::Decimal(v) | Self::Text(v) => f.write_str(v),
            Self::Binary(v) => v.iter().try_for_each(|b| write!(f, "{b:02x}")),
            Self::Date(v) => f.write_str(&date_text(i64::from(*v))),
            Self::Timestamp(v) => f.write_str(&timestamp_text(*v)),
        }
    }
}

/// Returns days since 1970-01-01 as a date, such as `2026-01-31`.
pub fn date_text(days: i64) -> String {
    let (year, month, day) = date_of(days);
    format!("{year:04}-{month:02}-{day:02}")
}

/// Returns microseconds since 1970-01-01T00:00:00 as text, such as `2026-01-31 23:59:59.999999`.
pub fn timestamp_text(micros: i64) -> String {
    const DAY: i64 = 86_400_000_000;
    let of_day = micros.rem_euclid(DAY);
    let (seconds, fraction) = (of_day / 1_000_000, of_day % 1_000_000);
    let date = date_text(micros.div_euclid(DAY));
    format!("{date} {:02}:{:02}:{:02}.{fraction:06}", seconds / 3_600, seconds / 60 % 60, seconds % 60)
}

/// Parses `2026-01-31`, `2026-01-31 23:59` and longer forms up to six digits of the second's fraction, with a blank or
/// a `T` between date and time, and an optional `Z` after them. Returns microseconds since 1970-01-01T00:00:00; `None`
/// if the text is not such a time.
pub fn timestamp_from_text(text: &str) -> Option<i64> {
    let text = text.trim().strip_suffix('Z').unwrap_or(text.trim());
    let (date, time) = text.split_once([' ', 'T']).unwrap_or((text, "00:00"));
    let number = |text: &str, digits: usize| -> Option<i64> {
        (text.len() == digits && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.parse().ok())?
    };
    let mut parts = date.split('-');
    let (year, month, day) = (number(parts.next()?, 4)?, number(parts.next()?, 2)?, number(parts.next()?, 2)?);
    let days = days_of(year, month, day);
    if parts.next().is_some() || date_text(days) != date {
        return None;
    }
    let mut parts = time.split(':');
    let (hours, minutes) = (number(parts.next()?, 2)?, number(parts.next()?, 2)?);
    let (seconds, fraction) =
        parts.next().unwrap_or("00").split_once('.').unwrap_or_else(|| (time.get(6..).unwrap_or("00"), "0"));
    let seconds = number(seconds, 2)?;
    let fraction_digits = u32::try_from(fraction.len()).ok().filter(|digits| (1..=6).contains(digits))?;
    let micros = number(fraction, fraction.len())? * 10_i64.pow(6 - fraction_digits);
    let fits = hours < 24 && minutes < 60 && seconds < 60 && parts.next().is_none();
    fits.then(|| days * 86_400_000_000 + ((hours * 60 + minutes) * 60 + seconds) * 1_000_000 + micros)
}

/// Returns whether a text is a decimal: an optional minus, digits, and an optional point with digits.
pub fn is_decimal(text: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    match unsigned.split_once('.') {
        Some((whole, fraction)) => digits(whole) && digits(fraction),
        None => digits(unsigned),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_and_timestamps_read_as_iso() {
        assert_eq!(Value::Date(0).to_string(), "1970-01-01");
        assert_eq!(Value::Date(-1).to_string(), "1969-12-31");
        assert_eq!(Value::Date(19_782).to_string(), "2024-02-29");
        assert_eq!(Value::Timestamp(-1).to_string(), "1969-12-31 23:59:59.999999");
    }

    #[test]
    fn a_moment_comes_back_from_its_text() {
        for micros in [0, -1, 1_769_853_600_123_456, 951_782_400_000_000, -62_135_596_800_000_000] {
            assert_eq!(timestamp_from_text(&timestamp_text(micros)), Some(micros));
        }
        assert_eq!(timestamp_from_text("1970-01-02"), Some(86_400_000_000));
        assert_eq!(timestamp_from_text("1970-01-01T00:01Z"), Some(60_000_000));
        assert_eq!(timestamp_from_text("1970-01-01 00:00:01.5"), Some(1_500_000));
        for text in ["", "1970", "1970-02-30", "1970-01-01 24:00", "1970-01-01 1:00", "1970-01-01 00:00:00.1234567"] {
            assert_eq!(timestamp_from_text(text), None, "{text}");
        }
    }
}
