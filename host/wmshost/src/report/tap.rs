//! The report of `wmshost tap`.

use serde_json::Value as Json;
use wmshost_flow::Failure;
use wmshost_pipeline::StreamPlan;
use wmshost_plugin_kit::short;
use wmshost_runtime::tap::Tapped;

use super::documents::tap::{ChangedCell, TapDocument, TappedPlugin, TappedRow};
use super::{count, failure, json, note, plain, print, table};
use crate::cli::Output;

/// Reports rows before and after the plugins of a stream.
pub(crate) fn tap(pipeline: &str, plan: &StreamPlan, tapped: &Tapped, output: Output) -> Result<(), Failure> {
    let document = TapDocument::of(pipeline, plan, tapped);
    if output == Output::Json {
        return json(&document);
    }
    let TapDocument { stream, table: from, key, read, unreadable, plugins, .. } = &document;
    let key = if key.is_empty() { "no key".to_owned() } else { format!("key {}", key.join(", ")) };
    print(&plain(&format!("{stream}: {} rows of {from}, {key}", count(read.len() as u64))));
    for row in unreadable {
        note(&plain(&format!("a row cannot be read, {}: {}", row.rule, row.reason)));
    }
    if plugins.is_empty() {
        let cells = |(number, row): (usize, &Json)| {
            let cell = |(column, value): (&String, &Json)| vec![(number + 1).to_string(), plain(column), shown(value)];
            row.as_object().into_iter().flatten().map(cell).collect::<Vec<_>>()
        };
        table(&["row", "column", "value"], &[0], read.iter().enumerate().flat_map(cells).collect());
    }
    plugins.iter().for_each(print_plugin);
    Ok(())
}

fn print_plugin(plugin: &TappedPlugin) {
    let of = |outcome: &str| count(plugin.rows.iter().filter(|row| row.outcome == outcome).count() as u64);
    print("");
    print(&plain(&format!(
        "{} ({} {}): {} rows, kept {}, rejected {}, left out {}",
        plugin.plugin,
        plugin.name,
        plugin.version,
        count(plugin.rows.len() as u64),
        of("kept"),
        of("rejected"),
        of("left out")
    )));
    plugin.columns.iter().for_each(|column| print(&plain(&format!("  {column}"))));
    if let Some(why) = &plugin.failure {
        failure(&plain(why));
        return;
    }
    let head = ["row", "key", "outcome", "column", "before", "after"];
    table(&head, &[0], plugin.rows.iter().flat_map(lines).collect());
}

/// A line for each cell that was changed, or one for a row of which none was.
fn lines(row: &TappedRow) -> Vec<Vec<String>> {
    let key: Vec<String> = row.key.as_object().into_iter().flatten().map(|(_, value)| shown(value)).collect();
    let outcome = match (&row.rule, &row.reason) {
        (Some(rule), Some(reason)) => format!("rejected by {rule}: {reason}"),
        _ => row.outcome.to_owned(),
    };
    let begin = [row.row.to_string(), key.join(", "), plain(&outcome)];
    let line = |cell: &ChangedCell| {
        let cells = [plain(&cell.column), shown(&cell.before), shown(&cell.after)];
        begin.iter().cloned().chain(cells).collect()
    };
    if row.cells.is_empty() { vec![begin.to_vec()] } else { row.cells.iter().map(line).collect() }
}

/// A value in a cell of a table.
fn shown(value: &Json) -> String {
    plain(&short(&value.to_string()))
}
