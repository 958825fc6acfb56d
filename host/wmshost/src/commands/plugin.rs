//! `wmshost plugin`: describes components.

use std::path::Path;

use wmshost_runtime::Result;

use super::App;
use crate::cli::{Output, PluginCommand};
use crate::exit::Exit;
use crate::report;

pub(super) fn plugin(app: &App, command: PluginCommand) -> Result<Exit> {
    match command {
        PluginCommand::List { pipeline, output } => list(app, &pipeline, output.output),
        PluginCommand::Inspect { file, output } => inspect(app, &file, output.output),
    }
}

fn list(app: &App, file: &Path, output: Output) -> Result<Exit> {
    let runtime = app.runtime(output);
    let pipeline = runtime.resolved(file)?;
    let registry = runtime.registry()?;
    let mut found = Vec::new();
    for (label, path) in &pipeline.plugins {
        let plugin = registry.plugin(label, path)?;
        let description = plugin.describe()?;
        found.push((label.clone(), plugin, description));
    }
    report::plugin::list(&found, output)?;
    Ok(Exit::Success)
}

fn inspect(app: &App, file: &Path, output: Output) -> Result<Exit> {
    let name = file.file_stem().map_or_else(String::new, |stem| stem.to_string_lossy().into_owned());
    let plugin = app.runtime(output).registry()?.plugin(&name, file)?;
    let description = plugin.describe()?;
    report::plugin::inspect(&plugin, &description, output)?;
    Ok(Exit::Success)
}
