//! The arguments of `wmshost serve` and `wmshost schedule`.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand};
use wmshost_pipeline::parse_duration;

use super::OutputArgs;

/// The least length of a token, so that it cannot be guessed.
const LEAST_TOKEN: usize = 16;

pub(super) const SERVE_HELP: &str = "\
A pipeline is due by `schedule` in its [run], a stream by its own `schedule`. Each run is a process of its own, with a log and
a record in the history, like one of `wmshost run`. What was due and what became of it is kept in WMSHOST_HOME: after a restart
no due time is missed and none is run twice; a run that still goes on is waited for. Where several machines serve a pipeline,
one runs what is due, and the others see in the target that it is done.

Signals:
  SIGTERM, SIGINT  nothing begins any more; it ends after the runs that go on, a second one ends it at once
  SIGHUP           reads the pipeline files again; of a file with mistakes the schedule stays as it was, and due runs wait until it
                   is mended

Examples:
  wmshost serve pipelines/prod.toml
  wmshost serve pipelines/*.toml --concurrency 2 --drain 30m
  wmshost serve pipelines/prod.toml --listen 127.0.0.1:8080 --operate-token env:WMSHOST_TOKEN   # a dashboard at /";

/// The arguments of `wmshost serve`.
#[derive(Args)]
pub(crate) struct ServeArgs {
    /// The pipeline files
    #[arg(required = true, value_name = "PIPELINE")]
    pub(crate) pipelines: Vec<PathBuf>,
    /// Answer HTTP on this address of this machine: /metrics, /openapi.json; with a token also the dashboard, state, logs, events
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) listen: Option<SocketAddr>,
    /// Show the dashboard, state, runs, logs and events to those with this token: `env:VARIABLE` or `file:PATH`
    #[arg(long, value_name = "REFERENCE", requires = "listen", value_parser = token)]
    pub(crate) read_token: Option<Token>,
    /// Take orders (run, pause, resume, cancel) with this token, which also reads; none are taken without it
    #[arg(long, value_name = "REFERENCE", requires = "listen", value_parser = token)]
    pub(crate) operate_token: Option<Token>,
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

/// A secret that is never shown.
#[derive(Clone)]
pub(crate) struct Token(pub(crate) String);

/// Looks a token up.
fn token(reference: &str) -> Result<Token, String> {
    let found = match reference.split_once(':') {
        Some(("env", name)) => wmshost_runtime::variable(name)
            .and_then(|text| text.into_string().ok())
            .ok_or_else(|| format!("the variable {name} is not set"))?,
        Some(("file", path)) => {
            if let Some(advice) = wmshost_flow::secret_file_advice(std::path::Path::new(path)) {
                return Err(format!("other users of the machine may read {path}; {advice}"));
            }
            std::fs::read_to_string(path).map_err(|error| format!("{path}: {error}"))?
        }
        _ => return Err("write `env:VARIABLE` or `file:PATH`: a token is not written on a command line".to_owned()),
    };
    let token = found.trim();
    if token.len() < LEAST_TOKEN {
        return Err(format!("the token has fewer than {LEAST_TOKEN} letters"));
    }
    Ok(Token(token.to_owned()))
}

/// Reads a duration.
pub(super) fn duration(text: &str) -> Result<Duration, &'static str> {
    parse_duration(text).ok_or("write a duration such as \"90s\", \"15m\" or \"2h\"")
}

/// Reads the id of a run.
pub(super) fn run_id(text: &str) -> Result<String, &'static str> {
    if wmshost_runtime::is_run_id(text) { Ok(text.to_owned()) } else { Err("this is not an id of a run") }
}
