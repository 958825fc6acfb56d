//! The reports of looking at models: lists, one in full, the SQL, and the next build.

use serde_json::Value as Json;
use wmshost_flow::Failure;
use wmshost_runtime::models::{PlannedModel, ShownNode};

use crate::cli::Output;
use crate::report::documents::models::{PlannedModelDocument, ShownNodeDocument};
use crate::report::{json, print, section, table};

fn text(value: &Json) -> String {
    match value {
        Json::Null => String::new(),
        Json::String(text) => text.clone(),
        Json::Array(values) => values.iter().map(text).collect::<Vec<_>>().join(", "),
        value => value.to_string(),
    }
}

/// Reports nodes of the manifest.
pub(crate) fn list(nodes: &[Json], output: Output) -> Result<(), Failure> {
    if output == Output::Json {
        return json(&nodes);
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
    Ok(())
}

/// Reports one node in full.
pub(crate) fn show(shown: ShownNode, output: Output) -> Result<(), Failure> {
    if output == Output::Json {
        return json(&ShownNodeDocument::from(shown));
    }
    let ShownNode { node, last, columns, rows } = shown;
    let mut lines = Vec::new();
    for key in ["summary", "plugin", "table", "layer", "materialized", "reads", "read_by", "tags", "owner"] {
        let value = text(&node[key]);
        if !value.is_empty() {
            lines.push((key, value));
        }
    }
    for (key, title) in [("built_at", "built"), ("rows", "rows")] {
        let value = text(&last[key]);
        if !value.is_empty() {
            lines.push((title, value));
        }
    }
    section(&text(&node["name"]), &lines);
    let parts = |key: &str| node[key].as_array().cloned().unwrap_or_default();
    let cells = parts("columns");
    let cells = cells.iter().map(|column| ["name", "type", "from", "summary"].map(|key| text(&column[key])).to_vec());
    table(&["column", "type", "made of", "summary"], &[], cells.collect());
    let tests = parts("tests");
    let tests = tests.iter().map(|test| {
        let last = &last["tests"][test["name"].as_str().unwrap_or_default()];
        vec![text(&test["name"]), text(&test["assertion"]), text(&test["severity"]), text(&last["status"])]
    });
    table(&["test", "assertion", "severity", "last"], &[], tests.collect());
    if !rows.is_empty() {
        let head: Vec<&str> = columns.iter().map(String::as_str).collect();
        table(&head, &[], rows);
    }
    Ok(())
}

/// Reports the SQL of models.
pub(crate) fn compile(nodes: &[Json], output: Output) -> Result<(), Failure> {
    if output == Output::Json {
        const KEYS: [&str; 4] = ["name", "compiled", "compiled_changes", "compiled_incremental"];
        let pick =
            |node: &Json| Json::Object(KEYS.map(|key| (key.to_owned(), node[key].clone())).into_iter().collect());
        return json(&nodes.iter().map(pick).collect::<Vec<_>>());
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
    Ok(())
}

/// Reports the next build of models.
pub(crate) fn diff(plans: &[PlannedModel], output: Output) -> Result<(), Failure> {
    if output == Output::Json {
        return json(&plans.iter().map(Into::into).collect::<Vec<PlannedModelDocument>>());
    }
    let rows = plans.iter().map(|model| vec![model.name.clone(), model.plan.to_owned(), model.why.clone()]);
    table(&["model", "would be", "because"], &[], rows.collect());
    Ok(())
}
