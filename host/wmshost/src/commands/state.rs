//! `wmshost state`: checkpoints.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, BufRead as _, IsTerminal as _};
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use wmshost_databases::sqlite;
use wmshost_flow::{Checkpoint, Failure, Value as FlowValue};
use wmshost_pipeline::{Resolved, load};

use super::Edge;
use crate::cli::{Output, Selection, StateCommand};
use crate::exit::Exit;
use crate::home::variable;
use crate::{connect, report};

pub(super) fn state(_: &Edge, command: StateCommand) -> anyhow::Result<Exit> {
    match command {
        StateCommand::List { selection, output } => list(&selection, output.output),
        StateCommand::Show { pipeline, stream, output } => show(&pipeline, &stream, output.output),
        StateCommand::Reset { pipeline, streams, yes } => reset(&pipeline, &streams, yes),
    }
}

/// The target file of each of these streams, and its checkpoint.
fn checkpoints(pipeline: &Resolved, names: &[String]) -> anyhow::Result<Vec<(String, PathBuf, Option<Checkpoint>)>> {
    let mut known: BTreeMap<PathBuf, BTreeMap<String, Checkpoint>> = BTreeMap::new();
    let mut found = Vec::new();
    for plan in pipeline.select(names)? {
        let missing = || Failure::invalid_config(format!("there is no connection {}", plan.target));
        let connection = pipeline.connections.get(&plan.target).ok_or_else(missing)?;
        let file = connect::sqlite_file(&plan.target, connection)?.to_owned();
        if !known.contains_key(&file) {
            let all = if file.exists() { sqlite::checkpoints(&file, &pipeline.name)? } else { Vec::new() };
            known.insert(file.clone(), all.into_iter().collect());
        }
        let checkpoint = known.get(&file).and_then(|all| all.get(&plan.name)).cloned();
        found.push((plan.name.clone(), file, checkpoint));
    }
    Ok(found)
}

fn list(selection: &Selection, output: Output) -> anyhow::Result<Exit> {
    let pipeline = load(&selection.pipeline, &variable)?;
    let found = checkpoints(&pipeline, &selection.streams)?;
    if output == Output::Json {
        let all: Vec<Value> = found.iter().map(|(stream, _, found)| as_json(stream, found.as_ref())).collect();
        report::json(&json!({ "pipeline": pipeline.name, "streams": all }));
        return Ok(Exit::Success);
    }
    let rows = found.iter().map(|(stream, _, found)| match found {
        None => vec![stream.clone(), "none".to_owned(), String::new(), String::new(), String::new()],
        Some(c) => vec![
            stream.clone(),
            if c.complete { "complete" } else { "interrupted" }.to_owned(),
            FlowValue::Timestamp(c.committed_at).to_string(),
            c.run_id.clone(),
            c.bookmark.to_string(),
        ],
    });
    report::table(&["stream", "load", "committed (UTC)", "run", "bookmark"], &[], rows.collect());
    Ok(Exit::Success)
}

fn show(file: &Path, stream: &str, output: Output) -> anyhow::Result<Exit> {
    let pipeline = load(file, &variable)?;
    let found = checkpoints(&pipeline, &[stream.to_owned()])?;
    let checkpoint = found.into_iter().next().and_then(|(_, _, checkpoint)| checkpoint);
    if output == Output::Json {
        report::json(&as_json(stream, checkpoint.as_ref()));
        return Ok(Exit::Success);
    }
    let Some(c) = checkpoint else {
        report::print(&format!("stream {stream} has no checkpoint: its next run reads everything"));
        return Ok(Exit::Success);
    };
    let mut lines = vec![
        ("load", format!("{}, {}", c.mode.name(), if c.complete { "complete" } else { "interrupted" })),
        ("committed", format!("{} UTC", FlowValue::Timestamp(c.committed_at))),
        ("run", format!("{}, batch {}", c.run_id, c.batch)),
        ("shape", c.shape.clone()),
        ("source version", c.source_version.clone().unwrap_or_else(|| "unknown".to_owned())),
    ];
    lines.extend(c.bookmark.0.iter().map(|p| ("bookmark", format!("{} = {}", p.name, p.value))));
    lines.extend(c.state.iter().map(|(key, value)| ("state", format!("{key}: {} bytes", value.len()))));
    report::section(stream, &lines);
    Ok(Exit::Success)
}

fn as_json(stream: &str, checkpoint: Option<&Checkpoint>) -> Value {
    json!({
        "stream": stream,
        "checkpoint": checkpoint.map(|c| json!({
            "bookmark": report::bookmark_json(&c.bookmark),
            "mode": c.mode.name(),
            "complete": c.complete,
            "run_id": c.run_id,
            "batch": c.batch,
            "shape": c.shape,
            "source_version": c.source_version,
            "committed_at": FlowValue::Timestamp(c.committed_at).to_string(),
        })),
    })
}

fn reset(file: &Path, streams: &[String], yes: bool) -> anyhow::Result<Exit> {
    let pipeline = load(file, &variable)?;
    let found = checkpoints(&pipeline, streams)?;
    let names: BTreeSet<&str> =
        found.iter().filter(|(_, _, checkpoint)| checkpoint.is_some()).map(|(stream, ..)| stream.as_str()).collect();
    if names.is_empty() {
        report::print("there is no checkpoint to reset");
        return Ok(Exit::Success);
    }
    let names = names.into_iter().collect::<Vec<_>>().join(", ");
    report::note(&format!(
        "the checkpoint of {names} is forgotten: the next run reads everything again and merges it; rows in \
         the target stay, other streams are not touched"
    ));
    if !yes && !confirmed()? {
        report::print("nothing was reset");
        return Ok(Exit::Failed);
    }
    for (stream, file, checkpoint) in &found {
        if checkpoint.is_some() {
            sqlite::reset_checkpoint(file, &pipeline.name, stream)?;
        }
    }
    report::print(&format!("reset: {names}"));
    Ok(Exit::Success)
}

fn confirmed() -> anyhow::Result<bool> {
    if !io::stdin().is_terminal() {
        report::note("nobody to ask; say --yes");
        return Ok(false);
    }
    report::ask("go on? [y/N] ");
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer)?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}
