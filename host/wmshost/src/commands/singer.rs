//! `wmshost singer`: speaks the Singer protocol.

use std::fs::{self, File};
use std::io::{self, BufWriter, Read};
use std::path::{Path, PathBuf};

use wmshost_flow::Failure;
use wmshost_runtime::Result;
use wmshost_runtime::history::RunKind;
use wmshost_runtime::singer::{
    SettingInfo, TAP_SETTINGS, TARGET_SETTINGS, TapFiles, TapSettings, TargetSettings, discover, extract, load,
    pipeline_name, settings_in_environment,
};

use super::App;
use crate::cli::{AboutFormat, Output, SingerCommand, SingerTapArgs, SingerTargetArgs};
use crate::exit::{Exit, of_streams};
use crate::report;

/// The word for the environment instead of a file with settings.
const ENVIRONMENT: &str = "ENV";
/// The bytes of messages that are written at once.
const OUTPUT_BYTES: usize = 256 << 10;

pub(super) fn singer(app: &App, command: &SingerCommand) -> Result<Exit> {
    match command {
        SingerCommand::Tap(args) => tap(app, args),
        SingerCommand::Target(args) => target(app, args),
    }
}

fn tap(app: &App, args: &SingerTapArgs) -> Result<Exit> {
    if args.description.about {
        report::singer::about_tap(args.description.format == AboutFormat::Json)?;
        return Ok(Exit::Success);
    }
    let settings = TapSettings::parse(&texts(&args.config, "TAP_WMSHOST_", &TAP_SETTINGS)?)?;
    let of = |file: &Option<PathBuf>| file.as_deref().map(read).transpose();
    let files = TapFiles { catalog: of(&args.catalog)?, state: of(&args.state)? };
    let runtime = app.runtime(Output::Text);
    let registry = runtime.registry()?;
    if args.discover {
        report::print(&format!("{:#}", discover(&runtime, &registry, &settings)?));
        return Ok(Exit::Success);
    }
    app.signals.let_end();
    let mut out = BufWriter::with_capacity(OUTPUT_BYTES, io::stdout().lock());
    let ends = extract(&runtime, &registry, &settings, &files, &mut out)?;
    report::singer::tapped(&ends);
    Ok(Exit::Success)
}

fn target(app: &App, args: &SingerTargetArgs) -> Result<Exit> {
    if args.description.about {
        report::singer::about_target(args.description.format == AboutFormat::Json)?;
        return Ok(Exit::Success);
    }
    let mut settings = TargetSettings::parse(&texts(&args.config, "TARGET_WMSHOST_", &TARGET_SETTINGS)?)?;
    settings.allow_deletes.clone_from(&args.allowed.streams);
    let input: Box<dyn Read + Send> = match &args.input {
        Some(file) => Box::new(File::open(file).map_err(|error| unreadable(file, &error))?),
        None => Box::new(io::stdin()),
    };
    let runtime = app.runtime(Output::Text);
    let registry = runtime.registry()?;
    let name = pipeline_name(&settings)?;
    app.recorded(&runtime, RunKind::Run, (&name, &settings.pipeline), |recorder| {
        let pass = Box::new(|state: &str| report::print_part(&format!("{state}\n")));
        let ends = load(&runtime, &registry, &settings, recorder, input, pass)?;
        report::singer::ended(&ends);
        Ok(of_streams(&ends))
    })
}

/// The settings that a plugin is called with, each with its file.
fn texts(files: &[PathBuf], prefix: &str, settings: &[SettingInfo]) -> Result<Vec<(String, String)>, Failure> {
    let text = |file: &PathBuf| {
        let is_environment = file.as_path() == Path::new(ENVIRONMENT);
        let text = if is_environment { settings_in_environment(prefix, settings) } else { read(file)? };
        Ok((file.display().to_string(), text))
    };
    files.iter().map(text).collect()
}

fn read(file: &Path) -> Result<String, Failure> {
    fs::read_to_string(file).map_err(|error| unreadable(file, &error))
}

fn unreadable(file: &Path, error: &io::Error) -> Failure {
    Failure::invalid_config(format!("{} cannot be read: {error}", file.display()))
}
