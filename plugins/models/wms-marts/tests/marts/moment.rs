//! Timestamps in microseconds and dates in days, as text and back.

/// A day in microseconds.
pub(crate) const DAY: i64 = 86_400_000_000;
/// A second in microseconds.
pub(crate) const SECOND: i64 = 1_000_000;

/// The date of this many days since 1970-01-01: year, month, day.
pub(crate) fn civil(days: i64) -> (i64, i64, i64) {
    let (mut year, mut rest) = (1970, days);
    let length = |year: i64| if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) { 366 } else { 365 };
    while rest < 0 {
        year -= 1;
        rest += length(year);
    }
    while rest >= length(year) {
        rest -= length(year);
        year += 1;
    }
    let february = length(year) - 337;
    for (month, days) in [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31].into_iter().enumerate() {
        if rest < days {
            return (year, month as i64 + 1, rest + 1);
        }
        rest -= days;
    }
    unreachable!("a year has twelve months")
}

/// `2026-01-31`.
pub(crate) fn date_text(days: i64) -> String {
    let (year, month, day) = civil(days);
    format!("{year:04}-{month:02}-{day:02}")
}

/// `2026-01-31 23:59:59.999999`.
pub(crate) fn moment_text(micros: i64) -> String {
    let of_day = micros.rem_euclid(DAY);
    let (seconds, fraction) = (of_day / SECOND, of_day % SECOND);
    let (hour, minute, second) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    format!("{} {hour:02}:{minute:02}:{second:02}.{fraction:06}", date_text(micros.div_euclid(DAY)))
}

/// Monday 1 to Sunday 7.
pub(crate) fn iso_weekday(days: i64) -> i64 {
    (days + 3).rem_euclid(7) + 1
}

/// The week by ISO 8601: that of its Thursday, counted from the year's first.
pub(crate) fn iso_week(days: i64) -> i64 {
    let thursday = days - iso_weekday(days) + 4;
    let mut first = thursday;
    while civil(first - 7).0 == civil(thursday).0 {
        first -= 7;
    }
    (thursday - first) / 7 + 1
}

#[test]
fn moments_are_those_of_the_calendar() {
    assert_eq!(date_text(20_634), "2026-06-30");
    assert_eq!(moment_text(-1), "1969-12-31 23:59:59.999999");
    assert_eq!((iso_weekday(20_634), iso_week(20_634)), (2, 27));
    assert_eq!(iso_week(20_819), 53, "2027-01-01");
}
