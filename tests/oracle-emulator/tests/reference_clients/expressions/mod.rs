//! Expressions with the results that Oracle documents: a table of them, and series whose results follow from a rule. The
//! emulator has to answer as Oracle does, or to refuse.

use oracledb::{Connection, connect};
use wmshost_oracle_emulator::{Release, Transport};

use crate::fixture::emulator;
use crate::native::{code, config};

const TABLE: &str = include_str!("expressions.txt");
/// The expressions of one query.
const AT_ONCE: usize = 40;

/// An expression and its result, as text.
struct Case {
    expression: String,
    result: String,
}

fn case(expression: impl Into<String>, result: impl Into<String>) -> Case {
    Case { expression: expression.into(), result: result.into() }
}

/// The results of a query as text; the error is its code.
fn answers(connection: &Connection, cases: &[Case]) -> Result<Vec<String>, String> {
    let columns: Vec<_> = cases.iter().map(|case| format!("TO_CHAR({})", case.expression)).collect();
    let query = format!("SELECT {} FROM dual", columns.join(", "));
    let row = connection.query_row(&query, &[]).map_err(|error| match code(&error) {
        0 => error.to_string(),
        code => format!("ORA-{code:05}"),
    })?;
    let text = |at: usize| row.get::<Option<String>>(at).expect("a text").unwrap_or_else(|| "NULL".to_owned());
    Ok((0..cases.len()).map(text).collect())
}

/// The cases whose answers differ.
fn wrong(connection: &Connection, cases: &[Case]) -> Vec<String> {
    let mut wrong = Vec::new();
    for cases in cases.chunks(AT_ONCE) {
        let together = answers(connection, cases);
        for (at, case) in cases.iter().enumerate() {
            let alone =
                || answers(connection, std::slice::from_ref(case)).map_or_else(|code| code, |mut got| got.remove(0));
            let got = together.as_ref().map_or_else(|_| alone(), |all| all[at].clone());
            if got != case.result {
                wrong.push(format!("{} is {got}, not {}", case.expression, case.result));
            }
        }
    }
    wrong
}

fn check(cases: &[Case], least: usize) {
    assert!(cases.len() >= least, "{} cases", cases.len());
    let Some(emulator) = emulator() else { return };
    let connection = connect(config(emulator, (Release::R23, Transport::Tcp), "NATIVE")).expect("a connection");
    let wrong = wrong(&connection, cases);
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

#[test]
fn documented_results_are_those_of_oracle() {
    let lines = TABLE.lines().filter(|line| !line.starts_with('#') && !line.trim().is_empty());
    let cases: Vec<Case> = lines
        .map(|line| line.rsplit_once(" => ").unwrap_or_else(|| panic!("no result: {line}")))
        .map(|(expression, result)| case(expression, result))
        .collect();
    check(&cases, 140);
}

/// MOD(m, n) is m - n * TRUNC(m / n), and m where n is 0; it has the sign of m.
#[test]
fn remainders_have_the_sign_of_the_dividend() {
    let numbers = || (-13..=13).step_by(2);
    let pairs = numbers().flat_map(|m| (-4..=4).map(move |n| (m, n)));
    let cases: Vec<Case> =
        pairs.map(|(m, n)| case(format!("MOD({m}, {n})"), (if n == 0 { m } else { m % n }).to_string())).collect();
    check(&cases, 120);
}

/// A number of thousandths as Oracle writes it.
fn thousandths(value: i64) -> String {
    let (sign, whole, fraction) = (if value < 0 { "-" } else { "" }, value.abs() / 1_000, value.abs() % 1_000);
    let fraction = format!("{fraction:03}");
    let fraction = fraction.trim_end_matches('0');
    match (whole, fraction) {
        (0, "") => "0".to_owned(),
        (0, fraction) => format!("{sign}.{fraction}"),
        (whole, "") => format!("{sign}{whole}"),
        (whole, fraction) => format!("{sign}{whole}.{fraction}"),
    }
}

/// ROUND rounds halves away from zero, TRUNC cuts towards zero; a negative number of digits counts those before the point.
#[test]
fn numbers_are_rounded_away_from_zero_and_cut_towards_it() {
    let mut cases = Vec::new();
    for value in [15_193, -15_193, 2_500, -2_500, 50, -50, 1_234_567, -999_950, 999, 0, 5, 123_456] {
        for digits in -2..=3_i64 {
            let step = 10_i64.pow(u32::try_from(3 - digits).expect("small"));
            let (cut, rest) = (value / step, value % step);
            let rounded = cut + if rest.abs() * 2 >= step { value.signum() } else { 0 };
            let number =
                format!("{}{}.{:03}", if value < 0 { "-" } else { "" }, value.abs() / 1_000, value.abs() % 1_000);
            cases.push(case(format!("ROUND({number}, {digits})"), thousandths(rounded * step)));
            cases.push(case(format!("TRUNC({number}, {digits})"), thousandths(cut * step)));
        }
    }
    check(&cases, 140);
}

/// SUBSTR counts from 1, from the end if the place is negative, and is NULL where the length is below 1 or nothing is left.
#[test]
fn parts_of_texts_are_counted_from_either_end() {
    const TEXT: &str = "ABCDEFG";
    let length = TEXT.len() as i64;
    let mut cases = Vec::new();
    for place in -9..=9_i64 {
        for count in -1..=9_i64 {
            let first = if place == 0 {
                0
            } else if place > 0 {
                place - 1
            } else {
                length + place
            };
            let is_within = (0..length).contains(&first) && count >= 1;
            let part = || &TEXT[first as usize..(first + count).min(length) as usize];
            let result = if is_within { part() } else { "NULL" };
            cases.push(case(format!("SUBSTR('{TEXT}', {place}, {count})"), result));
        }
    }
    check(&cases, 200);
}

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
