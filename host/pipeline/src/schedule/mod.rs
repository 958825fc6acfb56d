//! The times at which a pipeline, or a stream of it, is due to run.
//!
//! | module | purpose |
//! |---|---|
//! | `cron` | a cron line |

mod cron;

use std::time::Duration;

use jiff::civil::{Date, Time};
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{SignedDuration, Timestamp};
use wmshost_flow::Micros;

pub use cron::CronLine;

use crate::policies::Misfire;
use crate::suggest;
use crate::syntax::SyntaxError;

/// The years in which a time is looked for: every day of the week falls on every date within them.
const MOST_YEARS: i16 = 41;

/// The schedule of a pipeline.
#[derive(Debug, Clone)]
pub struct ScheduleOptions {
    /// When the streams run that have no line of their own; `None` if only commands run them.
    pub line: Option<CronLine>,
    /// The zone by whose clock the lines are read.
    pub zone: TimeZone,
    /// The longest time by which a run begins later than it is due.
    pub jitter: Duration,
    /// The policy for due times that were missed.
    pub misfire: Misfire,
}

/// Checks a cron line.
pub(crate) fn check_line(word: &str) -> Result<(), SyntaxError> {
    CronLine::parse(word).map(drop)
}

/// Checks the name of a time zone.
pub(crate) fn check_zone(word: &str) -> Result<(), SyntaxError> {
    if TimeZone::get(word).is_ok() {
        return Ok(());
    }
    let known: Vec<String> = jiff::tz::db().available().map(|name| name.to_string()).collect();
    let advice = match suggest::nearest(word, known.iter().map(String::as_str)) {
        Some(near) => format!("did you mean `{near}`?"),
        None => "write a name of the IANA database, such as \"Europe/Berlin\"".to_owned(),
    };
    Err(("is not a time zone".to_owned(), Some(advice)))
}

impl CronLine {
    /// The first time after `after` at which the line is due by the clock of a zone; `None` after the year 9999.
    ///
    /// Where clocks are set forward, a time that is left out is due as soon as they have been. Where they are set back, a
    /// time that comes twice is due the first time. A line of every hour is due as if clocks were never set: nothing is
    /// left out, and nothing is waited for.
    pub fn next_after(&self, after: Micros, zone: &TimeZone) -> Option<Micros> {
        let at = Timestamp::from_microsecond(after).ok()?;
        let local = zone.to_datetime(at);
        let start = local.date();
        // The time that comes twice may be before midnight. Far from a change of clocks, a time that was is past.
        let is_steady = is_steady(zone, at);
        let mut date = if is_steady { start } else { start.yesterday().unwrap_or(start) };
        let last = start.year().saturating_add(MOST_YEARS);
        while date.year() <= last {
            let is_past = |time: &Time| is_steady && date.to_datetime(*time) <= local;
            if self.has_date(date)
                && let Some(next) = self.first_of(date, self.times().skip_while(is_past), (zone, after))
            {
                return Some(next);
            }
            date = date.tomorrow().ok()?;
        }
        None
    }

    /// The first instant of these times of a day after `after`.
    fn first_of(
        &self,
        date: Date,
        times: impl Iterator<Item = Time>,
        (zone, after): (&TimeZone, Micros),
    ) -> Option<Micros> {
        // Of times that come twice, the second instants: they are in order, but not among the first ones.
        let mut again = Vec::new();
        for time in times {
            let (first, second) = self.instants(date, time, zone);
            again.extend(second.filter(|second| *second > after));
            // Those of later times are not earlier.
            if let Some(first) = first.filter(|first| *first > after) {
                again.push(first);
                break;
            }
        }
        again.into_iter().min()
    }

