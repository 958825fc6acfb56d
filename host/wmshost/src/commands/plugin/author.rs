//! `wmshost plugin new`, `build`, `dev`, `test` and `bench`: an author's project.

use std::fs;
use std::path::{Path, PathBuf};

use wmshost_flow::Failure;
use wmshost_plugin_kit::{Error, Language, Project, Suite, bench, new_project, run_suite};
use wmshost_runtime::Result;
use wmshost_sandbox::World;

use super::component;
use crate::cli::{self, BenchArgs, DevArgs, Kind, NewArgs, Output, ProjectArgs, TestArgs};
use crate::commands::{App, at_each_change};
use crate::exit::Exit;
use crate::report;

/// An error of the kit: the author's files are not as they must be.
pub(super) fn failure(error: &Error) -> Failure {
    Failure::invalid_config(error.to_string())
}

pub(super) fn new(arguments: &NewArgs) -> Result<Exit> {
    let world = match arguments.kind {
        Kind::Extractor => World::Extractor,
        Kind::Transform => World::Transform,
        Kind::Loader => World::Loader,
        Kind::Models => World::Models,
    };
    let language = match arguments.language {
        cli::Language::Rust => Language::Rust,
        cli::Language::JavaScript => Language::JavaScript,
        cli::Language::Python => Language::Python,
    };
    let folder = arguments.to.clone().unwrap_or_else(|| PathBuf::from(&arguments.name));
    let project = new_project(&folder, &arguments.name, world, language).map_err(|error| failure(&error))?;
    report::author::made(&project);
    Ok(Exit::Success)
}

pub(super) fn build(arguments: &ProjectArgs) -> Result<Exit> {
    let project = Project::find(&arguments.project).map_err(|error| failure(&error))?;
    let component = project.build().map_err(|error| failure(&error))?;
    report::author::built(&component);
    Ok(Exit::Success)
}

pub(super) fn dev(app: &App, arguments: &DevArgs) -> Result<Exit> {
    let project = Project::find(&arguments.project.project).map_err(|error| failure(&error))?;
    let files = || Ok(project.changed());
    at_each_change(app, arguments.builds, files, || build_and_test(app, &project, &arguments.paths))
}

fn build_and_test(app: &App, project: &Project, paths: &[PathBuf]) -> Result<Exit> {
    let file = project.build().map_err(|error| failure(&error))?;
    let folders = if paths.is_empty() { vec![project.cases()] } else { paths.to_vec() };
    let plugin = component(&app.runtime(Output::Text).registry()?, &file)?;
    let suite = Suite { folders, update: false, cache: app.data_dir.plugins() };
    let results = run_suite(&plugin, &suite).map_err(|error| failure(&error))?;
    report::author::cases(&results, Output::Text)
}

/// Measures a transform.
pub(super) fn measure(app: &App, arguments: &BenchArgs) -> Result<Exit> {
    let output = arguments.output.output;
    let project = || Project::find(&arguments.project.project).map_err(|error| failure(&error));
    let named = arguments.component.clone();
    let file = named.map_or_else(|| project().map(|project| project.component()), Ok)?;
    let folders = match arguments.cases.as_slice() {
        [] => vec![arguments.project.project.join("cases")],
        folders => folders.to_vec(),
    };
    let plugin = component(&app.runtime(output).registry()?, &file)?;
    let measured = bench(&plugin, &folders, arguments.rows as usize, &app.data_dir.plugins());
    report::author::bench(&plugin, &measured.map_err(|error| failure(&error))?, output)?;
    Ok(Exit::Success)
}

/// Fails if there is no component in a file.
pub(super) fn check_is_built(file: &Path) -> Result<(), Failure> {
    if file.exists() {
        return Ok(());
    }
    Err(Failure::invalid_config(format!("{}: there is no such component", file.display()))
        .advise("build it by `wmshost plugin build`, or name another file"))
}

pub(super) fn test(app: &App, arguments: &TestArgs) -> Result<Exit> {
    let output = arguments.output.output;
    let project = || Project::find(&arguments.project.project).map_err(|error| failure(&error));
    let file = arguments.component.clone().map_or_else(|| project().map(|project| project.component()), Ok)?;
    let folders = match arguments.paths.as_slice() {
        [] => vec![project()?.cases()],
        paths => paths.to_vec(),
    };
    check_is_built(&file)?;
    let plugin = component(&app.runtime(output).registry()?, &file)?;
    let suite = Suite { folders, update: arguments.update, cache: app.data_dir.plugins() };
    let results = run_suite(&plugin, &suite).map_err(|error| failure(&error))?;
    if let Some(junit) = &arguments.junit {
        let written = fs::write(junit, report::author::junit(&plugin.name, &results));
        written.map_err(|error| Failure::permanent(format!("{}: it cannot be written: {error}", junit.display())))?;
    }
    report::author::cases(&results, output)
}
