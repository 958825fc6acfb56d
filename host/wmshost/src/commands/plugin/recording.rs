//! `wmshost plugin replay`, `fixture` and `diff`: batches of transforms that were recorded in a run, and two components over
//! them and over cases.

use std::path::{Path, PathBuf};

use wmshost_flow::{Failure, Limits};
use wmshost_plugin_kit::{Recording, copy_as_case, diff, read_recording, recordings, replay};
use wmshost_runtime::{Result, is_run_id};
use wmshost_sandbox::Plugin;

use super::author::failure;
use super::component;
use crate::cli::{DiffArgs, FixtureArgs, Output};
use crate::commands::App;
use crate::exit::Exit;
use crate::report;

/// A recording, with its folder.
type Found = (PathBuf, Recording);

/// The most recordings that a message names.
const SHOWN: usize = 5;

/// Runs the recorded components, or another one, over the recordings of a run.
pub(super) fn run(app: &App, run_id: &str, with: Option<&Path>, output: Output) -> Result<Exit> {
    let registry = app.runtime(output).registry()?;
    let other = with.map(|file| component(&registry, file)).transpose()?;
    let found = match &other {
        Some(plugin) => of_plugin(app, run_id, plugin, output)?,
        None => found(app, run_id, output)?,
    };
    let mut replayed = Vec::new();
    for (folder, recording) in found {
        let plugin = match &other {
            Some(plugin) => plugin.clone(),
            None => registry.plugin(&recording.plugin, Path::new(&recording.component))?,
        };
        replayed.push(replay(&folder, &plugin, &Limits::default()).map_err(|error| failure(&error))?);
    }
    report::recording::replayed(&replayed, output)?;
    Ok(if replayed.iter().all(|replayed| replayed.outcome.is_ok()) { Exit::Success } else { Exit::Failed })
}

/// Compares two components by these cases, or by those of the present folder, and by the recordings of a run.
pub(super) fn compare(app: &App, arguments: DiffArgs) -> Result<Exit> {
    let DiffArgs { old, new, cases, recording, output } = arguments;
    let output = output.output;
    let registry = app.runtime(output).registry()?;
    let (old, new) = (component(&registry, &old)?, component(&registry, &new)?);
    let recordings = match &recording {
        Some(run_id) => of_plugin(app, run_id, &old, output)?.into_iter().map(|(folder, _)| folder).collect(),
        None => Vec::new(),
    };
    let own = PathBuf::from("cases");
    let is_default = cases.is_empty() && recording.is_none() && own.is_dir();
    let folders = if is_default { vec![own] } else { cases };
    let found = diff(&old, &new, &folders, &recordings, &app.data_dir.plugins()).map_err(|error| failure(&error))?;
    report::author::diff(&found, output)?;
    Ok(if found.is_empty() { Exit::Success } else { Exit::Failed })
}

/// Makes a case of a recording.
pub(super) fn fixture(app: &App, arguments: &FixtureArgs) -> Result<Exit> {
    let FixtureArgs { run, stream, plugin, batch, to } = arguments;
    let mut chosen = found(app, run, Output::Text)?;
    chosen.retain(|(_, recording)| {
        stream.as_ref().is_none_or(|stream| recording.stream == *stream)
            && plugin.as_ref().is_none_or(|plugin| recording.plugin == *plugin)
            && batch.is_none_or(|batch| recording.batch == batch)
    });
    // A batch that failed is what is looked for, whatever the sample has.
    if chosen.iter().any(|(_, recording)| recording.failure.is_some()) {
        chosen.retain(|(_, recording)| recording.failure.is_some());
    }
    let [(folder, recording)] = chosen.as_slice() else {
        let shown = |(_, recording): &Found| {
            format!("--stream {} --plugin {} --batch {}", recording.stream, recording.plugin, recording.batch)
        };
        let message = match chosen.as_slice() {
            [] => format!("the run {run} has no such recording"),
            several => format!(
                "the run {run} has {} such recordings: {}",
                several.len(),
                several.iter().take(SHOWN).map(shown).collect::<Vec<_>>().join("; ")
            ),
        };
        return Err(Failure::invalid_config(message).advise("name one by --stream, --plugin and --batch").into());
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

/// The recordings of a run that are of this plugin, by the name that it states; fails if there is none.
pub(super) fn of_plugin(app: &App, run_id: &str, plugin: &Plugin, output: Output) -> Result<Vec<Found>> {
    let name = plugin.describe()?.name;
    let (own, others): (Vec<_>, Vec<_>) =
        found(app, run_id, output)?.into_iter().partition(|(_, recording)| recording.name == name);
    if own.is_empty() {
        let mut others: Vec<_> = others.into_iter().map(|(_, recording)| recording.name).collect();
        others.dedup();
        let message = format!(
            "{} is the plugin {name}, and the run {run_id} has recordings of {}",
            plugin.file.display(),
            others.join(", ")
        );
        return Err(Failure::invalid_config(message).advise("name a component of a recorded plugin").into());
    }
    Ok(own)
}

/// The recordings of a run; fails if there is none.
fn found(app: &App, run_id: &str, output: Output) -> Result<Vec<Found>> {
    let folder = app.runtime(output).data_dir.recordings(run_id);
    let found = if is_run_id(run_id) { recordings(&folder) } else { Vec::new() };
    if found.is_empty() {
        let message = format!("there is no recording of the run {run_id} in {}", folder.display());
        let advice =
            "a run records batches where its stream has `record = \"failures\"` or `record = { sample = 0.01 }`";
        return Err(Failure::invalid_config(message).advise(advice).into());
    }
    let read = |folder: PathBuf| -> Result<Found> {
        let recording = read_recording(&folder).map_err(|error| failure(&error))?;
        Ok((folder, recording))
    };
    found.into_iter().map(read).collect()
}
