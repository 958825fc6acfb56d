//! The meaning of a stored value by the type of its column: the oracle, in plain Rust after the documentation, without the
//! host's code. Two values mean the same exactly if their canonical texts are equal.

use wmshost_tests::{canonical_number, day_text, hexadecimal, moment_text};

/// A value as a SQLite database stores it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Cell {
    Null,
    Whole(i64),
    Real(f64),
    Text(Vec<u8>),
    Bytes(Vec<u8>),
}

/// The type of a column's values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Whole,
    Truth,
    /// Precision and scale.
    Decimal(usize, usize),
    Real,
    Text,
    Bytes,
    /// A moment, which has a zone or not.
    Moment(bool),
    Day,
    /// Anything but bytes, as text: the declared type does not say what it holds.
    Any,
    /// Seconds since 1970, by a rule of the pipeline.
    Seconds,
    /// Words for true and false, by a rule of the pipeline.
    Words,
}

/// The declared types that are tried, each with what it holds.
pub(crate) const DECLARED: &[(&str, Kind)] = &[
    ("INTEGER", Kind::Whole),
    ("TEXT", Kind::Text),
    ("NUMERIC(10,2)", Kind::Decimal(10, 2)),
    ("TIMESTAMP", Kind::Moment(false)),
    ("", Kind::Any),
    ("REAL", Kind::Real),
    ("BLOB", Kind::Bytes),
    ("DATE", Kind::Moment(false)),
    ("BOOLEAN", Kind::Truth),
    ("NUMERIC", Kind::Decimal(38, 10)),
    ("TIMESTAMP WITH TIME ZONE", Kind::Moment(true)),
    ("VARCHAR(20)", Kind::Text),
    ("DECIMAL(20, 4)", Kind::Decimal(20, 4)),
    ("UNSIGNED BIG INT", Kind::Whole),
    ("double precision", Kind::Real),
    ("NUMBER(5,-2)", Kind::Whole),
    ("number(19)", Kind::Decimal(19, 0)),
    ("DATE_ONLY", Kind::Day),
    ("JSON", Kind::Any),
    ("MONEY", Kind::Decimal(38, 10)),
    ("TINYINT(1)", Kind::Whole),
    ("DECIMAL_TEXT(30,3)", Kind::Decimal(30, 3)),
    ("XYZ", Kind::Any),
];

/// The declared types of STRICT tables.
pub(crate) const STRICT: &[(&str, Kind)] = &[
    ("INTEGER", Kind::Whole),
    ("TEXT", Kind::Text),
    ("REAL", Kind::Real),
    ("BLOB", Kind::Bytes),
    ("ANY", Kind::Any),
    ("INT", Kind::Whole),
];

/// The value does not fit its column.
#[derive(Debug)]
pub(crate) struct Misfit;

