//! `wmshost init`: writes a pipeline for a database.

use std::fs::File;
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use wmshost_flow::Failure;
use wmshost_runtime::discover::{Place, PlaceOptions, Role};
use wmshost_runtime::init::{InitRequest, init as make};
use wmshost_runtime::{Error, Result};

use super::App;
use crate::cli::{InitArgs, Output};
use crate::exit::Exit;
use crate::report;

/// The file in messages about a pipeline that goes to standard output.
const NO_FILE: &str = "pipeline.toml";

pub(super) fn init(app: &App, arguments: &InitArgs) -> Result<Exit> {
    // Before the work, and once more when the file is written.
    if let Some(file) = arguments.output.as_deref().filter(|file| !arguments.force && file.exists()) {
        return Err(exists(file));
    }
    let place = |name: &str, role, schema: &Option<String>| {
        let options = PlaceOptions { pipeline: arguments.pipeline.clone(), schema: schema.clone() };
        Place::of(name, role, &options)
    };
    let source = place(&arguments.source, Role::Source, &arguments.source_schema)?;
    let target = place(&arguments.target, Role::Target, &arguments.target_schema)?;
    let file = arguments.output.clone().unwrap_or_else(|| PathBuf::from(NO_FILE));
    let folder = match &arguments.output {
        Some(file) => folder_of(file)?,
        None => PathBuf::new(),
    };
    let runtime = app.runtime(Output::Text);
    let registry = runtime.registry()?;
    let request = InitRequest {
        source: &source,
        target: &target,
        declared_in: arguments.pipeline.as_deref(),
        file: &file,
        folder: &folder,
        name: arguments.name.clone(),
        tables: &arguments.tables,
    };
    let outcome = make(&runtime, &registry, &request)?;
    match &arguments.output {
        Some(file) => write(file, &outcome.text, arguments.force)?,
        None => report::print_part(&outcome.text),
    }
    report::init::init(&outcome, arguments.output.as_deref());
    Ok(if outcome.moved > 0 { Exit::Success } else { Exit::Failed })
}

/// Returns the folder that a file is to be in, as an absolute path.
fn folder_of(file: &Path) -> Result<PathBuf> {
    let absolute = std::path::absolute(file).map_err(|source| unwritable(file, source))?;
    Ok(absolute.parent().map_or_else(PathBuf::new, Path::to_owned))
}

/// Writes the file; one that exists is replaced only if `force` is set.
fn write(path: &Path, text: &str, force: bool) -> Result<()> {
    let mut options = File::options();
    let opened = options.write(true).create(true).truncate(force).create_new(!force).open(path);
    let written = opened.and_then(|mut file| file.write_all(text.as_bytes()));
    written
        .map_err(|error| if error.kind() == ErrorKind::AlreadyExists { exists(path) } else { unwritable(path, error) })
}

fn exists(path: &Path) -> Error {
    let message = format!("{} exists already; it was not changed", path.display());
    Failure::invalid_config(message).advise("name another file, or replace it by --force").into()
}

fn unwritable(path: &Path, error: std::io::Error) -> Error {
    Failure::invalid_config(format!("{} cannot be written: {error}", path.display())).into()
}
