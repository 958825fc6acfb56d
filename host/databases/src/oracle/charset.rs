//! The letters that a database can hold. One whose character set is not a form of Unicode replaces the others by `¿` or by
//! a similar letter, without an error. Which ones these are is known by the server alone, so that it is asked for each
//! letter beyond ASCII once, by its number: no text that is sent for this can be changed on its way.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::{Mutex, MutexGuard, PoisonError};

use wmshost_sql::Value;

use super::client::Client;
use super::failure::{ErrorClass, OracleError};

/// The character sets of a database: of text, and of text in the national one.
const CHARSETS: &str = "SELECT parameter, value FROM nls_database_parameters \
     WHERE parameter IN ('NLS_CHARACTERSET', 'NLS_NCHAR_CHARACTERSET')";
/// Character sets that hold every letter.
const UNICODE: [&str; 4] = ["AL32UTF8", "UTF8", "UTFE", "AL16UTF16"];
/// The letters that are asked for at a time; a statement may return 1,000 columns.
const LETTERS: usize = 500;

/// The character set of a database.
#[derive(Debug)]
pub(crate) struct Charset {
    /// Its name.
    pub(crate) name: String,
    /// The name of the national one; empty if the server does not say.
    pub(crate) national: String,
    /// The letters beyond ASCII that were asked for, each with whether the database holds it.
    known: Mutex<HashMap<char, bool>>,
}

impl Charset {
    /// Asks a server for its character set.
    pub(crate) fn ask(client: &dyn Client) -> Result<Self, OracleError> {
        let (mut name, mut national) = (String::new(), String::new());
        for row in client.query(CHARSETS, &[])? {
            match <[Value; 2]>::try_from(row) {
                Ok([Value::Text(parameter), Value::Text(value)]) if parameter == "NLS_CHARACTERSET" => name = value,
                Ok([Value::Text(_), Value::Text(value)]) => national = value,
                _ => {}
            }
        }
        if name.is_empty() {
            let why = "the server does not report its character set".to_owned();
            return Err(OracleError::new(ErrorClass::Permanent, why));
        }
        Ok(Self { name, national, known: Mutex::default() })
    }

    /// A character set with these answers.
    #[cfg(test)]
    pub(crate) fn named(name: &str, known: &[(char, bool)]) -> Self {
        Self { name: name.into(), national: String::new(), known: Mutex::new(known.iter().copied().collect()) }
    }

    /// Returns whether it holds every letter.
    pub(crate) fn is_unicode(&self) -> bool {
        UNICODE.contains(&self.name.as_str())
    }

