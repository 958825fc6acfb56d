//! Dates and timestamps as text. SQLite has no type for them: they are stored as `2026-01-31 23:59:59.999999`, instants
//! with a `Z` at the end, so that text order is time order. Reading takes the usual variants as well.

use std::ops::Range;

use wmshost_sql::{date_of, days_of};

const DAY: i64 = 86_400_000_000;
/// The microseconds of the years 0000 to 9999, the only ones that text can hold and sort.
pub(crate) const YEARS: Range<i64> = -62_167_219_200_000_000..253_402_300_800_000_000;

/// Days since 1970-01-01 of `YYYY-MM-DD`; `None` if it is anything else, or not a date of the calendar.
pub(crate) fn parse_date(text: &[u8]) -> Option<i32> {
    if text.len() != 10 {
        return None;
    }
    i32::try_from(parse_days(text)?).ok()
}

/// Microseconds since 1970-01-01T00:00:00 of `YYYY-MM-DD`, a `T` or a blank, `HH:MM[:SS[.f…]]`, and with
/// `zoned` a `Z` or an offset from UTC, which is taken off. Without a zone a date alone is midnight. `None` for
/// anything else, and for a fraction that microseconds cannot hold.
pub(crate) fn parse_timestamp(text: &[u8], zoned: bool) -> Option<i64> {
    let day = parse_days(text.get(..10)?)? * DAY;
    let Some((separator, rest)) = text[10..].split_first() else {
        return (!zoned).then_some(day);
    };
    if !matches!(separator, b' ' | b'T') {
        return None;
    }
    let (time, rest) = parse_time(rest)?;
    let offset = if zoned { parse_offset(rest)? } else { rest.is_empty().then_some(0)? };
    // The offset could take it out of the years that text can hold.
    Some(day + time - offset).filter(|at| YEARS.contains(at))
}

