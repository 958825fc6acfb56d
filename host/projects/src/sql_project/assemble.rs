//! Files and properties put together as a declaration.

use std::collections::{BTreeMap, BTreeSet};

use wmshost_flow::model::{
    Assertion, Declaration, Materialization, Model, Severity, SourceTable, Storage, Test, Threshold,
};
use wmshost_models::relations;
use wmshost_sql::Dialect;

use super::properties::{self, Properties, columns, freshness, owner, tests, text};
use super::seed;
use super::settings::Settings;
use crate::files::{File, FileKind};
use crate::problem::{Problem, ProblemSink};

/// The folder whose SELECTs are tests of failing rows.
const TESTS: &str = "tests";

/// The texts of a model.
#[derive(Default)]
struct Texts<'f> {
    sql: Option<&'f File>,
    changes: Option<&'f File>,
}

/// The declaration of a project's files for a dialect.
pub(crate) fn declaration(files: &[File], dialect: Dialect) -> Result<Declaration, Vec<Problem>> {
    let mut problems = Vec::new();
    let mut properties = properties::read(files, &mut problems);
    let mut declaration =
        Declaration { exposures: std::mem::take(&mut properties.exposures), ..Declaration::default() };
    declaration.sources = std::mem::take(&mut properties.sources);
    let mut known: BTreeSet<String> = BTreeSet::new();
    for (name, texts) in by_name(files, dialect, &mut problems) {
        known.insert(name.clone());
        declaration.models.extend(model(&name, &texts, &properties, &mut problems));
    }
    for file in files.iter().filter(|file| file.kind == FileKind::Csv) {
        known.insert(file.stem().to_owned());
        declaration.models.extend(seed_model(file, &properties, dialect, &mut problems));
    }
    for (name, described) in properties.models.iter().filter(|(name, _)| !known.contains(*name)) {
        ProblemSink { file: &described.file, all: &mut problems }
            .add(described.node.line, format!("there is no file {name}.sql or {name}.csv"));
    }
    for file in files.iter().filter(|file| file.kind == FileKind::Sql && file.is_in(TESTS)) {
        singular_test(file, &mut declaration, &mut ProblemSink { file: &file.path, all: &mut problems });
    }
    if problems.is_empty() { Ok(declaration) } else { Err(problems) }
}

/// The SQL files of each model: `name.sql`, `name.oracle.sql` for one dialect alone, and `name.changes.sql`.
fn by_name<'f>(files: &'f [File], dialect: Dialect, problems: &mut Vec<Problem>) -> BTreeMap<String, Texts<'f>> {
    let mut all: BTreeMap<String, Texts<'f>> = BTreeMap::new();
    let own = dialect.name().to_ascii_lowercase();
    for file in files.iter().filter(|file| file.kind == FileKind::Sql && !file.is_in(TESTS)) {
        let mut sink = ProblemSink { file: &file.path, all: problems };
        if let Some(line) = jinja_line(&file.text) {
            sink.add(
                line,
                "this is Jinja, which is not evaluated here; `wmshost import dbt` writes a project without it",
            );
            continue;
        }
        let (name, part) = file.stem().split_once('.').unwrap_or((file.stem(), ""));
        let texts = all.entry(name.to_owned()).or_default();
        let slot = match part {
            "" if texts.sql.is_some_and(|known| known.stem() != name) => continue,
            "" => &mut texts.sql,
            "changes" => &mut texts.changes,
            "sqlite" | "oracle" if part != own => continue,
            "sqlite" | "oracle" => {
                texts.sql = texts.sql.filter(|known| known.stem() != name);
                &mut texts.sql
            }
            other => {
                sink.add(
                    0,
                    format!("`.{other}.sql` is not known; there are .sqlite.sql, .oracle.sql and .changes.sql"),
                );
                continue;
            }
        };
        match slot {
            Some(first) => sink.add(0, format!("the model {name} has a file already: {}", first.path)),
            None => *slot = Some(file),
        }
    }
    all
}

/// The line of the first piece of Jinja.
fn jinja_line(text: &str) -> Option<usize> {
    let begins = |line: &str| {
        line.contains("{%")
            || line.split("{{").skip(1).any(|rest| {
                let word = rest.trim_start();
                ["ref(", "source(", "config(", "var(", "this ", "this}", "dbt_utils."]
                    .iter()
                    .any(|jinja| word.starts_with(jinja))
            })
    };
    text.lines().position(begins).map(|at| at + 1)
}

