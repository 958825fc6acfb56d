//! Exact decimals. SQLite knows whole numbers of 64 bits and binary fractions only, so a decimal is read from them only
//! where no other decimal could have been meant; up to 38 digits are stored as text.

/// The most digits that a binary fraction of 64 bits returns exactly as they were stored.
pub(crate) const REAL_DIGITS: u8 = wmshost_sql::NUMBER_DIGITS;
/// The least whole number with more digits than those.
const LEAST_INEXACT: u64 = 1_000_000_000_000_000;

/// `10^exponent`, for at most 38.
#[inline]
pub(crate) fn power_of_ten(exponent: u8) -> i128 {
    WIDE_POWERS[usize::from(exponent)]
}

/// The unscaled number of a decimal in text: an optional sign, digits, an optional point with digits. `None` if
/// it is anything else, has digits after the scale, or more digits than the precision.
pub(crate) fn from_text(text: &[u8], precision: u8, scale: u8) -> Option<i128> {
    let (negative, digits) = match text.split_first()? {
        (b'-', rest) => (true, rest),
        (b'+', rest) => (false, rest),
        _ => (false, text),
    };
    let point = digits.iter().position(|c| *c == b'.');
    let (whole, fraction) = match point {
        Some(at) => (&digits[..at], &digits[at + 1..]),
        None => (digits, &[][..]),
    };
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let (kept, beyond) = fraction.split_at(fraction.len().min(usize::from(scale)));
    if beyond.iter().any(|digit| *digit != b'0') {
        return None;
    }
    let padding = usize::from(scale) - kept.len();
    let zeros = std::iter::repeat_n(&b'0', padding);
    let mut unscaled = 0_i128;
    for digit in whole.iter().chain(kept).chain(zeros) {
        let digit = digit.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        unscaled = unscaled.checked_mul(10)?.checked_add(i128::from(digit))?;
    }
    let fits = unscaled < power_of_ten(precision);
    fits.then_some(if negative { -unscaled } else { unscaled })
}

/// The unscaled number of a whole number.
pub(crate) fn from_integer(value: i64, precision: u8, scale: u8) -> Option<i128> {
    /// The greatest scale to which every number of 64 bits fits 128 bits. A multiplication with a check costs more.
    const SAFE_SCALE: u8 = 19;
    let (value, power) = (i128::from(value), power_of_ten(scale));
    let unscaled = if scale <= SAFE_SCALE { value * power } else { value.checked_mul(power)? };
    (unscaled.abs() < power_of_ten(precision)).then_some(unscaled)
}

/// The unscaled number of a binary fraction, if there is exactly one decimal of that scale with up to 15 digits that is
/// stored as this fraction. The nearest candidate is divided again, which rounds once and correctly (both sides are
/// exact up to 2^53 and 10^22), and must result in the very same fraction.
pub(crate) fn from_real(value: f64, precision: u8, scale: u8) -> Option<i128> {
    if scale > 22 {
        return from_real_by_text(value, precision, scale);
    }
    // Many digits before the point leave few of the 15 after it.
    let nearest = |kept: u8| (kept, (value * POWERS[usize::from(kept)]).round());
    let (kept, nearest) = (0..=scale).rev().map(nearest).find(|(_, nearest)| nearest.abs() < LEAST_INEXACT as f64)?;
    if nearest / POWERS[usize::from(kept)] != value {
        return None;
    }
    // 15 digits and 22 zeros fit 128 bits.
    let unscaled = i128::from(nearest as i64) * power_of_ten(scale - kept);
    (unscaled.abs() < power_of_ten(precision)).then_some(unscaled)
}

/// As `from_real`, from the shortest digits that result in this fraction.
fn from_real_by_text(value: f64, precision: u8, scale: u8) -> Option<i128> {
    let text = format!("{value}");
    let digits = text.trim_start_matches(['-', '0', '.']).bytes().filter(u8::is_ascii_digit);
    if !value.is_finite() || digits.count() > usize::from(REAL_DIGITS) {
        return None;
    }
    from_text(text.as_bytes(), precision, scale)
}

