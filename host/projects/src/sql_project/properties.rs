//! Models, streams and exposures as YAML describes them, in dbt's words.

use std::collections::BTreeMap;

use arrow_schema::DataType;
use wmshost_flow::model::{Exposure, Freshness, ModelColumn, SourceTable, Test};

use super::data_tests::{self, period};
use super::scalars::{column_type, relation};
use crate::files::{File, FileKind};
use crate::problem::{Problem, ProblemSink};
use crate::yaml::{self, Node};

/// A model's node and the file that has it.
#[derive(Debug)]
pub(super) struct Described {
    pub(super) file: String,
    pub(super) node: Node,
}

/// The YAML of a project.
#[derive(Debug, Default)]
pub(super) struct Properties {
    /// Models and seeds by name.
    pub(super) models: BTreeMap<String, Described>,
    pub(super) sources: Vec<SourceTable>,
    pub(super) exposures: Vec<Exposure>,
}

/// Reads all YAML files; reports keys that are not known.
pub(super) fn read(files: &[File], problems: &mut Vec<Problem>) -> Properties {
    let mut properties = Properties::default();
    for file in files.iter().filter(|file| file.kind == FileKind::Yaml) {
        let mut sink = ProblemSink { file: &file.path, all: problems };
        match yaml::parse(&file.text) {
            Ok(Some(root)) => properties.file(&root, &mut sink),
            Ok(None) => {}
            Err(error) => sink.add(error.line, error.what),
        }
    }
    properties
}

impl Properties {
    fn file(&mut self, root: &Node, sink: &mut ProblemSink<'_>) {
        let Some(entries) = root.map() else {
            sink.add(root.line, "the file has no keys; it begins with `models:` or `sources:`");
            return;
        };
        for (key, node) in entries {
            let items = node.list().unwrap_or_default();
            match key.as_str() {
                "version" => {}
                "models" | "seeds" | "snapshots" => items.iter().for_each(|item| self.model(item, sink)),
                "sources" => {
                    let tables =
                        items.iter().flat_map(|group| group.get("tables").and_then(Node::list).unwrap_or_default());
                    let read: Vec<_> = tables.filter_map(|table| source(table, sink)).collect();
                    self.sources.extend(read);
                }
                "exposures" => self.exposures.extend(items.iter().filter_map(|item| exposure(item, sink))),
                other => {
                    let keys = "models, seeds, snapshots, sources and exposures";
                    sink.add(node.line, format!("`{other}` is not known here; there are {keys}"));
                }
            }
        }
    }

    fn model(&mut self, node: &Node, sink: &mut ProblemSink<'_>) {
        let Some(name) = name_of(node, sink) else { return };
        if let Some(known) = self.models.get(name) {
            let place = format!("{}:{}", known.file, known.node.line);
            sink.add(node.line, format!("{name} is described twice; the first time in {place}"));
            return;
        }
        self.models.insert(name.to_owned(), Described { file: sink.file.to_owned(), node: node.clone() });
    }
}

fn name_of<'n>(node: &'n Node, sink: &mut ProblemSink<'_>) -> Option<&'n str> {
    let name = node.get("name").and_then(Node::text);
    if name.is_none() {
        sink.add(node.line, "it has no `name`");
    }
    name
}

/// The text of a key; empty if it is not there.
pub(super) fn text(node: &Node, key: &str) -> String {
    node.get(key).and_then(Node::text).unwrap_or_default().trim().to_owned()
}

/// The columns of a node; Null where no type is given.
pub(super) fn columns(node: &Node, sink: &mut ProblemSink<'_>) -> Vec<ModelColumn> {
    let nodes = node.get("columns").and_then(Node::list).unwrap_or_default();
    let mut columns = Vec::new();
    for node in nodes {
        let Some(name) = name_of(node, sink) else { continue };
        let kind = node.get("data_type").map_or(Some(DataType::Null), |node| {
            let kind = node.text().and_then(column_type);
            if kind.is_none() {
                let types = "boolean, int, decimal(p, s), double, text, binary, date, timestamp, timestamptz";
                sink.add(node.line, format!("the type of {name} is not known; there are {types}"));
            }
            kind
        });
        let summary = text(node, "description");
        columns.push(ModelColumn { name: name.to_owned(), kind: kind.unwrap_or(DataType::Null), summary });
    }
    columns
}

