//! One model: its materialization, columns and SQL, and its unit tests.

use std::collections::{BTreeMap, BTreeSet};

use wmshost_flow::model::{Materialization, Model, Strategy};
use wmshost_sql::{ColumnPurpose, Dialect, Value, is_decimal};

use super::names::{Known, check_column};
use crate::diagnostic::{At, DiagnosticSink};
use crate::host_columns::VERSION;
use crate::project::{Node, ParsedModel, Project};
use crate::template::{Mode, Placeholder, Template};
use wmshost_flow::AUDIT_COLUMNS;

/// Parses a model and reports its mistakes; `None` if its SQL cannot be parsed.
pub(super) fn parse(
    (model, is_open): (Model, bool),
    at: At<'_>,
    variables: &BTreeMap<String, String>,
    known: &Known,
    sink: &mut DiagnosticSink,
) -> Option<ParsedModel> {
    columns(&model, is_open, at, sink);
    materialization(&model, is_open, at, sink);
    dependencies(&model, at, known, sink);
    let sql_place = format!("{}, SQL", at.place);
    let changes_place = format!("{}, changes", at.place);
    let sql_at = At { place: &sql_place, ..at };
    let statement = sink.parse(sql_at, &model.statement);
    let given = match &model.materialization {
        Materialization::Incremental(increment) => increment.changes.clone(),
        _ => None,
    };
    let changes_at = At { place: &changes_place, ..at };
    let changes = given.map(|changes| sink.parse(changes_at, &changes));
    let (statement, changes) = (statement?, changes.map_or(Some(None), |changes| changes.map(Some))?);
    words(&model, &statement, false, sql_at, variables, sink);
    if let Some(changes) = &changes {
        words(&model, changes, true, changes_at, variables, sink);
    }
    unused(&model, &statement, changes.as_ref(), at, sink);
    Some(ParsedModel { model, statement, changes, fingerprint: String::new(), is_open })
}

fn columns(model: &Model, is_open: bool, at: At<'_>, sink: &mut DiagnosticSink) {
    if model.columns.is_empty() && !is_open {
        sink.add(at, "it declares no columns; declare those that its SQL returns");
    }
    let mut seen = BTreeSet::new();
    let has_rows = model.materialization.has_rows();
    let is_snapshot = matches!(model.materialization, Materialization::Snapshot(_));
    for column in &model.columns {
        let name = column.name.to_ascii_lowercase();
        let is_mark =
            has_rows && AUDIT_COLUMNS.contains(&name.as_str()) || is_snapshot && VERSION.contains(&name.as_str());
        if name.is_empty() || name.contains('"') {
            sink.add(at, "a column has no usable name");
        }
        if is_mark {
            sink.add(at, format!("the column {name} is reserved: the host adds it"));
        }
        if Dialect::Oracle.declared_type(&column.kind, ColumnPurpose::Modelled).is_none() {
            sink.add(at, format!("the column {name} has a type that no target can store"));
        }
        if !seen.insert(name) {
            sink.add(at, format!("it declares the column {} twice", column.name));
        }
    }
}

fn materialization(model: &Model, is_open: bool, at: At<'_>, sink: &mut DiagnosticSink) {
    let mut need = |columns: &[String], what: &str| {
        if columns.is_empty() {
            sink.add(at, format!("its {what} has no columns"));
        }
        for column in columns {
            if !is_open && !model.columns.iter().any(|known| known.name.eq_ignore_ascii_case(column)) {
                sink.add(at, format!("its {what} names the column {column}, which it does not declare"));
            }
        }
    };
    match &model.materialization {
        Materialization::Incremental(increment) => match &increment.strategy {
            Strategy::Merge(key) => need(key, "key"),
            Strategy::Replace(window) => {
                need(window, "window");
            }
            Strategy::Append => {}
        },
        Materialization::Snapshot(snapshot) => {
            need(&snapshot.key, "key");
            if !snapshot.check_columns.is_empty() {
                need(&snapshot.check_columns, "comparison");
            }
            if let Some(since) = &snapshot.updated_at {
                need(std::slice::from_ref(since), "`since`");
            }
        }
        Materialization::View | Materialization::Table | Materialization::Ephemeral => {}
    }
    let storage = &model.storage;
    for index in &storage.indexes {
        need(index, "index");
    }
    if let Some((column, _)) = &storage.partition {
        need(std::slice::from_ref(column), "partition");
    }
    if let Materialization::Incremental(increment) = &model.materialization
        && matches!(increment.strategy, Strategy::Replace(_))
        && increment.changes.is_none()
    {
        sink.add(at, "it replaces windows but does not say which: add `changes`");
    }
    let wants = !storage.indexes.is_empty() || storage.partition.is_some() || storage.statistics;
    if wants && !model.materialization.has_rows() {
        let kind = model.materialization.name();
        sink.add(at, format!("an index, a partition or statistics need a table, and it is {kind}"));
    }
}

