//! Times in microseconds, and their text. No clock: every time is passed in.

use std::fmt;
use std::str::FromStr;

use crate::error::SampleError;

/// Microseconds in a second.
pub(crate) const SECOND: i64 = 1_000_000;
/// Microseconds in a minute.
pub(crate) const MINUTE: i64 = 60 * SECOND;
/// Microseconds in an hour.
pub(crate) const HOUR: i64 = 60 * MINUTE;
/// Microseconds in a day.
pub(crate) const DAY: i64 = 24 * HOUR;

/// A time of the warehouse's local clock, in microseconds; without an offset, like the columns that store it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(i64);

impl Moment {
    /// The default end of a sample: 2026-06-30 18:00:00.
    pub const DEFAULT_UNTIL: Self = Self(1_782_842_400 * SECOND);

    /// Converts microseconds since 1970-01-01 00:00:00.
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// Returns the microseconds since 1970-01-01 00:00:00.
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// Returns the time this number of microseconds later.
    pub(crate) const fn plus(self, micros: i64) -> Self {
        Self(self.0 + micros)
    }

    /// Returns the microseconds from another time to this one.
    pub(crate) const fn since(self, other: Self) -> i64 {
        self.0 - other.0
    }

    /// Returns the text `YYYY-MM-DD HH:MM:SS.ffffff`, as ASCII; correct for the years 0 to 9999.
    pub(crate) fn text(self) -> [u8; 26] {
        let mut text = *b"0000-00-00 00:00:00.000000";
        let (year, month, day) = civil(self.0.div_euclid(DAY));
        let in_day = self.0.rem_euclid(DAY);
        digits(&mut text[0..4], year);
        digits(&mut text[5..7], month);
        digits(&mut text[8..10], day);
        digits(&mut text[11..13], in_day / HOUR);
        digits(&mut text[14..16], in_day % HOUR / MINUTE);
        digits(&mut text[17..19], in_day % MINUTE / SECOND);
        digits(&mut text[20..26], in_day % SECOND);
        text
    }

    /// Parses `YYYY-MM-DD HH:MM:SS` with up to six digits of a fraction.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        let (date, time) = whole.split_once([' ', 'T'])?;
        let [year, month, day] = numbers(date, '-', [4, 2, 2])?;
        let [hour, minute, second] = numbers(time, ':', [2, 2, 2])?;
        let days = days(year, month, day);
        if civil(days) != (year, month, day) || hour > 23 || minute > 59 || second > 59 {
            return None;
        }
        let fraction = match fraction.len() {
            0 if text.contains('.') => return None,
            0 => 0,
            length @ 1..=6 => number(fraction)? * 10_i64.pow(6 - length as u32),
            _ => return None,
        };
        Some(Self(days * DAY + hour * HOUR + minute * MINUTE + second * SECOND + fraction))
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(std::str::from_utf8(&self.text()).map_err(|_| fmt::Error)?)
    }
}

impl FromStr for Moment {
    type Err = SampleError;

    /// Parses `YYYY-MM-DD HH:MM:SS`, with up to six digits of a fraction; years 1980 to 9998, so that the years of
    /// times before and after it have four digits too.
    fn from_str(text: &str) -> Result<Self, SampleError> {
        let years = Self(days(1980, 1, 1) * DAY)..Self(days(9999, 1, 1) * DAY);
        Self::parse(text.trim())
            .filter(|moment| years.contains(moment))
            .ok_or_else(|| SampleError::Moment { text: text.to_owned() })
    }
}

fn digits(place: &mut [u8], mut value: i64) {
    for digit in place.iter_mut().rev() {
        *digit = b'0' + (value % 10) as u8;
        value /= 10;
    }
}

fn number(text: &str) -> Option<i64> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
}

fn numbers(text: &str, separator: char, lengths: [usize; 3]) -> Option<[i64; 3]> {
    let mut parts = text.split(separator);
    let mut values = [0; 3];
    for (value, length) in values.iter_mut().zip(lengths) {
        *value = number(parts.next().filter(|part| part.len() == length)?)?;
    }
    parts.next().is_none().then_some(values)
}

/// Returns the year, month and day of a number of days since 1970-01-01. Years begin in March here, so that the leap
/// day comes last; 400 years are one cycle of 146,097 days.
fn civil(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let cycle = shifted.div_euclid(146_097);
    let in_cycle = shifted.rem_euclid(146_097);
    let year = (in_cycle - in_cycle / 1_460 + in_cycle / 36_524 - in_cycle / 146_096) / 365;
    let in_year = in_cycle - (365 * year + year / 4 - year / 100);
    let month = (5 * in_year + 2) / 153;
    let day = in_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (year + cycle * 400 + i64::from(month <= 2), month, day)
}

/// Returns the days since 1970-01-01; the inverse of [`civil`].
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let cycle = year.div_euclid(400);
    let in_cycle = year.rem_euclid(400);
    let month = if month > 2 { month - 3 } else { month + 9 };
    let in_year = (153 * month + 2) / 5 + day - 1;
    cycle * 146_097 + in_cycle * 365 + in_cycle / 4 - in_cycle / 100 + in_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_moment_are_inverse() {
        let texts = [
            "1970-01-01 00:00:00.000000",
            "1999-12-31 23:59:59.999999",
            "2000-02-29 12:00:00.000001",
            "2024-02-29 00:00:00.100000",
            "2026-03-01 06:07:08.090000",
            "9998-12-31 23:59:59.000000",
        ];
        for text in texts {
            assert_eq!(Moment::parse(text).map(|moment| moment.to_string()).as_deref(), Some(text));
        }
        assert_eq!(Moment::DEFAULT_UNTIL.to_string(), "2026-06-30 18:00:00.000000");
        assert_eq!(Moment::parse("2026-06-30T18:00:00"), Some(Moment::DEFAULT_UNTIL));
    }

    #[test]
    fn what_is_no_timestamp_is_refused() {
        for text in ["", "2026-06-30", "2026-02-29 00:00:00", "2026-06-30 24:00:00", "2026-6-30 00:00:00"] {
            assert!(text.parse::<Moment>().is_err(), "{text}");
        }
        for text in ["2026-06-30 18:00:00.", "2026-06-30 18:00:00.1234567", "1979-12-31 00:00:00", "+026-06-30 1:1:1"] {
            assert!(text.parse::<Moment>().is_err(), "{text}");
        }
    }
}