fn model(name: &str, texts: &Texts<'_>, properties: &Properties, problems: &mut Vec<Problem>) -> Option<Model> {
    let described = properties.models.get(name);
    let Some(sql) = texts.sql else {
        let file = texts.changes.map(|file| file.path.clone()).unwrap_or_default();
        problems.push(Problem { file, line: 0, what: format!("there is no {name}.sql for this dialect") });
        return None;
    };
    let file = described.map_or(sql.path.as_str(), |described| described.file.as_str());
    let sink = &mut ProblemSink { file, all: problems };
    let node = described.map(|described| &described.node);
    let settings = Settings::of(node, sink);
    if !settings.is_enabled() {
        return None;
    }
    let statement = sql.text.trim_end().trim_end_matches(';').to_owned();
    let changes = texts.changes.map(|file| file.text.trim_end().trim_end_matches(';'));
    let materialization = settings.materialization(changes, &statement, sink);
    let mut depends_on = relations(&statement);
    if let Materialization::Incremental(increment) = &materialization {
        let more = increment.changes.iter().flat_map(|changes| relations(changes));
        depends_on.extend(more.filter(|name| !depends_on.contains(name)).collect::<Vec<_>>());
    }
    Some(Model {
        name: name.to_owned(),
        layer: settings.layer(name, sink),
        materialization,
        depends_on,
        statement,
        columns: node.map(|node| columns(node, sink)).unwrap_or_default(),
        tests: node.map(|node| tests(node, sink)).unwrap_or_default(),
        unit_tests: Vec::new(),
        storage: settings.storage(sink),
        freshness: node.and_then(|node| freshness(node, sink)),
        summary: node.map(|node| text(node, "description")).unwrap_or_default(),
        tags: settings.texts("tags"),
        owner: settings.text("owner").map(str::to_owned).or_else(|| node.and_then(owner)),
    })
}

fn seed_model(file: &File, properties: &Properties, dialect: Dialect, problems: &mut Vec<Problem>) -> Option<Model> {
    let described = properties.models.get(file.stem());
    let mut declared = Vec::new();
    if let Some(described) = described {
        declared = columns(&described.node, &mut ProblemSink { file: &described.file, all: problems });
    }
    let (columns, statement) =
        seed::read(&file.text, &declared, dialect, &mut ProblemSink { file: &file.path, all: problems })?;
    let node = described.map(|described| &described.node);
    let place = described.map_or(file.path.as_str(), |described| described.file.as_str());
    let sink = &mut ProblemSink { file: place, all: problems };
    let settings = Settings::of(node, sink);
    settings.is_enabled().then(|| Model {
        name: file.stem().to_owned(),
        layer: settings.layer("stg_", sink),
        materialization: Materialization::Table,
        depends_on: Vec::new(),
        statement,
        columns,
        tests: node.map(|node| tests(node, sink)).unwrap_or_default(),
        unit_tests: Vec::new(),
        storage: Storage::default(),
        freshness: None,
        summary: node.map(|node| text(node, "description")).unwrap_or_default(),
        tags: settings.texts("tags"),
        owner: settings.text("owner").map(str::to_owned).or_else(|| node.and_then(owner)),
    })
}

/// Adds a SELECT of failing rows to the first model or stream that it reads.
fn singular_test(file: &File, declaration: &mut Declaration, sink: &mut ProblemSink<'_>) {
    if let Some(line) = jinja_line(&file.text) {
        sink.add(line, "this is Jinja, which is not evaluated here; `wmshost import dbt` writes a project without it");
        return;
    }
    let read = relations(&file.text);
    let Some(first) = read.first() else {
        sink.add(0, "the test names no model or stream in braces");
        return;
    };
    let test = Test {
        name: file.stem().to_owned(),
        assertion: Assertion::Custom(file.text.trim_end().trim_end_matches(';').to_owned()),
        severity: Severity::Error,
        only_where: None,
        warn_if: Threshold::Rows(0),
        error_if: Threshold::Rows(0),
        summary: String::new(),
    };
    let own = declaration.models.iter().rposition(|model| read.contains(&model.name));
    if let Some(at) = own {
        declaration.models[at].tests.push(test);
        return;
    }
    match declaration.sources.iter_mut().find(|source| source.name == *first) {
        Some(source) => source.tests.push(test),
        None => declaration.sources.push(SourceTable {
            name: first.clone(),
            summary: String::new(),
            columns: Vec::new(),
            tests: vec![test],
            freshness: None,
            tags: Vec::new(),
            owner: None,
        }),
    }
}
