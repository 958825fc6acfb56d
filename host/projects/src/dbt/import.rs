//! The project as a whole: what can be taken over, checked together, and what cannot.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use minijinja::value::Value;

use super::drafts::{drafts, read_by, singular_tests};
use super::jinja::{Jinja, Known};
use super::layout::{FILE, Layout};
use super::macros;
use super::options::DbtOptions;
use super::properties::Properties;
use super::report::{ItemStatus, ReportItem};
use super::settings::value_of;
use super::settle::settle;
use super::snapshots;
use super::tests::{TakenTest, TestReader};
use crate::files::FileKind;
use crate::problem::Problem;
use crate::yaml::Node;

/// A project that was taken over.
#[derive(Debug)]
pub struct DbtImport {
    /// The project's name.
    pub name: String,
    /// The files of the SQL project: path and text.
    pub files: Vec<(String, String)>,
    /// The streams that its models read.
    pub streams: Vec<String>,
    /// The report on each part.
    pub items: Vec<ReportItem>,
}

/// Takes a dbt project over. Fails only if the project itself cannot be read.
pub fn import(folder: &Path, options: &DbtOptions) -> Result<DbtImport, Vec<Problem>> {
    let layout = Layout::read(folder)?;
    let mut items = Vec::new();
    let properties = Properties::read(&layout, options, &mut items);
    let all_macros = macros::read(layout.macros.iter().chain(&layout.tests));
    let models = layout.models.iter().chain(&layout.seeds).filter(|file| file.kind != FileKind::Yaml);
    let mut names: BTreeSet<String> = models.map(|file| file.stem().to_owned()).collect();
    let snapshots = snapshots::read(&layout, &properties);
    names.extend(snapshots.iter().map(|snapshot| snapshot.name.clone()));
    let sources = properties
        .sources
        .iter()
        .map(|(key, source)| (key.clone(), (source.stream.clone(), source.identifier.clone())));
    let mut variables: BTreeMap<String, Value> = BTreeMap::new();
    let vars = layout.root.get("vars");
    let scopes = [vars, vars.and_then(|vars| vars.get(&layout.name))];
    for (name, _) in scopes.into_iter().flatten().filter_map(Node::map).flatten() {
        variables.extend(layout.variable(name).map(|node| (name.clone(), value_of(node))));
    }
    variables.extend(options.variables.iter().map(|(name, value)| (name.clone(), plain_value(value))));
    let known = Known::new(options.dialect, names, sources.collect(), variables, &all_macros);
    let jinja = Jinja::new(known, &all_macros, options.time_limit)
        .map_err(|error| vec![Problem { file: error.file, line: error.line, what: error.what }])?;
    let mut selects = Vec::new();
    let mut reader = TestReader { jinja: &jinja, macros: &all_macros, items: &mut items, selects: &mut selects };
    let mut drafts = drafts(&layout, &properties, &snapshots, &mut reader);
    let mut streams: BTreeMap<String, Vec<TakenTest>> = BTreeMap::new();
    for ((group, table), source) in &properties.sources {
        let call = format!("source('{group}', '{table}')");
        let tests = reader.of_node(&source.described.node, &source.stream, &call, &source.described.file);
        streams.insert(source.stream.clone(), tests);
    }
    singular_tests(&layout, &mut reader);
    others(&layout, &mut items);
    let files = settle(&mut drafts, &mut streams, &mut selects, &properties, options.dialect, &mut items);
    let read = read_by(&drafts);
    let streams = streams.into_keys().filter(|name| read.contains(name)).collect();
    items.extend(drafts.iter().map(|draft| ReportItem {
        kind: draft.kind,
        name: draft.name.clone(),
        status: if draft.remarks.is_empty() { ItemStatus::TakenOver } else { ItemStatus::ByHand },
        file: draft.file.clone(),
        line: draft.line,
        reason: draft.remarks.join("; "),
    }));
    items.sort_by(|a, b| (a.kind, &a.name, a.line).cmp(&(b.kind, &b.name, b.line)));
    Ok(DbtImport { name: layout.name, files, streams, items })
}

fn plain_value(text: &str) -> Value {
    match (text.parse::<i64>(), text) {
        (Ok(number), _) => Value::from(number),
        (_, "true" | "false") => Value::from(text == "true"),
        _ => Value::from(text),
    }
}

/// Parts of `dbt_project.yml` that have no place here.
fn others(layout: &Layout, items: &mut Vec<ReportItem>) {
    for tree in ["data_tests", "tests", "unit_tests"] {
        if let Some(node) = layout.root.get(tree) {
            let reason = "settings of all tests are not taken; set them at each test".to_owned();
            items.push(ReportItem::other(tree, node.line, FILE, reason));
        }
    }
    for hook in ["on-run-start", "on-run-end"] {
        if let Some(node) = layout.root.get(hook) {
            items.push(ReportItem::other(hook, node.line, FILE, "hooks are not run here".to_owned()));
        }
    }
}
