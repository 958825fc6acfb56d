//! Values of fields, and their text: canonical for comparing, and in the zone of the user's facility for the API.

use wmshost_sample::Moment;

/// Microseconds in a second.
pub(crate) const SECOND: i64 = 1_000_000;
/// Microseconds in an hour.
pub(crate) const HOUR: i64 = 3_600 * SECOND;
/// Microseconds in a day.
pub(crate) const DAY: i64 = 24 * HOUR;
/// The offset of the warehouse's clocks from UTC, in microseconds: -03:00.
pub(crate) const STANDARD: i64 = -3 * HOUR;
/// The offset in summer: -02:00.
const SUMMER: i64 = -2 * HOUR;
/// The summer that Q3 is about, in UTC: it begins on 2025-11-02 at 00:00 and ends on 2026-02-22 at 00:00, local time.
const SUMMER_TIME: std::ops::Range<i64> = 1_762_052_400 * SECOND..SUMMER_END;
/// The end of that summer, at which the clocks repeat an hour.
pub(crate) const SUMMER_END: i64 = 1_771_725_600 * SECOND;

/// A value of a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Value {
    /// Null.
    Null,
    /// A whole number, a key or a status.
    Integer(i64),
    /// True or false.
    Boolean(bool),
    /// A text.
    Text(Box<str>),
    /// A decimal number: its digits, and the number of those after the point.
    Decimal(i128, u8),
    /// An instant, in microseconds since 1970 in UTC.
    Instant(i64),
    /// A date, in days since 1970.
    Date(i64),
    /// A relation: the other row's id.
    Relation(i64),
    /// The number of related rows.
    Set(i64),
    /// A JSON token as it is, for rows that no reader can accept.
    Raw(&'static str),
}

impl Value {
    /// A text.
    pub(crate) fn text(text: impl Into<Box<str>>) -> Self {
        Self::Text(text.into())
    }

    /// The value as a text that is the same however it is written in JSON: decimals without zeros at the end, instants in UTC
    /// as `2026-06-30 21:00:00.000000`, booleans as 1 and 0, relations as their id. `None` is null.
    pub(crate) fn canonical(&self) -> Option<String> {
        Some(match self {
            Self::Null => return None,
            Self::Integer(value) | Self::Relation(value) | Self::Set(value) => value.to_string(),
            Self::Boolean(value) => i32::from(*value).to_string(),
            Self::Text(text) => text.to_string(),
            Self::Decimal(digits, scale) => decimal(*digits, *scale),
            Self::Instant(micros) => Moment::from_micros(*micros).to_string(),
            Self::Date(days) => date(*days),
            Self::Raw(token) => (*token).to_owned(),
        })
    }

    /// True if it is null.
    pub(crate) fn is_null(&self) -> bool {
        *self == Self::Null
    }
}

/// A decimal number without zeros at its end.
fn decimal(digits: i128, scale: u8) -> String {
    let text = decimal_text(digits, scale);
    if !text.contains('.') {
        return text;
    }
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// A decimal number with all digits of its scale.
pub(crate) fn decimal_text(digits: i128, scale: u8) -> String {
    let sign = if digits < 0 { "-" } else { "" };
    let all = format!("{:0>width$}", digits.unsigned_abs(), width = usize::from(scale) + 1);
    let (whole, fraction) = all.split_at(all.len() - usize::from(scale));
    if fraction.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") }
}

/// Reads a decimal number; `None` if the text is none.
pub(crate) fn read_decimal(text: &str) -> Option<(i128, u8)> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits: i128 = format!("{whole}{fraction}").parse().ok()?;
    Some((digits, u8::try_from(fraction.len()).ok().filter(|scale| *scale <= 20)?))
}

/// A date as `2026-06-30`.
pub(crate) fn date(days: i64) -> String {
    Moment::from_micros(days * DAY).to_string()[..10].to_owned()
}

/// The offset of the user's facility at an instant, in microseconds.
pub(crate) fn offset(instant: i64, has_summer_time: bool) -> i64 {
    if has_summer_time && SUMMER_TIME.contains(&instant) { SUMMER } else { STANDARD }
}

