//! Exact numbers by their digits. No number passes through a float on its way to an integer or a decimal.

/// The most digits of a number that is not zero.
const MOST_DIGITS: u32 = 38;
/// An exponent that no number of 38 digits reaches.
const ENDLESS: i64 = 1_000_000;

/// A number as `digits × 10^exponent`; the digits do not end with a zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Exact {
    is_negative: bool,
    digits: u128,
    exponent: i64,
}

/// The reason why a text is not a number that fits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Misfit {
    /// It is not a number.
    NoNumber,
    /// It has more than 38 digits, or more than its column.
    TooManyDigits,
    /// It has more digits after the point than its column.
    TooFine,
}

impl Exact {
    /// Reads a number: an optional minus, digits, an optional point with digits, an optional exponent.
    pub(super) fn parse(text: &str) -> Result<Self, Misfit> {
        let is_negative = text.starts_with('-');
        let unsigned = text.strip_prefix('-').unwrap_or(text).as_bytes();
        let end = unsigned.iter().position(|byte| matches!(byte, b'e' | b'E')).unwrap_or(unsigned.len());
        let (mut digits, mut zeros, mut exponent) = (0_u128, 0_u32, 0_i64);
        let (mut has_digit, mut is_fraction) = (false, false);
        for byte in &unsigned[..end] {
            match byte {
                b'.' if !is_fraction && has_digit => {
                    (is_fraction, has_digit) = (true, false);
                    continue;
                }
                b'0' => zeros = if digits == 0 { 0 } else { zeros.saturating_add(1) },
                b'1'..=b'9' => {
                    let shifted = 10_u128.checked_pow(zeros + 1).and_then(|by| digits.checked_mul(by));
                    let shifted = shifted.filter(|shifted| *shifted < 10_u128.pow(MOST_DIGITS));
                    digits = shifted.ok_or(Misfit::TooManyDigits)? + u128::from(byte - b'0');
                    zeros = 0;
                }
                _ => return Err(Misfit::NoNumber),
            }
            has_digit = true;
            exponent -= i64::from(is_fraction);
        }
        if !has_digit {
            return Err(Misfit::NoNumber);
        }
        if let Some(power) = unsigned.get(end + 1..) {
            exponent += power_of(power).ok_or(Misfit::NoNumber)?;
        }
        Ok(Self { is_negative, digits, exponent: exponent + i64::from(zeros) })
    }

    /// The number as an unscaled decimal of this precision and scale.
    pub(super) fn scaled(self, precision: u8, scale: i8) -> Result<i128, Misfit> {
        if self.digits == 0 {
            return Ok(0);
        }
        let shift = self.exponent.saturating_add(i64::from(scale));
        let shift =
            u32::try_from(shift).map_err(|_| if shift < 0 { Misfit::TooFine } else { Misfit::TooManyDigits })?;
        let unscaled = 10_u128.checked_pow(shift).and_then(|by| self.digits.checked_mul(by));
        let unscaled = unscaled.filter(|unscaled| *unscaled < 10_u128.pow(u32::from(precision).min(MOST_DIGITS)));
        let unscaled = unscaled.and_then(|unscaled| i128::try_from(unscaled).ok()).ok_or(Misfit::TooManyDigits)?;
        Ok(if self.is_negative { -unscaled } else { unscaled })
    }

    /// The number as a whole number of 64 bits.
    pub(super) fn whole(self) -> Result<i64, Misfit> {
        i64::try_from(self.scaled(MOST_DIGITS as u8, 0)?).map_err(|_| Misfit::TooManyDigits)
    }
}

fn power_of(text: &[u8]) -> Option<i64> {
    let (is_negative, digits) = match text.split_first()? {
        (b'-', rest) => (true, rest),
        (b'+', rest) => (false, rest),
        _ => (false, text),
    };
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let power = digits.iter().fold(0_i64, |power, digit| (power * 10 + i64::from(digit - b'0')).min(ENDLESS));
    Some(if is_negative { -power } else { power })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn numbers_are_read_by_their_digits() {
        let scaled = |text: &str| Exact::parse(text).and_then(|number| number.scaled(38, 4));
        for (text, unscaled) in [
            ("540", 5_400_000),
            ("0.5000", 5_000),
            ("-0.5", -5_000),
            ("5e2", 5_000_000),
            ("1.25E-2", 125),
            ("12300e-6", 123),
            ("0", 0),
            ("-0.000000000", 0),
            ("0e999999999999", 0),
            ("0.1000000000000000000000000000000000000000000000000000000000", 1_000),
            ("0000000000000000000000000000000000000000000001", 10_000),
            ("9007199254740993", 90_071_992_547_409_930_000),
        ] {
            assert_eq!(scaled(text), Ok(unscaled), "{text}");
        }
        for (text, why) in [
            ("", Misfit::NoNumber),
            ("-", Misfit::NoNumber),
            (".5", Misfit::NoNumber),
            ("5.", Misfit::NoNumber),
            ("1.2.3", Misfit::NoNumber),
            ("1e", Misfit::NoNumber),
            ("1e+-2", Misfit::NoNumber),
            ("NaN", Misfit::NoNumber),
            ("+5", Misfit::NoNumber),
            ("0x10", Misfit::NoNumber),
            ("1 2", Misfit::NoNumber),
            ("0.00001", Misfit::TooFine),
            ("1e-99999999999999999999", Misfit::TooFine),
            ("1e99999999999999999999", Misfit::TooManyDigits),
            ("123456789012345678901234567890123456789012345678901234567890", Misfit::TooManyDigits),
            ("99999999999999999999999999999999999999", Misfit::TooManyDigits),
        ] {
            assert_eq!(scaled(text), Err(why), "{text}");
        }
        assert_eq!(Exact::parse("9223372036854775807").and_then(Exact::whole), Ok(i64::MAX));
        assert_eq!(Exact::parse("-9223372036854775808.0").and_then(Exact::whole), Ok(i64::MIN));
        assert_eq!(Exact::parse("9223372036854775808").and_then(Exact::whole), Err(Misfit::TooManyDigits));
        assert_eq!(Exact::parse("1.5").and_then(Exact::whole), Err(Misfit::TooFine));
    }

    proptest! {
        /// A number means the same however its zeros and its exponent are written.
        #[test]
        fn every_spelling_of_a_number_is_the_number(digits in 0_i64..1_000_000_000_000, zeros in 0_usize..30, power in 0_usize..9) {
            let expected = i128::from(digits) * 10_i128.pow(9);
            let zeros = "0".repeat(zeros);
            let plain = Exact::parse(&format!("{zeros}{digits}.{zeros}0"));
            let shifted = Exact::parse(&format!("{digits}{}.0{zeros}e-{power}", "0".repeat(power)));
            for number in [plain, shifted] {
                prop_assert_eq!(number.and_then(|number| number.scaled(38, 9)), Ok(expected));
            }
        }
    }
}
