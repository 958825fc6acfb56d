//! The character set of the database. Text that is not in the national one is turned into it, and a letter that it lacks
//! becomes another one, without an error, as in Oracle.

/// A character set of a database.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Charset {
    /// AL32UTF8, which holds every letter.
    #[default]
    Unicode,
    /// WE8MSWIN1252, that of western Windows.
    Western,
}

/// The letters of Windows 1252 beyond Latin-1, in the place of its control characters.
const BEYOND_LATIN: &str = "€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ";
/// The replacement of a letter that is missing.
const REPLACEMENT: char = '¿';

impl Charset {
    /// Its name in Oracle.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Unicode => "AL32UTF8",
            Self::Western => "WE8MSWIN1252",
        }
    }

    /// A text as the database keeps it.
    pub(crate) fn kept(self, text: String) -> String {
        if self == Self::Unicode || text.is_ascii() {
            return text;
        }
        let has = |letter: char| {
            letter.is_ascii() || ('\u{a0}'..='\u{ff}').contains(&letter) || BEYOND_LATIN.contains(letter)
        };
        text.chars().map(|letter| if has(letter) { letter } else { REPLACEMENT }).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_letter_that_is_missing_becomes_another_one() {
        assert_eq!(Charset::Western.kept("Käse 5 € Łódź 😀".into()), "Käse 5 € ¿ód¿ ¿");
        assert_eq!(Charset::Unicode.kept("Łódź".into()), "Łódź");
    }
}
