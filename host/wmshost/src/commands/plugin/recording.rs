//! `wmshost plugin replay` and `fixture`: batches on which transforms failed in a run.

use std::path::{Path, PathBuf};

use wmshost_flow::{Failure, Limits};
use wmshost_plugin_kit::{copy_as_case, read_recording, recordings, replay};
use wmshost_runtime::{Result, is_run_id};

use super::author::failure;
use super::component;
use crate::cli::Output;
use crate::commands::App;
use crate::exit::Exit;
use crate::report;

/// Runs the recorded components, or another one, over the recordings of a run.
pub(super) fn run(app: &App, run_id: &str, with: Option<&Path>, output: Output) -> Result<Exit> {
    let registry = app.runtime(output).registry()?;
    let mut replayed = Vec::new();
    for folder in found(app, run_id, output)? {
        let recording = read_recording(&folder).map_err(|error| failure(&error))?;
        let plugin = match with {
            Some(file) => component(&registry, file)?,
            None => registry.plugin(&recording.plugin, Path::new(&recording.component))?,
        };
        replayed.push(replay(&folder, &plugin, &Limits::default()).map_err(|error| failure(&error))?);
    }
    report::recording::replayed(&replayed, output)?;
    Ok(if replayed.iter().all(|replayed| replayed.outcome.is_ok()) { Exit::Success } else { Exit::Failed })
}

/// Makes a case of a recording.
pub(super) fn fixture(app: &App, run_id: &str, stream: Option<&str>, to: &Path) -> Result<Exit> {
    let mut chosen = Vec::new();
    for folder in found(app, run_id, Output::Text)? {
        let recording = read_recording(&folder).map_err(|error| failure(&error))?;
        if stream.is_none_or(|stream| recording.stream == stream) {
            chosen.push((folder, recording));
        }
    }
    let [(folder, recording)] = chosen.as_slice() else {
        let streams: Vec<_> = chosen.iter().map(|(_, recording)| recording.stream.as_str()).collect();
        let message = match streams.as_slice() {
            [] => format!("the run {run_id} has no recording of this stream"),
            several => format!("the run {run_id} has recordings of the streams {}", several.join(", ")),
        };
        return Err(Failure::invalid_config(message).advise("name a stream by --stream").into());
    };
    copy_as_case(folder, to).map_err(|error| failure(&error))?;
    report::print(&format!(
        "{} has batch {} of {}; mend the plugin, then write what is expected by `wmshost plugin test {} --update`",
        to.display(),
        recording.batch,
        recording.stream,
        to.display()
    ));
    Ok(Exit::Success)
}

/// The recordings of a run; fails if there is none.
fn found(app: &App, run_id: &str, output: Output) -> Result<Vec<PathBuf>> {
    let folder = app.runtime(output).data_dir.recordings(run_id);
    let found = if is_run_id(run_id) { recordings(&folder) } else { Vec::new() };
    if found.is_empty() {
        let message = format!("there is no recording of the run {run_id} in {}", folder.display());
        let advice = "a run records a failing batch where its stream has `record = \"failures\"`";
        return Err(Failure::invalid_config(message).advise(advice).into());
    }
    Ok(found)
}
