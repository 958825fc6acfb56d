//! Places in the text of a statement. The parser counts lines and characters from 1; a place that it does not know is 0.

use sqlparser::tokenizer::Location;

/// Returns the byte offset of a location; `None` if it is unknown or outside of the text.
pub fn offset_of(text: &str, at: Location) -> Option<usize> {
    let mut start = 0;
    for _ in 1..at.line {
        start += text[start..].find('\n')? + 1;
    }
    let letters = usize::try_from(at.column).ok()?.checked_sub(1)?;
    let rest = &text[start..];
    let within = rest.char_indices().map(|(at, _)| at).chain([rest.len()]).nth(letters)?;
    Some(start + within)
}

/// Returns the byte offset of a location for a message: the start of the text for an unknown one, its end for one outside.
pub fn offset_at(text: &str, at: Location) -> usize {
    if at.line == 0 || at.column == 0 { 0 } else { offset_of(text, at).unwrap_or(text.len()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_count_characters_and_not_bytes() {
        let text = "SELECT 'é',\n  id";
        for (line, column, expected) in [
            (1, 1, Some(0)),
            (1, 10, Some(10)),
            (2, 3, Some(15)),
            (2, 5, Some(17)),
            (2, 6, None),
            (3, 1, None),
            (0, 0, None),
        ] {
            assert_eq!(offset_of(text, Location { line, column }), expected, "{line}:{column}");
        }
        assert_eq!(offset_at(text, Location { line: 3, column: 1 }), text.len());
        assert_eq!(offset_at(text, Location { line: 0, column: 0 }), 0);
    }
}