    fn known(&self) -> MutexGuard<'_, HashMap<char, bool>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks the server for the letters of texts that are not known yet.
    pub(crate) fn learn<'t>(
        &self,
        client: &dyn Client,
        texts: impl IntoIterator<Item = &'t str>,
    ) -> Result<(), OracleError> {
        if self.is_unicode() {
            return Ok(());
        }
        let mut known = self.known();
        let texts = texts.into_iter().filter(|text| !text.is_ascii());
        let letters = texts.flat_map(str::chars).filter(|letter| !letter.is_ascii() && !known.contains_key(letter));
        let mut letters: Vec<char> = letters.collect();
        letters.sort_unstable();
        letters.dedup();
        for letters in letters.chunks(LETTERS) {
            let row = client.query(&question(letters), &[])?.into_iter().next().unwrap_or_default();
            if row.len() != letters.len() {
                let why = "the server does not say which letters its character set has".to_owned();
                return Err(OracleError::new(ErrorClass::Permanent, why));
            }
            known.extend(letters.iter().zip(row).map(|(letter, held)| (*letter, held == Value::Int64(1))));
        }
        Ok(())
    }

    /// The first letter of a text that the database would change. All its letters must have been learnt.
    pub(crate) fn lost(&self, text: &str) -> Option<char> {
        if text.is_ascii() || self.is_unicode() {
            return None;
        }
        let known = self.known();
        text.chars().find(|letter| !letter.is_ascii() && known.get(letter) != Some(&true))
    }

    /// A text of the host's own, with the letters that the database would change as JSON writes them: as `\u20ac`. A JSON
    /// document has the same meaning afterwards, and any other text can be read.
    pub(crate) fn escaped<'t>(&self, text: &'t str) -> Cow<'t, str> {
        if self.lost(text).is_none() {
            return Cow::Borrowed(text);
        }
        let known = self.known();
        let mut escaped = String::with_capacity(text.len());
        for letter in text.chars() {
            if letter.is_ascii() || known.get(&letter) == Some(&true) {
                escaped.push(letter);
                continue;
            }
            for unit in letter.encode_utf16(&mut [0; 2]) {
                let _ = write!(escaped, "\\u{unit:04x}");
            }
        }
        Cow::Owned(escaped)
    }

    /// The number of bytes that a text has in the database.
    pub(crate) fn bytes_of(&self, text: &str) -> usize {
        let of = |letter: char| match letter {
            letter if letter.is_ascii() => 1,
            // Letters beyond 16 bits are two units of three bytes there.
            '\u{10000}'.. if self.name == "UTF8" => 6,
            letter if self.is_unicode() => letter.len_utf8(),
            // The number in a name, as in WE8MSWIN1252, is that of a letter's bits.
            _ if self.bits() <= 8 => 1,
            _ => 2,
        };
        text.chars().map(of).sum()
    }

    /// The bits of a letter, by the character set's name.
    fn bits(&self) -> u32 {
        let digits = self.name.trim_start_matches(|letter: char| letter.is_ascii_alphabetic());
        let end = digits.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(digits.len());
        digits[..end].parse().unwrap_or(8)
    }

    /// The reason why a text with this letter cannot be stored.
    pub(crate) fn reason(&self, letter: char) -> String {
        format!(
            "the letter U+{:04X} is not in the database's character set {}, which would store another one",
            u32::from(letter),
            self.name
        )
    }
}

/// The question whether letters are the same after they were turned into the database's character set and back.
fn question(letters: &[char]) -> String {
    let columns = letters.iter().map(|letter| {
        let units: String = letter.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\{unit:04X}")).collect();
        format!("DECODE(TO_NCHAR(TO_CHAR(UNISTR('{units}'))), UNISTR('{units}'), 1, 0)")
    });
    format!("SELECT {} FROM dual", columns.collect::<Vec<_>>().join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_letter_that_is_not_held_is_found_and_escaped() {
        let charset = Charset::named("WE8MSWIN1252", &[('ä', true), ('€', true), ('ł', false), ('😀', false)]);
        assert_eq!(charset.lost("Käse 5 €"), None);
        assert_eq!(charset.lost("Käse ł"), Some('ł'));
        assert_eq!(charset.lost("not asked for: ж"), Some('ж'));
        assert_eq!(charset.escaped("{\"a\":\"ä ł 😀\"}"), "{\"a\":\"ä \\u0142 \\ud83d\\ude00\"}");
        let written: serde_json::Value = serde_json::from_str(&charset.escaped("\"ł😀\"")).expect("JSON");
        assert_eq!(written, "ł😀");
        assert!(
            charset.reason('ł').starts_with("the letter U+0142 is not in the database's character set WE8MSWIN1252")
        );
    }

    #[test]
    fn a_text_has_the_bytes_of_its_character_set() {
        for (name, bytes) in
            [("AL32UTF8", 8), ("UTF8", 10), ("WE8MSWIN1252", 3), ("US7ASCII", 3), ("JA16SJIS", 5), ("ZHS16GBK", 5)]
        {
            assert_eq!(Charset::named(name, &[]).bytes_of("aä😀") + usize::from(name.contains("UTF")), bytes, "{name}");
        }
    }

    #[test]
    fn unicode_holds_every_letter() {
        for name in UNICODE {
            assert_eq!(Charset::named(name, &[]).lost("ł😀"), None);
        }
    }

    #[test]
    fn letters_are_asked_for_by_their_numbers() {
        let question = question(&['€', '😀']);
        assert!(question.is_ascii());
        assert!(
            question.contains("UNISTR('\\20AC'), 1, 0)") && question.contains("UNISTR('\\D83D\\DE00')"),
            "{question}"
        );
    }
}
