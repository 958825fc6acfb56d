//! Exact decimals out of Oracle's numbers. The driver gives a number's digits as text only; nothing here goes by
//! way of a binary fraction.

use std::fmt::{Display, Write as _};

/// Reads numbers, with one piece of memory for all of them.
#[derive(Debug, Default)]
pub(super) struct Digits(String);

impl Digits {
    /// The number without its point, at this scale; `None` if it has more digits than that.
    pub(super) fn unscaled(&mut self, number: &impl Display, precision: u8, scale: u8) -> Option<i128> {
        unscaled(self.text(number), precision, scale)
    }

    /// The number as text: optional minus, digits, optional point and digits.
    pub(super) fn text(&mut self, number: &impl Display) -> &str {
        self.0.clear();
        let _ = write!(self.0, "{number}");
        &self.0
    }
}

/// The unscaled value of such a text.
pub(super) fn unscaled(text: &str, precision: u8, scale: u8) -> Option<i128> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let fraction = fraction.trim_end_matches('0');
    let zeros = usize::from(scale).checked_sub(fraction.len())?;
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let mut value: i128 = 0;
    for byte in whole.bytes().chain(fraction.bytes()).chain(std::iter::repeat_n(b'0', zeros)) {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        value = value.checked_mul(10)?.checked_add(i128::from(digit))?;
    }
    let fits = value < 10_i128.checked_pow(precision.into())?;
    fits.then_some(if negative { -value } else { value })
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
            ("", 38, 0, None),
            ("1e5", 38, 0, None),
        ] {
            assert_eq!(unscaled(text, precision, scale), expected, "{text}");
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
            prop_assert_eq!(Digits::default().unscaled(&number, 38, scale), Some(value.into()));
        }
    }
}
