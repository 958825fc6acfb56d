//! `wmshost plugin`: makes, builds, tests and describes components.
//!
//! | module | purpose |
//! |---|---|
//! | `author` | `new`, `build`, `dev`, `test` and `bench`: an author's project |
//! | `certify` | `check`: a component, clause by clause |
//! | `recording` | `replay`, `fixture` and `diff`: recorded batches of transforms, and two components |

mod author;
mod certify;
mod recording;

use std::collections::BTreeMap;
use std::path::Path;

use wmshost_flow::Failure;
use wmshost_pipeline::{PluginCatalog as _, PluginFile};
use wmshost_runtime::{PluginFolders, PluginRegistry, Result, bundle, signature};
use wmshost_sandbox::{ComponentFile, Plugin};

use super::App;
use crate::cli::{Output, PluginCommand};
use crate::exit::Exit;
use crate::report;

pub(super) fn plugin(app: &App, command: PluginCommand) -> Result<Exit> {
    match command {
        PluginCommand::New(arguments) => author::new(&arguments),
        PluginCommand::Build(arguments) => author::build(&arguments),
        PluginCommand::Dev(arguments) => author::dev(app, &arguments),
        PluginCommand::Test(arguments) => author::test(app, &arguments),
        PluginCommand::Check(arguments) => certify::check(app, &arguments),
        PluginCommand::Bench(arguments) => author::measure(app, &arguments),
        PluginCommand::Diff(arguments) => recording::compare(app, arguments),
        PluginCommand::List { pipeline, output } => list(app, pipeline.as_deref(), output.output),
        PluginCommand::Grants { pipeline, output } => grants(app, &pipeline, output.output),
        PluginCommand::Key { to, unprotected } => {
            let key = signature::generate(&to, !unprotected)?;
            report::print(&format!(
                "{key}\nfor `require_signed`; {} is the secret key: keep it where nobody else reads it",
                to.display()
            ));
            Ok(Exit::Success)
        }
        PluginCommand::Sign { component, key } => {
            report::print(&format!("{} has the signature", signature::sign(&component, &key)?.display()));
            Ok(Exit::Success)
        }
        PluginCommand::Verify { component, key } => verify(&component, &key),
        PluginCommand::Replay { run, component, output } => {
            recording::run(app, &run, component.as_deref(), output.output)
        }
        PluginCommand::Fixture(arguments) => recording::fixture(app, &arguments),
        PluginCommand::Bundle { pipeline, to, output } => {
            let manifest = bundle::bundle(&app.runtime(output.output), &pipeline, &to)?;
            report::plugin::bundle(&manifest, &to, output.output)?;
            Ok(Exit::Success)
        }
        PluginCommand::Install { bundle, to, key, replace, output } => {
            install(app, &bundle, (to.as_deref(), replace), &key, output.output)
        }
        PluginCommand::Inspect { file, output } => inspect(app, &file, output.output),
    }
}

fn list(app: &App, pipeline: Option<&Path>, output: Output) -> Result<Exit> {
    let runtime = app.runtime(output);
    let registry = runtime.registry()?;
    let files = match pipeline {
        Some(file) => runtime.held(file, &registry)?.plugin_files(),
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

fn verify(component: &Path, keys: &[String]) -> Result<Exit> {
    let read = ComponentFile::read(component).map_err(|failure| failure.within(component.display()))?;
    let keys = keys.iter().map(|key| signature::public_key(key)).collect::<Result<Vec<_>>>()?;
    match signature::signer(&read, &keys) {
        Ok(key) => {
            report::print(&format!("{} is signed by {key}", component.display()));
            Ok(Exit::Success)
        }
        Err(why) => {
            report::failure(&format!("{} is not signed by a key that was given: {why}", component.display()));
            Ok(Exit::Failed)
        }
    }
}

fn install(
    app: &App,
    bundle: &Path,
    (to, replaces): (Option<&Path>, bool),
    keys: &[String],
    output: Output,
) -> Result<Exit> {
    let folder = match to {
        Some(folder) => folder.to_owned(),
        None => PluginFolders::find()?.installed().ok_or_else(|| {
            Failure::invalid_config("this program is not installed, and WMSHOST_PLUGINS names no folder")
                .advise("name the folder by --to")
        })?,
    };
    let keys = keys.iter().map(|key| signature::public_key(key)).collect::<Result<Vec<_>>>()?;
    let installed = bundle::install(&app.runtime(output), bundle, &folder, &keys, replaces)?;
    report::plugin::installed(&installed, output)?;
    Ok(Exit::Success)
}

fn grants(app: &App, file: &Path, output: Output) -> Result<Exit> {
    let runtime = app.runtime(output);
    let pipeline = runtime.pipeline(file, &runtime.registry()?)?;
    report::plugin::grants(&wmshost_runtime::grants::grants(&pipeline), output)?;
    Ok(Exit::Success)
}

fn inspect(app: &App, file: &Path, output: Output) -> Result<Exit> {
    let registry = app.runtime(output).registry()?;
    let plugin = component(&registry, file)?;
    let description = plugin.describe()?;
    report::plugin::inspect(&plugin, &description, output)?;
    Ok(Exit::Success)
}

/// Returns the component in a file, under the file's name; or the standard plugin of this name.
fn component(registry: &PluginRegistry, file: &Path) -> Result<Plugin> {
    let name = file.file_stem().map_or_else(String::new, |stem| stem.to_string_lossy().into_owned());
    let standard = PluginFile::Standard(name.clone());
    let is_standard = Path::new(&name) == file && registry.standard_names().contains(&name);
    let file = if is_standard { registry.file(&standard)? } else { file.to_owned() };
    Ok(registry.plugin(&name, &file)?)
}