fn dependencies(model: &Model, at: At<'_>, known: &Known, sink: &mut DiagnosticSink) {
    let mut seen = BTreeSet::new();
    for name in &model.depends_on {
        if !known.has(name) {
            let hint = known.hint(name);
            sink.add(at, format!("it reads {name}, which is neither a stream nor a model{hint}"));
        }
        if !seen.insert(name) {
            sink.add(at, format!("it names {name} twice among its dependencies"));
        }
    }
}

/// Checks that each placeholder has a meaning where it is used.
fn words(
    model: &Model,
    template: &Template,
    in_changes: bool,
    at: At<'_>,
    variables: &BTreeMap<String, String>,
    sink: &mut DiagnosticSink,
) {
    let incremental = matches!(model.materialization, Materialization::Incremental(_));
    for used in template.uses() {
        let guarded = in_changes || used.only == Some(Mode::Incremental);
        let what = match used.word {
            Placeholder::Relation(name) | Placeholder::WatermarkOf(name) | Placeholder::Before(name)
                if !model.depends_on.contains(name) =>
            {
                format!("{{{name}}} is not among what the model reads; add it there")
            }
            word if word.is_incremental() && !incremental => {
                "only an incremental model has this placeholder".to_owned()
            }
            word if word.is_incremental() && !guarded => {
                "it does not exist in a full build: put it between {when incremental} and {end}".to_owned()
            }
            Placeholder::Changes if in_changes => "`changes` cannot read itself".to_owned(),
            Placeholder::Changes if !has_changes(model) => "the model has no `changes`".to_owned(),
            Placeholder::RunId if !model.materialization.has_rows() => "a view outlives its run".to_owned(),
            Placeholder::Variable(name, None) if !variables.contains_key(name) => {
                format!("the variable {name} is not given; give it under [models.vars] or write {{var:{name}=literal}}")
            }
            _ => continue,
        };
        sink.in_sql(at, &template.source, used.at, what);
    }
}

fn has_changes(model: &Model) -> bool {
    matches!(&model.materialization, Materialization::Incremental(increment) if increment.changes.is_some())
}

fn unused(model: &Model, statement: &Template, changes: Option<&Template>, at: At<'_>, sink: &mut DiagnosticSink) {
    let used: BTreeSet<&str> = statement
        .uses()
        .chain(changes.into_iter().flat_map(Template::uses))
        .filter_map(|used| used.word.node())
        .collect();
    for name in model.depends_on.iter().filter(|name| !used.contains(name.as_str())) {
        sink.add(at, format!("it says that it reads {name}, but its SQL has no {{{name}}}"));
    }
}

/// Checks that the host keeps what a model follows of its dependencies: load times of tables, before images of
/// incremental models.
pub(super) fn watermarks(project: &Project, node: &Node, parsed: &ParsedModel, sink: &mut DiagnosticSink) {
    let place = node.place();
    let at = At { plugin: &node.plugin, place: &place };
    for used in parsed.templates().flat_map(Template::uses) {
        let Some(read) = used.word.node().and_then(|name| project.by_name.get(name)).map(|&at| &project.nodes[at])
        else {
            continue;
        };
        let has_rows = read.model().is_none_or(|model| !model.is_live());
        let what = match used.word {
            Placeholder::WatermarkOf(name) if !has_rows => format!("{name} has no rows of its own, and no watermark"),
            Placeholder::Before(name) if read.model().and_then(ParsedModel::increment).is_none() => {
                format!("before images are kept of incremental models only, and {name} is not one")
            }
            Placeholder::Before(name) if parsed.increment().is_some_and(|increment| increment.lookback > 0) => {
                format!("with a lookback the before images of {name} are not those of the last build")
            }
            _ => continue,
        };
        sink.add(at, what);
    }
}

