//! Dates, timestamps and the time between them. SQLite keeps both as text, `2026-01-31` and
//! `2026-01-31 23:59:59.999999`; its own functions round to milliseconds, so whole seconds and the fraction are
//! computed apart. A weekday is ISO's: Monday is 1.

use super::Sql;

impl Sql {
    /// The date of a timestamp.
    pub fn day(self, moment: &str) -> String {
        self.pick(|| format!("substr({moment}, 1, 10)"), || format!("TRUNC({moment})"))
    }

    /// The first day of the month.
    pub fn month_start(self, moment: &str) -> String {
        self.pick(|| format!("(substr({moment}, 1, 7) || '-01')"), || format!("TRUNC({moment}, 'MM')"))
    }

    /// The Monday of the week.
    pub fn week_start(self, moment: &str) -> String {
        self.pick(
            || format!("date(substr({moment}, 1, 10), '-6 days', 'weekday 1')"),
            || format!("TRUNC({moment}, 'IW')"),
        )
    }

    /// The year, a number.
    pub fn year(self, moment: &str) -> String {
        self.part(moment, 1, 4, "YEAR")
    }

    /// The quarter, 1 to 4.
    pub fn quarter(self, moment: &str) -> String {
        self.pick(
            || format!("((CAST(substr({moment}, 6, 2) AS INTEGER) + 2) / 3)"),
            || format!("CEIL(EXTRACT(MONTH FROM {moment}) / 3)"),
        )
    }

    /// The month, 1 to 12.
    pub fn month(self, moment: &str) -> String {
        self.part(moment, 6, 2, "MONTH")
    }

    /// The day of the month, 1 to 31.
    pub fn day_of_month(self, moment: &str) -> String {
        self.part(moment, 9, 2, "DAY")
    }

    /// The hour of a timestamp, 0 to 23.
    pub fn hour(self, moment: &str) -> String {
        self.pick(
            || format!("CAST(substr({moment}, 12, 2) AS INTEGER)"),
            || format!("EXTRACT(HOUR FROM CAST({moment} AS TIMESTAMP))"),
        )
    }

    fn part(self, moment: &str, from: u8, digits: u8, name: &str) -> String {
        self.pick(
            || format!("CAST(substr({moment}, {from}, {digits}) AS INTEGER)"),
            || format!("EXTRACT({name} FROM {moment})"),
        )
    }

    /// The weekday, Monday 1 to Sunday 7.
    pub fn iso_weekday(self, moment: &str) -> String {
        self.pick(
            || format!("CAST(strftime('%u', substr({moment}, 1, 10)) AS INTEGER)"),
            || format!("(TRUNC({moment}) - TRUNC({moment}, 'IW') + 1)"),
        )
    }

    /// The number of the week, 1 to 53; week 1 has the year's first Thursday.
    pub fn iso_week(self, moment: &str) -> String {
        self.pick(
            || format!("CAST(strftime('%V', substr({moment}, 1, 10)) AS INTEGER)"),
            || format!("TO_NUMBER(TO_CHAR({moment}, 'IW'))"),
        )
    }

    /// A condition: Saturday or Sunday.
    pub fn is_weekend(self, moment: &str) -> String {
        format!("{} >= 6", self.iso_weekday(moment))
    }

    /// The seconds from one timestamp to another, whole days included, to the microsecond.
    pub fn seconds_between(self, from: &str, to: &str) -> String {
        self.pick(
            || {
                format!(
                    "(((unixepoch(substr({to}, 1, 19)) - unixepoch(substr({from}, 1, 19))) * 1000000 \
                     + CAST(substr({to}, 21, 6) AS INTEGER) - CAST(substr({from}, 21, 6) AS INTEGER)) / 1000000.0)"
                )
            },
            || {
                let gap = format!("(CAST({to} AS TIMESTAMP) - CAST({from} AS TIMESTAMP))");
                format!(
                    "(EXTRACT(DAY FROM {gap}) * 86400 + EXTRACT(HOUR FROM {gap}) * 3600 \
                     + EXTRACT(MINUTE FROM {gap}) * 60 + EXTRACT(SECOND FROM {gap}))"
                )
            },
        )
    }

    /// The days from the date of one timestamp to the date of another: the number of midnights between them.
    pub fn days_between(self, from: &str, to: &str) -> String {
        self.pick(
            || format!("((unixepoch(substr({to}, 1, 10)) - unixepoch(substr({from}, 1, 10))) / 86400)"),
            || format!("(TRUNC({to}) - TRUNC({from}))"),
        )
    }

    /// The date of a timestamp, this many days later; a negative number is earlier.
    pub fn plus_days(self, moment: &str, days: i32) -> String {
        self.pick(
            || format!("date(substr({moment}, 1, 10), '{days:+} days')"),
            || format!("(TRUNC({moment}) + ({days}))"),
        )
    }

