//! Typed reading of one table of the merged tree. Each reader takes a key of `keys`, looks up what it refers
//! to, and reports what is wrong; the caller goes on with a placeholder.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use crate::authored::{Leaf, Node, Section};
use crate::chain::beside;
use crate::duration::parse_duration;
use crate::kind::{Fallback, Key, Kind};
use crate::mistakes::{Place, Report, join};
use crate::reference::{Environment, Found, Origin, look_up};
use crate::secret::Secret;
use crate::words::{self, Objection};
use crate::written::Written;

/// A table, its path, and what is needed to read it.
pub(crate) struct Scope<'a> {
    pub(crate) section: &'a Section,
    pub(crate) path: String,
    pub(crate) environment: &'a dyn Environment,
    pub(crate) report: &'a mut Report,
}

impl Scope<'_> {
    /// Whether the key was given, well or badly.
    pub(crate) fn has(&self, key: &Key) -> bool {
        self.section.entries.contains_key(key.name)
    }

    /// Reports a key that must be there and is not.
    pub(crate) fn require(&mut self, key: &Key) {
        let path = join(&self.path, key.name);
        if !self.has(key) && !self.report.spoiled(&path) {
            let advice = format!("add `{} = …`: {}", key.name, key.kind.expected());
            self.report.of(&path, "is missing", Some(advice));
        }
    }

    /// A text that looks as its key asks for; a key without one gives its fallback.
    pub(crate) fn text(&mut self, key: &Key) -> Option<String> {
        let check = match key.kind {
            Kind::Name => words::name,
            Kind::Identifier => words::identifier,
            Kind::TargetTable => words::target_table,
            Kind::Address => words::address,
            Kind::TakeOver => words::take_over,
            Kind::Digest => words::digest,
            _ => words::text,
        };
        if !self.has(key)
            && let Fallback::Text(text) = key.fallback
        {
            return Some(text.to_owned());
        }
        let (text, origin, place) = self.words(key)?;
        self.held(check(&text), &text, &origin, &place).then_some(text)
    }

    /// A name that must be given.
    pub(crate) fn required_text(&mut self, key: &Key) -> String {
        self.require(key);
        self.text(key).unwrap_or_default()
    }

    /// One of a few words.
    pub(crate) fn choice<T: Copy>(&mut self, key: &Key, meanings: &[(&str, T)]) -> Option<T> {
        let word = if self.has(key) {
            let (word, origin, place) = self.words(key)?;
            if !meanings.iter().any(|(name, _)| *name == word) {
                let subject = origin.subject(&word);
                let near = crate::suggest::nearest(&word, meanings.iter().map(|(name, _)| *name));
                let advice = near.filter(|_| origin.public());
                let advice = advice.map(|near| format!("did you mean `{near}`?"));
                let message = format!("{subject} is not {}", key.kind.expected());
                self.report.at(&place, message, advice);
            }
            word
        } else if let Fallback::Text(word) = key.fallback {
            word.to_owned()
        } else {
            return None;
        };
        meanings.iter().find(|(name, _)| *name == word).map(|(_, meaning)| *meaning)
    }

    /// A whole number within its key's range; a key without one gives its fallback.
    pub(crate) fn count(&mut self, key: &Key) -> Option<u64> {
        let Kind::Count { least, most, .. } = key.kind else {
            return None;
        };
        if !self.has(key) {
            return number_fallback(key);
        }
        let (found, place) = self.found(key)?;
        let (shown, number) = match found.value {
            Written::Integer(number) => (number.to_string(), u64::try_from(number).ok()),
            Written::Text(text) => {
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

    /// A duration within its key's range; a key without one gives its fallback.
    pub(crate) fn span(&mut self, key: &Key) -> Option<Duration> {
        let Kind::Span { least, most } = key.kind else {
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

    /// True or false.
    pub(crate) fn flag(&mut self, key: &Key) -> Option<bool> {
        if !self.has(key) {
            return if let Fallback::Flag(flag) = key.fallback { Some(flag) } else { None };
        }
        let (found, place) = self.found(key)?;
        match found.value {
            Written::Flag(flag) => Some(flag),
            Written::Text(text) => {
                let flag = text.trim().parse().ok();
                if flag.is_none() {
                    let message = format!("{} is neither true nor false", found.origin.subject(&text));
                    self.report.at(&place, message, None);
                }
                flag
            }
            _ => None,
        }
    }

    /// A path. One that was typed is relative to its file's folder; one from a variable, its default or
    /// another file is relative to the folder in which the host was started.
    pub(crate) fn path(&mut self, key: &Key) -> Option<PathBuf> {
        let (text, origin, place) = self.words(key)?;
        if !self.held(words::path(&text), &text, &origin, &place) {
            return None;
        }
        match origin {
            Origin::Typed => Some(beside(&place.file, &text)),
            _ => Some(PathBuf::from(text)),
        }
    }

    /// A secret; it never stands in the file itself.
    pub(crate) fn secret(&mut self, key: &Key) -> Option<Secret> {
        self.words(key).map(|(text, ..)| Secret::new(text))
    }

    /// A list of names, none of them twice; those that are no names are left out.
    pub(crate) fn list(&mut self, key: &Key) -> Option<Vec<String>> {
        if !self.has(key) {
            return Some(Vec::new());
        }
        let (found, place) = self.found(key)?;
        let Written::Texts(items) = found.value else {
            return None;
        };
        let labels = matches!(key.kind, Kind::Names);
        let check: fn(&str) -> Result<(), Objection> = match key.kind {
            Kind::Names => words::name,
            Kind::TakeOvers => words::take_over,
            _ => words::identifier,
        };
        let (mut seen, mut names) = (BTreeSet::new(), Vec::new());
        for item in items {
            if let Err((message, advice)) = check(&item) {
                let subject = found.origin.subject(&item);
                self.report.beside(&place, format!("{subject} {message}"), advice);
            } else if !seen.insert(if labels { item.clone() } else { item.to_lowercase() }) {
                let advice = Some("name it once".to_owned());
                self.report.beside(&place, format!("`{item}` is named twice"), advice);
            } else {
                names.push(item);
            }
        }
        Some(names)
    }

    /// A text, where it comes from and where it was typed.
    fn words(&mut self, key: &Key) -> Option<(String, Origin, Place)> {
        let (found, place) = self.found(key)?;
        match found.value {
            Written::Text(text) => Some((text, found.origin, place)),
            _ => None,
        }
    }

    /// What a key holds, looked up.
    fn found(&mut self, key: &Key) -> Option<(Found, Place)> {
        let Some(Node::Leaf(leaf)) = self.section.entries.get(key.name) else {
            return None;
        };
        self.look_up(leaf).map(|found| (found, leaf.place.clone()))
    }

    /// What a leaf holds, looked up.
    pub(crate) fn look_up(&mut self, leaf: &Leaf) -> Option<Found> {
        match look_up(leaf, self.environment) {
            Ok(found) => Some(found),
            Err((message, advice)) => {
                self.report.at(&leaf.place, message, Some(advice));
                None
            }
        }
    }

    /// Whether a word passed; reports it if not.
    fn held(&mut self, checked: Result<(), Objection>, word: &str, origin: &Origin, place: &Place) -> bool {
        if let Err((message, advice)) = &checked {
            self.report.at(place, format!("{} {message}", origin.subject(word)), advice.clone());
        }
        checked.is_ok()
    }

    fn out_of_range(&mut self, key: &Key, origin: &Origin, shown: &str, place: &Place) {
        let message = format!("{} is not {}", origin.subject(shown), key.kind.range());
        self.report.at(place, message, None);
    }
}

fn number_fallback(key: &Key) -> Option<u64> {
    if let Fallback::Number(number) = key.fallback { Some(number) } else { None }
}
