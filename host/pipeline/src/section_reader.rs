//! Typed reading of one table of the merged tree. Each method reads a key of `keys`, looks up its reference, and
//! reports mistakes; the caller continues with a placeholder.

use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::path::PathBuf;
use std::time::Duration;

use wmshost_flow::{check_is_file, secret_file_advice};

use crate::authored::{Leaf, Node, Section};
use crate::diagnostics::{DiagnosticSink, Location, join};
use crate::duration::parse_duration;
use crate::extends::beside;
use crate::key_type::{Key, KeyDefault, KeyType};
use crate::policies::Record;
use crate::quiet_hours;
use crate::reference::{Environment, Found, Origin, look_up};
use crate::schedule;
use crate::secret::Secret;
use crate::syntax::{self, SyntaxError};
use crate::value::AuthoredValue;

/// A table with its path, and the context for reading it.
pub(crate) struct SectionReader<'a> {
    pub(crate) section: &'a Section,
    pub(crate) path: String,
    pub(crate) environment: &'a dyn Environment,
    pub(crate) sink: &'a mut DiagnosticSink,
}

impl SectionReader<'_> {
    /// Returns whether the key is set, correctly or not.
    pub(crate) fn has(&self, key: &Key) -> bool {
        self.section.entries.contains_key(key.name)
    }

    /// Reports a required key that is not set.
    pub(crate) fn require(&mut self, key: &Key) {
        let path = join(&self.path, key.name);
        if !self.has(key) && !self.sink.is_reported(&path) {
            let advice = format!("add `{} = …`: {}", key.name, key.kind.expected());
            self.sink.of(&path, "is missing", Some(advice));
        }
    }

    /// Reads a text with the syntax of its key; a key that is not set has its default.
    pub(crate) fn text(&mut self, key: &Key) -> Option<String> {
        let check = match key.kind {
            KeyType::Name => syntax::name,
            KeyType::Identifier => syntax::identifier,
            KeyType::SourceName => syntax::source_name,
            KeyType::TargetTable => syntax::target_table,
            KeyType::Address => syntax::address,
            KeyType::TakeOver => syntax::take_over,
            KeyType::WebAddress => syntax::web_address,
            KeyType::Digest => syntax::digest,
            KeyType::CronLine => schedule::check_line,
            KeyType::TimeZone => schedule::check_zone,
            KeyType::Hours => quiet_hours::check,
            _ => syntax::text,
        };
        if !self.has(key)
            && let KeyDefault::Text(text) = key.fallback
        {
            return Some(text.to_owned());
        }
        let (text, origin, place) = self.words(key)?;
        let shown = if matches!(key.kind, KeyType::WebAddress) { syntax::without_user(&text) } else { text.clone() };
        self.held(check(&text), &shown, &origin, &place).then_some(text)
    }

    /// Reads a name that is required.
    pub(crate) fn required_text(&mut self, key: &Key) -> String {
        self.require(key);
        self.text(key).unwrap_or_default()
    }

    /// Reads one of a few words.
    pub(crate) fn choice<T: Copy>(&mut self, key: &Key, meanings: &[(&str, T)]) -> Option<T> {
        let word = if self.has(key) {
            let (word, origin, place) = self.words(key)?;
            if !meanings.iter().any(|(name, _)| *name == word) {
                let subject = origin.subject(&word);
                let near = crate::suggest::nearest(&word, meanings.iter().map(|(name, _)| *name));
                let advice = near.filter(|_| origin.public());
                let advice = advice.map(|near| format!("did you mean `{near}`?"));
                let message = format!("{subject} is not {}", key.kind.expected());
                self.sink.at(&place, message, advice);
            }
            word
        } else if let KeyDefault::Text(word) = key.fallback {
            word.to_owned()
        } else {
            return None;
        };
        meanings.iter().find(|(name, _)| *name == word).map(|(_, meaning)| *meaning)
    }

    /// Reads the batches to record.
    pub(crate) fn record(&mut self, key: &Key) -> Record {
        match self.section.entries.get(key.name) {
            Some(Node::Leaf(Leaf { value: AuthoredValue::Number(share), .. })) => Record::Sample(*share),
            _ => self.choice(key, Record::WORDS).unwrap_or(Record::Off),
        }
    }

    /// Reads a whole number within its key's range; a key that is not set has its default.
    pub(crate) fn count(&mut self, key: &Key) -> Option<u64> {
        let KeyType::Count { least, most, .. } = key.kind else {
            return None;
        };
        if !self.has(key) {
            return number_fallback(key);
        }
        let (found, place) = self.found(key)?;
        let (shown, number) = match found.value {
            AuthoredValue::Integer(number) => (number.to_string(), u64::try_from(number).ok()),
            AuthoredValue::Text(text) => {
                let number = text.trim().parse().ok();
                (text, number)
            }
            _ => return None,
        };
        let number = number.filter(|number| (least..=most).contains(number));
        if number.is_none() {
            self.out_of_range(key, &found.origin, &shown, &place);
        }
        number
    }

    /// Reads a duration within its key's range; a key that is not set has its default.
    pub(crate) fn span(&mut self, key: &Key) -> Option<Duration> {
        let KeyType::Span { least, most } = key.kind else {
            return None;
        };
        if !self.has(key) {
            return number_fallback(key).map(Duration::from_secs);
        }
        let (text, origin, place) = self.words(key)?;
        let span = parse_duration(text.trim());
        let span = span.filter(|span| (least..=most).contains(&span.as_secs()));
        if span.is_none() {
            self.out_of_range(key, &origin, &text, &place);
        }
        span
    }

    /// Reads true or false.
    pub(crate) fn flag(&mut self, key: &Key) -> Option<bool> {
        if !self.has(key) {
            return if let KeyDefault::Flag(flag) = key.fallback { Some(flag) } else { None };
        }
        let (found, place) = self.found(key)?;
        match found.value {
            AuthoredValue::Flag(flag) => Some(flag),
            AuthoredValue::Text(text) => {
                let flag = text.trim().parse().ok();
                if flag.is_none() {
                    let message = format!("{} is neither true nor false", found.origin.subject(&text));
                    self.sink.at(&place, message, None);
                }
                flag
            }
            _ => None,
        }
    }

    /// Reads a path. One that is written in a file is relative to that file's folder; one from a variable, its default
    /// or another file is relative to the folder in which the host was started.
    pub(crate) fn path(&mut self, key: &Key) -> Option<PathBuf> {
        let (text, origin, place) = self.words(key)?;
        if !self.held(syntax::path(&text), &text, &origin, &place) {
            return None;
        }
        let path = match &origin {
            Origin::Typed => beside(&place.file, &text),
            _ => PathBuf::from(&text),
        };
        // A file that is not there is no mistake of its own: a target is created, and other files have better messages.
        let kind = check_is_file(&path).map_err(|error| (error.kind(), error));
        match (key.kind, kind) {
            (KeyType::Path, Err((ErrorKind::InvalidInput, error))) => {
                let message = format!("{} cannot be used: {error}", origin.subject(&text));
                self.sink.at(&place, message, Some("name a file".to_owned()));
                None
            }
            _ => Some(path),
        }
    }

    /// Reads a secret, which is never written in the pipeline file itself.
    pub(crate) fn secret(&mut self, key: &Key) -> Option<Secret> {
        let (text, origin, place) = self.words(key)?;
        if let Origin::File(path) = &origin
            && let Some(advice) = secret_file_advice(path)
        {
            let message = format!("{} has a secret that other users of the machine may read", path.display());
            self.sink.at(&place, message, Some(advice));
        }
        Some(Secret::new(text))
    }

    /// Reads a list of names without duplicates, or of texts; those that are not valid are reported and left out.
    pub(crate) fn list(&mut self, key: &Key) -> Option<Vec<String>> {
        if !self.has(key) {
            return Some(Vec::new());
        }
        let (found, place) = self.found(key)?;
        let AuthoredValue::Texts(items) = found.value else {
            return None;
        };
        // Column names of another case are the same.
        let labels = matches!(key.kind, KeyType::Names | KeyType::PublicKeys);
        let check: fn(&str) -> Result<(), SyntaxError> = match key.kind {
            KeyType::Names => syntax::name,
            KeyType::TakeOvers => syntax::take_over,
            KeyType::PublicKeys => syntax::public_key,
            KeyType::Texts => syntax::text,
            _ => syntax::source_name,
        };
        let (mut seen, mut names) = (BTreeSet::new(), Vec::new());
        for item in items {
            if let Err((message, advice)) = check(&item) {
                let message = format!("{} {message}", found.origin.subject(&item));
                match key.kind {
                    // The other keys are not all that were meant.
                    KeyType::PublicKeys => self.sink.at(&place, message, advice),
                    _ => self.sink.beside(&place, message, advice),
                }
            } else if matches!(key.kind, KeyType::Texts) {
                names.push(item);
            } else if !seen.insert(if labels { item.clone() } else { item.to_lowercase() }) {
                let advice = Some("name it once".to_owned());
                self.sink.beside(&place, format!("`{item}` is named twice"), advice);
            } else {
                names.push(item);
            }
        }
        Some(names)
    }

    /// Returns a text, its origin and its location.
    fn words(&mut self, key: &Key) -> Option<(String, Origin, Location)> {
        let (found, place) = self.found(key)?;
        match found.value {
            AuthoredValue::Text(text) => Some((text, found.origin, place)),
            _ => None,
        }
    }

    /// Returns the value of a key, looked up.
    fn found(&mut self, key: &Key) -> Option<(Found, Location)> {
        let Some(Node::Leaf(leaf)) = self.section.entries.get(key.name) else {
            return None;
        };
        self.look_up(leaf).map(|found| (found, leaf.place.clone()))
    }

    /// Returns the value of a leaf, looked up.
    pub(crate) fn look_up(&mut self, leaf: &Leaf) -> Option<Found> {
        match look_up(leaf, self.environment) {
            Ok(found) => Some(found),
            Err((message, advice)) => {
                self.sink.at(&leaf.place, message, Some(advice));
                None
            }
        }
    }

    /// Returns whether a word passed its check; reports it if it did not.
    fn held(&mut self, checked: Result<(), SyntaxError>, word: &str, origin: &Origin, place: &Location) -> bool {
        if let Err((message, advice)) = &checked {
            self.sink.at(place, format!("{} {message}", origin.subject(word)), advice.clone());
        }
        checked.is_ok()
    }

    fn out_of_range(&mut self, key: &Key, origin: &Origin, shown: &str, place: &Location) {
        let message = format!("{} is not {}", origin.subject(shown), key.kind.range());
        self.sink.at(place, message, None);
    }
}

fn number_fallback(key: &Key) -> Option<u64> {
    if let KeyDefault::Number(number) = key.fallback { Some(number) } else { None }
}
