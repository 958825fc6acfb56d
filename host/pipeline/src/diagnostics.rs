//! The mistakes in a pipeline: for each one the file, line and key, the problem with its reason, and advice. They are
//! collected, so that a single check shows all of them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::Path;
use std::sync::Arc;

use serde::Serialize;

/// A mistake.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Diagnostic {
    /// The file's path as the user wrote it.
    pub file: String,
    /// The line in it, from 1; `None` if it concerns the file as a whole.
    pub line: Option<u32>,
    /// The path of the key, as in `streams.allocation.lookback`; empty if it concerns the file as a whole.
    pub key: String,
    /// The problem and its reason.
    pub message: String,
    /// The advice, if there is any.
    pub advice: Option<String>,
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        if !self.key.is_empty() {
            write!(f, ": {}", self.key)?;
        }
        write!(f, ": {}", self.message)?;
        self.advice.as_ref().map_or(Ok(()), |advice| write!(f, "; {advice}"))
    }
}

/// All mistakes in a pipeline; at least one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Diagnostics {
    list: Vec<Diagnostic>,
}

impl Diagnostics {
    pub(crate) fn several(list: Vec<Diagnostic>) -> Self {
        Self { list }
    }

    /// Returns the mistakes in the order of the files and their lines; files come before the files that they extend.
    pub fn list(&self) -> &[Diagnostic] {
        &self.list
    }
}

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for diagnostic in &self.list {
            writeln!(f, "{diagnostic}")?;
        }
        let plural = if self.list.len() == 1 { "" } else { "s" };
        write!(f, "{} mistake{plural}", self.list.len())
    }
}

impl std::error::Error for Diagnostics {}

/// The location of something in a pipeline file.
#[derive(Debug, Clone)]
pub(crate) struct Location {
    pub(crate) file: Arc<Path>,
    /// The number of `extends` from the named file to this one.
    pub(crate) rank: u32,
    pub(crate) line: u32,
    /// The path of the key as it was written, which differs from the one in effect for a stream's defaults.
    pub(crate) key: String,
}

/// The locations of the values in effect, by the path of their key.
pub(crate) type Locations = BTreeMap<String, Location>;

/// The mistakes found so far, and the locations of keys.
#[derive(Debug, Default)]
pub(crate) struct DiagnosticSink {
    places: Locations,
    found: Vec<(u32, Diagnostic)>,
    reported: BTreeSet<String>,
}

impl DiagnosticSink {
    pub(crate) fn new(places: Locations) -> Self {
        Self { places, ..Self::default() }
    }

    pub(crate) fn know(&mut self, key: String, place: Location) {
        self.places.insert(key, place);
    }

    /// Reports a mistake at a location; the value there is not usable.
    pub(crate) fn at(&mut self, place: &Location, message: impl Into<String>, advice: Option<String>) {
        self.add(place, place.key.clone(), message.into(), advice);
    }

    /// Reports a mistake in a part of the value at a location; the rest of it remains usable.
    pub(crate) fn beside(&mut self, place: &Location, message: String, advice: Option<String>) {
        self.push(place, place.key.clone(), message, advice);
    }

    /// Reports a mistake in the value in effect for a key. A key that was not written has the location of its table.
    pub(crate) fn of(&mut self, key: &str, message: impl Into<String>, advice: Option<String>) {
        let Some((place, exact)) = self.place(key) else {
            return;
        };
        let (place, shown) = (place.clone(), if exact { place.key.clone() } else { key.to_owned() });
        self.add(&place, shown, message.into(), advice);
    }

    /// Reports a mistake in a file as a whole.
    pub(crate) fn file(&mut self, file: &Path, rank: u32, message: String, advice: Option<String>) {
        let file = file.display().to_string();
        let diagnostic = Diagnostic { file, line: None, key: String::new(), message, advice };
        self.found.push((rank, diagnostic));
    }

    /// Returns whether a mistake was already reported for a key, for a key below it, or for a table around it. Such a
    /// value is only a placeholder, from which nothing can be concluded.
    pub(crate) fn is_reported(&self, key: &str) -> bool {
        let typed = self.places.get(key).map_or(key, |place| place.key.as_str());
        [key, typed].into_iter().any(|key| {
            let under = format!("{key}.");
            let below = self.reported.range(under.clone()..).next();
            ancestors(key).any(|key| self.reported.contains(key))
                || below.is_some_and(|found| found.starts_with(&under))
        })
    }

    /// Returns whether a mistake was reported for a table as a whole, so that its contents are unknown.
    pub(crate) fn lost(&self, key: &str) -> bool {
        self.reported.contains(key)
    }

    /// Marks a key as doubtful because of another report, so that its absence proves nothing.
    pub(crate) fn mark_reported(&mut self, key: String) {
        self.reported.insert(key);
    }

    /// The number of mistakes so far.
    pub(crate) fn count(&self) -> usize {
        self.found.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    pub(crate) fn places(&self) -> &Locations {
        &self.places
    }

    /// Returns the mistakes in order; a mistake that several streams inherit from one default is returned once.
    pub(crate) fn into_list(mut self) -> Vec<Diagnostic> {
        self.found.sort_by(|(a_rank, a), (b_rank, b)| {
            (a_rank, a.line, &a.key, &a.message).cmp(&(b_rank, b.line, &b.key, &b.message))
        });
        self.found.dedup();
        self.found.into_iter().map(|(_, diagnostic)| diagnostic).collect()
    }

    pub(crate) fn into_result<T>(self, value: T) -> Result<T, Diagnostics> {
        if self.is_empty() { Ok(value) } else { Err(Diagnostics::several(self.into_list())) }
    }

    fn add(&mut self, place: &Location, key: String, message: String, advice: Option<String>) {
        self.mark_reported(key.clone());
        self.push(place, key, message, advice);
    }

    fn push(&mut self, place: &Location, key: String, message: String, advice: Option<String>) {
        let file = place.file.display().to_string();
        let diagnostic = Diagnostic { file, line: Some(place.line), key, message, advice };
        self.found.push((place.rank, diagnostic));
    }

    /// Returns the location of a key, or of the nearest table around it; and true if it is the key's own.
    fn place(&self, key: &str) -> Option<(&Location, bool)> {
        let around = ancestors(key).find_map(|around| self.places.get(around).map(|p| (p, around)));
        let (place, around) = around.or_else(|| self.places.get("").map(|p| (p, "")))?;
        Some((place, around == key))
    }
}

/// Returns a key's path, and the paths of the tables around it, from the inside to the outside.
fn ancestors(key: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(key), |key| key.rfind('.').map(|end| &key[..end]))
}

/// Returns the path of a key in a table.
pub(crate) fn join(path: &str, name: &str) -> String {
    let bare = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    let name = if !name.is_empty() && name.chars().all(bare) { name.to_owned() } else { format!("{name:?}") };
    if path.is_empty() { name } else { format!("{path}.{name}") }
}