/// Checks that the fixtures and the expected rows of unit tests have existing columns.
pub(super) fn fixtures(project: &Project, node: &Node, parsed: &ParsedModel, sink: &mut DiagnosticSink) {
    let mut names = BTreeSet::new();
    for test in &parsed.model.unit_tests {
        let place = format!("{}, unit test {:?}", node.place(), test.name);
        let at = At { plugin: &node.plugin, place: &place };
        if !names.insert(&test.name) {
            sink.add(at, "another unit test has that name");
        }
        for (name, rows) in &test.given {
            let read = match name.strip_prefix("before:").unwrap_or(name) {
                "this" => Some(node),
                name if parsed.model.depends_on.iter().any(|read| read == name) => {
                    project.by_name.get(name).map(|&at| &project.nodes[at])
                }
                _ => None,
            };
            match read {
                Some(read) => rows.columns.iter().for_each(|column| check_column(read, column, at, sink)),
                None => sink.add(at, format!("it has rows for {name}, which the model does not read")),
            }
            widths(name, rows, at, sink);
        }
        for column in &test.expected.columns {
            check_column(node, column, at, sink);
        }
        widths("the expected rows", &test.expected, at, sink);
        if test.expected.columns.is_empty() {
            sink.add(at, "it expects no columns: name at least one");
        }
        if test.watermark.is_some() && parsed.increment().is_none() {
            sink.add(at, "it is an incremental build, but the model is not incremental");
        }
    }
}

fn widths(what: &str, rows: &wmshost_flow::model::Rows, at: At<'_>, sink: &mut DiagnosticSink) {
    let wide = rows.columns.len();
    for (number, row) in (1..).zip(&rows.rows).filter(|(_, row)| row.len() != wide) {
        sink.add(at, format!("{what}: row {number} has {} values for {wide} columns", row.len()));
    }
}

/// Computes for each model a digest of everything that determines its rows: its own declaration, the tables it reads, the
/// variables it uses, and the SQL of ephemeral models, which becomes part of its own.
pub(crate) fn fingerprints(project: &mut Project) {
    for at in 0..project.nodes.len() {
        let Some(parsed) = project.nodes[at].model() else { continue };
        let model = &parsed.model;
        let renderer = project.renderer();
        let mut digest = blake3::Hasher::new();
        // A column that a table gains changes only the models that have it.
        let written = |template: &Template, mode| template.render(mode, |word| renderer.render_placeholder(word, at));
        let full = written(&parsed.statement, Mode::Full);
        let incremental = written(&parsed.statement, Mode::Incremental);
        let changes = parsed.changes.as_ref().map(|changes| written(changes, Mode::Incremental));
        let columns: Vec<String> =
            model.columns.iter().map(|column| format!("{} {}", column.name, column.kind)).collect();
        let parts = [
            full,
            incremental,
            changes.unwrap_or_default(),
            columns.join(","),
            format!("{:?} {:?}", model.materialization, model.storage),
        ];
        for part in parts {
            digest.update(&(part.len() as u64).to_le_bytes());
            digest.update(part.as_bytes());
        }
        let fingerprint = digest.finalize().to_hex()[..16].to_owned();
        if let crate::project::Kind::Model(parsed) = &mut project.nodes[at].kind {
            parsed.fingerprint = fingerprint;
        }
    }
}

/// True if the value can be written into SQL: a decimal must consist of digits and a point.
pub(super) fn is_plain(value: &Value) -> bool {
    match value {
        Value::Decimal(digits) => is_decimal(digits),
        _ => true,
    }
}
