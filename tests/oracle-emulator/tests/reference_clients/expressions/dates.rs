//! Series of dates.

use super::{Case, case, check};

fn days_of_month(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// ADD_MONTHS of the last day of a month is the last day of the other; a day that the other lacks is its last one.
#[test]
fn months_are_added_from_last_day_to_last_day() {
    let mut cases = Vec::new();
    for (year, month, day) in [
        (2026, 1, 31),
        (2026, 2, 28),
        (2024, 2, 29),
        (2023, 2, 28),
        (2026, 4, 30),
        (2026, 1, 30),
        (2025, 12, 15),
        (2000, 2, 29),
    ] {
        for months in [-25, -12, -2, -1, 0, 1, 2, 11, 12, 13, 48] {
            let all: i64 = year * 12 + month - 1 + months;
            let (to_year, to_month) = (all.div_euclid(12), all.rem_euclid(12) + 1);
            let last = days_of_month(to_year, to_month);
            let to_day = if day == days_of_month(year, month) { last } else { day.min(last) };
            let expression = format!("TO_CHAR(ADD_MONTHS(DATE '{year}-{month:02}-{day:02}', {months}), 'YYYY-MM-DD')");
            cases.push(case(expression, format!("{to_year}-{to_month:02}-{to_day:02}")));
        }
    }
    check(&cases, 80);
}

/// A date as the number of days since 1970-01-01, which was a Thursday.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let leaps = |year: i64| year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    let years = (year - 1970) * 365 + leaps(year - 1) - leaps(1969);
    years + (1..month).map(|month| days_of_month(year, month)).sum::<i64>() + day - 1
}

fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let mut year = 1970 + days.div_euclid(366);
    while days_from_civil(year + 1, 1, 1) <= days {
        year += 1;
    }
    let mut month = 1;
    while month < 12 && days_from_civil(year, month + 1, 1) <= days {
        month += 1;
    }
    (year, month, days - days_from_civil(year, month, 1) + 1)
}

fn date(days: i64) -> String {
    let (year, month, day) = civil_from_days(days);
    format!("{year:04}-{month:02}-{day:02}")
}

/// An expression of a date, as its day.
fn day(expression: &str, days: i64) -> Case {
    case(format!("TO_CHAR({expression}, 'YYYY-MM-DD')"), date(days))
}

/// Monday is 0.
fn weekday(days: i64) -> i64 {
    (days + 3).rem_euclid(7)
}

/// Dates at the ends of months, years, leap years and weeks.
fn dates() -> Vec<i64> {
    [
        (1900, 2, 28),
        (1970, 1, 1),
        (1999, 12, 31),
        (2000, 2, 29),
        (2000, 3, 1),
        (2020, 12, 31),
        (2021, 1, 1),
        (2021, 1, 3),
        (2021, 1, 4),
        (2024, 2, 29),
        (2024, 12, 30),
        (2026, 1, 15),
        (2026, 2, 15),
        (2026, 2, 16),
        (2026, 3, 31),
        (2026, 6, 30),
        (2026, 7, 1),
        (2026, 11, 15),
        (2026, 11, 16),
        (2027, 1, 3),
    ]
    .map(|(year, month, day)| days_from_civil(year, month, day))
    .to_vec()
}

/// The week by ISO 8601: the first one has the year's first Thursday.
fn iso_week(days: i64) -> (i64, i64) {
    let thursday = days - weekday(days) + 3;
    let (year, ..) = civil_from_days(thursday);
    (year, (thursday - days_from_civil(year, 1, 1)) / 7 + 1)
}

/// The elements of the chapter Datetime Format Models.
#[test]
fn formats_write_parts_of_dates() {
    const MONTHS: &str = "JANUARY FEBRUARY MARCH APRIL MAY JUNE JULY AUGUST SEPTEMBER OCTOBER NOVEMBER DECEMBER";
    const DAYS: &str = "MONDAY TUESDAY WEDNESDAY THURSDAY FRIDAY SATURDAY SUNDAY";
    let nth = |names: &'static str, number: i64| names.split(' ').nth(number as usize).expect("a name");
    let mut cases = Vec::new();
    for days in dates() {
        let (year, month, day) = civil_from_days(days);
        let of_year = days - days_from_civil(year, 1, 1) + 1;
        let (iso_year, iso) = iso_week(days);
        let (name, weekday) = (nth(MONTHS, month - 1), nth(DAYS, weekday(days)));
        // 1970-01-01 is the Julian day 2440588.
        let parts = [
            ("YYYY", format!("{year:04}")),
            ("YY", format!("{:02}", year % 100)),
            ("CC", format!("{:02}", (year + 99) / 100)),
            ("Q", ((month + 2) / 3).to_string()),
            ("MM", format!("{month:02}")),
            ("DD", format!("{day:02}")),
            ("DDD", format!("{of_year:03}")),
            ("J", (days + 2_440_588).to_string()),
            ("W", ((day + 6) / 7).to_string()),
            ("WW", format!("{:02}", (of_year + 6) / 7)),
            ("IW", format!("{iso:02}")),
            ("IYYY", format!("{iso_year:04}")),
            ("MON", name[..3].to_owned()),
            ("DY", weekday[..3].to_owned()),
            ("MONTH", format!("{name:9}")),
            ("DAY", format!("{weekday:9}")),
            ("FMDAY, DD MONTH", format!("{weekday}, {day} {name}")),
            ("DD/MM/YYYY HH24:MI:SS", format!("{day:02}/{month:02}/{year:04} 00:00:00")),
        ];
        let expression = |format: &str| format!("TO_CHAR(DATE '{}', '{format}')", date(days));
        cases.extend(parts.into_iter().map(|(format, result)| case(expression(format), result)));
    }
    check(&cases, 350);
}