impl Kind {
    /// Returns the canonical text of a value in the source; `None` for NULL.
    pub(crate) fn meaning(self, cell: &Cell) -> Result<Option<String>, Misfit> {
        let text = match cell {
            Cell::Text(bytes) => Some(std::str::from_utf8(bytes)),
            _ => None,
        };
        Ok(Some(match (self, cell, text) {
            (_, Cell::Null, _) => return Ok(None),
            (Self::Bytes, Cell::Bytes(bytes), _) => hexadecimal(bytes),
            (Self::Text | Self::Any, _, Some(Ok(text))) => text.to_owned(),
            (Self::Whole | Self::Text | Self::Any, Cell::Whole(value), _) => value.to_string(),
            (Self::Real | Self::Text | Self::Any, Cell::Real(value), _) => format!("{value:?}"),
            (Self::Real, Cell::Whole(value), _) if value.unsigned_abs() <= 1 << 53 => format!("{:?}", *value as f64),
            (Self::Truth, Cell::Whole(value @ 0..=1), _) => value.to_string(),
            (Self::Decimal(precision, scale), Cell::Whole(value), _) => decimal(&value.to_string(), precision, scale)?,
            (Self::Decimal(precision, scale), Cell::Real(value), _) => {
                let digits = value.to_string();
                let count = digits.trim_start_matches(['-', '0', '.']).bytes().filter(u8::is_ascii_digit).count();
                if count > 15 { return Err(Misfit) } else { decimal(&digits, precision, scale)? }
            }
            (Self::Decimal(precision, scale), _, Some(Ok(text))) => decimal(text, precision, scale)?,
            (Self::Moment(zoned), _, Some(Ok(text))) => moment(text, zoned)?,
            (Self::Day, _, Some(Ok(text))) if text.len() == 10 => date(text)?,
            (Self::Seconds, Cell::Whole(value), _) => seconds(&value.to_string())?,
            // Only fractions of halves are tried, which are exact.
            (Self::Seconds, Cell::Real(value), _) => seconds(&value.to_string())?,
            (Self::Seconds, _, Some(Ok(text))) => seconds(text)?,
            (Self::Words, Cell::Whole(value @ 0..=1), _) => value.to_string(),
            (Self::Words, _, Some(Ok(text))) => match text.to_ascii_lowercase().as_str() {
                "y" | "yes" | "t" | "true" | "on" | "1" => "1".to_owned(),
                "n" | "no" | "f" | "false" | "off" | "0" => "0".to_owned(),
                _ => return Err(Misfit),
            },
            _ => return Err(Misfit),
        }))
    }

    /// Returns the canonical text of a value in the target, whose own declared type is known; a value of another storage
    /// class than the type's is a misfit there.
    pub(crate) fn meaning_in_target(self, cell: &Cell, declared: &str) -> Result<Option<String>, Misfit> {
        match (self, cell) {
            // A moment is stored in the one form that sorts.
            (Self::Moment(_) | Self::Seconds | Self::Day, Cell::Text(text)) => {
                Ok(Some(String::from_utf8(text.clone()).map_err(|_| Misfit)?))
            }
            (Self::Words, cell) => Self::Truth.meaning(cell),
            (Self::Any, Cell::Whole(_)) if declared != "INTEGER" => Err(Misfit),
            (Self::Any | Self::Text, Cell::Real(_)) | (Self::Text, Cell::Whole(_)) => Err(Misfit),
            _ => self.meaning(cell),
        }
    }
}

/// The canonical text of a decimal number in text.
fn decimal(text: &str, precision: usize, scale: usize) -> Result<String, Misfit> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let is_plain = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() && fraction.is_empty() || !is_plain(whole) || !is_plain(fraction) {
        return Err(Misfit);
    }
    let (whole, fraction) = (whole.trim_start_matches('0'), fraction.trim_end_matches('0'));
    if whole.len() > precision - scale || fraction.len() > scale {
        return Err(Misfit);
    }
    Ok(canonical_number(text))
}

/// The days since 1970 of the first ten letters of a text.
fn days(text: &str) -> Result<i64, Misfit> {
    const DAY: i64 = 86_400_000_000;
    let date = text.get(..10).ok_or(Misfit)?;
    // The texts of days sort as the days do.
    let (mut low, mut high) = (-719_528_i64, 2_932_897_i64);
    while low < high {
        let middle = (low + high).div_euclid(2);
        if day_text(middle * DAY).as_str() < date { low = middle + 1 } else { high = middle }
    }
    if low < 2_932_897 && day_text(low * DAY) == date { Ok(low) } else { Err(Misfit) }
}

fn date(text: &str) -> Result<String, Misfit> {
    days(text).map(|_| text.to_owned())
}

