//! Series of numbers.

use super::{Case, case, check};

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
pub(super) fn thousandths(value: i64) -> String {
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

/// A number of thousandths as SQL has it.
fn literal(value: i64) -> String {
    format!("{}{}.{:03}", if value < 0 { "-" } else { "" }, value.abs() / 1_000, value.abs() % 1_000)
}

const THOUSANDTHS: [i64; 14] =
    [0, 1, -1, 500, -500, 999, -999, 1_000, -1_000, 1_001, -2_500, 123_456, -123_456, 9_999_999];

/// CEIL and FLOOR go up and down also below zero; a number of text is the number.
#[test]
fn numbers_go_up_down_and_through_text() {
    let mut cases = Vec::new();
    for value in THOUSANDTHS {
        let number = literal(value);
        cases.push(case(format!("CEIL({number})"), (-(-value).div_euclid(1_000)).to_string()));
        cases.push(case(format!("FLOOR({number})"), value.div_euclid(1_000).to_string()));
        cases.push(case(format!("ABS({number})"), thousandths(value.abs())));
        cases.push(case(format!("SIGN({number})"), value.signum().to_string()));
        cases.push(case(format!("-({number})"), thousandths(-value)));
        cases.push(case(format!("TO_NUMBER('{number}')"), thousandths(value)));
        cases.push(case(format!("CAST('{number}' AS NUMBER(12,3))"), thousandths(value)));
        for other in THOUSANDTHS {
            cases.push(case(format!("{number} + {}", literal(other)), thousandths(value + other)));
            cases.push(case(format!("{number} - ({})", literal(other)), thousandths(value - other)));
            cases.push(case(format!("GREATEST({number}, {})", literal(other)), thousandths(value.max(other))));
        }
    }
    check(&cases, 680);
}

/// A number by a format: a place for the sign comes first, digits beyond the point are rounded, and `#` says that it does not
/// fit.
#[test]
fn formats_write_numbers() {
    let mut cases = Vec::new();
    for value in [0_i64, 5, 1_500, -1_500, 12_345, -999_995, 999_999, 1_234_567, -12] {
        for (format, digits, decimals) in [("0000.000", 4, 3), ("0000.00", 4, 2), ("000", 3, 0), ("00000", 5, 0)] {
            let step = 10_i64.pow(3 - decimals);
            let rounded = (value.abs() + step / 2) / step;
            let (whole, fraction) = (rounded / 10_i64.pow(decimals), rounded % 10_i64.pow(decimals));
            let width = digits as usize;
            let mut text = format!("{whole:0width$}");
            if text.len() > width {
                let length = format.len() + 1;
                cases.push(case(format!("TO_CHAR({}, '{format}')", literal(value)), "#".repeat(length)));
                continue;
            }
            if decimals > 0 {
                text = format!("{text}.{fraction:0width$}", width = decimals as usize);
            }
            if value < 0 && rounded == 0 {
                // The documentation does not say whether zero keeps the sign.
                continue;
            }
            let sign = if value < 0 { "-" } else { " " };
            cases.push(case(format!("TO_CHAR({}, '{format}')", literal(value)), format!("{sign}{text}")));
            let short = format!("{}{text}", sign.trim());
            cases.push(case(format!("TO_CHAR({}, 'FM{format}')", literal(value)), short));
        }
    }
    check(&cases, 50);
}
