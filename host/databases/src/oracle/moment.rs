//! Dates and timestamps: Oracle's parts of a moment and microseconds since 1970, in the proleptic Gregorian
//! calendar. Oracle counts the days before 1582-10-15 in the Julian one; what is read are the same year, month
//! and day, not the same distance in days. Years 1 to 9999 are taken, others are bad values.

use std::ops::Range;

/// The parts of a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Parts {
    pub(super) year: i16,
    pub(super) month: u8,
    pub(super) day: u8,
    pub(super) hour: u8,
    pub(super) minute: u8,
    pub(super) second: u8,
    pub(super) nanoseconds: u32,
}

const DAY: i64 = 86_400_000_000;
/// The microseconds of the years 1 to 9999.
pub(super) const MICROS: Range<i64> = -62_135_596_800_000_000..253_402_300_800_000_000;

/// Microseconds since 1970-01-01T00:00:00; `None` if they cannot hold the moment.
pub(super) fn micros_of(at: &Parts) -> Option<i64> {
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
pub(super) fn parts_of(micros: i64) -> Option<Parts> {
    let (year, month, day) = date_of(micros.div_euclid(DAY))?;
    let of_day = micros.rem_euclid(DAY);
    let seconds = of_day / 1_000_000;
    let nanoseconds = (of_day % 1_000_000) as u32 * 1_000;
    let [hour, minute, second] = [seconds / 3_600, seconds / 60 % 60, seconds % 60].map(|part| part as u8);
    Some(Parts { year, month, day, hour, minute, second, nanoseconds })
}

/// Days since 1970-01-01 (the algorithm of Howard Hinnant, "chrono-compatible low-level date algorithms").
fn days_of(year: i64, month: i64, day: i64) -> i64 {
    let shifted_year = year - i64::from(month <= 2);
    let era = shifted_year.div_euclid(400);
    let year_of_era = shifted_year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

/// The inverse of `days_of`, for the years 1 to 9999.
fn date_of(days: i64) -> Option<(i16, u8, u8)> {
    let z = days + 719_468;
    let era = z.div_euclid(146_097);
    let day_of_era = z.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (1..=9_999).contains(&year).then_some((year as i16, month as u8, day as u8))
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
