//! Models, seeds and tests with their Jinja evaluated; what cannot be evaluated is reported.

use std::collections::BTreeSet;

use wmshost_models::relations;

use super::jinja::{Jinja, JinjaError};
use super::layout::{FILE, Layout};
use super::macros::next_tag;
use super::properties::Properties;
use super::relations::{combined, placed};
use super::report::{ItemKind, ItemStatus, ReportItem};
use super::settings::Settings;
use super::snapshots::{Snapshot, with_versions};
use super::tests::{SqlTest, TakenTest, TestReader};
use crate::files::{File, FileKind};

/// A model, seed or snapshot while it is taken over.
#[derive(Debug)]
pub(super) struct Draft {
    pub(super) kind: ItemKind,
    pub(super) name: String,
    pub(super) file: String,
    /// The line where it begins; 0 for a file of its own.
    pub(super) line: usize,
    pub(super) text: String,
    pub(super) settings: Settings,
    pub(super) tests: Vec<TakenTest>,
    pub(super) remarks: Vec<String>,
}

/// The streams and models that these read.
pub(super) fn read_by(drafts: &[Draft]) -> BTreeSet<String> {
    drafts.iter().flat_map(|draft| relations(&draft.text)).collect()
}

/// A part of the project that makes a table or view.
struct Part<'p> {
    kind: ItemKind,
    /// The tree of `dbt_project.yml` that has its settings, and its place there.
    tree: &'static str,
    place: String,
    name: String,
    /// The line where it begins; 0 for a file of its own.
    line: usize,
    file: &'p File,
}

/// The models and seeds, and the snapshots.
fn parts<'p>(layout: &'p Layout, snapshots: &'p [Snapshot]) -> Vec<Part<'p>> {
    let mut parts = Vec::new();
    for file in layout.models.iter().chain(&layout.seeds) {
        let (kind, tree) = match file.kind {
            FileKind::Sql | FileKind::Python => (ItemKind::Model, "models"),
            FileKind::Csv => (ItemKind::Seed, "seeds"),
            FileKind::Yaml => continue,
        };
        parts.push(Part { kind, tree, place: file.path.clone(), name: file.stem().to_owned(), line: 0, file });
    }
    parts.extend(snapshots.iter().map(|Snapshot { name, line, file }| {
        let folder = file.path.rsplit_once('/').map_or("", |(folder, _)| folder);
        let (kind, tree, place) = (ItemKind::Snapshot, "snapshots", format!("{folder}/{name}.sql"));
        Part { kind, tree, place, name: name.clone(), line: *line, file }
    }));
    parts
}

/// Models, seeds and snapshots with their Jinja evaluated; what cannot be is reported.
pub(super) fn drafts(
    layout: &Layout,
    properties: &Properties,
    snapshots: &[Snapshot],
    reader: &mut TestReader<'_>,
) -> Vec<Draft> {
    let names: Vec<String> = snapshots.iter().map(|snapshot| snapshot.name.clone()).collect();
    let mut drafts: Vec<Draft> = Vec::new();
    for Part { kind, tree, place, name, line, file } in parts(layout, snapshots) {
        let item = |status, line, path: &str, reason: String| {
            let (name, file) = (name.clone(), path.to_owned());
            ReportItem { kind, name, status, file, line, reason }
        };
        let refused = |line, path: &str, reason: String| item(ItemStatus::Refused, line, path, reason);
        let described = properties.models.get(&name);
        let mut settings = Settings::of(kind);
        layout.settings(tree, &place).into_iter().for_each(|node| settings.add_node(node, true));
        if let Some(config) = described.and_then(|described| described.node.get("config")) {
            settings.add_node(config, false);
        }
        let text =
            settings.evaluate(reader.jinja, FILE).and_then(|()| text_of(file, &names, reader.jinja, &mut settings));
        let objection = settings.objection();
        if settings.is_disabled() {
            let what = "it is disabled in the project".to_owned();
            reader.items.push(item(ItemStatus::LeftOut, line, &file.path, what));
            continue;
        }
        match (text, objection) {
            (Err(error), _) => reader.items.push(refused(error.line, &error.file, error.what)),
            (_, Some(objection)) => reader.items.push(refused(line, &file.path, objection)),
            (Ok(text), None) => {
                let call = format!("ref('{name}')");
                let tests = described.map(|described| reader.of_node(&described.node, &name, &call, &described.file));
                let remarks = settings.remarks(&name);
                let (file, tests) = (file.path.clone(), tests.unwrap_or_default());
                drafts.push(Draft { kind, name, file, line, text, settings, tests, remarks });
            }
        }
    }
    drafts
}

/// The text of a seed, or the SQL of a model or snapshot.
fn text_of(file: &File, snapshots: &[String], jinja: &Jinja, settings: &mut Settings) -> Result<String, JinjaError> {
    let wrong = |what: String| JinjaError { file: file.path.clone(), line: 0, what };
    match file.kind {
        FileKind::Csv => Ok(file.text.clone()),
        FileKind::Python => Err(wrong("a model in Python; only SQL is run here".to_owned())),
        _ => with_versions(&model_text(file, jinja, settings)?, snapshots).map_err(wrong),
    }
}

/// The SQL of a model: of a full build, and of an incremental one where that differs.
fn model_text(file: &File, jinja: &Jinja, settings: &mut Settings) -> Result<String, JinjaError> {
    let (full, config) = jinja.evaluate(&file.path, &file.text, false)?;
    config.iter().for_each(|(key, value)| settings.add_value(key, value));
    let full = placed(&full);
    if settings.text("materialized").as_deref() != Some("incremental") {
        return Ok(format!("{}\n", full.trim()));
    }
    let incremental = placed(&jinja.evaluate(&file.path, &file.text, true)?.0);
    Ok(format!("{}\n", combined(&full, &incremental).trim()))
}

/// The SELECTs in the folder of tests.
pub(super) fn singular_tests(layout: &Layout, reader: &mut TestReader<'_>) {
    for file in layout.tests.iter().filter(|file| file.kind == FileKind::Sql) {
        // Generic tests are macros.
        if next_tag(&file.text, 0, &["test", "macro"]).is_some() {
            continue;
        }
        match reader.jinja.evaluate(&file.path, &file.text, false) {
            Ok((sql, config)) => {
                let name = file.stem().to_owned();
                let is_disabled = config
                    .iter()
                    .any(|(key, value)| key == "enabled" && value.to_string().eq_ignore_ascii_case("false"));
                let (status, reason) = match is_disabled {
                    true => (ItemStatus::LeftOut, "it is disabled in the project"),
                    false => (ItemStatus::ByHand, "its severity, condition and thresholds are not taken"),
                };
                if config.iter().any(|(key, _)| !["enabled", "tags"].contains(&key.as_str())) || is_disabled {
                    let (kind, name, reason) = (ItemKind::Test, name.clone(), reason.to_owned());
                    reader.items.push(ReportItem { kind, name, status, file: file.path.clone(), line: 0, reason });
                }
                if is_disabled {
                    continue;
                }
                reader.selects.push(SqlTest { name, sql: placed(sql.trim()), file: file.path.clone(), line: 0 });
            }
            Err(error) => reader.items.push(ReportItem {
                kind: ItemKind::Test,
                name: file.stem().to_owned(),
                status: ItemStatus::Refused,
                file: error.file,
                line: error.line,
                reason: error.what,
            }),
        }
    }
}
