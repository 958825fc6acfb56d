//! The YAML of a dbt project: models, sources and exposures, each with its file.

use std::collections::BTreeMap;

use super::layout::Layout;
use super::options::DbtOptions;
use super::report::ReportItem;
use crate::files::{File, FileKind};
use crate::yaml::{self, Node};

/// A model's or a source's node in YAML.
#[derive(Debug, Clone)]
pub(super) struct Described {
    pub(super) file: String,
    pub(super) node: Node,
}

/// A table of a source.
#[derive(Debug)]
pub(super) struct Source {
    pub(super) stream: String,
    pub(super) identifier: String,
    pub(super) described: Described,
}

/// The YAML of the project.
#[derive(Debug, Default)]
pub(super) struct Properties {
    pub(super) models: BTreeMap<String, Described>,
    pub(super) sources: BTreeMap<(String, String), Source>,
    pub(super) exposures: Vec<Described>,
}

impl Properties {
    pub(super) fn read(layout: &Layout, options: &DbtOptions, items: &mut Vec<ReportItem>) -> Self {
        let mut properties = Self::default();
        let files = layout.models.iter().chain(&layout.seeds).chain(&layout.snapshots);
        for file in files.filter(|file| file.kind == FileKind::Yaml) {
            match yaml::parse(&file.text) {
                Ok(Some(root)) => properties.file(&root, file, options, items),
                Ok(None) => {}
                Err(error) => items.push(ReportItem::other(&file.path, error.line, &file.path, error.what)),
            }
        }
        properties
    }

    fn file(&mut self, root: &Node, file: &File, options: &DbtOptions, items: &mut Vec<ReportItem>) {
        for (key, node) in root.map().unwrap_or_default() {
            for node in node.list().unwrap_or_default() {
                let Some(name) = node.get("name").and_then(Node::text) else { continue };
                let described = || Described { file: file.path.clone(), node: node.clone() };
                match key.as_str() {
                    "models" | "seeds" | "snapshots" => drop(self.models.insert(name.to_owned(), described())),
                    "exposures" => self.exposures.push(described()),
                    "sources" => {
                        for table in node.get("tables").and_then(Node::list).unwrap_or_default() {
                            self.source(name, table, file, options);
                        }
                    }
                    "macros" | "groups" | "analyses" | "data_tests" | "tests" => {}
                    other_kind => {
                        let what = format!("{other_kind} are not known here");
                        items.push(ReportItem::other(&format!("{other_kind} {name}"), node.line, &file.path, what));
                    }
                }
            }
        }
    }

    fn source(&mut self, group: &str, table: &Node, file: &File, options: &DbtOptions) {
        let Some(name) = table.get("name").and_then(Node::text) else { return };
        let stream = options.streams.get(&format!("{group}.{name}")).cloned().unwrap_or_else(|| stream_name(name));
        let taken = self.sources.values().any(|source| source.stream == stream);
        let stream = if taken { stream_name(&format!("{group}_{name}")) } else { stream };
        let described = Described { file: file.path.clone(), node: table.clone() };
        let identifier = name.to_owned();
        self.sources.insert((group.to_owned(), name.to_owned()), Source { stream, identifier, described });
    }
}

/// A name as streams have it: small letters, digits and `_`.
fn stream_name(name: &str) -> String {
    let plain = |letter: char| if letter.is_ascii_alphanumeric() { letter.to_ascii_lowercase() } else { '_' };
    let name: String = name.chars().map(plain).collect();
    if name.starts_with(|letter: char| letter.is_ascii_lowercase()) { name } else { format!("s{name}") }
}
