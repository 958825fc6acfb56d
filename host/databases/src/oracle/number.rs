//! Exact decimals out of Oracle's numbers. The driver returns a number's digits as text only; they are added up as they
//! are written, and no value passes through a binary fraction.

use std::fmt::{self, Display, Write};

/// The most digits that 128 bits hold whatever they are.
const MOST_DIGITS: u32 = 38;

/// The number without its point, at this scale; `None` if it has more digits than that.
pub(crate) fn unscaled(number: &impl Display, precision: u8, scale: u8) -> Option<i128> {
    let mut sum = Sum::default();
    write!(sum, "{number}").ok()?;
    sum.at(precision, scale)
}

/// All digits of the number; `None` if it is infinite. The driver writes minus infinity as zeros with a sign, and infinity
/// as 10^125, which no column of ordinary data has.
pub(crate) fn all_digits(number: &impl Display) -> Option<String> {
    let text = number.to_string();
    let zeros = |digits: &str| digits.bytes().all(|digit| matches!(digit, b'0' | b'.'));
    let is_infinite = text.strip_prefix('-').is_some_and(zeros)
        || text.len() > 125 && text.strip_prefix('1').is_some_and(zeros)
        || text.ends_with('~');
    (!is_infinite).then_some(text)
}

/// Adds up the digits that are written into it: an optional minus, digits, an optional point and digits.
#[derive(Debug, Default)]
struct Sum {
    value: u128,
    /// Digits but for the zeros in front.
    digits: u32,
    /// Digits after the point, and whether there is one.
    behind: u32,
    has_point: bool,
    is_negative: bool,
    has_digit: bool,
}

impl Sum {
    /// The unscaled value.
    fn at(&self, precision: u8, scale: u8) -> Option<i128> {
        let (mut value, mut behind) = (self.value, self.behind);
        while behind > scale.into() && value.is_multiple_of(10) {
            value /= 10;
            behind -= 1;
        }
        let zeros = u32::from(scale).checked_sub(behind)?;
        let value = value.checked_mul(10_u128.checked_pow(zeros)?)?;
        // Minus infinity is written as zeros with a sign; a zero has none.
        let is_number = self.has_digit && (value > 0 || !self.is_negative);
        let fits = is_number && value < 10_u128.checked_pow(precision.into())?;
        let value = i128::try_from(value).ok().filter(|_| fits)?;
        Some(if self.is_negative { -value } else { value })
    }
}

impl Write for Sum {
    fn write_char(&mut self, c: char) -> fmt::Result {
        match c {
            '0'..='9' => {
                let digit = u128::from(c as u8 - b'0');
                self.digits += u32::from(self.value > 0 || digit > 0);
                if self.digits > MOST_DIGITS {
                    return Err(fmt::Error);
                }
                // Most numbers are short, and a short multiplication is quicker.
                self.value = match u64::try_from(self.value) {
                    Ok(value) if value < u64::MAX / 16 => u128::from(value * 10) + digit,
                    _ => self.value * 10 + digit,
                };
                self.behind += u32::from(self.has_point);
                self.has_digit = true;
            }
            '-' if !self.has_digit && !self.is_negative => self.is_negative = true,
            '.' if !self.has_point => self.has_point = true,
            _ => return Err(fmt::Error),
        }
        Ok(())
    }

    fn write_str(&mut self, text: &str) -> fmt::Result {
        text.chars().try_for_each(|c| self.write_char(c))
    }
}

#[cfg(test)]
mod tests {
    use oracledb::OracleNumber;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn digits_beyond_the_type_are_refused() {
        for (text, precision, scale, expected) in [
            ("12.5", 10, 2, Some(1_250)),
            ("-12.5", 10, 2, Some(-1_250)),
            ("0", 1, 0, Some(0)),
            ("0.05", 2, 2, Some(5)),
            ("12.505", 10, 2, None),
            ("12.500", 10, 2, Some(1_250)),
            ("123456789", 8, 0, None),
            ("99999999999999999999999999999999999999", 38, 0, Some(10_i128.pow(38) - 1)),
            ("100000000000000000000000000000000000000", 38, 0, None),
            ("~", 38, 0, None),
            ("-~", 38, 0, None),
            ("-000", 38, 0, None),
            ("", 38, 0, None),
            ("1e5", 38, 0, None),
            ("1.2.3", 38, 3, None),
        ] {
            let mut sum = Sum::default();
            let written = sum.write_str(text);
            assert_eq!(written.ok().and_then(|()| sum.at(precision, scale)), expected, "{text}");
        }
    }

    #[test]
    fn infinity_is_no_number() {
        for text in [format!("-{}", "0".repeat(126)), format!("1{}", "0".repeat(125)), "~".into(), "-~".into()] {
            assert_eq!(all_digits(&text), None, "{text}");
            assert_eq!(unscaled(&text, 38, 10), None, "{text}");
        }
        for text in [format!("-1{}", "0".repeat(38)), "0".into(), "-0.001".into(), format!("1{}", "0".repeat(100))] {
            assert_eq!(all_digits(&text), Some(text));
        }
    }

    proptest! {
        #[test]
        fn a_number_survives_the_drivers_own(value: i64, scale in 0_u8..=18) {
            let magnitude = format!("{:019}", value.unsigned_abs());
            let (whole, fraction) = magnitude.split_at(magnitude.len() - usize::from(scale));
            let sign = if value < 0 { "-" } else { "" };
            let text = if scale == 0 { format!("{sign}{whole}") } else { format!("{sign}{}.{fraction}", if whole.is_empty() { "0" } else { whole }) };
            let number: OracleNumber = text.parse().expect("a number");
            prop_assert_eq!(unscaled(&number, 38, scale), Some(value.into()));
        }

        #[test]
        fn all_digits_survive(digits in "[1-9][0-9]{0,37}", behind in 0_usize..=38, negative: bool) {
            let padded = format!("{digits:0>39}");
            let (whole, fraction) = padded.split_at(padded.len() - behind.min(38));
            let text = format!("{}{whole}.{fraction}0", if negative { "-" } else { "" });
            let number: OracleNumber = text.parse().expect("a number");
            let expected = digits.parse::<i128>().expect("38 digits");
            let expected = if negative { -expected } else { expected };
            prop_assert_eq!(unscaled(&number, 38, behind.min(38) as u8), Some(expected));
        }
    }
}