    /// The timestamp this many seconds later, its microseconds kept; a negative number is earlier.
    pub fn plus_seconds(self, moment: &str, seconds: i32) -> String {
        self.pick(
            || {
                format!(
                    "(strftime('%Y-%m-%d %H:%M:%S', substr({moment}, 1, 19), '{seconds:+} seconds') \
                     || substr({moment}, 20, 7))"
                )
            },
            || format!("({moment} + NUMTODSINTERVAL({seconds}, 'SECOND'))"),
        )
    }

    /// An instant as a timestamp without zone, in UTC.
    pub fn utc(self, instant: &str) -> String {
        self.pick(|| instant.to_owned(), || format!("SYS_EXTRACT_UTC({instant})"))
    }

    /// An instant as wall-clock time. `offsets` are the seconds by which it is ahead of UTC, each with the time in UTC
    /// since when (`2019-02-17 02:00:00`), in this order; the first one holds from the beginning. The databases' own
    /// time zones are not used, so the result is the same in both.
    pub fn wall_clock(self, instant: &str, offsets: &[(&str, i32)]) -> String {
        let utc = self.utc(instant);
        let shown = |seconds: i32| self.plus_seconds(&utc, seconds);
        let Some(((_, first), later)) = offsets.split_first() else { return shown(0) };
        let mut cases: String = later
            .iter()
            .rev()
            .map(|(since, seconds)| format!("WHEN {utc} >= {} THEN {} ", self.timestamp(since), shown(*seconds)))
            .collect();
        if cases.is_empty() {
            return shown(*first);
        }
        cases.push_str(&format!("ELSE {}", shown(*first)));
        format!("CASE {cases} END")
    }

    /// The start of a day, as wall-clock time.
    pub fn midnight(self, day: &str) -> String {
        self.pick(
            || format!("(substr({day}, 1, 10) || ' 00:00:00.000000')"),
            || format!("CAST(TRUNC({day}) AS TIMESTAMP)"),
        )
    }

    /// Wall-clock time as an instant: the inverse of [`wall_clock`](Sql::wall_clock). Of two instants that show the same
    /// time it is the later one.
    pub fn instant_of(self, wall_clock: &str, offsets: &[(&str, i32)]) -> String {
        let utc = |seconds: i32| self.plus_seconds(wall_clock, -seconds);
        let Some(((_, first), later)) = offsets.split_first() else { return self.at_utc(wall_clock) };
        let case =
            |(since, seconds): &(&str, i32)| format!("WHEN {0} >= {1} THEN {0} ", utc(*seconds), self.timestamp(since));
        let cases: String = later.iter().rev().map(case).collect();
        if cases.is_empty() {
            return self.at_utc(&utc(*first));
        }
        self.at_utc(&format!("CASE {cases}ELSE {} END", utc(*first)))
    }

    /// A timestamp in UTC as an instant.
    fn at_utc(self, moment: &str) -> String {
        self.pick(|| format!("({moment} || 'Z')"), || format!("FROM_TZ({moment}, 'UTC')"))
    }

    /// A date as a literal: `2026-01-31`.
    pub fn date(self, day: &str) -> String {
        self.pick(|| format!("'{day}'"), || format!("DATE '{day}'"))
    }

    /// A timestamp as a literal: `2026-01-31 23:59:59.999999`.
    pub fn timestamp(self, moment: &str) -> String {
        self.pick(|| format!("'{moment}'"), || format!("TIMESTAMP '{moment}'"))
    }

    /// The date as text, `2026-01-31`, alike in all databases.
    pub fn day_text(self, moment: &str) -> String {
        self.pick(|| format!("substr({moment}, 1, 10)"), || format!("TO_CHAR({moment}, 'YYYY-MM-DD')"))
    }

    /// A SELECT of one row per day, in the column `day`, from one date to another, both included.
    pub fn date_spine(self, from: &str, to: &str) -> String {
        self.pick(
            || {
                format!(
                    "SELECT date({from}, '+' || value || ' days') AS day FROM (\
                     WITH RECURSIVE counted(value) AS (SELECT 0 UNION ALL SELECT value + 1 FROM counted \
                     WHERE value < (unixepoch(substr({to}, 1, 10)) - unixepoch(substr({from}, 1, 10))) / 86400) \
                     SELECT value FROM counted)"
                )
            },
            || {
                format!(
                    "SELECT TRUNC({from}) + LEVEL - 1 AS day FROM dual \
                     CONNECT BY LEVEL <= TRUNC({to}) - TRUNC({from}) + 1"
                )
            },
        )
    }
}
