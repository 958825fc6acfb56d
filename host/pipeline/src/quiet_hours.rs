//! Hours of the day in which messages are held back, such as `22:00-06:00`.

use jiff::Timestamp;
use jiff::civil::Time;
use jiff::tz::TimeZone;
use wmshost_flow::Micros;

use crate::syntax::SyntaxError;

/// Hours of the day; those that end before they begin go over midnight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QuietHours {
    from: Time,
    to: Time,
}

impl QuietHours {
    /// Parses `22:00-06:00`.
    pub(crate) fn parse(text: &str) -> Result<Self, SyntaxError> {
        let time = |text: &str| {
            let (hour, minute) = text.split_once(':').filter(|(hour, minute)| hour.len() == 2 && minute.len() == 2)?;
            Time::new(hour.parse().ok()?, minute.parse().ok()?, 0, 0).ok()
        };
        let found = text.split_once('-').and_then(|(from, to)| Some(Self { from: time(from)?, to: time(to)? }));
        found.filter(|hours| hours.from != hours.to).ok_or_else(|| {
            let advice = "write two different times of the day, such as \"22:00-06:00\"";
            ("is not a span of hours".to_owned(), Some(advice.to_owned()))
        })
    }

    /// Returns the end of the quiet hours that a moment is in by the clock of a zone; `None` if it is in none.
    pub fn end_after(&self, moment: Micros, zone: &TimeZone) -> Option<Micros> {
        let local = zone.to_datetime(Timestamp::from_microsecond(moment).ok()?);
        let (time, date) = (local.time(), local.date());
        let is_over_midnight = self.to < self.from;
        let is_quiet =
            if is_over_midnight { time >= self.from || time < self.to } else { (self.from..self.to).contains(&time) };
        if !is_quiet {
            return None;
        }
        let day = if is_over_midnight && time >= self.from { date.tomorrow().ok()? } else { date };
        let end = zone.to_ambiguous_timestamp(day.to_datetime(self.to)).compatible().ok()?;
        // Where clocks are set back, the end may be before the moment: the hours that come twice are quiet once.
        Some(end.as_microsecond()).filter(|end| *end > moment)
    }
}

/// Checks a span of hours.
pub(crate) fn check(word: &str) -> Result<(), SyntaxError> {
    QuietHours::parse(word).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Micros {
        text.parse::<Timestamp>().unwrap().as_microsecond()
    }

    #[test]
    fn quiet_hours_end_by_the_clock_of_their_zone_also_over_midnight_and_when_it_is_set() {
        let berlin = TimeZone::get("Europe/Berlin").unwrap();
        for (hours, moment, end) in [
            ("22:00-06:00", "2026-11-30T21:30:00Z", Some("2026-12-01T05:00:00Z")),
            ("22:00-06:00", "2026-11-30T04:59:59Z", Some("2026-11-30T05:00:00Z")),
            ("22:00-06:00", "2026-11-30T05:00:00Z", None),
            ("22:00-06:00", "2026-11-30T20:59:59Z", None),
            ("12:00-13:30", "2026-11-30T11:00:00Z", Some("2026-11-30T12:30:00Z")),
            ("12:00-13:30", "2026-11-30T12:30:00Z", None),
            // The night in which clocks are set forward, and the hour that comes twice.
            ("22:00-02:30", "2026-03-29T00:30:00Z", Some("2026-03-29T01:30:00Z")),
            ("22:00-02:30", "2026-10-25T00:10:00Z", Some("2026-10-25T00:30:00Z")),
            ("22:00-02:30", "2026-10-25T01:10:00Z", None),
        ] {
            let found = QuietHours::parse(hours).unwrap().end_after(at(moment), &berlin);
            assert_eq!(found, end.map(at), "{hours} {moment}");
        }
        for word in ["22-6", "22:00", "24:00-01:00", "9:00-10:00", "10:00-10:00", "a:00-10:00", "-1:00-02:00"] {
            assert!(QuietHours::parse(word).is_err(), "{word}");
        }
    }
}
