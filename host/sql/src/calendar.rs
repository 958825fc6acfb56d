//! Days and dates, in the proleptic Gregorian calendar (the algorithms of Howard Hinnant, "chrono-compatible low-level
//! date algorithms"): years begin in March, so that the leap day comes last, and 400 of them are 146,097 days.

/// Returns the days from 1970-01-01 to a date. A day or month out of range counts on from March of its year.
#[inline]
pub fn days_of(year: i64, month: i64, day: i64) -> i64 {
    let year = year - i64::from(month <= 2);
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

/// Returns the year, month and day that is this number of days after 1970-01-01; the inverse of [`days_of`].
#[inline]
pub fn date_of(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_day_follows_the_one_before() {
        for (days, date) in [
            (0, (1970, 1, 1)),
            (-1, (1969, 12, 31)),
            (19_782, (2024, 2, 29)),
            (-719_162, (1, 1, 1)),
            (-719_163, (0, 12, 31)),
        ] {
            assert_eq!(date_of(days), date);
        }
        let mut before = date_of(-800_000);
        for days in -799_999..3_000_000 {
            let (year, month, day) = date_of(days);
            assert_eq!(days_of(year, month, day), days);
            let next = (before.0, before.1, before.2 + 1);
            assert!(next == (year, month, day) || day == 1 && before.2 >= 28, "{before:?} {year}-{month}-{day}");
            before = (year, month, day);
        }
    }
}
