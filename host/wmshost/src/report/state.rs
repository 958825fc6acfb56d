//! The reports of `wmshost state`: checkpoints and their history.

use wmshost_flow::{Checkpoint, DamagedRow, Definition, Entry, Failure, Micros, Value};
use wmshost_runtime::state::{LastCheckpoint, StateExport};

use super::documents::state::{StateDiffDocument, StateListDocument, StateLogDocument, StreamStateDocument};
use super::{failure, json, print, section, table};
use crate::cli::Output;

fn moment(micros: Micros) -> String {
    Value::Timestamp(micros).to_string()
}

/// Reports the checkpoints of streams.
pub(crate) fn list(pipeline: &str, streams: &[(String, LastCheckpoint)], output: Output) -> Result<(), Failure> {
    match output {
        Output::Json => json(&StateListDocument::of(pipeline, streams))?,
        Output::Text => print_list(streams),
    }
    for row in streams.iter().filter_map(|(_, last)| last.as_ref().err()) {
        failure(&Failure::from(row.clone()).to_string());
    }
    Ok(())
}

fn print_list(found: &[(String, LastCheckpoint)]) {
    let rows = found.iter().map(|(stream, found)| match found {
        Err(_) => vec![stream.clone(), "damaged".to_owned()],
        Ok(None) => vec![stream.clone(), "none".to_owned(), String::new(), String::new(), String::new()],
        Ok(Some(c)) => {
            vec![
                stream.clone(),
                load_word(c).to_owned(),
                moment(c.committed_at),
                c.run_id.clone(),
                c.bookmark.to_string(),
            ]
        }
    });
    table(&["stream", "load", "committed (UTC)", "run", "bookmark"], &[], rows.collect());
}

fn load_word(checkpoint: &Checkpoint) -> &'static str {
    if checkpoint.complete { "complete" } else { "interrupted" }
}

/// Reports the checkpoint of a stream in full.
pub(crate) fn show(stream: &str, checkpoint: Option<&Checkpoint>, output: Output) -> Result<(), Failure> {
    match (output, checkpoint) {
        (Output::Json, _) => return json(&StreamStateDocument::of(stream, checkpoint)),
        (Output::Text, None) => print(&format!("stream {stream} has no checkpoint: its next run reads everything")),
        (Output::Text, Some(checkpoint)) => section(stream, &lines(checkpoint)),
    }
    Ok(())
}

/// A checkpoint in full, a line for each part.
fn lines(checkpoint: &Checkpoint) -> Vec<(&'static str, String)> {
    let mut lines = vec![
        ("load", format!("{}, {}", checkpoint.mode.name(), load_word(checkpoint))),
        ("committed", format!("{} UTC", moment(checkpoint.committed_at))),
        ("run", format!("{}, batch {}", checkpoint.run_id, checkpoint.batch)),
        ("source version", checkpoint.source_version.clone().unwrap_or_else(|| "unknown".to_owned())),
    ];
    let positions = &checkpoint.bookmark.0;
    lines.extend(positions.iter().map(|position| ("bookmark", format!("{} = {}", position.name, position.value))));
    lines.extend(checkpoint.definition.iter().flat_map(definition_lines));
    lines.extend(checkpoint.state.iter().map(|(key, value)| ("state", format!("{key}: {} bytes", value.len()))));
    lines
}

/// The definition that a checkpoint depends on, a line for each part.
fn definition_lines(definition: &Definition) -> Vec<(&'static str, String)> {
    let mut lines = vec![
        ("definition", definition.hash()),
        ("table", format!("{} → {}", definition.table, definition.target_table)),
        ("key", definition.key.join(", ")),
        ("method", definition.method.name().to_owned()),
    ];
    lines.extend(definition.change_key.iter().map(|change_key| ("change key", change_key.clone())));
    lines.extend(definition.plugins.iter().map(|plugin| {
        let digest = plugin.digest.get(..12).unwrap_or(&plugin.digest);
        ("plugin", format!("{}: {} {} {digest}", plugin.stage, plugin.label, plugin.version))
    }));
    lines.extend(definition.options.iter().map(|(name, value)| ("option", format!("{name} = {value}"))));
    let columns = definition.columns.iter().map(|column| format!("{} {}", column.name, column.kind));
    lines.push(("columns", columns.collect::<Vec<_>>().join(", ")));
    lines
}

/// Reports the history of a stream.
pub(crate) fn log(stream: &str, history: &[Result<Entry, DamagedRow>], output: Output) -> Result<(), Failure> {
    if output == Output::Json {
        return json(&StateLogDocument::of(stream, history));
    }
    let rows = history.iter().map(|entry| {
        let entry = match entry {
            Ok(entry) => entry,
            Err(row) => {
                let number = row.sequence.map(|sequence| sequence.to_string()).unwrap_or_default();
                return vec![number, "damaged".to_owned(), row.why.clone()];
            }
        };
        let checkpoint = entry.checkpoint.as_ref();
        vec![
            entry.sequence.to_string(),
            entry.action.name().to_owned(),
            entry.run_id.clone(),
            checkpoint.map_or("none", load_word).to_owned(),
            checkpoint.map(|c| moment(c.committed_at)).unwrap_or_default(),
            checkpoint.map(|c| c.bookmark.to_string()).unwrap_or_default(),
            entry.note.clone().unwrap_or_default(),
        ]
    });
    table(&["#", "action", "run", "load", "committed (UTC)", "bookmark", "note"], &[0], rows.collect());
    Ok(())
}

/// Reports the differences between two rows of a stream's history.
pub(crate) fn diff(stream: &str, from: &Entry, to: &Entry, output: Output) -> Result<(), Failure> {
    if output == Output::Json {
        return json(&StateDiffDocument::of(stream, from, to));
    }
    let parts = |entry: &Entry| entry.checkpoint.as_ref().map(lines).unwrap_or_default();
    let (old, new) = (parts(from), parts(to));
    let gone = old.iter().filter(|line| !new.contains(line)).map(|line| ("-", line));
    let come = new.iter().filter(|line| !old.contains(line)).map(|line| ("+", line));
    let mut changes: Vec<_> = gone.chain(come).collect();
    changes.sort_by_key(|(sign, (name, _))| (*name, *sign == "+"));
    if changes.is_empty() {
        print(&format!("rows {} and {} of the history are the same", from.sequence, to.sequence));
    } else {
        print(&format!("from row {} ({}) to row {} ({})", from.sequence, from.run_id, to.sequence, to.run_id));
        for (sign, (name, text)) in changes {
            print(&format!("{sign} {name:14}  {text}"));
        }
    }
    Ok(())
}

/// Prints an export.
pub(crate) fn export(export: &StateExport) -> Result<(), Failure> {
    json(export)
}
