//! Dates and times in ISO 8601, and the date format of HTTP.

use wmshost_sql::{date_of, days_of};

const DAY_MICROS: i64 = 86_400_000_000;

/// Reads `2026-01-31` as days since 1970-01-01.
pub(super) fn days(text: &str) -> Option<i64> {
    let bytes: &[u8; 10] = text.as_bytes().try_into().ok()?;
    if bytes[4] != b'-' || bytes[7] != b'-' {
        return None;
    }
    let [year, month, day] = [number(&bytes[..4])?, number(&bytes[5..7])?, number(&bytes[8..])?];
    let days = days_of(year, month, day);
    (date_of(days) == (year, month, day)).then_some(days)
}

/// A date and a time of day, and the offset of its zone in minutes, if it has one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Moment {
    /// Microseconds since 1970-01-01T00:00:00, as written, without regard to the offset.
    pub(super) micros: i64,
    pub(super) offset: Option<i64>,
}

impl Moment {
    /// Reads `2014-04-10T12:01:48.391494+05:30` and shorter forms: without fraction, with `Z`, without an offset, with a
    /// blank for the `T`. A fraction has at most six digits that are not zero.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (date, time) = (text.get(..10)?, text.get(10..)?);
        let rest = time.as_bytes();
        let is_time = rest.len() >= 9 && matches!(rest[0], b'T' | b't' | b' ') && rest[3] == b':' && rest[6] == b':';
        if !is_time {
            return None;
        }
        let [hours, minutes, seconds] = [number(&rest[1..3])?, number(&rest[4..6])?, number(&rest[7..9])?];
        if hours > 23 || minutes > 59 || seconds > 59 {
            return None;
        }
        let (fraction, zone) = fraction(&rest[9..])?;
        let micros = days(date)? * DAY_MICROS + ((hours * 60 + minutes) * 60 + seconds) * 1_000_000 + fraction;
        Some(Self { micros, offset: offset(zone)? })
    }

    /// Microseconds since 1970-01-01T00:00:00 UTC; `None` without an offset.
    pub(super) fn instant(self) -> Option<i64> {
        Some(self.micros - self.offset? * 60_000_000)
    }
}

/// Microseconds of a fraction of a second, and the text after it.
fn fraction(text: &[u8]) -> Option<(i64, &[u8])> {
    let Some(digits) = text.strip_prefix(b".") else { return Some((0, text)) };
    let length = digits.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(digits.len());
    let (digits, rest) = digits.split_at(length);
    let (kept, finer) = digits.split_at(length.min(6));
    if length == 0 || finer.iter().any(|digit| *digit != b'0') {
        return None;
    }
    let missing = u32::try_from(6 - kept.len()).ok()?;
    Some((number(kept)? * 10_i64.pow(missing), rest))
}

/// The minutes of an offset; `Some(None)` if there is none.
fn offset(text: &[u8]) -> Option<Option<i64>> {
    let (sign, digits) = match text.split_first() {
        None => return Some(None),
        Some((b'Z' | b'z', [])) => return Some(Some(0)),
        Some((b'+', digits)) => (1, digits),
        Some((b'-', digits)) => (-1, digits),
        Some(_) => return None,
    };
    let (hours, minutes) = match digits {
        [_, _, b':', _, _] => (&digits[..2], &digits[3..]),
        [_, _, _, _] => digits.split_at(2),
        [_, _] => (digits, &b"00"[..]),
        _ => return None,
    };
    let (hours, minutes) = (number(hours)?, number(minutes)?);
    (hours <= 18 && minutes < 60).then_some(Some(sign * (hours * 60 + minutes)))
}

fn number(digits: &[u8]) -> Option<i64> {
    digits.iter().try_fold(0_i64, |number, digit| digit.is_ascii_digit().then(|| number * 10 + i64::from(digit - b'0')))
}

/// Reads a date of HTTP, such as `Sun, 06 Nov 1994 08:49:37 GMT`, as microseconds since 1970-01-01T00:00:00 UTC.
pub fn http_date(text: &str) -> Option<i64> {
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let (_, rest) = text.trim().split_once(", ")?;
    let mut parts = rest.split(' ');
    let [day, month, year, time, zone] = [parts.next()?, parts.next()?, parts.next()?, parts.next()?, parts.next()?];
    let month = MONTHS.iter().position(|known| *known == month)? + 1;
    if zone != "GMT" || parts.next().is_some() {
        return None;
    }
    Moment::parse(&format!("{year}-{month:02}-{day:0>2}T{time}Z"))?.instant()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_instant_has_many_spellings() {
        let instant = |text: &str| Moment::parse(text).and_then(Moment::instant);
        let expected = instant("2014-04-10T06:31:48.391494Z");
        assert_eq!(expected, Some(1_397_111_508_391_494));
        for text in [
            "2014-04-10T12:01:48.391494+05:30",
            "2014-04-10T12:01:48.391494+0530",
            "2014-04-10 06:31:48.391494+00",
            "2014-04-09T23:01:48.3914940000-07:30",
        ] {
            assert_eq!(instant(text), expected, "{text}");
        }
        assert_eq!(instant("2026-10-25T02:30:00+02:00"), instant("2026-10-25T01:30:00+01:00"));
        assert_eq!(instant("1970-01-01T00:00:00.5Z"), Some(500_000));
    }

    #[test]
    fn an_impossible_time_is_none() {
        for text in [
            "",
            "2026",
            "2026-01-31",
            "2026-02-30T00:00:00Z",
            "2026-01-31T24:00:00Z",
            "2026-01-31T00:60:00Z",
            "2026-01-31T00:00:60Z",
            "2026-01-31T00:00:00.1234567Z",
            "2026-01-31T00:00:00.Z",
            "2026-01-31T00:00:00+19:00",
            "2026-01-31T00:00:00 Z",
            "2026-01-31T00:00",
            "20xx-01-31T00:00:00Z",
            "2026-01-31T00:00:00Zoo",
            "２０２６-01-31T00:00:00Z",
        ] {
            assert_eq!(Moment::parse(text), None, "{text}");
        }
        assert_eq!(Moment::parse("2026-01-31T00:00:00").expect("a time").instant(), None);
        assert_eq!(days("2026-01-31"), Some(20_484));
        assert_eq!((days("2026-1-31"), days("2026-13-01"), days("2026-02-29")), (None, None, None));
    }

    #[test]
    fn the_date_of_http_is_read() {
        assert_eq!(http_date("Sun, 06 Nov 1994 08:49:37 GMT"), Some(784_111_777_000_000));
        assert_eq!((http_date("Sun, 06 Nov 1994 08:49:37"), http_date("120"), http_date("")), (None, None, None));
    }
}