/// Adds the decimal as text, with exactly `scale` digits after the point.
pub(crate) fn put_text(unscaled: i128, scale: u8, out: &mut Vec<u8>) {
    // 39 digits of an i128 and a leading zero.
    let mut digits = [b'0'; 40];
    let mut rest = unscaled.unsigned_abs();
    let mut start = digits.len();
    // Division of 128 bits costs several times that of 64, which hold nearly all numbers.
    while rest > u128::from(u64::MAX) {
        start -= 1;
        digits[start] = b'0' + (rest % 10) as u8;
        rest /= 10;
    }
    let mut rest = rest as u64;
    while rest >= 100 {
        start -= 2;
        digits[start..start + 2].copy_from_slice(&TWO_DIGITS[(rest % 100) as usize]);
        rest /= 100;
    }
    // What is before them is zeros.
    digits[start - 2..start].copy_from_slice(&TWO_DIGITS[rest as usize]);
    start -= if rest >= 10 { 2 } else { usize::from(rest > 0) };
    start = start.min(digits.len() - usize::from(scale) - 1);
    let (whole, fraction) = digits[start..].split_at(digits.len() - start - usize::from(scale));
    if unscaled < 0 {
        out.push(b'-');
    }
    out.extend_from_slice(whole);
    if scale > 0 {
        out.push(b'.');
        out.extend_from_slice(fraction);
    }
}

/// A decimal as SQLite stores a number.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Number {
    /// A whole number.
    Whole(i64),
    /// A binary fraction that is read as the decimal again.
    Real(f64),
}

/// The number that is read as this decimal again; `None` if neither kind is.
pub(crate) fn to_number(unscaled: i128, scale: u8) -> Option<Number> {
    if let (Ok(narrow), Some(power)) = (i64::try_from(unscaled), WHOLE_POWERS.get(usize::from(scale))) {
        if narrow % power == 0 {
            return Some(Number::Whole(narrow / power));
        }
        if narrow.unsigned_abs() < LEAST_INEXACT {
            return Some(Number::Real(narrow as f64 / POWERS[usize::from(scale)]));
        }
    }
    wide_to_number(unscaled, scale)
}

/// The same for a decimal of any size. Zeros at its end are no digits that a number would have to hold.
fn wide_to_number(unscaled: i128, scale: u8) -> Option<Number> {
    let (unscaled, scale) = without_zeros(unscaled, scale);
    if scale == 0 {
        return i64::try_from(unscaled).ok().map(Number::Whole);
    }
    let power = POWERS.get(usize::from(scale))?;
    (unscaled.unsigned_abs() < u128::from(LEAST_INEXACT)).then(|| Number::Real(unscaled as f64 / power))
}

/// The same decimal without zeros at the end of its digits after the point.
fn without_zeros(mut unscaled: i128, mut scale: u8) -> (i128, u8) {
    while scale > 0 && unscaled % 10 == 0 {
        (unscaled, scale) = (unscaled / 10, scale - 1);
    }
    (unscaled, scale)
}

/// The powers of ten that a binary fraction of 64 bits holds exactly.
const POWERS: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20,
    1e21, 1e22,
];

const WIDE_POWERS: [i128; 39] = {
    let mut powers = [1; 39];
    let mut at = 1;
    while at < powers.len() {
        powers[at] = powers[at - 1] * 10;
        at += 1;
    }
    powers
};

/// The digits of each number below 100.
const TWO_DIGITS: [[u8; 2]; 100] = {
    let mut all = [[b'0'; 2]; 100];
    let mut at = 0;
    while at < all.len() {
        all[at] = [b'0' + at as u8 / 10, b'0' + at as u8 % 10];
        at += 1;
    }
    all
};

