//! Moving checkpoints from one place to another: all of a pipeline's streams as one JSON file.

use std::fs;
use std::path::Path;

use serde_json::{Value as Json, json};
use wmshost_flow::{
    Action, Checkpoint, Definition, Failure, Ledger, LoadMode, bookmark_from_json, bookmark_to_json,
    timestamp_from_text,
};
use wmshost_pipeline::load;

use super::change::{append, warn_other_definition};
use super::{moment, reader};
use crate::cli::Selection;
use crate::commands::{App, confirmed};
use crate::data_dir::variable;
use crate::exit::Exit;
use crate::report;

/// The format of an export. A host reads this one and older ones.
const FORMAT: u64 = 1;

pub(super) fn export(selection: &Selection, file: Option<&Path>) -> anyhow::Result<Exit> {
    let pipeline = load(&selection.pipeline, &variable)?;
    let mut streams = Vec::new();
    for plan in pipeline.select(&selection.streams)? {
        let Some(mut reader) = reader(&pipeline, plan)? else { continue };
        let found = Ledger { pipeline: &pipeline.name }.checkpoint(reader.as_mut(), &plan.name)?;
        streams.extend(found.map(|checkpoint| written(&plan.name, &checkpoint)));
    }
    let count = streams.len();
    let all = json!({ "wmshost_state": FORMAT, "pipeline": pipeline.name, "streams": streams });
    match file {
        None => report::json(&all),
        Some(file) => {
            fs::write(file, format!("{all:#}\n")).map_err(|error| {
                Failure::invalid_config(format!("{}: the export cannot be written: {error}", file.display()))
            })?;
            report::print(&format!("{}: the state of {count} streams", file.display()));
        }
    }
    Ok(Exit::Success)
}

fn written(stream: &str, checkpoint: &Checkpoint) -> Json {
    let state: serde_json::Map<_, _> =
        checkpoint.state.iter().map(|(key, value)| (key.clone(), json!(value))).collect();
    json!({
        "stream": stream,
        "bookmark": bookmark_to_json(&checkpoint.bookmark),
        "mode": checkpoint.mode.name(),
        "complete": checkpoint.complete,
        "source_version": checkpoint.source_version,
        "definition": checkpoint.definition.as_ref().map(Definition::to_json),
        "state": state,
        "run_id": checkpoint.run_id,
        "batch": checkpoint.batch,
        "committed_at": moment(checkpoint.committed_at),
    })
}

pub(super) fn import(app: &App, pipeline_file: &Path, file: &Path, yes: bool) -> anyhow::Result<Exit> {
    let pipeline = load(pipeline_file, &variable)?;
    let found = read(file, &pipeline.name)?;
    let names: Vec<String> = found.iter().map(|(stream, _)| stream.clone()).collect();
    let plans = pipeline.select(&names)?;
    if names.is_empty() {
        report::print("the file has no stream");
        return Ok(Exit::Success);
    }
    report::note(&format!(
        "the state of {} comes from {}: the next runs go on from there. Rows that are not in the target are not looked \
         for; `wmshost verify` finds what is missing",
        names.join(", "),
        file.display()
    ));
    for plan in &plans {
        if let Some((_, checkpoint)) = found.iter().find(|(stream, _)| *stream == plan.name) {
            warn_other_definition(app, &pipeline, plan, checkpoint);
        }
    }
    if !confirmed(yes)? {
        report::print("nothing was imported");
        return Ok(Exit::Failed);
    }
    let note = format!("from {}", file.display());
    for plan in plans {
        let checkpoint = found.iter().find(|(stream, _)| *stream == plan.name).map(|(_, checkpoint)| checkpoint);
        append(app, &pipeline, plan, Action::Import, &note, checkpoint)?;
    }
    report::print(&format!("imported: {}", names.join(", ")));
    Ok(Exit::Success)
}

/// The streams in an export of this pipeline.
fn read(file: &Path, pipeline: &str) -> Result<Vec<(String, Checkpoint)>, Failure> {
    let place = file.display();
    let text = fs::read_to_string(file)
        .map_err(|error| Failure::invalid_config(format!("{place}: the export cannot be read: {error}")))?;
    let foreign = |why: &str| {
        Failure::invalid_config(format!(
            "{place}: {why}; give a file that `wmshost state export` wrote; nothing was changed"
        ))
    };
    let json: Json = serde_json::from_str(&text).map_err(|error| foreign(&format!("this is not JSON ({error})")))?;
    match json.get("wmshost_state").and_then(Json::as_u64) {
        None => return Err(foreign("this is not an exported state")),
        Some(format) if format > FORMAT => {
            return Err(foreign(&format!("its format is {format}, this host knows formats up to {FORMAT}")));
        }
        Some(_) => {}
    }
    let of = json.get("pipeline").and_then(Json::as_str).unwrap_or_default();
    if of != pipeline {
        return Err(foreign(&format!("it is the state of the pipeline {of:?}, not of {pipeline:?}")));
    }
    let streams = json.get("streams").and_then(Json::as_array).ok_or_else(|| foreign("it has no streams"))?;
    let read = |json: &Json| stream_of(json).ok_or_else(|| foreign("one of its streams is damaged"));
    streams.iter().map(read).collect()
}

fn stream_of(json: &Json) -> Option<(String, Checkpoint)> {
    let text = |key: &str| json.get(key)?.as_str().map(str::to_owned);
    let state = json
        .get("state")?
        .as_object()?
        .iter()
        .map(|(key, value)| Some((key.clone(), serde_json::from_value::<Vec<u8>>(value.clone()).ok()?)));
    let checkpoint = Checkpoint {
        bookmark: bookmark_from_json(json.get("bookmark")?)?,
        mode: LoadMode::named(&text("mode")?)?,
        complete: json.get("complete")?.as_bool()?,
        source_version: text("source_version"),
        definition: match json.get("definition")? {
            Json::Null => None,
            definition => Some(Definition::from_json(definition)?),
        },
        state: state.collect::<Option<_>>()?,
        run_id: text("run_id")?,
        batch: json.get("batch")?.as_u64()?,
        committed_at: timestamp_from_text(&text("committed_at")?)?,
    };
    Some((text("stream")?, checkpoint))
}
