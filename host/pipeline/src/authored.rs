//! One file as it was written: TOML parsed into a tree of known keys with values of the right types, each with its
//! line. References are recognized here and looked up later.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};

use crate::diagnostics::{DiagnosticSink, Location, join};
use crate::key_type::{Key, KeyType};
use crate::keys::{file, tables_with};
use crate::suggest;
use crate::syntax::{self, SyntaxError};
use crate::value::{self, AuthoredValue};

/// The largest size of a pipeline file, in bytes.
const MOST_FILE_BYTES: u64 = 1 << 20;

/// A value or a table of values.
#[derive(Debug, Clone)]
pub(crate) enum Node {
    Section(Section),
    Leaf(Leaf),
    /// A mistake was reported; there is no value.
    Broken(Location),
}

/// A table.
#[derive(Debug, Clone)]
pub(crate) struct Section {
    pub(crate) place: Location,
    /// Its position in the order of all files: its file's distance from the named one, in reverse, and the line there.
    pub(crate) order: (Reverse<u32>, u32),
    pub(crate) entries: BTreeMap<String, Node>,
}

impl Section {
    pub(crate) fn new(place: Location, entries: BTreeMap<String, Node>) -> Self {
        Self { order: (Reverse(place.rank), place.line), place, entries }
    }

    /// Returns the tables in this one, in the order of the file; those of an extended file come first.
    pub(crate) fn tables(&self) -> Vec<(&str, &Section)> {
        let tables = self.entries.iter().filter_map(|(name, node)| match node {
            Node::Section(section) => Some((name.as_str(), section)),
            _ => None,
        });
        let mut tables: Vec<_> = tables.collect();
        tables.sort_by_key(|(_, section)| section.order);
        tables
    }
}

/// A value.
#[derive(Debug, Clone)]
pub(crate) struct Leaf {
    pub(crate) place: Location,
    pub(crate) value: AuthoredValue,
}

impl Node {
    pub(crate) fn place(&self) -> &Location {
        match self {
            Self::Section(section) => &section.place,
            Self::Leaf(leaf) => &leaf.place,
            Self::Broken(place) => place,
        }
    }
}

/// Reads a file. Returns `None`, after a report, if it cannot be read.
pub(crate) fn read(path: &Arc<Path>, rank: u32, sink: &mut DiagnosticSink) -> Option<Section> {
    let text = match read_text(path) {
        Ok(text) => text,
        Err((message, advice)) => {
            sink.file(path, rank, message, Some(advice));
            return None;
        }
    };
    parse(path, rank, &text, sink)
}

/// Parses the text of a file into a tree. Returns `None`, after a report, if it is not TOML.
pub(crate) fn parse(path: &Arc<Path>, rank: u32, text: &str, sink: &mut DiagnosticSink) -> Option<Section> {
    let starts = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
    let mut reader = TreeReader { path, rank, starts, sink };
    let (table, errors) = DeTable::parse_recoverable(text);
    for error in &errors {
        let place = reader.place(error.span().map_or(0, |span| span.start), "");
        let message = format!("this is not TOML: {}", error.message().replace('\n', ", "));
        reader.sink.at(&place, message, None);
    }
    if !errors.is_empty() {
        return None;
    }
    let place = reader.place(0, "");
    Some(Section::new(place, reader.table(table.get_ref(), file::ALL, "")))
}

fn read_text(path: &Path) -> Result<String, (String, String)> {
    let failed = |error: std::io::Error| {
        let missing = error.kind() == std::io::ErrorKind::NotFound;
        let message = if missing { "no such file".into() } else { format!("cannot be read: {error}") };
        (message, "correct the path".to_owned())
    };
    let meta = std::fs::metadata(path).map_err(failed)?;
    if !meta.is_file() {
        return Err(("is not a file".to_owned(), "name the pipeline file itself".to_owned()));
    }
    if meta.len() > MOST_FILE_BYTES {
        let [size, limit] = [meta.len(), MOST_FILE_BYTES].map(syntax::grouped);
        let message = format!("has {size} bytes; a pipeline file has at most {limit}");
        return Err((message, "name the right file".to_owned()));
    }
    let bytes = std::fs::read(path).map_err(failed)?;
    String::from_utf8(bytes).map_err(|_| ("is not UTF-8 text".to_owned(), "save it as UTF-8".to_owned()))
}

struct TreeReader<'a> {
    path: &'a Arc<Path>,
    rank: u32,
    /// The offsets in bytes at which the lines start.
    starts: Vec<usize>,
    sink: &'a mut DiagnosticSink,
}