fn parse_days(text: &[u8]) -> Option<i64> {
    if text[4] != b'-' || text[7] != b'-' {
        return None;
    }
    let year = two(text, 0)? * 100 + two(text, 2)?;
    let (month, day) = (two(text, 5)?, two(text, 8)?);
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days_in_month = match month {
        2 => 28 + i64::from(leap),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    (1..=days_in_month).contains(&day).then(|| days_of(year, month, day))
}

/// The time of day in microseconds, and what follows it.
fn parse_time(text: &[u8]) -> Option<(i64, &[u8])> {
    if text.len() < 5 || text[2] != b':' {
        return None;
    }
    let (hour, minute) = (two(text, 0)?, two(text, 3)?);
    let mut rest = &text[5..];
    let (mut second, mut micros) = (0, 0);
    if rest.first() == Some(&b':') {
        second = two(rest, 1)?;
        rest = &rest[3..];
        if rest.first() == Some(&b'.') {
            (micros, rest) = parse_fraction(&rest[1..])?;
        }
    }
    let valid = hour < 24 && minute < 60 && second < 60;
    valid.then_some((((hour * 60 + minute) * 60 + second) * 1_000_000 + micros, rest))
}

fn parse_fraction(text: &[u8]) -> Option<(i64, &[u8])> {
    let digits = text.iter().take_while(|c| c.is_ascii_digit()).count();
    let (fraction, rest) = text.split_at(digits);
    let (kept, beyond) = fraction.split_at(digits.min(6));
    if digits == 0 || beyond.iter().any(|digit| *digit != b'0') {
        return None;
    }
    let value = kept.iter().fold(0, |value, digit| value * 10 + i64::from(digit - b'0'));
    Some((value * 10_i64.pow(6 - kept.len() as u32), rest))
}

/// The offset from UTC in microseconds: `Z`, `+03`, `+0300` or `+03:00`, with a blank before it or without.
fn parse_offset(text: &[u8]) -> Option<i64> {
    let text = text.strip_prefix(b" ").unwrap_or(text);
    if text == b"Z" {
        return Some(0);
    }
    let (sign, digits) = text.split_first()?;
    let hours = two(digits, 0)?;
    let minutes = match digits.len() {
        2 => 0,
        4 => two(digits, 2)?,
        5 if digits[2] == b':' => two(digits, 3)?,
        _ => return None,
    };
    let offset = (hours * 60 + minutes) * 60_000_000;
    match sign {
        _ if hours > 15 || minutes > 59 => None,
        b'+' => Some(offset),
        b'-' => Some(-offset),
        _ => None,
    }
}

/// A number of two digits.
fn two(text: &[u8], at: usize) -> Option<i64> {
    let tens = text.get(at)?.wrapping_sub(b'0');
    let ones = text.get(at + 1)?.wrapping_sub(b'0');
    (tens < 10 && ones < 10).then(|| i64::from(tens) * 10 + i64::from(ones))
}

/// Writes timestamps and dates as text of one width; remembers the day, because neighbouring rows often share it.
#[derive(Default)]
pub(crate) struct MomentText {
    day: Option<i64>,
    date: [u8; 10],
}

impl MomentText {
    /// Appends `YYYY-MM-DD`; `None` outside of the years 0000 to 9999, which would not sort.
    pub(crate) fn date(&mut self, days: i64, out: &mut Vec<u8>) -> Option<()> {
        if self.day != Some(days) {
            self.date = date_text(days)?;
            self.day = Some(days);
        }
        out.extend_from_slice(&self.date);
        Some(())
    }

    /// Appends `YYYY-MM-DD HH:MM:SS.ffffff`, with a `Z` at the end if `zoned`; `None` as for `date`.
    pub(crate) fn timestamp(&mut self, micros: i64, zoned: bool, out: &mut Vec<u8>) -> Option<()> {
        self.date(micros.div_euclid(DAY), out)?;
        let of_day = micros.rem_euclid(DAY);
        let (seconds, fraction) = ((of_day / 1_000_000) as u32, (of_day % 1_000_000) as u32);
        let mut time = *b" 00:00:00.000000Z";
        put_two(&mut time, 1, seconds / 3_600);
        put_two(&mut time, 4, seconds / 60 % 60);
        put_two(&mut time, 7, seconds % 60);
        put_two(&mut time, 10, fraction / 10_000);
        put_two(&mut time, 12, fraction / 100 % 100);
        put_two(&mut time, 14, fraction % 100);
        out.extend_from_slice(if zoned { &time } else { &time[..16] });
        Some(())
    }
}

fn put_two(text: &mut [u8], at: usize, value: u32) {
    text[at] = b'0' + (value / 10) as u8;
    text[at + 1] = b'0' + (value % 10) as u8;
}

fn date_text(days: i64) -> Option<[u8; 10]> {
    let (year, month, day) = date_of(days);
    let year = u32::try_from(year).ok().filter(|year| *year <= 9_999)?;
    let mut text = *b"0000-00-00";
    put_two(&mut text, 0, year / 100);
    put_two(&mut text, 2, year % 100);
    put_two(&mut text, 5, month as u32);
    put_two(&mut text, 8, day as u32);
    Some(text)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn text(micros: i64, zoned: bool) -> Option<String> {
        let mut out = Vec::new();
        MomentText::default().timestamp(micros, zoned, &mut out)?;
        String::from_utf8(out).ok()
    }

    #[test]
    fn variants_are_read() {
        let noon = Some(1_769_860_800_000_000);
        for (given, zoned, micros) in [
            ("2026-01-31 12:00:00.000000", false, noon),
            ("2026-01-31T12:00:00", false, noon),
            ("2026-01-31 12:00", false, noon),
            ("2026-01-31 12:00:00.0000000000", false, noon),
            ("2026-01-31", false, noon.map(|at| at - 43_200_000_000)),
            ("2026-01-31 12:00:00.5", false, noon.map(|at| at + 500_000)),
            ("2026-01-31 12:00:00Z", true, noon),
            ("2026-01-31T09:00:00.000000-03:00", true, noon),
            ("2026-01-31 14:30:00 +0230", true, noon),
            ("2026-01-31 13:00:00+01", true, noon),
            ("0000-01-01 00:00:00", false, Some(-62_167_219_200_000_000)),
            ("9999-12-31 23:00:00-02:00", true, None),
            ("0000-01-01 00:00:00+00:01", true, None),
            ("2026-01-31", true, None),
            ("2026-01-31 12:00:00", true, None),
            ("2026-01-31 12:00:00Z", false, None),
            ("2026-01-31 12:00:00.0000001", false, None),
            ("2026-01-31 12:00:00.", false, None),
            ("2026-02-29", false, None),
            ("2026-13-01", false, None),
            ("2026-01-31 24:00:00", false, None),
            ("2026-01-31 12:00:60", false, None),
            ("2026-01-31 12:00:0", false, None),
            ("2026-01-31 12:00:00+1", true, None),
            ("2026-01-31 12:00:00+99:00", true, None),
            ("2026-1-31", false, None),
            ("31/01/2026", false, None),
            ("", false, None),
        ] {
            assert_eq!(parse_timestamp(given.as_bytes(), zoned), micros, "{given}");
        }
    }

    #[test]
    fn the_last_and_the_first_moment_are_written() {
        let last = parse_timestamp(b"9999-12-31 23:59:59.999999", false).expect("a moment");
        assert_eq!(text(last, false).as_deref(), Some("9999-12-31 23:59:59.999999"));
        assert_eq!(text(last + 1, false), None);
        assert_eq!(text(-62_167_219_200_000_001, false), None);
        assert_eq!(text(0, true).as_deref(), Some("1970-01-01 00:00:00.000000Z"));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back_and_sorts(
            a in -62_167_219_200_000_000_i64..253_402_300_800_000_000,
            b in -62_167_219_200_000_000_i64..253_402_300_800_000_000,
            zoned: bool,
        ) {
            let (first, second) = (text(a, zoned).expect("in range"), text(b, zoned).expect("in range"));
            prop_assert_eq!(parse_timestamp(first.as_bytes(), zoned), Some(a));
            prop_assert_eq!(first.cmp(&second), a.cmp(&b));
        }

        #[test]
        fn any_text_is_read_without_harm(any: Vec<u8>, zoned: bool) {
            let _ = parse_timestamp(&any, zoned);
            let _ = parse_date(&any);
        }
    }
}
