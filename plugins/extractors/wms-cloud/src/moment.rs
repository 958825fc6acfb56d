//! Times as the service's filters have them: whole seconds in UTC. A fraction is refused by some tenants and cut off by
//! others, and a time without an offset would be read in the zone of the user's facility.

/// Microseconds of a second and seconds of a day.
pub(crate) const SECOND: i64 = 1_000_000;
const DAY: i64 = 86_400;

/// The second that a moment is in.
pub(crate) fn floor(micros: i64) -> i64 {
    micros.div_euclid(SECOND) * SECOND
}

/// The first whole second that is not before a moment.
pub(crate) fn ceiling(micros: i64) -> i64 {
    floor(micros.saturating_add(SECOND - 1))
}

/// A moment of whole seconds, such as `2026-01-31T23:59:59Z`.
pub(crate) fn text(micros: i64) -> String {
    let seconds = micros.div_euclid(SECOND);
    let (year, month, day) = date(seconds.div_euclid(DAY));
    let of_day = seconds.rem_euclid(DAY);
    format!("{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z", of_day / 3_600, of_day / 60 % 60, of_day % 60)
}

/// The date of a number of days since 1970-01-01, in the Gregorian calendar.
fn date(days: i64) -> (i64, i64, i64) {
    // Counted from 0000-03-01, so that a leap day is the last day of its year.
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_whole_seconds_in_utc() {
        assert_eq!(text(0), "1970-01-01T00:00:00Z");
        assert_eq!(text(-1), "1969-12-31T23:59:59Z");
        assert_eq!(text(1_709_164_799_999_999), "2024-02-28T23:59:59Z");
        assert_eq!(text(1_709_164_800_000_000), "2024-02-29T00:00:00Z");
        assert_eq!(text(1_769_900_399_000_000), "2026-01-31T22:59:59Z");
        assert_eq!((floor(1_500_000), ceiling(1_500_000), ceiling(2_000_000)), (1_000_000, 2_000_000, 2_000_000));
        assert_eq!(floor(-1), -SECOND);
    }
}
