//! Looking at checkpoints and their history.

use std::path::Path;

use serde_json::{Value as Json, json};
use wmshost_flow::{Checkpoint, DamagedRow, Definition, Entry, Failure, Ledger};
use wmshost_pipeline::load;

use super::{StoredStream, checkpoint_json, entry_of, moment, reader};
use crate::cli::{Output, Selection};
use crate::data_dir::variable;
use crate::exit::Exit;
use crate::report;

pub(super) fn list(selection: &Selection, output: Output) -> anyhow::Result<Exit> {
    let pipeline = load(&selection.pipeline, &variable)?;
    let mut found = Vec::new();
    for plan in pipeline.select(&selection.streams)? {
        let last = match reader(&pipeline, plan)? {
            Some(mut reader) => Ledger { pipeline: &pipeline.name }.last_readable(reader.as_mut(), &plan.name)?,
            None => None,
        };
        found.push((plan.name.clone(), last.transpose().map(|entry| entry.and_then(|entry| entry.checkpoint))));
    }
    let damaged = || found.iter().filter_map(|(_, found)| found.as_ref().err());
    let exit = if damaged().next().is_some() { Exit::Failed } else { Exit::Success };
    if output == Output::Json {
        let all: Vec<Json> = found
            .iter()
            .map(|(stream, found)| match found {
                Ok(found) => as_json(stream, found.as_ref()),
                Err(row) => json!({ "stream": stream, "checkpoint": Json::Null, "damage": row.to_string() }),
            })
            .collect();
        report::json(&json!({ "pipeline": pipeline.name, "streams": all }));
    } else {
        print_list(&found);
    }
    for row in damaged() {
        report::failure(&Failure::from(row.clone()).to_string());
    }
    Ok(exit)
}

fn print_list(found: &[(String, Result<Option<Checkpoint>, DamagedRow>)]) {
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
    report::table(&["stream", "load", "committed (UTC)", "run", "bookmark"], &[], rows.collect());
}

fn load_word(checkpoint: &Checkpoint) -> &'static str {
    if checkpoint.complete { "complete" } else { "interrupted" }
}

fn as_json(stream: &str, checkpoint: Option<&Checkpoint>) -> Json {
    json!({ "stream": stream, "checkpoint": checkpoint.map(checkpoint_json) })
}

pub(super) fn show(file: &Path, stream: &str, output: Output) -> anyhow::Result<Exit> {
    let checkpoint = StoredStream::of(file, stream)?.checkpoint()?;
    if output == Output::Json {
        report::json(&as_json(stream, checkpoint.as_ref()));
        return Ok(Exit::Success);
    }
    let Some(checkpoint) = checkpoint else {
        report::print(&format!("stream {stream} has no checkpoint: its next run reads everything"));
        return Ok(Exit::Success);
    };
    report::section(stream, &lines(&checkpoint));
    Ok(Exit::Success)
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

pub(super) fn log(file: &Path, stream: &str, output: Output) -> anyhow::Result<Exit> {
    let history = StoredStream::of(file, stream)?.all_rows()?;
    if output == Output::Json {
        let row = |row: &Result<Entry, DamagedRow>| match row {
            Ok(entry) => entry_json(entry),
            Err(row) => json!({ "sequence": row.sequence, "damage": row.why }),
        };
        report::json(&json!({ "stream": stream, "history": history.iter().map(row).collect::<Vec<_>>() }));
        return Ok(Exit::Success);
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
    report::table(&["#", "action", "run", "load", "committed (UTC)", "bookmark", "note"], &[0], rows.collect());
    Ok(Exit::Success)
}

fn entry_json(entry: &Entry) -> Json {
    json!({
        "sequence": entry.sequence,
        "action": entry.action.name(),
        "run_id": entry.run_id,
        "note": entry.note,
        "checkpoint": entry.checkpoint.as_ref().map(checkpoint_json),
    })
}

/// Prints the differences between the checkpoints of two runs; the second is the newest if none is named.
pub(super) fn diff(file: &Path, stream: &str, from: &str, to: Option<&str>, output: Output) -> anyhow::Result<Exit> {
    let history = StoredStream::of(file, stream)?.history()?;
    let from = entry_of(&history, stream, from)?;
    let to = match (to, history.last()) {
        (Some(run), _) => entry_of(&history, stream, run)?,
        (None, Some(last)) => last,
        (None, None) => from,
    };
    let parts = |entry: &Entry| entry.checkpoint.as_ref().map(lines).unwrap_or_default();
    let (old, new) = (parts(from), parts(to));
    let gone = old.iter().filter(|line| !new.contains(line)).map(|line| ("-", line));
    let come = new.iter().filter(|line| !old.contains(line)).map(|line| ("+", line));
    let mut changes: Vec<_> = gone.chain(come).collect();
    changes.sort_by_key(|(sign, (name, _))| (*name, *sign == "+"));
    if output == Output::Json {
        report::json(&json!({ "stream": stream, "from": entry_json(from), "to": entry_json(to) }));
    } else if changes.is_empty() {
        report::print(&format!("rows {} and {} of the history are the same", from.sequence, to.sequence));
    } else {
        report::print(&format!("from row {} ({}) to row {} ({})", from.sequence, from.run_id, to.sequence, to.run_id));
        for (sign, (name, text)) in changes {
            report::print(&format!("{sign} {name:14}  {text}"));
        }
    }
    Ok(Exit::Success)
}