impl TreeReader<'_> {
    fn place(&self, offset: usize, key: &str) -> Location {
        let line = self.starts.partition_point(|start| *start <= offset);
        let line = u32::try_from(line).unwrap_or(u32::MAX);
        Location { file: Arc::clone(self.path), rank: self.rank, line, key: key.to_owned() }
    }

    fn table(&mut self, table: &DeTable<'_>, keys: &[Key], around: &str) -> BTreeMap<String, Node> {
        let mut entries = BTreeMap::new();
        for (name, value) in table {
            let (place, path) = self.entry(name, around);
            match keys.iter().find(|key| key.name == name.get_ref()) {
                Some(key) => {
                    let node = self.value(value, key, place, &path);
                    entries.insert(key.name.to_owned(), node);
                }
                None => self.unknown(&place, name.get_ref(), keys, around),
            }
        }
        entries
    }

    fn unknown(&mut self, place: &Location, name: &str, keys: &[Key], around: &str) {
        let known = keys.iter().map(|key| key.name);
        let elsewhere = tables_with(name);
        let meant = suggest::nearest(name, known.clone());
        if let Some(meant) = meant {
            self.sink.mark_reported(join(around, meant));
        }
        let advice = match meant {
            None if !elsewhere.is_empty() => Some(format!("`{name}` belongs in {}", elsewhere.join(" or "))),
            _ => suggest::advice(name, known),
        };
        self.sink.at(place, "unknown key", advice);
    }

    fn value(&mut self, value: &Spanned<DeValue<'_>>, key: &Key, place: Location, path: &str) -> Node {
        match (key.kind, value.get_ref()) {
            (KeyType::Table(keys), DeValue::Table(table)) => {
                Node::Section(Section::new(place, self.table(table, keys, path)))
            }
            (KeyType::Named(keys), DeValue::Table(table)) => {
                let inner = |reader: &mut Self, table: &DeTable<'_>, path: &str| reader.table(table, keys, path);
                self.named(table, (place, path), syntax::name, inner)
            }
            (KeyType::Grants(keys), DeValue::Table(table)) => {
                let inner = |reader: &mut Self, table: &DeTable<'_>, path: &str| reader.table(table, keys, path);
                self.named(table, (place, path), syntax::source_name, inner)
            }
            (KeyType::Columns(keys), DeValue::Table(table)) => self.columns(table, keys, place, path),
            (KeyType::Values, DeValue::Table(table)) => Node::Section(Section::new(place, self.settings(table, path))),
            (KeyType::Settings, DeValue::Table(table)) => {
                self.named(table, (place, path), syntax::name, Self::settings)
            }
            (_, value) => self.leaf(value::read(value, key), place),
        }
    }

    fn leaf(&mut self, value: Result<AuthoredValue, SyntaxError>, place: Location) -> Node {
        match value {
            Ok(value) => Node::Leaf(Leaf { place, value }),
            Err((message, advice)) => {
                self.sink.at(&place, message, advice);
                Node::Broken(place)
            }
        }
    }

    /// Reads a table of tables, each under a name that the author chooses.
    fn named(
        &mut self,
        table: &DeTable<'_>,
        (place, path): (Location, &str),
        check_name: fn(&str) -> Result<(), SyntaxError>,
        inner: impl Fn(&mut Self, &DeTable<'_>, &str) -> BTreeMap<String, Node>,
    ) -> Node {
        let mut entries = BTreeMap::new();
        for (name, value) in table {
            let (place, path) = self.entry(name, path);
            if let Err((message, advice)) = check_name(name.get_ref()) {
                self.sink.beside(&place, format!("`{}` {message}", name.get_ref()), advice);
            }
            let node = if let DeValue::Table(table) = value.get_ref() {
                Node::Section(Section::new(place, inner(self, table, &path)))
            } else {
                let message = format!("must be a table, not {}", value::found(value.get_ref()));
                self.sink.at(&place, message, None);
                Node::Broken(place)
            };
            entries.insert(name.get_ref().to_string(), node);
        }
        Node::Section(Section::new(place, entries))
    }

    /// Reads a table of columns, each with a type, the word `skip`, or a table of keys.
    fn columns(&mut self, table: &DeTable<'_>, keys: &[Key], place: Location, path: &str) -> Node {
        let mut entries = BTreeMap::new();
        for (name, value) in table {
            let (place, path) = self.entry(name, path);
            if let Err((message, advice)) = syntax::stored_name(name.get_ref()) {
                self.sink.beside(&place, format!("`{}` {message}", name.get_ref()), advice);
            }
            let node = match value.get_ref() {
                DeValue::Table(table) => Node::Section(Section::new(place, self.table(table, keys, &path))),
                DeValue::String(word) => Node::Leaf(Leaf { place, value: AuthoredValue::Text(word.to_string()) }),
                other => {
                    let message = format!("must be a type, \"skip\" or a table, not {}", value::found(other));
                    self.sink.at(&place, message, None);
                    Node::Broken(place)
                }
            };
            entries.insert(name.get_ref().to_string(), node);
        }
        Node::Section(Section::new(place, entries))
    }

    /// Reads the settings of one plugin; only the plugin knows their keys and types.
    fn settings(&mut self, table: &DeTable<'_>, path: &str) -> BTreeMap<String, Node> {
        let mut entries = BTreeMap::new();
        for (name, value) in table {
            let (place, _) = self.entry(name, path);
            let node = self.leaf(value::read_setting(value.get_ref()), place);
            entries.insert(name.get_ref().to_string(), node);
        }
        entries
    }

    fn entry(&self, name: &Spanned<DeString<'_>>, path: &str) -> (Location, String) {
        let path = join(path, name.get_ref());
        (self.place(name.span().start, &path), path)
    }
}
