//! The digits of a number, for the reason why it does not fit.

/// The reason why a number that is written like this does not fit into a number of digits in all and after the point;
/// `None` if it fits or is not a plain number.
pub(crate) fn bad_cell(text: &str, precision: u8, scale: u8) -> Option<String> {
    let digits = text.trim_start_matches(['-', '+']);
    let (whole, behind) = digits.split_once('.').unwrap_or((digits, ""));
    let is_plain = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() && behind.is_empty() || !is_plain(whole) || !is_plain(behind) {
        return None;
    }
    let (whole, behind) = (whole.trim_start_matches('0').len(), behind.trim_end_matches('0').len());
    let (most_whole, most_behind) = (usize::from(precision - scale.min(precision)), usize::from(scale));
    let of = |count: usize| if count == 1 { "1 digit".to_owned() } else { format!("{count} digits") };
    if behind > most_behind {
        return Some(format!("has {} after the point, the column holds {most_behind}", of(behind)));
    }
    if whole > most_whole {
        return Some(match most_behind {
            0 => format!("has {}, the column holds {most_whole}", of(whole)),
            _ => format!("has {} before the point, the column holds {most_whole}", of(whole)),
        });
    }
    None
}

/// A value as a reason quotes it: short, on one line, without anything that steers a terminal.
pub(crate) fn quote(text: &str) -> String {
    const MOST_CHARS: usize = 40;
    let shown: String = text.chars().take(MOST_CHARS).map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
    let more = if text.chars().nth(MOST_CHARS).is_some() { "…" } else { "" };
    format!("'{shown}{more}'")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_counted_where_they_are_too_many() {
        for (text, precision, scale, why) in [
            ("1234567890123456789", 12, 0, Some("has 19 digits, the column holds 12")),
            ("-1234567.5", 8, 2, Some("has 7 digits before the point, the column holds 6")),
            ("1.234", 8, 2, Some("has 3 digits after the point, the column holds 2")),
            ("0001.200", 3, 1, None),
            ("0.5", 2, 0, Some("has 1 digit after the point, the column holds 0")),
            ("1e5", 8, 2, None),
            ("", 8, 2, None),
        ] {
            assert_eq!(bad_cell(text, precision, scale).as_deref(), why, "{text}");
        }
    }

    #[test]
    fn a_quoted_value_is_short_and_harmless() {
        assert_eq!(quote("n/a"), "'n/a'");
        assert_eq!(quote("a\u{1b}[31m"), "'a\u{fffd}[31m'");
        assert_eq!(quote(&"x".repeat(50)).chars().count(), 43);
    }
}
