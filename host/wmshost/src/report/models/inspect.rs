//! The reports of looking at models: lists, one in full, the SQL, and the next build.

use wmshost_flow::Failure;
use wmshost_models::{ManifestNode, NodeHistory};
use wmshost_runtime::models::{PlannedModel, ShownNode};

use crate::cli::Output;
use crate::report::documents::models::{CompiledModelDocument, PlannedModelDocument, ShownNodeDocument};
use crate::report::{json, print, section, table};

/// Reports nodes of the manifest.
pub(crate) fn list(nodes: &[ManifestNode], output: Output) -> Result<(), Failure> {
    if output == Output::Json {
        return json(&nodes);
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
    Ok(())
}

/// The layer of a model, or `stream`, and the materialization.
fn layer_and_materialization(node: &ManifestNode) -> (&str, &str) {
    match &node.model {
        Some(model) => (&model.layer, &model.materialized),
        None => (node.kind.name(), ""),
    }
}

/// Reports one node in full.
pub(crate) fn show(shown: ShownNode, output: Output) -> Result<(), Failure> {
    if output == Output::Json {
        return json(&ShownNodeDocument::from(shown));
    }
    let ShownNode { node, last, columns, rows } = shown;
    show_node(&node, last.as_ref());
    if !rows.is_empty() {
        let head: Vec<&str> = columns.iter().map(String::as_str).collect();
        table(&head, &[], rows);
    }
    Ok(())
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

/// Reports the SQL of models.
pub(crate) fn compile(nodes: &[ManifestNode], output: Output) -> Result<(), Failure> {
    if output == Output::Json {
        return json(&nodes.iter().filter_map(CompiledModelDocument::of).collect::<Vec<_>>());
    }
    for (name, model) in nodes.iter().filter_map(|node| Some((&node.name, node.model.as_ref()?))) {
        print(&format!("-- {name} ({})\n{};\n", model.materialized, model.compiled));
        for (sql, what) in [(&model.compiled_changes, "what changed"), (&model.compiled_incremental, "incremental")] {
            if let Some(sql) = sql {
                print(&format!("-- {name}, {what}\n{sql};\n"));
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
