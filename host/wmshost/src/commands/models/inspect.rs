//! Looking at models: lists, one model in full, the SQL, and the models that would be built.

use serde_json::{Value as Json, json};
use wmshost_flow::Failure;

use super::args::{SelectArgs, ShowArgs};
use super::models_project::ModelsProject;
use crate::cli::Output;
use crate::commands::App;
use crate::exit::Exit;
use crate::report;
use crate::report::{print, section, table};

/// The nodes of the manifest that were selected.
fn nodes(app: &App, models_project: &ModelsProject, args: &SelectArgs) -> anyhow::Result<Vec<Json>> {
    let selected = models_project.select(args)?;
    let names = selected.names(&models_project.project);
    let manifest = models_project.manifest(app.clock.now());
    let nodes = manifest["nodes"].as_array().cloned().unwrap_or_default();
    Ok(nodes.into_iter().filter(|node| node["name"].as_str().is_some_and(|name| names.contains(&name))).collect())
}

fn text(value: &Json) -> String {
    match value {
        Json::Null => String::new(),
        Json::String(text) => text.clone(),
        Json::Array(values) => values.iter().map(text).collect::<Vec<_>>().join(", "),
        value => value.to_string(),
    }
}

/// `models list`.
pub(super) fn list(app: &App, args: &SelectArgs) -> anyhow::Result<Exit> {
    let models_project = ModelsProject::open(app, &args.pipeline, &args.vars)?;
    let nodes = nodes(app, &models_project, args)?;
    if args.output.output == Output::Json {
        report::json(&Json::Array(nodes));
        return Ok(Exit::Success);
    }
    let number = |value: &Json| value.as_array().map_or(0, Vec::len).to_string();
    let rows = nodes.iter().map(|node| {
        let layer = if node["kind"] == "stream" { &node["kind"] } else { &node["layer"] };
        vec![
            text(&node["name"]),
            text(layer),
            text(&node["materialized"]),
            text(&node["reads"]),
            number(&node["columns"]),
            number(&node["tests"]),
            text(&node["summary"]).lines().next().unwrap_or_default().to_owned(),
        ]
    });
    table(&["name", "layer", "materialized", "reads", "columns", "tests", "summary"], &[4, 5], rows.collect());
    Ok(Exit::Success)
}

/// `models show`.
pub(super) fn show(app: &App, args: &ShowArgs) -> anyhow::Result<Exit> {
    let models_project = ModelsProject::open(app, &args.pipeline, &args.vars)?;
    let manifest = models_project.manifest(app.clock.now());
    let found = manifest["nodes"].as_array().into_iter().flatten().find(|node| node["name"] == args.name.as_str());
    let Some(node) = found else {
        let selected = models_project.project.select(std::slice::from_ref(&args.name), &[], &Default::default());
        let why = selected.err().unwrap_or_default().join("; ");
        return Err(Failure::invalid_config(format!("there is no model or stream {why}")).into());
    };
    let mut sql = models_project.target.sql()?;
    let remembered = models_project.project.last_results(&models_project.name, sql.as_mut())?;
    let (columns, rows) = models_project.project.sample(&args.name, args.rows, sql.as_mut())?;
    if args.output.output == Output::Json {
        report::json(&json!({
            "node": node, "last": remembered[&args.name], "sample": { "columns": columns, "rows": rows },
        }));
        return Ok(Exit::Success);
    }
    let mut lines = Vec::new();
    for key in ["summary", "plugin", "table", "layer", "materialized", "reads", "read_by", "tags", "owner"] {
        let value = text(&node[key]);
        if !value.is_empty() {
            lines.push((key, value));
        }
    }
    for (key, title) in [("built_at", "built"), ("rows", "rows")] {
        let value = text(&remembered[&args.name][key]);
        if !value.is_empty() {
            lines.push((title, value));
        }
    }
    section(&args.name, &lines);
    let parts = |key: &str| node[key].as_array().cloned().unwrap_or_default();
    let cells = parts("columns");
    let cells = cells.iter().map(|column| ["name", "type", "from", "summary"].map(|key| text(&column[key])).to_vec());
    table(&["column", "type", "made of", "summary"], &[], cells.collect());
    let tests = parts("tests");
    let tests = tests.iter().map(|test| {
        let last = &remembered[&args.name]["tests"][test["name"].as_str().unwrap_or_default()];
        vec![text(&test["name"]), text(&test["assertion"]), text(&test["severity"]), text(&last["status"])]
    });
    table(&["test", "assertion", "severity", "last"], &[], tests.collect());
    if !rows.is_empty() {
        let head: Vec<&str> = columns.iter().map(String::as_str).collect();
        table(&head, &[], rows);
    }
    Ok(Exit::Success)
}

/// `models compile`.
pub(super) fn compile(app: &App, args: &SelectArgs) -> anyhow::Result<Exit> {
    let models_project = ModelsProject::open(app, &args.pipeline, &args.vars)?;
    models_project.examine()?;
    let nodes: Vec<Json> =
        nodes(app, &models_project, args)?.into_iter().filter(|node| node["kind"] == "model").collect();
    if args.output.output == Output::Json {
        const KEYS: [&str; 4] = ["name", "compiled", "compiled_changes", "compiled_incremental"];
        let pick =
            |node: &Json| Json::Object(KEYS.map(|key| (key.to_owned(), node[key].clone())).into_iter().collect());
        report::json(&nodes.iter().map(pick).collect());
        return Ok(Exit::Success);
    }
    for node in nodes {
        print(&format!("-- {} ({})\n{};\n", text(&node["name"]), text(&node["materialized"]), text(&node["compiled"])));
        for (key, what) in [("compiled_changes", "what changed"), ("compiled_incremental", "incremental")] {
            let sql = text(&node[key]);
            if !sql.is_empty() {
                print(&format!("-- {}, {what}\n{sql};\n", text(&node["name"])));
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
