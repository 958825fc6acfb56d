//! The log of a run: one JSON object per line, in a file named for the run. `-v` shows it on standard error, too; without
//! `-v`, the warnings of plugins are notes there.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use tracing::level_filters::LevelFilter;
use tracing_subscriber::Layer as _;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use wmshost_flow::{Failure, FailureCause};
use wmshost_runtime::DataDir;

use crate::plugin_warnings::PluginWarnings;

/// Sends log messages from now on into `file`, and to standard error with `-v` (info) or `-vv` (debug).
pub(crate) fn start(file: Option<&Path>, verbose: u8) -> Result<(), Failure> {
    let filter = match verbose {
        0 => LevelFilter::OFF,
        1 => LevelFilter::INFO,
        _ => LevelFilter::DEBUG,
    };
    let shown = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_filter(filter);
    let file = file.map(open).transpose()?;
    let is_kept = file.is_some();
    *RUN_FILE.lock().unwrap_or_else(PoisonError::into_inner) = file;
    let kept = is_kept.then(|| {
        // The span of the run, which every thread of it enters, names the run and the pipeline in each line.
        let lines = tracing_subscriber::fmt::layer().json().with_current_span(true).with_span_list(false);
        lines.with_writer(|| RunFile).with_filter(filter.max(LevelFilter::INFO))
    });
    let warnings = (verbose == 0).then(PluginWarnings::default);
    // A process that runs again and again only changes the file.
    let _ = tracing_subscriber::registry().with(shown).with(kept).with(warnings).try_init();
    Ok(())
}

/// The file of the run that is under way.
static RUN_FILE: Mutex<Option<File>> = Mutex::new(None);

/// Writes into the file of the run that is under way.
struct RunFile;

impl Write for RunFile {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        match RUN_FILE.lock().unwrap_or_else(PoisonError::into_inner).as_mut() {
            Some(file) => file.write(bytes),
            None => Ok(bytes.len()),
        }
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn open(file: &Path) -> Result<File, Failure> {
    let refused = |error: std::io::Error| {
        Failure::invalid_config(format!("{}: the log cannot be written: {error}", file.display()))
            .advise("Set WMSHOST_HOME to a folder that can be written")
            .caused_by(FailureCause::Io(error.kind()))
    };
    if let Some(folder) = file.parent() {
        DataDir::make_private(folder).map_err(refused)?;
    }
    // A run that was begun twice under one id leaves the log of the faster process whole.
    File::options().append(true).create(true).open(file).map_err(refused)
}