/// The tests of a node and of its columns, each with a name of its own.
pub(super) fn tests(node: &Node, sink: &mut ProblemSink<'_>) -> Vec<Test> {
    let own = |node: &Node, column: Option<&str>, sink: &mut ProblemSink<'_>| {
        let lists = ["data_tests", "tests"].map(|key| node.get(key).and_then(Node::list).unwrap_or_default());
        lists.iter().flat_map(|list| data_tests::read(list, column, sink)).collect::<Vec<Test>>()
    };
    let mut tests = own(node, None, sink);
    for column in node.get("columns").and_then(Node::list).unwrap_or_default() {
        if let Some(name) = column.get("name").and_then(Node::text) {
            tests.extend(own(column, Some(name), sink));
        }
    }
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for test in &mut tests {
        let count = seen.entry(test.name.clone()).or_default();
        *count += 1;
        if *count > 1 {
            test.name = format!("{}_{count}", test.name);
        }
    }
    tests
}

/// The limits of age of a node.
pub(super) fn freshness(node: &Node, sink: &mut ProblemSink<'_>) -> Option<Freshness> {
    let given = node.get("freshness").or_else(|| node.get("config")?.get("freshness"))?;
    let mut limit = |key: &str| {
        let limit = given.get(key)?;
        let count = limit.get("count").and_then(Node::text).and_then(|text| text.parse::<u64>().ok());
        let seconds = limit.get("period").and_then(Node::text).and_then(period);
        let seconds = count.zip(seconds).and_then(|(count, seconds)| count.checked_mul(seconds));
        if seconds.is_none() {
            sink.add(limit.line, format!("`{key}` needs a count and a period: minute, hour or day"));
        }
        seconds
    };
    let (warn_after, error_after) = (limit("warn_after"), limit("error_after"));
    let by = node.get("loaded_at_field").or_else(|| node.get("config")?.get("loaded_at_field"));
    Some(Freshness { warn_after, error_after, by: by.and_then(Node::text).map(str::to_owned) })
}

/// The owner that a node names.
pub(super) fn owner(node: &Node) -> Option<String> {
    let given = node
        .get("owner")
        .or_else(|| node.get("config")?.get("meta")?.get("owner"))
        .or_else(|| node.get("meta")?.get("owner"))?;
    let name = given.text().or_else(|| given.get("name")?.text()).or_else(|| given.get("email")?.text());
    name.map(str::to_owned)
}

fn tags(node: &Node) -> Vec<String> {
    let given = node.get("tags").or_else(|| node.get("config")?.get("tags"));
    given.and_then(Node::texts).unwrap_or_default()
}

fn source(node: &Node, sink: &mut ProblemSink<'_>) -> Option<SourceTable> {
    let mut columns = columns(node, sink);
    // The database knows the columns of a stream's table; a declaration needs a type.
    columns.retain(|column| column.kind != DataType::Null);
    Some(SourceTable {
        name: name_of(node, sink)?.to_owned(),
        summary: text(node, "description"),
        columns,
        tests: tests(node, sink),
        freshness: freshness(node, sink),
        tags: tags(node),
        owner: owner(node),
    })
}

fn exposure(node: &Node, sink: &mut ProblemSink<'_>) -> Option<Exposure> {
    let depends_on = node.get("depends_on").and_then(Node::texts).unwrap_or_default();
    Some(Exposure {
        name: name_of(node, sink)?.to_owned(),
        summary: text(node, "description"),
        depends_on: depends_on.iter().map(|name| relation(name)).collect(),
        owner: owner(node),
        url: node.get("url").and_then(Node::text).map(str::to_owned),
    })
}
