//! Dates and timestamps: Oracle's parts of a moment and microseconds since 1970, in the proleptic Gregorian calendar.
//! Oracle counts the days before 1582-10-15 in the Julian one; the same year, month and day are read, not the same
//! distance in days. Years outside of 1 to 9999 are bad values.

use std::ops::Range;

use wmshost_sql::{date_of, days_of};

/// The parts of a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Parts {
    pub(crate) year: i16,
    pub(crate) month: u8,
    pub(crate) day: u8,
    pub(crate) hour: u8,
    pub(crate) minute: u8,
    pub(crate) second: u8,
    pub(crate) nanoseconds: u32,
}

const DAY: i64 = 86_400_000_000;
/// The microseconds of the years 1 to 9999.
pub(crate) const MICROS: Range<i64> = -62_135_596_800_000_000..253_402_300_800_000_000;

/// Microseconds since 1970-01-01T00:00:00; `None` if they cannot hold the moment.
pub(crate) fn micros_of(at: &Parts) -> Option<i64> {
    let valid = (1..=9_999).contains(&at.year)
        && (1..=12).contains(&at.month)
        && (1..=31).contains(&at.day)
        && at.hour < 24
        && at.minute < 60
        && at.second < 60;
    if !valid || !at.nanoseconds.is_multiple_of(1_000) {
        return None;
    }
    let days = days_of(at.year.into(), at.month.into(), at.day.into());
    let seconds = i64::from(at.hour) * 3_600 + i64::from(at.minute) * 60 + i64::from(at.second);
    Some(days * DAY + seconds * 1_000_000 + i64::from(at.nanoseconds / 1_000))
}

/// The parts of a moment; `None` outside of the years 1 to 9999.
pub(crate) fn parts_of(micros: i64) -> Option<Parts> {
    if !MICROS.contains(&micros) {
        return None;
    }
    let (year, month, day) = date_of(micros.div_euclid(DAY));
    let of_day = micros.rem_euclid(DAY);
    let seconds = of_day / 1_000_000;
    let nanoseconds = (of_day % 1_000_000) as u32 * 1_000;
    let [hour, minute, second] = [seconds / 3_600, seconds / 60 % 60, seconds % 60].map(|part| part as u8);
    Some(Parts { year: year as i16, month: month as u8, day: day as u8, hour, minute, second, nanoseconds })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parts([year, month, day]: [i16; 3], [hour, minute, second]: [u8; 3], nanoseconds: u32) -> Parts {
        Parts { year, month: month as u8, day: day as u8, hour, minute, second, nanoseconds }
    }

    #[test]
    fn moments_at_the_ends_of_the_calendar() {
        let first = parts([1, 1, 1], [0; 3], 0);
        let last = parts([9_999, 12, 31], [23, 59, 59], 999_999_000);
        assert_eq!(micros_of(&first), Some(MICROS.start));
        assert_eq!(micros_of(&last), Some(MICROS.end - 1));
        assert_eq!(parts_of(MICROS.start - 1), None);
        assert_eq!(parts_of(MICROS.end), None);
    }

    #[test]
    fn what_microseconds_cannot_hold_is_refused() {
        for moment in [
            parts([-4_712, 1, 1], [0; 3], 0),
            parts([0, 1, 1], [0; 3], 0),
            parts([10_000, 1, 1], [0; 3], 0),
            parts([2_026, 13, 1], [0; 3], 0),
            parts([2_026, 1, 1], [0, 0, 0], 1),
            parts([2_026, 1, 1], [24, 0, 0], 0),
        ] {
            assert_eq!(micros_of(&moment), None, "{moment:?}");
        }
    }

    proptest! {
        #[test]
        fn every_moment_comes_back(micros in MICROS) {
            let moment = parts_of(micros).expect("in range");
            prop_assert_eq!(micros_of(&moment), Some(micros));
        }
    }
}
