//! Looking at models: lists, one model in full, the SQL, and the models that would be built.

use serde_json::json;
use wmshost_flow::Failure;
use wmshost_models::{ManifestModel, ManifestNode, NodeHistory};

use super::args::{SelectArgs, ShowArgs};
use super::models_project::ModelsProject;
use crate::cli::Output;
use crate::commands::App;
use crate::exit::Exit;
use crate::report;
use crate::report::{print, section, table};

/// The nodes of the manifest that were selected.
fn nodes(app: &App, models_project: &ModelsProject, args: &SelectArgs) -> anyhow::Result<Vec<ManifestNode>> {
    let selected = models_project.select(args)?;
    let names = selected.names(&models_project.project);
    let nodes = models_project.manifest(app.clock.now()).nodes;
    Ok(nodes.into_iter().filter(|node| names.contains(&node.name.as_str())).collect())
}

/// `models list`.
pub(super) fn list(app: &App, args: &SelectArgs) -> anyhow::Result<Exit> {
    let models_project = ModelsProject::open(app, &args.pipeline, &args.vars)?;
    let nodes = nodes(app, &models_project, args)?;
    if args.output.output == Output::Json {
        report::json(&json!(nodes));
        return Ok(Exit::Success);
    }
    let rows = nodes.iter().map(|node| {
        let (layer, materialized) = layer_and_materialization(node);
        vec![
            node.name.clone(),
            layer.to_owned(),
            materialized.to_owned(),
            node.reads.join(", "),
            node.columns.len().to_string(),
            node.tests.len().to_string(),
            node.summary.lines().next().unwrap_or_default().to_owned(),
        ]
    });
    table(&["name", "layer", "materialized", "reads", "columns", "tests", "summary"], &[4, 5], rows.collect());
    Ok(Exit::Success)
}

/// The layer of a model, or `stream`, and the materialization.
fn layer_and_materialization(node: &ManifestNode) -> (&str, &str) {
    match &node.model {
        Some(model) => (&model.layer, &model.materialized),
        None => (node.kind.name(), ""),
    }
}

/// `models show`.
pub(super) fn show(app: &App, args: &ShowArgs) -> anyhow::Result<Exit> {
    let models_project = ModelsProject::open(app, &args.pipeline, &args.vars)?;
    let manifest = models_project.manifest(app.clock.now());
    let found = manifest.nodes.iter().find(|node| node.name == args.name);
    let Some(node) = found else {
        let selected = models_project.project.select(std::slice::from_ref(&args.name), &[], &Default::default());
        let why = selected.err().unwrap_or_default().join("; ");
        return Err(Failure::invalid_config(format!("there is no model or stream {why}")).into());
    };
    let mut sql = models_project.target.sql()?;
    let last = models_project.project.last_results(&models_project.name, sql.as_mut())?.remove(&args.name);
    let (columns, rows) = models_project.project.sample(&args.name, args.rows, sql.as_mut())?;
    if args.output.output == Output::Json {
        report::json(&json!({
            "node": node, "last": last, "sample": { "columns": columns, "rows": rows },
        }));
        return Ok(Exit::Success);
    }
    show_node(node, last.as_ref());
    if !rows.is_empty() {
        let head: Vec<&str> = columns.iter().map(String::as_str).collect();
        table(&head, &[], rows);
    }
    Ok(Exit::Success)
}

/// Prints a node, its columns and its tests.
fn show_node(node: &ManifestNode, last: Option<&NodeHistory>) {
    let built = last.and_then(|last| last.built.as_ref());
    let model = node.model.as_ref();
    let lines = [
        ("summary", node.summary.clone()),
        ("plugin", node.plugin.clone()),
        ("table", node.table.clone()),
        ("layer", model.map(|model| model.layer.clone()).unwrap_or_default()),
        ("materialized", model.map(|model| model.materialized.clone()).unwrap_or_default()),
        ("reads", node.reads.join(", ")),
        ("read_by", node.read_by.join(", ")),
        ("tags", node.tags.join(", ")),
        ("owner", node.owner.clone().unwrap_or_default()),
        ("built", built.map(|built| built.built_at.clone()).unwrap_or_default()),
        ("rows", built.and_then(|built| built.rows).map(|rows| rows.to_string()).unwrap_or_default()),
    ];
    section(&node.name, &lines.into_iter().filter(|(_, value)| !value.is_empty()).collect::<Vec<_>>());
    let columns = node.columns.iter();
    let cells = columns
        .map(|column| vec![column.name.clone(), column.kind.clone(), column.from.join(", "), column.summary.clone()]);
    table(&["column", "type", "made of", "summary"], &[], cells.collect());
    let tests = node.tests.iter().map(|test| {
        let status = last.and_then(|last| last.tests.get(&test.name)).map(|last| last.status.clone());
        vec![test.name.clone(), test.assertion.clone(), test.severity.clone(), status.unwrap_or_default()]
    });
    table(&["test", "assertion", "severity", "last"], &[], tests.collect());
}

/// `models compile`.
pub(super) fn compile(app: &App, args: &SelectArgs) -> anyhow::Result<Exit> {
    let models_project = ModelsProject::open(app, &args.pipeline, &args.vars)?;
    models_project.examine()?;
    let nodes = nodes(app, &models_project, args)?;
    let models = nodes.iter().filter_map(|node| Some((&node.name, node.model.as_ref()?)));
    if args.output.output == Output::Json {
        let one = |(name, model): (&String, &ManifestModel)| {
            json!({
                "name": name, "compiled": model.compiled, "compiled_changes": model.compiled_changes,
                "compiled_incremental": model.compiled_incremental,
            })
        };
        report::json(&models.map(one).collect());
        return Ok(Exit::Success);
    }
    for (name, model) in models {
        print(&format!("-- {name} ({})\n{};\n", model.materialized, model.compiled));
        for (sql, what) in [(&model.compiled_changes, "what changed"), (&model.compiled_incremental, "incremental")] {
            if let Some(sql) = sql {
                print(&format!("-- {name}, {what}\n{sql};\n"));
            }
        }
    }
    Ok(Exit::Success)
}

/// `models diff`.
pub(super) fn diff(app: &App, args: &SelectArgs) -> anyhow::Result<Exit> {
    let models_project = ModelsProject::open(app, &args.pipeline, &args.vars)?;
    let selected = models_project.select(args)?;
    let mut sql = models_project.target.sql()?;
    let plans = models_project.project.plan(&models_project.name, &selected, app.clock.now(), sql.as_mut())?;
    if args.output.output == Output::Json {
        report::json(
            &plans.iter().map(|(name, plan, why)| json!({ "name": name, "plan": plan, "why": why })).collect(),
        );
        return Ok(Exit::Success);
    }
    let rows = plans.into_iter().map(|(name, plan, why)| vec![name, plan.to_owned(), why]);
    table(&["model", "would be", "because"], &[], rows.collect());
    Ok(Exit::Success)
}
