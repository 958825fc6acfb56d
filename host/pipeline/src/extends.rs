//! Merges a pipeline file with the files that it extends: tables key by key, everything else as a whole; the nearer
//! file wins.

use std::collections::{BTreeMap, BTreeSet};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use wmshost_flow::check_is_file;

use crate::authored::{self, Leaf, Node, Section};
use crate::diagnostics::{DiagnosticSink, Location, join};
use crate::keys::{file, stream};
use crate::syntax;
use crate::value::AuthoredValue;

/// Reads a file and all files that it extends; `text` is its text, if it is not written yet. Returns `None` if one of them
/// cannot be read or is not TOML, so that nothing is known about the whole; the report has the mistakes of the files that
/// could be read.
pub(crate) fn read(path: &Path, mut text: Option<&str>, sink: &mut DiagnosticSink) -> Option<Section> {
    let mut seen = BTreeSet::new();
    let mut files = Vec::new();
    let mut next = Some(Arc::<Path>::from(path));
    while let Some(path) = next {
        let rank = u32::try_from(files.len()).unwrap_or(u32::MAX);
        seen.insert(identity(&path));
        let section = match text.take() {
            Some(text) => authored::parse(&path, rank, text, sink)?,
            None => authored::read(&path, rank, sink)?,
        };
        next = base(&section, &path, &seen, sink);
        if next.is_none() && section.entries.contains_key(file::EXTENDS.name) {
            // The file that it means may have any key: what is absent is not reported, only what is wrong as it is.
            file::ALL.iter().for_each(|key| sink.mark_reported(key.name.to_owned()));
        }
        files.push(section);
    }
    let mut merged = files.pop()?;
    while let Some(nearer) = files.pop() {
        merged = merge(merged, nearer);
    }
    fill_defaults(&mut merged, sink);
    note_places(&merged, "", sink);
    Some(merged)
}

/// Returns the file that a file extends; `None` if there is none, or if its `extends` is wrong, which was reported.
fn base(section: &Section, path: &Path, seen: &BTreeSet<PathBuf>, sink: &mut DiagnosticSink) -> Option<Arc<Path>> {
    let Some(Node::Leaf(Leaf { place, value: AuthoredValue::Text(name) })) = section.entries.get(file::EXTENDS.name)
    else {
        return None;
    };
    if let Err((message, advice)) = syntax::path(name) {
        sink.at(place, message, advice);
        return None;
    }
    let base = beside(path, name);
    if seen.contains(&identity(&base)) {
        let message = format!("`{name}` leads back to a file that is extended already");
        sink.at(place, message, Some("remove the cycle".to_owned()));
        return None;
    }
    if let Err(error) = check_is_file(&base) {
        let message = match error.kind() {
            ErrorKind::NotFound => format!("no such file: {}", base.display()),
            _ => format!("{} cannot be read: {error}", base.display()),
        };
        let advice = "the path is relative to the file it is in".to_owned();
        sink.at(place, message, Some(advice));
        return None;
    }
    Some(base.into())
}

/// Returns a path that was written in a file: it is relative to that file's folder.
pub(crate) fn beside(file: &Path, path: &str) -> PathBuf {
    let path = path.strip_prefix("./").unwrap_or(path);
    file.parent().map_or_else(|| PathBuf::from(path), |folder| folder.join(path))
}

/// Returns the unique name of a file that may be reached by several paths; for a file that does not exist yet, the best
/// approximation.
pub(crate) fn identity(path: &Path) -> PathBuf {
    let known = path.canonicalize().ok();
    let in_folder = || {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let folder = folder.unwrap_or(Path::new(".")).canonicalize().ok()?;
        Some(folder.join(path.file_name()?))
    };
    known.or_else(in_folder).unwrap_or_else(|| path.components().collect())
}

fn merge(base: Section, nearer: Section) -> Section {
    let mut entries = base.entries;
    for (name, node) in nearer.entries {
        let node = match (entries.remove(&name), node) {
            (Some(Node::Section(base)), Node::Section(nearer)) => Node::Section(merge(base, nearer)),
            (_, node) => node,
        };
        entries.insert(name, node);
    }
    Section { place: nearer.place, order: base.order, entries }
}

/// Copies the keys of `[stream_defaults]` into each stream that does not set them itself. If a default has a mistake,
/// the key's absence from a stream is not reported as another one.
fn fill_defaults(merged: &mut Section, sink: &mut DiagnosticSink) {
    let defaults = match merged.entries.get(file::DEFAULTS.name) {
        Some(Node::Section(defaults)) => defaults.entries.clone(),
        _ => BTreeMap::new(),
    };
    let Some(Node::Section(streams)) = merged.entries.get_mut(file::STREAMS.name) else {
        return;
    };
    for (name, node) in &mut streams.entries {
        let Node::Section(section) = node else {
            continue;
        };
        for key in stream::DEFAULTS {
            if let Some(default) = defaults.get(key.name) {
                section.entries.entry(key.name.to_owned()).or_insert_with(|| default.clone());
            } else if sink.is_reported(&join(file::DEFAULTS.name, key.name)) {
                sink.mark_reported(join(&join(file::STREAMS.name, name), key.name));
            }
        }
    }
}

fn note_places(section: &Section, path: &str, sink: &mut DiagnosticSink) {
    sink.know(path.to_owned(), section.place.clone());
    for (name, node) in &section.entries {
        let path = join(path, name);
        match node {
            Node::Section(section) => note_places(section, &path, sink),
            node => sink.know(path, Location::clone(node.place())),
        }
    }
}