/// An instant as the API writes it: ISO 8601 with the offset, and without a fraction that is zero.
pub(crate) fn instant(micros: i64, offset: i64) -> String {
    let local = Moment::from_micros(micros + offset).to_string().replace(' ', "T");
    let local = local.strip_suffix(".000000").unwrap_or(&local);
    let (sign, minutes) = (if offset < 0 { '-' } else { '+' }, offset.abs() / (60 * SECOND));
    format!("{local}{sign}{:02}:{:02}", minutes / 60, minutes % 60)
}

/// Reads an instant of a filter: ISO 8601 with an offset or `Z`, or without one in the user's zone. The second value is true
/// if it has a fraction of a second.
pub(crate) fn read_instant(text: &str) -> Option<(i64, bool)> {
    let (date, time) = text.split_once(['T', ' '])?;
    let at = time.find(['Z', '+', '-']).unwrap_or(time.len());
    let (clock, zone) = time.split_at(at);
    let offset = match zone {
        "" => STANDARD,
        "Z" => 0,
        _ => {
            let (hours, minutes) = zone[1..].split_once(':')?;
            let minutes = hours.parse::<i64>().ok()? * 60 + minutes.parse::<i64>().ok()?;
            let size = minutes * 60 * SECOND;
            if zone.starts_with('-') { -size } else { size }
        }
    };
    let moment: Moment = format!("{date} {clock}").parse().ok()?;
    Some((moment.micros() - offset, clock.contains('.')))
}

/// Reads a date.
pub(crate) fn read_date(text: &str) -> Option<i64> {
    let moment: Moment = format!("{text} 00:00:00").parse().ok()?;
    Some(moment.micros().div_euclid(DAY))
}

/// An instant in the form of HTTP headers: `Tue, 30 Jun 2026 21:00:00 GMT`.
pub(crate) fn http_date(micros: i64) -> String {
    const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let text = Moment::from_micros(micros).to_string();
    let weekday = DAYS[micros.div_euclid(DAY).rem_euclid(7) as usize];
    let month = text[5..7].parse::<usize>().ok().and_then(|month| MONTHS.get(month.wrapping_sub(1))).unwrap_or(&"Jan");
    format!("{weekday}, {} {month} {} {} GMT", &text[8..10], &text[..4], &text[11..19])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_written_in_the_zone_of_the_facility() {
        let end = Moment::DEFAULT_UNTIL.micros();
        assert_eq!(instant(end, STANDARD), "2026-06-30T15:00:00-03:00");
        assert_eq!(instant(end + 50, 19_800 * SECOND), "2026-06-30T23:30:00.000050+05:30");
        assert_eq!(http_date(end), "Tue, 30 Jun 2026 18:00:00 GMT");
    }

    #[test]
    fn the_last_hour_of_summer_comes_twice() {
        let before = instant(SUMMER_END - SECOND, offset(SUMMER_END - SECOND, true));
        let after = instant(SUMMER_END, offset(SUMMER_END, true));
        assert_eq!([before.as_str(), after.as_str()], ["2026-02-21T23:59:59-02:00", "2026-02-21T23:00:00-03:00"]);
        assert_eq!(offset(SUMMER_TIME.start, true), SUMMER);
        assert_eq!(offset(SUMMER_TIME.start, false), STANDARD);
    }

    #[test]
    fn instants_of_filters_are_read() {
        let end = Moment::DEFAULT_UNTIL.micros();
        for text in
            ["2026-06-30T18:00:00Z", "2026-06-30T18:00:00+00:00", "2026-06-30T15:00:00", "2026-06-30 20:00:00+02:00"]
        {
            assert_eq!(read_instant(text), Some((end, false)), "{text}");
        }
        assert_eq!(read_instant("2026-06-30T18:00:00.5Z"), Some((end + SECOND / 2, true)));
        for text in ["", "2026-06-30", "2026-02-30T00:00:00Z", "2026-06-30T18:00:00+0", "now"] {
            assert_eq!(read_instant(text), None, "{text}");
        }
    }

    #[test]
    fn decimals_are_equal_whatever_their_zeros() {
        assert_eq!(Value::Decimal(5_400, 1).canonical().as_deref(), Some("540"));
        assert_eq!(Value::Decimal(-5, 4).canonical().as_deref(), Some("-0.0005"));
        assert_eq!(Value::Decimal(0, 2).canonical().as_deref(), Some("0"));
        assert_eq!(read_decimal("-0.50"), Some((-50, 2)));
        assert_eq!(read_decimal("1,5"), None);
    }
}