/// The canonical text of a moment in a text as ISO 8601 has it, or nearly.
fn moment(text: &str, zoned: bool) -> Result<String, Misfit> {
    let day = days(text)?;
    let rest = &text[10..];
    if rest.is_empty() {
        return if zoned { Err(Misfit) } else { Ok(format!("{text} 00:00:00.000000")) };
    }
    let rest = rest.strip_prefix([' ', 'T']).ok_or(Misfit)?;
    let end = rest.find(|letter: char| !(letter.is_ascii_digit() || matches!(letter, ':' | '.'))).unwrap_or(rest.len());
    let (time, zone) = rest.split_at(end);
    let (clock, fraction) = time.split_once('.').map_or((time, None), |(clock, fraction)| (clock, Some(fraction)));
    let parts: Vec<&str> = clock.split(':').collect();
    let number = |text: &str| if text.len() == 2 { text.parse::<i64>().map_err(|_| Misfit) } else { Err(Misfit) };
    let (hour, minute, second) = match parts.as_slice() {
        [hour, minute] if fraction.is_none() => (number(hour)?, number(minute)?, 0),
        [hour, minute, second] => (number(hour)?, number(minute)?, number(second)?),
        _ => return Err(Misfit),
    };
    let fraction = fraction.unwrap_or("0");
    let kept = fraction.trim_end_matches('0');
    if hour > 23 || minute > 59 || second > 59 || fraction.is_empty() || kept.len() > 6 || kept.contains('.') {
        return Err(Misfit);
    }
    let micros = format!("{kept:0<6}").parse::<i64>().map_err(|_| Misfit)?;
    let at = ((day * 24 + hour) * 60 + minute) * 60_000_000 + second * 1_000_000 + micros;
    match (zoned, zone) {
        (false, "") => Ok(moment_text(at)),
        (true, zone) => in_years(at - offset(zone)?).map(|at| moment_text(at) + "Z"),
        _ => Err(Misfit),
    }
}

/// The microseconds by which a zone is before UTC.
fn offset(zone: &str) -> Result<i64, Misfit> {
    let zone = zone.strip_prefix(' ').unwrap_or(zone);
    if zone == "Z" {
        return Ok(0);
    }
    let sign = if zone.starts_with('-') { -1 } else { 1 };
    let digits: String = zone.strip_prefix(['-', '+']).ok_or(Misfit)?.replacen(':', "", 1);
    let number = |text: &str| text.parse::<i64>().map_err(|_| Misfit);
    match digits.len() {
        2 => Ok(sign * number(&digits)? * 3_600_000_000),
        4 => Ok(sign * (number(&digits[..2])? * 60 + number(&digits[2..])?) * 60_000_000),
        _ => Err(Misfit),
    }
}

fn in_years(micros: i64) -> Result<i64, Misfit> {
    let years = -62_167_219_200_000_000..253_402_300_800_000_000;
    if years.contains(&micros) { Ok(micros) } else { Err(Misfit) }
}

/// The canonical text of the moment that is a number of seconds after 1970.
fn seconds(text: &str) -> Result<String, Misfit> {
    let plain = decimal(text, 24, 6)?;
    let (whole, fraction) = plain.split_once('.').unwrap_or((&plain, ""));
    let micros = format!("{whole}{fraction:0<6}").parse::<i64>().map_err(|_| Misfit)?;
    in_years(micros).map(moment_text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oracle_knows_values_from_misfits() {
        let text = |text: &str| Cell::Text(text.as_bytes().to_vec());
        for (kind, cell, expected) in [
            (Kind::Decimal(10, 2), text("-001.50"), Some("-1.5")),
            (Kind::Decimal(10, 2), Cell::Real(0.1 + 0.2), None),
            (Kind::Moment(false), text("2026-01-31T10:00"), Some("2026-01-31 10:00:00.000000")),
            (Kind::Moment(false), text("2026-02-30"), None),
            (Kind::Moment(true), text("2026-01-01 00:30:00.5 +01:00"), Some("2025-12-31 23:30:00.500000Z")),
            (Kind::Day, text("2026-01-31"), Some("2026-01-31")),
            (Kind::Seconds, Cell::Whole(-1), Some("1969-12-31 23:59:59.000000")),
            (Kind::Seconds, text("0.25"), Some("1970-01-01 00:00:00.250000")),
        ] {
            assert_eq!(kind.meaning(&cell).ok().flatten().as_deref(), expected, "{kind:?} {cell:?}");
        }
    }
}
