//! Checks what is to be taken over as a whole, as the host checks a SQL project, and takes out what the check refuses.

use std::collections::{BTreeMap, BTreeSet};

use wmshost_models::{Project, Setup, relations};
use wmshost_sql::Dialect;

use super::drafts::Draft;
use super::layout::FILE;
use super::output::files;
use super::properties::Properties;
use super::report::{ItemKind, ItemStatus, ReportItem};
use super::tests::{SqlTest, TakenTest};
use crate::files::{File, FileKind};
use crate::problem::Problem;
use crate::sql_project::declaration;

/// The label under which the result is checked.
const LABEL: &str = "sql-project";

/// Checks everything together and takes out what the check refuses, until nothing is left to refuse. Returns the files.
pub(super) fn settle(
    drafts: &mut Vec<Draft>,
    streams: &mut BTreeMap<String, Vec<TakenTest>>,
    selects: &mut Vec<SqlTest>,
    properties: &Properties,
    dialect: Dialect,
    items: &mut Vec<ReportItem>,
) -> Vec<(String, String)> {
    loop {
        take_out_readers(drafts, streams, selects, items);
        let files = files(drafts, streams, selects, properties);
        let read: Vec<File> = files
            .iter()
            .map(|(path, text)| File { path: path.clone(), kind: kind_of(path), text: text.clone() })
            .collect();
        let wrong: Vec<(String, String)> = match declaration(&read, dialect) {
            Err(problems) => {
                let name = |problem: &Problem| {
                    problem.file.rsplit('/').next().unwrap_or_default().split('.').next().unwrap_or_default().to_owned()
                };
                problems.iter().map(|problem| (name(problem), problem.what.clone())).collect()
            }
            Ok(declaration) => {
                let setup = Setup {
                    dialect,
                    streams: streams.keys().map(|name| (name.clone(), format!("STREAM {name}"))).collect(),
                    variables: BTreeMap::new(),
                    plugins: vec![(LABEL.to_owned(), declaration)],
                    digests: BTreeMap::new(),
                    described: BTreeSet::from([LABEL.to_owned()]),
                };
                let diagnostics = Project::new(setup).err().unwrap_or_default();
                diagnostics.into_iter().map(|wrong| (wrong.place, wrong.what)).collect()
            }
        };
        let before = (drafts.len(), selects.len(), tests_of(drafts, streams));
        for (place, what) in &wrong {
            refuse(place, what, drafts, streams, selects, items);
        }
        if wrong.is_empty() || before == (drafts.len(), selects.len(), tests_of(drafts, streams)) {
            items.extend(wrong.into_iter().map(|(place, what)| ReportItem::other(&place, 0, FILE, what)));
            return files;
        }
    }
}

fn tests_of(drafts: &[Draft], streams: &BTreeMap<String, Vec<TakenTest>>) -> usize {
    drafts.iter().map(|draft| draft.tests.len()).chain(streams.values().map(Vec::len)).sum()
}

fn kind_of(path: &str) -> FileKind {
    match path.rsplit('.').next() {
        Some("sql") => FileKind::Sql,
        Some("csv") => FileKind::Csv,
        _ => FileKind::Yaml,
    }
}

/// Takes out what reads a model that is not taken over.
fn take_out_readers(
    drafts: &mut Vec<Draft>,
    streams: &mut BTreeMap<String, Vec<TakenTest>>,
    selects: &mut Vec<SqlTest>,
    items: &mut Vec<ReportItem>,
) {
    loop {
        let known: BTreeSet<String> =
            drafts.iter().map(|draft| draft.name.clone()).chain(streams.keys().cloned()).collect();
        let missing = |sql: &str| relations(sql).into_iter().find(|name| !known.contains(name));
        let count = drafts.len();
        drafts.retain(|draft| match missing(&draft.text).filter(|_| draft.kind != ItemKind::Seed) {
            None => true,
            Some(name) => {
                let reason = format!("it reads {name}, which is not taken over");
                items.push(ReportItem {
                    kind: draft.kind,
                    name: draft.name.clone(),
                    status: ItemStatus::Refused,
                    file: draft.file.clone(),
                    line: draft.line,
                    reason,
                });
                false
            }
        });
        if drafts.len() < count {
            continue;
        }
        let mut refused = |name: String, file: &str, line: usize, of: &str| {
            let reason = format!("it reads {of}, which is not taken over");
            let (kind, status) = (ItemKind::Test, ItemStatus::Refused);
            items.push(ReportItem { kind, name, status, file: file.to_owned(), line, reason });
        };
        selects.retain(|test| match missing(&test.sql) {
            None => true,
            Some(of) => {
                refused(test.name.clone(), &test.file, test.line, &of);
                false
            }
        });
        let all = drafts.iter_mut().map(|draft| (&draft.name, &draft.file, &mut draft.tests));
        for (name, file, tests) in all {
            tests.retain(|test| match test.to.as_ref().filter(|to| !known.contains(*to)) {
                None => true,
                Some(of) => {
                    refused(format!("{} of {name}", test.name), file, test.line, of);
                    false
                }
            });
        }
        return;
    }
}

/// Takes out what a diagnostic names: a test, or a model.
fn refuse(
    place: &str,
    what: &str,
    drafts: &mut Vec<Draft>,
    streams: &mut BTreeMap<String, Vec<TakenTest>>,
    selects: &mut Vec<SqlTest>,
    items: &mut Vec<ReportItem>,
) {
    let (node, rest) = place.split_once(", ").unwrap_or((place, ""));
    let name = node.split_once(' ').map_or(node, |(_, name)| name);
    let mut refused = |kind, name: &str, file: &str, line, reason: String| {
        let (name, status, file) = (name.to_owned(), ItemStatus::Refused, file.to_owned());
        items.push(ReportItem { kind, name, status, file, line, reason });
    };
    if let Some(test) = rest.strip_prefix("test ") {
        let test = test.split(' ').next().unwrap_or_default();
        if let Some(at) = selects.iter().position(|select| select.name == test) {
            let select = selects.remove(at);
            return refused(ItemKind::Test, test, &select.file, select.line, what.to_owned());
        }
        let of = drafts.iter_mut().find(|draft| draft.name == name);
        let (file, tests) = match of {
            Some(draft) => (draft.file.clone(), Some(&mut draft.tests)),
            None => (FILE.to_owned(), streams.get_mut(name)),
        };
        let Some(tests) = tests else { return };
        let is_meant =
            |taken: &TakenTest| test == taken.name || test.rsplit_once('_').is_some_and(|(base, _)| base == taken.name);
        if let Some(at) = tests.iter().position(is_meant) {
            let taken = tests.remove(at);
            refused(ItemKind::Test, &format!("{} of {name}", taken.name), &file, taken.line, what.to_owned());
        }
        return;
    }
    if let Some(at) = drafts.iter().position(|draft| draft.name == name) {
        let draft = drafts.remove(at);
        let line: Option<usize> =
            rest.rsplit(' ').next().and_then(|place| place.split(':').next()).and_then(|line| line.parse().ok());
        let reason = match line {
            Some(line) => format!(
                "{what} (line {line} of its SQL: {})",
                draft.text.lines().nth(line.saturating_sub(1)).unwrap_or_default().trim()
            ),
            None => what.to_owned(),
        };
        return refused(draft.kind, name, &draft.file, 0, reason);
    }
    if let Some(at) = selects.iter().position(|select| select.name == name) {
        let select = selects.remove(at);
        refused(ItemKind::Test, name, &select.file, select.line, what.to_owned());
    }
}
