//! A cron line: the minutes at which something is due, by the calendar of some zone.
//!
//! | field | values | names |
//! |---|---|---|
//! | minute | 0 to 59 | |
//! | hour | 0 to 23 | |
//! | day of the month | 1 to 31 | |
//! | month | 1 to 12 | jan to dec |
//! | day of the week | 0 to 7, where 0 and 7 are Sunday | sun to sat |
//!
//! A field is `*`, a value, a range `a-b`, either with a step `/n`, or a list of these with commas. Where both days are
//! restricted, a day that matches either is meant, as in every cron. `@hourly`, `@daily`, `@weekly`, `@monthly` and
//! `@yearly` are short for lines.

use std::fmt;

use jiff::civil::{Date, Time};

use crate::syntax::SyntaxError;

const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const WEEKDAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];
/// The most days that each month can have.
const LONGEST: [u32; 12] = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
const SHORT: [(&str, &str); 6] = [
    ("@hourly", "0 * * * *"),
    ("@daily", "0 0 * * *"),
    ("@midnight", "0 0 * * *"),
    ("@weekly", "0 0 * * 0"),
    ("@monthly", "0 0 1 * *"),
    ("@yearly", "0 0 1 1 *"),
];

/// A field of a line: its name, its least and greatest value, and the names of its values from the least on.
struct Field {
    name: &'static str,
    least: u32,
    most: u32,
    names: &'static [&'static str],
}

const FIELDS: [Field; 5] = [
    Field { name: "minute", least: 0, most: 59, names: &[] },
    Field { name: "hour", least: 0, most: 23, names: &[] },
    Field { name: "day of the month", least: 1, most: 31, names: &[] },
    Field { name: "month", least: 1, most: 12, names: &MONTHS },
    Field { name: "day of the week", least: 0, most: 7, names: &WEEKDAYS },
];

/// The values of a field, as bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Values {
    bits: u64,
    /// True if the field begins with `*`: it does not restrict the days.
    is_any: bool,
}

impl Values {
    fn has(self, value: u32) -> bool {
        self.bits >> value & 1 == 1
    }
}

/// A cron line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CronLine {
    text: String,
    minutes: Values,
    hours: Values,
    days: Values,
    months: Values,
    weekdays: Values,
}

impl fmt::Display for CronLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl CronLine {
    /// Reads a line; an error has the problem and the advice.
    pub fn parse(text: &str) -> Result<Self, (String, Option<String>)> {
        let words: Vec<&str> = text.split_whitespace().collect();
        let text = words.join(" ");
        let line = SHORT.iter().find(|(short, _)| *short == text).map_or(text.as_str(), |(_, line)| line);
        let words: Vec<&str> = line.split(' ').collect();
        if words.len() != FIELDS.len() {
            let advice = "write minute, hour, day of the month, month and day of the week, such as \"0 */2 * * *\"";
            return Err(("is not a cron line of five fields".to_owned(), Some(advice.to_owned())));
        }
        let mut fields = [Values { bits: 0, is_any: false }; 5];
        for ((values, field), word) in fields.iter_mut().zip(&FIELDS).zip(words) {
            *values = field.values(word)?;
        }
        let [minutes, hours, days, months, mut weekdays] = fields;
        // 7 is Sunday, too.
        weekdays.bits |= weekdays.bits >> 7 & 1;
        let line = Self { text, minutes, hours, days, months, weekdays };
        if line.comes() {
            return Ok(line);
        }
        let why = "is never due: no month of it has such a day".to_owned();
        Err((why, Some("name a day that one of its months has".to_owned())))
    }

    /// True if the line is due at some time: one of its months has one of its days.
    fn comes(&self) -> bool {
        let has_day = |month: u32, most: u32| self.months.has(month) && (1..=most).any(|day| self.days.has(day));
        !self.weekdays.is_any || (1..).zip(LONGEST).any(|(month, most)| has_day(month, most))
    }

    /// True if the line is due in every hour of its days, so that it goes by the time that passes, not by the clock.
    pub(super) fn is_hourly(&self) -> bool {
        (0..24).all(|hour| self.hours.has(hour))
    }

    /// True if the line is due on this day.
    pub(super) fn has_date(&self, date: Date) -> bool {
        let day = self.days.has(u32::from(date.day().unsigned_abs()));
        let weekday = self.weekdays.has(u32::from(date.weekday().to_sunday_zero_offset().unsigned_abs()));
        let is_day = if self.days.is_any || self.weekdays.is_any { day && weekday } else { day || weekday };
        is_day && self.months.has(u32::from(date.month().unsigned_abs()))
    }

    /// The times of a day at which the line is due, in order.
    pub(super) fn times(&self) -> impl Iterator<Item = Time> {
        let minutes: Vec<i8> =
            (0..60).filter(|minute: &i8| self.minutes.has(u32::from(minute.unsigned_abs()))).collect();
        let hours = (0..24_i8).filter(|hour| self.hours.has(u32::from(hour.unsigned_abs())));
        hours.flat_map(move |hour| {
            let times = minutes.iter().filter_map(|minute| Time::new(hour, *minute, 0, 0).ok());
            times.collect::<Vec<_>>()
        })
    }
}

impl Field {
    fn values(&self, word: &str) -> Result<Values, SyntaxError> {
        let mut bits = 0;
        for part in word.split(',') {
            let (range, step) = match part.split_once('/') {
                Some((range, step)) => (range, self.number(step, 1, self.most)?),
                None => (part, 1),
            };
            let (first, last) = match range.split_once('-') {
                _ if range == "*" => (self.least, if self.names.len() == 7 { 6 } else { self.most }),
                Some((first, last)) => (self.value(first)?, self.value(last)?),
                // `5/10` is from 5 on to the end.
                None if part.contains('/') => (self.value(range)?, self.most),
                None => (self.value(range)?, self.value(range)?),
            };
            if first > last {
                let why = format!("has a {} from {first} to {last}", self.name);
                return Err((why, Some("write the smaller value first, or two ranges with a comma".to_owned())));
            }
            (first..=last).step_by(usize::try_from(step).unwrap_or(1)).for_each(|value| bits |= 1 << value);
        }
        Ok(Values { bits, is_any: word.starts_with('*') })
    }

    /// Reads a value, which may be a name.
    fn value(&self, word: &str) -> Result<u32, SyntaxError> {
        let lower = word.to_ascii_lowercase();
        match (self.least..).zip(self.names).find(|(_, name)| **name == lower) {
            Some((value, _)) => Ok(value),
            None => self.number(word, self.least, self.most),
        }
    }

    fn number(&self, word: &str, least: u32, most: u32) -> Result<u32, SyntaxError> {
        let digits = !word.is_empty() && word.chars().all(|c| c.is_ascii_digit());
        let number = word.parse().ok().filter(|number| digits && (least..=most).contains(number));
        number.ok_or_else(|| {
            let names = match self.names {
                [first, .., last] => format!(", or {first} to {last}"),
                _ => String::new(),
            };
            let why = format!("has `{word}` as the {}", self.name);
            (why, Some(format!("write `*`, or numbers from {least} to {most}{names}")))
        })
    }
}
