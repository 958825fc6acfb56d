//! The files of a SQL project: SQL and CSV by name, and one YAML.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::Path;

use super::drafts::{Draft, read_by};
use super::properties::{Properties, Source};
use super::report::ItemKind;
use super::tests::{SqlTest, TakenTest};
use super::written::Written;
use crate::folder;
use crate::yaml::Node;

/// The file that every written folder has.
const DESCRIPTION: &str = "project.yml";

/// Writes the files into a new folder; a SQL project that is there is replaced only with `force`.
pub fn write(files: &[(String, String)], to: &Path, force: bool) -> io::Result<()> {
    folder::write(files, to, (DESCRIPTION, "SQL project"), force)
}

/// The files of the SQL project.
pub(super) fn files(
    drafts: &[Draft],
    streams: &BTreeMap<String, Vec<TakenTest>>,
    selects: &[SqlTest],
    properties: &Properties,
) -> Vec<(String, String)> {
    let mut files = Vec::new();
    let mut yaml = "version: 2\n".to_owned();
    for (key, kind) in [("models", ItemKind::Model), ("seeds", ItemKind::Seed), ("snapshots", ItemKind::Snapshot)] {
        let of_kind: Vec<&Draft> = drafts.iter().filter(|draft| draft.kind == kind).collect();
        if !of_kind.is_empty() {
            yaml += &format!("\n{key}:\n");
        }
        for draft in of_kind {
            let config = draft.settings.written();
            let node = properties.models.get(&draft.name).map(|described| &described.node);
            yaml += &entry(&draft.name, node, Some(config).filter(|_| kind != ItemKind::Seed), &draft.tests);
            let ending = if kind == ItemKind::Seed { "csv" } else { "sql" };
            files.push((format!("{key}/{}.{ending}", draft.name), draft.text.clone()));
        }
    }
    let read = read_by(drafts);
    let known: BTreeSet<&str> = drafts.iter().map(|draft| draft.name.as_str()).collect();
    let used: Vec<&Source> = properties.sources.values().filter(|source| read.contains(&source.stream)).collect();
    if !used.is_empty() {
        yaml += "\nsources:\n  - name: streams\n    tables:\n";
        for source in used {
            let tests = streams.get(&source.stream).map(Vec::as_slice).unwrap_or_default();
            let text = entry(&source.stream, Some(&source.described.node), None, tests);
            yaml += &text.lines().map(|line| format!("    {line}\n")).collect::<String>();
        }
    }
    let exposures: Vec<Written> =
        properties.exposures.iter().map(|described| exposure(&described.node, &known)).collect();
    if !exposures.is_empty() {
        yaml += "\nexposures:\n";
        yaml.extend(exposures.iter().map(|exposure| format!("  - {exposure}\n")));
    }
    for test in selects {
        files.push((format!("tests/{}.sql", test.name), format!("{}\n", test.sql.trim())));
    }
    files.push((DESCRIPTION.to_owned(), yaml));
    files
}

/// A model, a seed or a stream in YAML.
fn entry(name: &str, node: Option<&Node>, config: Option<Written>, tests: &[TakenTest]) -> String {
    let mut text = format!("  - name: {}\n", Written::Text(name.to_owned()));
    let description = |node: &Node| node.get("description").and_then(Node::text).map(|text| text.trim().to_owned());
    if let Some(description) = node.and_then(description) {
        text += &format!("    description: {}\n", Written::Text(description));
    }
    if let Some(config) = config.filter(|config| *config != Written::Map(Vec::new())) {
        text += &format!("    config: {config}\n");
    }
    if let Some(freshness) = node.and_then(|node| node.get("freshness")).filter(|node| node.map().is_some()) {
        text += &format!("    freshness: {}\n", Written::of(freshness));
        if let Some(field) = node.and_then(|node| node.get("loaded_at_field")) {
            text += &format!("    loaded_at_field: {}\n", Written::of(field));
        }
    }
    let list = |column: Option<&str>| {
        let own = tests.iter().filter(|test| test.column.as_deref() == column);
        Written::List(own.map(|test| test.written.clone()).collect())
    };
    let nothing = Written::List(Vec::new());
    if list(None) != nothing {
        text += &format!("    data_tests: {}\n", list(None));
    }
    let enforced = node.and_then(|node| node.get("config")?.get("contract")?.get("enforced")).and_then(Node::flag);
    let mut columns = String::new();
    for column in node.and_then(|node| node.get("columns")).and_then(Node::list).unwrap_or_default() {
        let Some(name) = column.get("name").and_then(Node::text) else { continue };
        let mut map = vec![("name".to_owned(), Written::Text(name.to_owned()))];
        map.extend(description(column).map(|text| ("description".to_owned(), Written::Text(text))));
        // Without a contract dbt does not hold a type either.
        let kind = column.get("data_type").filter(|_| enforced == Some(true));
        map.extend(kind.map(|kind| ("data_type".to_owned(), Written::of(kind))));
        let tests = list(Some(name));
        map.extend((tests != nothing).then(|| ("data_tests".to_owned(), tests)));
        columns += &format!("      - {}\n", Written::Map(map));
    }
    if !columns.is_empty() {
        text += &format!("    columns:\n{columns}");
    }
    text
}

/// An exposure, without what it reads of models that are not taken over.
fn exposure(node: &Node, known: &BTreeSet<&str>) -> Written {
    let mut map = Vec::new();
    for key in ["name", "description", "url", "owner"] {
        map.extend(node.get(key).map(|node| (key.to_owned(), Written::of(node))));
    }
    let reads = node.get("depends_on").and_then(Node::texts).unwrap_or_default();
    let reads =
        reads.iter().map(|text| crate::sql_project::relation(text)).filter(|name| known.contains(name.as_str()));
    map.push(("depends_on".to_owned(), Written::List(reads.map(Written::Text).collect())));
    Written::Map(map)
}
