//! The encodings of HTTP: base64, percent, JSON texts.

const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Encodes as base64.
pub(crate) fn base64(bytes: &[u8]) -> String {
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let bits = chunk.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for at in 0..4 {
            let letter = LETTERS[(bits >> (18 - 6 * at)) as usize & 63];
            text.push(if at <= chunk.len() { char::from(letter) } else { '=' });
        }
    }
    text
}

/// Decodes base64 into a text; `None` if it is none.
pub(crate) fn from_base64(text: &str) -> Option<String> {
    let mut bytes = Vec::new();
    let (mut bits, mut count) = (0_u32, 0);
    for letter in text.trim_end_matches('=').bytes() {
        bits = bits << 6 | LETTERS.iter().position(|known| *known == letter)? as u32;
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count) as u8);
        }
    }
    String::from_utf8(bytes).ok()
}

/// Decodes a part of a query or a form: `%2B` is a plus, a plus is a blank. `None` if it is none.
pub(crate) fn from_percent(text: &str) -> Option<String> {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let digits = [rest.next()?, rest.next()?];
                u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?
            }
            _ => byte,
        });
    }
    String::from_utf8(bytes).ok()
}

/// The pairs of a query or a form. Of a name that comes twice the last value counts.
pub(crate) fn pairs(text: &str) -> Option<Vec<(String, String)>> {
    let mut pairs: Vec<(String, String)> = Vec::new();
    for pair in text.split('&').filter(|pair| !pair.is_empty()) {
        // `field__lookup!=value` is a filter that is negated.
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let (name, value) = (from_percent(name)?, from_percent(value)?);
        pairs.retain(|(known, _)| *known != name);
        pairs.push((name, value));
    }
    Some(pairs)
}

/// Encodes a value of a query.
pub(crate) fn percent(text: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' | b',' | b':' => {
                encoded.push(char::from(byte))
            }
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}

/// Writes a JSON text.
pub(crate) fn json(out: &mut String, text: &str) {
    out.push('"');
    for letter in text.chars() {
        match letter {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            letter if letter < ' ' => out.push_str(&format!("\\u{:04x}", u32::from(letter))),
            letter => out.push(letter),
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_that_of_the_guide() {
        assert_eq!(base64(b"p=1400"), "cD0xNDAw");
        assert_eq!(base64(b"a"), "YQ==");
        assert_eq!(from_base64("cD0xNDAw").as_deref(), Some("p=1400"));
        assert_eq!(from_base64("YQ==").as_deref(), Some("a"));
        assert_eq!(from_base64("a b"), None);
    }

    #[test]
    fn of_a_parameter_that_comes_twice_the_last_one_counts() {
        let found = pairs("a=1&b__lt!=2&a=x%2By+z&c").expect("pairs");
        let expected = [("b__lt!", "2"), ("a", "x+y z"), ("c", "")];
        assert_eq!(found, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
        assert_eq!(pairs("a=%2"), None);
        assert_eq!(percent("2026-06-30T00:00:00+00:00"), "2026-06-30T00:00:00%2B00:00");
    }
}
