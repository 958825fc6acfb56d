//! `wmshost plugin`: describes components.

use std::collections::BTreeMap;
use std::path::Path;

use wmshost_pipeline::{PluginCatalog as _, PluginFile};
use wmshost_runtime::{PluginRegistry, Result};

use super::App;
use crate::cli::{Output, PluginCommand};
use crate::exit::Exit;
use crate::report;

pub(super) fn plugin(app: &App, command: PluginCommand) -> Result<Exit> {
    match command {
        PluginCommand::List { pipeline, output } => list(app, pipeline.as_deref(), output.output),
        PluginCommand::Inspect { file, output } => inspect(app, &file, output.output),
    }
}

fn list(app: &App, pipeline: Option<&Path>, output: Output) -> Result<Exit> {
    let runtime = app.runtime(output);
    let registry = runtime.registry()?;
    let files = match pipeline {
        Some(file) => runtime.resolved(file)?.plugin_files(),
        None => standard(&registry),
    };
    let mut found = Vec::new();
    for (label, file) in &files {
        let plugin = registry.plugin(label, &registry.file(file)?)?;
        let description = plugin.describe()?;
        found.push((label.clone(), plugin, description));
    }
    report::plugin::list(&found, output)?;
    Ok(Exit::Success)
}

/// The standard plugins, by name.
fn standard(registry: &PluginRegistry) -> BTreeMap<String, PluginFile> {
    let names = registry.standard_names();
    if names.is_empty() {
        let folders: Vec<_> = registry.standard_folders().iter().map(|folder| folder.display().to_string()).collect();
        report::note(&format!("there is no standard plugin in {}", folders.join(", ")));
    }
    names.into_iter().map(|name| (name.clone(), PluginFile::Standard(name))).collect()
}

fn inspect(app: &App, file: &Path, output: Output) -> Result<Exit> {
    let registry = app.runtime(output).registry()?;
    let name = file.file_stem().map_or_else(String::new, |stem| stem.to_string_lossy().into_owned());
    let standard = PluginFile::Standard(name.clone());
    let is_standard = Path::new(&name) == file && registry.standard_names().contains(&name);
    let file = if is_standard { registry.file(&standard)? } else { file.to_owned() };
    let plugin = registry.plugin(&name, &file)?;
    let description = plugin.describe()?;
    report::plugin::inspect(&plugin, &description, output)?;
    Ok(Exit::Success)
}
