//! The arguments of `wmshost serve` and `wmshost schedule`.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand};
use wmshost_pipeline::parse_duration;

use super::OutputArgs;

pub(super) const SERVE_HELP: &str = "\
A pipeline is due by `schedule` in its [run], a stream by its own `schedule`. Each run is a process of its own, with a log and
a record in the history, like one of `wmshost run`. What was due and what became of it is kept in WMSHOST_HOME: after a restart
no due time is missed and none is run twice; a run that still goes on is waited for. Where several machines serve a pipeline,
one runs what is due, and the others see in the target that it is done.

Signals:
  SIGTERM, SIGINT  nothing begins any more; it ends after the runs that go on, a second one ends it at once
  SIGHUP           reads the pipeline files again; a file with mistakes is served as it was before

Examples:
  wmshost serve pipelines/prod.toml
  wmshost serve pipelines/*.toml --concurrency 2 --drain 30m";

/// The arguments of `wmshost serve`.
#[derive(Args)]
pub(crate) struct ServeArgs {
    /// The pipeline files
    #[arg(required = true, value_name = "PIPELINE")]
    pub(crate) pipelines: Vec<PathBuf>,
    /// The most runs at once; further ones wait
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=64))]
    pub(crate) concurrency: u16,
    /// The time for which runs are waited for at the end; then they are stopped, and continue from their checkpoints later
    #[arg(long, value_name = "DURATION", default_value = "5m", value_parser = duration)]
    pub(crate) drain: Duration,
}

/// The schedules of a pipeline.
#[derive(Subcommand)]
pub(crate) enum ScheduleCommand {
    /// Show when each schedule is due next, and what became of its last due time here
    #[command(after_help = "Example:\n  wmshost schedule list pipelines/prod.toml --output json")]
    List {
        /// The pipeline file
        pipeline: PathBuf,
        #[command(flatten)]
        output: OutputArgs,
    },
    /// Have no scheduled run of a pipeline begin on this machine; what goes on is not stopped
    #[command(after_help = "Example:\n  wmshost schedule pause pipelines/prod.toml")]
    Pause {
        /// The pipeline file
        pipeline: PathBuf,
    },
    /// Let scheduled runs begin again; the `misfire` of the pipeline says what becomes of the times that were missed
    #[command(after_help = "Example:\n  wmshost schedule resume pipelines/prod.toml")]
    Resume {
        /// The pipeline file
        pipeline: PathBuf,
    },
}

/// Reads a duration.
fn duration(text: &str) -> Result<Duration, &'static str> {
    parse_duration(text).ok_or("write a duration such as \"90s\", \"15m\" or \"2h\"")
}

/// Reads the id of a run.
pub(super) fn run_id(text: &str) -> Result<String, &'static str> {
    if wmshost_runtime::is_run_id(text) { Ok(text.to_owned()) } else { Err("this is not an id of a run") }
}
