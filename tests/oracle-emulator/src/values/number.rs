//! Oracle's NUMBER in the protocol, as text, and from PostgreSQL's binary numeric.
//!
//! In the protocol a NUMBER is an exponent of 100 and up to 20 digits to the base of 100; negative ones are mirrored,
//! so that the order of numbers is that of their bytes.

use crate::engine::Refusal;

const MOST_PAIRS: usize = 20;
const ZERO: u8 = 0x80;
/// The byte after a negative number that is shorter than the longest.
const END_OF_NEGATIVE: u8 = 102;

fn invalid(what: &str) -> Refusal {
    Refusal::new(1722, format!("invalid number ({what})"))
}

/// The bytes of a number with these digits to the base of 100, the first of which counts `100^exponent`.
fn image(negative: bool, exponent: i32, pairs: &[u8]) -> Vec<u8> {
    let zeros = pairs.iter().take_while(|pair| **pair == 0).count();
    let exponent = exponent - zeros as i32;
    let end = pairs.len() - pairs.iter().rev().take_while(|pair| **pair == 0).count();
    let Some(pairs) = pairs.get(zeros..end).filter(|pairs| !pairs.is_empty()) else { return vec![ZERO] };
    let pairs = &pairs[..pairs.len().min(MOST_PAIRS)];
    let first = 0x80 | (exponent + 65) as u8;
    let mut bytes = Vec::with_capacity(pairs.len() + 2);
    if negative {
        bytes.push(!first);
        bytes.extend(pairs.iter().map(|pair| 101 - pair));
        if pairs.len() < MOST_PAIRS {
            bytes.push(END_OF_NEGATIVE);
        }
    } else {
        bytes.push(first);
        bytes.extend(pairs.iter().map(|pair| pair + 1));
    }
    bytes
}

/// A number from its text.
pub(crate) fn from_text(text: &str) -> Result<Vec<u8>, Refusal> {
    let text = text.trim();
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let (mantissa, exponent) = digits.split_once(['e', 'E']).unwrap_or((digits, "0"));
    let exponent: i32 = exponent.parse().map_err(|_| invalid(text))?;
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let mut digits = format!("{whole}{fraction}");
    if digits.is_empty() || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
        return Err(invalid(text));
    }
    let mut point = whole.len() as i32 + exponent;
    if point.rem_euclid(2) == 1 {
        digits.insert(0, '0');
        point += 1;
    }
    if digits.len() % 2 == 1 {
        digits.push('0');
    }
    let pairs: Vec<u8> = digits.as_bytes().chunks(2).map(|pair| (pair[0] - b'0') * 10 + pair[1] - b'0').collect();
    Ok(image(negative, point / 2 - 1, &pairs))
}

/// A number from PostgreSQL's binary numeric.
pub(crate) fn from_numeric(bytes: &[u8]) -> Result<Vec<u8>, Refusal> {
    let short = |at: usize| bytes.get(at..at + 2).map(|pair| i16::from_be_bytes([pair[0], pair[1]]));
    let (Some(count), Some(weight), Some(sign)) = (short(0), short(2), short(4)) else {
        return Err(invalid("a numeric that is cut off"));
    };
    if !matches!(sign, 0 | 0x4000) {
        return Err(invalid("not a finite number"));
    }
    let digits = (0..count as usize).map_while(|at| short(8 + 2 * at));
    let pairs: Vec<u8> = digits.flat_map(|digit| [(digit / 100) as u8, (digit % 100) as u8]).collect();
    Ok(image(sign != 0, i32::from(weight) * 2 + 1, &pairs))
}

/// The text of a number.
pub(crate) fn to_text(bytes: &[u8]) -> Result<String, Refusal> {
    let Some((first, pairs)) = bytes.split_first() else { return Err(invalid("no bytes")) };
    if pairs.is_empty() {
        return if *first == ZERO { Ok("0".to_owned()) } else { Err(invalid("an infinite number")) };
    }
    let negative = first & 0x80 == 0;
    let exponent = i32::from(if negative { !first } else { *first } & 0x7f) - 65;
    let pairs = if negative { pairs.strip_suffix(&[END_OF_NEGATIVE]).unwrap_or(pairs) } else { pairs };
    let mut digits = String::with_capacity(pairs.len() * 2);
    for byte in pairs {
        let pair = if negative { 101_u8.checked_sub(*byte) } else { byte.checked_sub(1) };
        let pair = pair.filter(|pair| *pair < 100).ok_or_else(|| invalid("a digit above 99"))?;
        digits.push(char::from(b'0' + pair / 10));
        digits.push(char::from(b'0' + pair % 10));
    }
    let point = (exponent + 1) * 2;
    let (whole, fraction) = if point <= 0 {
        (String::new(), "0".repeat(-point as usize) + &digits)
    } else if point as usize >= digits.len() {
        let zeros = "0".repeat(point as usize - digits.len());
        (digits + &zeros, String::new())
    } else {
        let (whole, fraction) = digits.split_at(point as usize);
        (whole.to_owned(), fraction.to_owned())
    };
    let (whole, fraction) = (whole.trim_start_matches('0'), fraction.trim_end_matches('0'));
    let whole = if whole.is_empty() { "0" } else { whole };
    let sign = if negative { "-" } else { "" };
    let point = if fraction.is_empty() { "" } else { "." };
    Ok(format!("{sign}{whole}{point}{fraction}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wire_knows_these() {
        for (text, image) in [
            ("0", "80"),
            ("1", "c102"),
            ("-1", "3e6466"),
            ("100", "c202"),
            ("123.45", "c202182e"),
            ("-123.45", "3d644e3866"),
            ("0.01", "c002"),
            ("0.001", "bf0b"),
        ] {
            assert_eq!(hex::encode(from_text(text).expect("a number")), image, "{text}");
            assert_eq!(to_text(&hex::decode(image).expect("hex")).expect("text"), text);
        }
    }

    #[test]
    fn thirty_eight_digits_survive() {
        for text in [
            "99999999999999999999999999999999999999",
            "-99999999999999999999999999999999999999",
            "-0.00000000000000000000000000000000000001",
            "12345678901234567890.123456789012345678",
            "1000000",
            "-100",
        ] {
            assert_eq!(to_text(&from_text(text).expect("a number")).expect("text"), text);
        }
    }

    #[test]
    fn postgresqls_numeric_is_the_same_number() {
        for (numeric, text) in [
            ("0000000000000000", "0"),
            ("0001000000000000002a", "42"),
            ("0002000000000002007b1194", "123.45"),
            ("0001000140000000000c", "-120000"),
            ("0001ffff000000040001", "0.0001"),
        ] {
            let bytes = hex::decode(numeric).expect("hex");
            assert_eq!(to_text(&from_numeric(&bytes).expect("a number")).expect("text"), text);
        }
    }

    #[test]
    fn what_is_no_number_is_refused() {
        for text in ["", "-", "x", "1x", "1e", "."] {
            assert_eq!(from_text(text).expect_err(text).code, 1722);
        }
    }
}