const WHOLE_POWERS: [i64; 19] = {
    let mut powers = [1; 19];
    let mut at = 1;
    while at < powers.len() {
        powers[at] = powers[at - 1] * 10;
        at += 1;
    }
    powers
};

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn text(unscaled: i128, scale: u8) -> String {
        let mut out = Vec::new();
        put_text(unscaled, scale, &mut out);
        String::from_utf8(out).expect("digits")
    }

    #[test]
    fn text_is_read_exactly_or_not_at_all() {
        let most = 99_999_999_999_999_999_999_999_999_999_999_999_999_i128;
        for (given, precision, scale, unscaled) in [
            ("1.50", 5, 2, Some(150)),
            ("-1.5", 5, 2, Some(-150)),
            ("+.5", 5, 2, Some(50)),
            ("5.", 5, 2, Some(500)),
            ("1.5000", 5, 2, Some(150)),
            ("99999999999999999999999999999999999999", 38, 0, Some(most)),
            ("-999999999999999999999999999999999999.99", 38, 2, Some(-most)),
            ("0.00000000000000000000000000000000000001", 38, 38, Some(1)),
            ("1.505", 5, 2, None),
            ("1000", 5, 2, None),
            ("100000000000000000000000000000000000000", 38, 0, None),
            ("1e3", 5, 2, None),
            ("1,5", 5, 2, None),
            (" 1", 5, 2, None),
            ("-", 5, 2, None),
            (".", 5, 2, None),
            ("", 5, 2, None),
        ] {
            assert_eq!(from_text(given.as_bytes(), precision, scale), unscaled, "{given}");
        }
    }

    #[test]
    fn fractions_are_taken_only_where_one_decimal_is_meant() {
        assert_eq!(from_real(0.1, 10, 2), Some(10));
        assert_eq!(from_real(12.345, 10, 3), Some(12_345));
        assert_eq!(from_real(0.1 + 0.2, 10, 2), None);
        assert_eq!(from_real(12.345, 10, 2), None);
        assert_eq!(from_real(f64::NAN, 10, 2), None);
        assert_eq!(from_real(f64::INFINITY, 38, 2), None);
        assert_eq!(from_real(1e15, 38, 2), None);
        assert_eq!(from_real(0.5, 38, 30), Some(5 * 10_i128.pow(29)));
        assert_eq!(from_real(0.1 + 0.2, 38, 30), None);
        assert_eq!(from_real(-0.0, 10, 2), Some(0));
        assert_eq!(from_real(250_000.25, 38, 10), Some(2_500_002_500_000_000));
        assert_eq!(from_real(123_456_789_012_345.0, 38, 10), Some(1_234_567_890_123_450_000_000_000));
        assert_eq!(from_real(123_456_789_012_345.5, 38, 10), None);
    }

    proptest! {
        #[test]
        fn numbers_give_the_decimal_back(unscaled in -999_999_999_999_999_i128..=999_999_999_999_999, scale in 0_u8..=15) {
            let back = match to_number(unscaled, scale).expect("15 digits fit") {
                Number::Whole(value) => from_integer(value, 15, scale),
                Number::Real(value) => from_real(value, 15, scale),
            };
            prop_assert_eq!(back, Some(unscaled));
        }

        #[test]
        fn a_number_never_gives_another_decimal(unscaled: i128, scale in 0_u8..=38) {
            let unscaled = unscaled % power_of_ten(38);
            let back = match to_number(unscaled, scale) {
                Some(Number::Whole(value)) => from_integer(value, 38, scale),
                Some(Number::Real(value)) => from_real(value, 38, scale),
                None => Some(unscaled),
            };
            prop_assert_eq!(back, Some(unscaled));
        }

        #[test]
        fn text_gives_the_decimal_back(unscaled: i128, scale in 0_u8..=38) {
            let unscaled = unscaled % power_of_ten(38);
            prop_assert_eq!(from_text(text(unscaled, scale).as_bytes(), 38, scale), Some(unscaled));
        }

        #[test]
        fn any_text_is_read_without_harm(any: Vec<u8>, scale in 0_u8..=38) {
            let _ = from_text(&any, 38, scale);
        }
    }
}