    /// The instants of a time of a day: the first, and where the time comes twice and the line is due both times, the second.
    fn instants(&self, date: Date, time: Time, zone: &TimeZone) -> (Option<Micros>, Option<Micros>) {
        let local = zone.to_ambiguous_timestamp(date.to_datetime(time));
        let (first, second) = match local.offset() {
            AmbiguousOffset::Unambiguous { .. } => (local.compatible().ok(), None),
            // The first instant after the gap is that of the change itself.
            AmbiguousOffset::Gap { .. } if self.is_hourly() => (None, None),
            AmbiguousOffset::Gap { .. } => {
                let before = local.earlier().ok();
                (before.and_then(|before| Some(zone.following(before).next()?.timestamp())), None)
            }
            AmbiguousOffset::Fold { .. } => {
                (local.earlier().ok(), self.is_hourly().then(|| local.later().ok()).flatten())
            }
        };
        (first.map(Timestamp::as_microsecond), second.map(Timestamp::as_microsecond))
    }
}

/// True if the clocks of a zone are not set within two days of a moment. No change is one of more than a day.
fn is_steady(zone: &TimeZone, at: Timestamp) -> bool {
    let two_days = SignedDuration::from_hours(48);
    let (Ok(from), Ok(to)) = (at.checked_sub(two_days), at.checked_add(two_days)) else { return false };
    zone.following(from).next().is_none_or(|change| change.timestamp() > to)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Micros = 3_600_000_000;

    fn zone(name: &str) -> TimeZone {
        TimeZone::get(name).unwrap()
    }

    fn at(text: &str) -> Micros {
        text.parse::<Timestamp>().unwrap().as_microsecond()
    }

    /// The due times from a moment on, in UTC.
    fn dues(line: &str, zone_name: &str, from: &str, count: usize) -> Vec<String> {
        let (line, zone) = (CronLine::parse(line).unwrap(), zone(zone_name));
        let mut after = at(from) - 1;
        let next = |_| {
            after = line.next_after(after, &zone)?;
            Some(Timestamp::from_microsecond(after).unwrap().to_string())
        };
        (0..count).map_while(next).collect()
    }

    #[test]
    fn the_next_time_is_the_same_from_every_moment_before_it() {
        for (zone_name, from) in [
            ("Europe/Berlin", "2026-03-25T00:00:00Z"),
            ("Europe/Berlin", "2026-10-21T00:00:00Z"),
            ("Australia/Lord_Howe", "2026-04-01T00:00:00Z"),
            // A day was left out.
            ("Pacific/Apia", "2011-12-26T00:00:00Z"),
        ] {
            let (zone, from) = (zone(zone_name), at(from));
            for line in ["*/15 * * * *", "30 2 * * *", "5 */2 * * *"].map(|line| CronLine::parse(line).unwrap()) {
                let next = |after: &Micros| line.next_after(*after, &zone);
                let dues: Vec<Micros> =
                    std::iter::successors(next(&from), next).take_while(|due| *due < from + 240 * HOUR).collect();
                for moment in (0..120).map(|step| from + step * 97 * HOUR / 60) {
                    let expected = dues.iter().copied().find(|due| *due > moment);
                    assert_eq!(next(&moment), expected, "{line} in {zone_name} after {moment}");
                }
            }
        }
    }

    #[test]
    fn a_line_is_due_at_its_times_of_its_days() {
        for (line, from, expected) in [
            ("0 */12 * * *", "2026-03-01T00:00:00Z", ["2026-03-01T00:00:00Z", "2026-03-01T12:00:00Z"]),
            ("5/20 8-9 * * mon-fri", "2026-03-06T09:30:00Z", ["2026-03-06T09:45:00Z", "2026-03-09T08:05:00Z"]),
            ("0 0 29 feb *", "2026-03-01T00:00:00Z", ["2028-02-29T00:00:00Z", "2032-02-29T00:00:00Z"]),
            ("0 0 13 * fri", "2026-03-12T00:00:00Z", ["2026-03-13T00:00:00Z", "2026-03-20T00:00:00Z"]),
            ("0 0 */2 * sun", "2026-03-01T00:00:00Z", ["2026-03-01T00:00:00Z", "2026-03-15T00:00:00Z"]),
            ("0 0 * * 7", "2026-03-02T00:00:00Z", ["2026-03-08T00:00:00Z", "2026-03-15T00:00:00Z"]),
            ("@monthly", "2026-03-02T00:00:00Z", ["2026-04-01T00:00:00Z", "2026-05-01T00:00:00Z"]),
        ] {
            assert_eq!(dues(line, "UTC", from, 2), expected, "{line}");
        }
    }

    #[test]
    fn a_time_that_the_spring_leaves_out_is_due_when_clocks_were_set() {
        // 02:00 became 03:00, which is 01:00 in UTC.
        let expected = ["2026-03-28T01:30:00Z", "2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z"];
        assert_eq!(dues("30 2 * * *", "Europe/Berlin", "2026-03-28T00:00:00Z", 3), expected);
        // Two such times, and 03:00 itself, are one.
        let expected = ["2026-03-29T00:30:00Z", "2026-03-29T01:00:00Z", "2026-03-29T01:30:00Z"];
        assert_eq!(dues("0,30 1-3 * * *", "Europe/Berlin", "2026-03-29T00:30:00Z", 3), expected);
    }

    #[test]
    fn a_time_that_comes_twice_in_the_autumn_is_due_once() {
        let expected = ["2026-10-24T00:30:00Z", "2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"];
        assert_eq!(dues("30 2 * * *", "Europe/Berlin", "2026-10-24T00:00:00Z", 3), expected);
        // Clocks in Sao Paulo went back from midnight to 23:00 of the day before.
        let expected = ["2019-02-17T01:30:00Z", "2019-02-18T02:30:00Z"];
        assert_eq!(dues("30 23 * * *", "America/Sao_Paulo", "2019-02-17T01:00:00Z", 2), expected);
    }

    #[test]
    fn a_line_of_every_hour_is_due_each_hour_whatever_clocks_do() {
        for name in ["Europe/Berlin", "America/Sao_Paulo", "Australia/Lord_Howe", "Pacific/Apia"] {
            let (line, zone) = (CronLine::parse("*/30 * * * *").unwrap(), zone(name));
            let start = "2011-08-01T00:00:00Z".parse().unwrap();
            let changes: Vec<Micros> =
                zone.following(start).take(3).map(|change| change.timestamp().as_microsecond()).collect();
            assert_eq!(changes.len(), 3, "{name}");
            for change in changes {
                let mut due = line.next_after(change - 4 * HOUR, &zone).unwrap();
                while due < change + 4 * HOUR {
                    let next = line.next_after(due, &zone).unwrap();
                    assert_eq!(next - due, HOUR / 2, "{name} after {}", Timestamp::from_microsecond(due).unwrap());
                    due = next;
                }
            }
        }
    }

    #[test]
    fn a_day_that_a_zone_leaves_out_is_due_at_its_end() {
        // Apia went from the end of 2011-12-29 to the beginning of 2011-12-31.
        let expected = ["2011-12-29T22:00:00Z", "2011-12-30T10:00:00Z", "2011-12-30T22:00:00Z"];
        assert_eq!(dues("0 12 * * *", "Pacific/Apia", "2011-12-29T20:00:00Z", 3), expected);
    }

    #[test]
    fn lines_that_are_none_or_are_never_due_are_refused_with_the_reason() {
        for (line, why) in [
            ("0 0 31 2 *", "is never due"),
            ("0 0 31 apr,jun,sep,nov *", "is never due"),
            ("0 0 * *", "five fields"),
            ("* * * * * *", "five fields"),
            ("60 * * * *", "has `60` as the minute"),
            ("* * * * fry", "has `fry` as the day of the week"),
            ("* 5-2 * * *", "from 5 to 2"),
            ("*/0 * * * *", "has `0` as the minute"),
            ("+5 * * * *", "has `+5` as the minute"),
            ("1, * * * *", "has `` as the minute"),
            ("99999999999999999999 * * * *", "as the minute"),
        ] {
            let (found, advice) = CronLine::parse(line).unwrap_err();
            assert!(found.contains(why), "{line}: {found}");
            assert!(advice.is_some(), "{line}");
        }
        // A day of the week comes in any month.
        assert!(CronLine::parse("0 0 31 2 mon").is_ok());
    }
}