/// TRUNC goes to the begin of the unit, ROUND to the nearer end: from 1 July, the 16th of a quarter's second month, the 16th of
/// a month.
#[test]
fn dates_are_cut_and_rounded_to_units() {
    let mut cases = Vec::new();
    for days in dates() {
        let (year, month, of_month) = civil_from_days(days);
        let at = date(days);
        let begin_of = |month: i64| days_from_civil(year + (month - 1) / 12, (month - 1) % 12 + 1, 1);
        let quarter = (month - 1) / 3 * 3 + 1;
        let is_late = of_month >= 16;
        let in_quarter = month - quarter;
        let next_quarter = if in_quarter == 2 || (in_quarter == 1 && is_late) { 3 } else { 0 };
        cases.push(day(&format!("TRUNC(DATE '{at}', 'YYYY')"), begin_of(1)));
        cases.push(day(&format!("ROUND(DATE '{at}', 'YYYY')"), if month >= 7 { begin_of(13) } else { begin_of(1) }));
        cases.push(day(&format!("TRUNC(DATE '{at}', 'Q')"), begin_of(quarter)));
        cases.push(day(&format!("ROUND(DATE '{at}', 'Q')"), begin_of(quarter + next_quarter)));
        cases.push(day(&format!("TRUNC(DATE '{at}', 'MM')"), begin_of(month)));
        cases.push(day(&format!("ROUND(DATE '{at}', 'MM')"), begin_of(month + i64::from(is_late))));
        cases.push(day(&format!("TRUNC(DATE '{at}', 'IW')"), days - weekday(days)));
        cases.push(day(&format!("TRUNC(DATE '{at}' + 0.99)"), days));
        cases.push(day(&format!("ROUND(DATE '{at}' + 0.5)"), days + 1));
        cases.push(day(&format!("ROUND(DATE '{at}' + 0.49)"), days));
    }
    check(&cases, 200);
}

/// LAST_DAY, NEXT_DAY, and days that are added, subtracted and counted.
#[test]
fn days_are_counted() {
    let mut cases = Vec::new();
    for (number, days) in dates().into_iter().enumerate() {
        let at = date(days);
        let (year, month, _) = civil_from_days(days);
        cases.push(day(&format!("LAST_DAY(DATE '{at}')"), days_from_civil(year, month, days_of_month(year, month))));
        for (name, of_week) in [("MONDAY", 0), ("FRIDAY", 4), ("SUNDAY", 6)] {
            let next = days + (of_week - weekday(days) - 1).rem_euclid(7) + 1;
            cases.push(day(&format!("NEXT_DAY(DATE '{at}', '{name}')"), next));
        }
        for step in [-400, -1, 0, 1, 59, 366] {
            cases.push(day(&format!("DATE '{at}' + {step}"), days + step));
        }
        for other in dates().into_iter().skip(number % 3).step_by(3) {
            cases.push(case(format!("DATE '{at}' - DATE '{}'", date(other)), (days - other).to_string()));
        }
        cases.push(case(format!("EXTRACT(YEAR FROM DATE '{at}')"), year.to_string()));
        cases.push(case(format!("EXTRACT(MONTH FROM DATE '{at}')"), month.to_string()));
    }
    check(&cases, 350);
}

/// MONTHS_BETWEEN is whole between equal days and between last days of months; else each day is a 31st part of a month.
#[test]
fn months_between_have_31_days() {
    let mut cases = Vec::new();
    for one in dates().into_iter().step_by(2) {
        for other in dates().into_iter().skip(1).step_by(2) {
            let ((year, month, day), (from_year, from_month, from_day)) =
                (civil_from_days(one), civil_from_days(other));
            let is_last = day == days_of_month(year, month) && from_day == days_of_month(from_year, from_month);
            let days = if is_last { 0 } else { day - from_day };
            let parts = ((year - from_year) * 12 + month - from_month) * 31 + days;
            // Thousandths, rounded away from zero as ROUND does; no 31st part is a half of one.
            let rounded = (parts.abs() * 2_000 + 31) / 62 * parts.signum();
            let expression = format!("ROUND(MONTHS_BETWEEN(DATE '{}', DATE '{}'), 3)", date(one), date(other));
            cases.push(case(expression, super::numbers::thousandths(rounded)));
        }
    }
    check(&cases, 90);
}
