//! Values by seed, and a canonical text for each: two values are equal only if these texts are. The matrices of tests
//! make their rows from them.

use std::collections::BTreeSet;

use crate::numbers::Numbers;

/// The canonical text of a number in text: no plus, no zeros at the end of a fraction.
pub fn canonical_number(text: &str) -> String {
    let text = text.strip_prefix('+').unwrap_or(text);
    let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { text };
    let (sign, digits) = text.strip_prefix('-').map_or(("", text), |digits| ("-", digits));
    let digits = digits.trim_start_matches('0');
    match digits {
        "" => "0".to_owned(),
        digits if digits.starts_with('.') => format!("{sign}0{digits}"),
        digits => format!("{sign}{digits}"),
    }
}

/// Whole numbers around the powers of ten, where the order of digits is not the order of numbers.
pub fn wholes(count: usize, digits: u32, numbers: &mut Numbers) -> Vec<i64> {
    let mut all = BTreeSet::new();
    let most = 10_i64.pow(digits.min(18));
    let mut tries = 0;
    while all.len() < count && tries < 1_000 {
        tries += 1;
        let power = 10_i64.pow(numbers.below(u64::from(digits.min(18))) as u32);
        let near = power + numbers.below(7) as i64 - 3;
        let value = match numbers.below(4) {
            0 => numbers.below(30) as i64,
            1 => -near,
            _ => near,
        };
        if value.abs() < most {
            all.insert(value);
        }
    }
    all.into_iter().collect()
}

/// An unscaled number as text, with its point.
pub fn pointed(unscaled: i128, behind: u32) -> String {
    let power = 10_i128.pow(behind);
    let sign = if unscaled < 0 { "-" } else { "" };
    let (whole, rest) = (unscaled.unsigned_abs() / power as u128, unscaled.unsigned_abs() % power as u128);
    if behind == 0 {
        format!("{sign}{whole}")
    } else {
        format!("{sign}{whole}.{rest:0>width$}", width = behind as usize)
    }
}

/// Unscaled decimals of this many digits before and after the point, in ascending order.
pub fn unscaled(count: usize, before: u32, behind: u32, numbers: &mut Numbers) -> Vec<i128> {
    let mut all = BTreeSet::new();
    let digits = before + behind;
    let most = 10_i128.pow(digits);
    let mut tries = 0;
    while all.len() < count && tries < 1_000 {
        tries += 1;
        let power = 10_i128.pow(numbers.below(u64::from(digits)) as u32);
        let near = power + numbers.below(700) as i128 - 350;
        let one = 10_i128.pow(behind);
        let value = match numbers.below(5) {
            0 => numbers.below(30) as i128 * one,
            1 => -near,
            2 => numbers.below(200) as i128 * one + numbers.below(u64::try_from(one).unwrap_or(u64::MAX)) as i128,
            _ => near,
        };
        if value.abs() < most {
            all.insert(value);
        }
    }
    all.into_iter().collect()
}

const LETTERS: &[&str] = &[
    "a",
    "A",
    "b",
    "B",
    "z",
    "Z",
    "_",
    "-",
    "'",
    "\"",
    "é",
    "e\u{301}",
    "ß",
    "ÿ",
    "Ā",
    "ż",
    "中",
    "\u{e000}",
    "\u{fffd}",
    "😀",
    "𝄞",
    "\u{10ffff}",
    "9",
    "10",
    "1",
    "0",
    ".",
    "%",
    "[",
    "^",
];

/// Texts whose order depends on the collation and the encoding; distinct under the collation of a unique column.
pub fn texts(count: usize, collation: &str, plain: bool, words: bool, numbers: &mut Numbers) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    let mut known = BTreeSet::new();
    let mut tries = 0;
    while all.len() < count && tries < 1_000 {
        tries += 1;
        let mut text = if words { "w".to_owned() } else { String::new() };
        if plain {
            text.push_str(&format!("{:03}", all.len()));
        }
        for _ in 0..=numbers.below(3) {
            text.push_str(numbers.pick::<&str>(LETTERS));
        }
        if numbers.chance(10) {
            text.push(' ');
        }
        let folded = match collation {
            "NOCASE" => text.to_ascii_lowercase(),
            "RTRIM" => text.trim_end_matches(' ').to_owned(),
            _ => text.clone(),
        };
        if known.insert(folded) {
            all.push(text);
        }
    }
    if !plain {
        all.sort();
    }
    all
}

/// The calendar date of a day since 1970-01-01 (Howard Hinnant's algorithm). The expected rows are computed without the
/// host's own calendar, so that an error in that calendar is noticed.
fn date_text(day: i64) -> String {
    let shifted = day + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    format!("{:04}-{month:02}-{day:02}", year_of_era + era * 400 + i64::from(month <= 2))
}

const DAY: i64 = 86_400_000_000;

/// The canonical text of a moment in microseconds since 1970.
pub fn moment_text(micros: i64) -> String {
    let (day, rest) = (micros.div_euclid(DAY), micros.rem_euclid(DAY));
    let (seconds, fraction) = (rest / 1_000_000, rest % 1_000_000);
    format!("{} {:02}:{:02}:{:02}.{fraction:06}", date_text(day), seconds / 3_600, seconds / 60 % 60, seconds % 60)
}

/// The canonical text of a day in microseconds since 1970.
pub fn day_text(micros: i64) -> String {
    date_text(micros.div_euclid(DAY))
}

/// 2020-01-01, the earliest generated time: no clock of a machine is before it.
pub const EPOCH: i64 = 1_577_836_800_000_000;

/// Moments in ascending order, each through a function that may draw numbers too.
pub fn moments<T>(count: usize, numbers: &mut Numbers, mut each: impl FnMut(i64, &mut Numbers) -> T) -> Vec<T> {
    let mut at = EPOCH + numbers.below(3) as i64 * 3_600_000_000;
    let mut all = Vec::new();
    for _ in 0..count {
        all.push(each(at, numbers));
        at += match numbers.below(5) {
            0 => 1,
            1 => 500_000,
            2 => 1_000_000 * (1 + numbers.below(100) as i64),
            3 => DAY - at.rem_euclid(DAY),
            _ => 60_000_000 * (1 + numbers.below(2_000) as i64),
        };
    }
    all
}

/// Bytes of all lengths, some the beginning of others.
pub fn bytes(count: usize, numbers: &mut Numbers) -> Vec<Vec<u8>> {
    let mut all = BTreeSet::new();
    while all.len() < count {
        let length = numbers.below(4);
        all.insert((0..length).map(|_| numbers.pick(&[0_u8, 1, 0x41, 0x61, 0x7f, 0x80, 0xff])).collect::<Vec<u8>>());
    }
    all.into_iter().collect()
}

/// Bytes in hexadecimal digits.
pub fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_what_the_calendar_says() {
        assert_eq!(moment_text(EPOCH), "2020-01-01 00:00:00.000000");
        assert_eq!(moment_text(951_782_400_000_001), "2000-02-29 00:00:00.000001");
        assert_eq!(canonical_number("-0012.500"), "-12.5");
        assert_eq!(canonical_number("0.0"), "0");
    }
}
