//! The arguments of `wmshost verify`, `wmshost status`, `wmshost explain`, `wmshost tap`, `wmshost receipt`, `wmshost alerts` and
//! `wmshost clean`.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand, value_parser};

use super::serve_args::duration;
use super::{AllowedDeletes, OutputArgs, Selection};

pub(super) const STATUS_HELP: &str = "\
It reads the targets only: it works on any machine, needs no plugin, and sees a run that never happened, where the stream
has a `max_age`.

Examples:
  wmshost status pipelines/prod.toml
  wmshost status pipelines/prod.toml --stream tag:nightly --output json";

pub(super) const EXPLAIN_HELP: &str = "\
For each failure: what happened, where, what was committed, the likely cause, and the next commands. A stream is explained by its
state in the target, on any machine, and by the history of this one; a run by the history. Without either, all streams that need a
person are explained.

Examples:
  wmshost explain pipelines/prod.toml
  wmshost explain pipelines/prod.toml allocation
  wmshost explain pipelines/prod.toml 20261129-145655 --output json";

pub(super) const TAP_HELP: &str = "\
The rows are the first ones of the source, whatever the stream's bookmark is, masked as the stream declares it. Values are printed.
Exit code 1 if a plugin fails on them.

Examples:
  wmshost tap pipelines/dev.toml --stream allocation
  wmshost tap pipelines/dev.toml --stream allocation --after wms-quality --rows 100 --output json";

pub(super) const CLEAN_HELP: &str = "\
It removes files of WMSHOST_HOME only: nothing of a target or a source. Runs that go on, the last run of each kind and of each stream,
links and files of other names stay. A plugin whose compiled form was removed is compiled again when a run needs it.

Examples:
  wmshost clean --dry-run
  wmshost clean --history 400d --logs 30d
  wmshost clean --receipts 3650d";

/// The arguments of `wmshost verify`.
#[derive(Args)]
pub(crate) struct VerifyArgs {
    #[command(flatten)]
    pub(crate) selection: Selection,
    /// Load rows that are missing or different, and remove extra rows as the stream's `deletes` says
    #[arg(long)]
    pub(crate) repair: bool,
    /// Compare only this number of the streams, those whose last comparison on this machine is longest ago: for a schedule
    #[arg(long, value_name = "COUNT", value_parser = value_parser!(u16).range(1..))]
    pub(crate) oldest: Option<u16>,
    #[command(flatten)]
    pub(crate) allowed: AllowedDeletes,
    /// The number of differing rows to name
    #[arg(long, value_name = "N", default_value_t = 10)]
    pub(crate) show: usize,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
}

/// The arguments of `wmshost status`.
#[derive(Args)]
pub(crate) struct StatusArgs {
    #[command(flatten)]
    pub(crate) selection: Selection,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
}

/// The arguments of `wmshost explain`.
#[derive(Args)]
pub(crate) struct ExplainArgs {
    /// The pipeline file
    pub(crate) pipeline: PathBuf,
    /// A stream, or the id of a run or the beginning of it; all streams that need a person if it is left out
    #[arg(value_name = "STREAM|RUN")]
    pub(crate) subject: Option<String>,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
}

/// The arguments of `wmshost tap`.
#[derive(Args)]
pub(crate) struct TapArgs {
    /// The pipeline file
    pub(crate) pipeline: PathBuf,
    /// The stream
    #[arg(long, value_name = "STREAM")]
    pub(crate) stream: String,
    /// Only what this plugin makes of the rows, by its name in the pipeline file; the extractor's are the rows as they are read
    #[arg(long, value_name = "PLUGIN")]
    pub(crate) after: Option<String>,
    /// The number of rows
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = value_parser!(u32).range(1..=10_000))]
    pub(crate) rows: u32,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
}

/// The arguments of `wmshost clean`.
#[derive(Args)]
pub(crate) struct CleanArgs {
    /// The time for which runs stay in the history
    #[arg(long, value_name = "DURATION", default_value = "400d", value_parser = duration)]
    pub(crate) history: Duration,
    /// The time for which logs and recorded batches are kept
    #[arg(long, value_name = "DURATION", default_value = "90d", value_parser = duration)]
    pub(crate) logs: Duration,
    /// The time for which compiled plugins are kept that no run uses
    #[arg(long, value_name = "DURATION", default_value = "30d", value_parser = duration)]
    pub(crate) plugins: Duration,
    /// The time for which receipts are kept; without it all stay. The first ones of a chain go, never the last one
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub(crate) receipts: Option<Duration>,
    /// Remove nothing, and show what would be
    #[arg(long)]
    pub(crate) dry_run: bool,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
}

/// The receipts of runs.
#[derive(Subcommand)]
pub(crate) enum ReceiptCommand {
    /// Show what a receipt says: the streams, and where rows in the target differed from those that were loaded
    #[command(
        after_help = "Example:\n  wmshost receipt show .wmshost/receipts/wms/000001-20261129-145655-0a1b2c3d4e5f6071.json"
    )]
    Show {
        /// The receipt
        file: PathBuf,
        #[command(flatten)]
        output: OutputArgs,
    },
    /// Check receipts without a database; ends with 1 if a stream differs, or a receipt was changed
    #[command(after_help = "\
A receipt must not contradict itself, must follow the one before it where that is beside it, and must be signed by one of the
keys that are named.

Examples:
  wmshost receipt check .wmshost/receipts/wms/*.json
  wmshost receipt check .wmshost/receipts/wms/*.json --key receipts.key.pub --output json")]
    Check {
        /// The receipts
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
        /// A public key, or the file that has it; may be given several times
        #[arg(long = "key", value_name = "KEY")]
        keys: Vec<String>,
        #[command(flatten)]
        output: OutputArgs,
    },
}

/// The alerts of a pipeline.
#[derive(Subcommand)]
pub(crate) enum AlertsCommand {
    /// Send a trial by each channel, now; ends with 1 if one was not sent
    #[command(after_help = "Example:\n  wmshost alerts test pipelines/prod.toml --channel pager")]
    Test {
        /// The pipeline file
        pipeline: PathBuf,
        /// Only this channel
        #[arg(long, value_name = "NAME")]
        channel: Option<String>,
        #[command(flatten)]
        output: OutputArgs,
    },
    /// Show the causes that go on, and the messages that were sent or wait
    #[command(after_help = "Example:\n  wmshost alerts list pipelines/prod.toml --output json")]
    List {
        /// The pipeline file
        pipeline: PathBuf,
        #[command(flatten)]
        output: OutputArgs,
    },
    /// Look for causes and send what is due, as `run` does at its end; ends with 1 if a message was not sent
    #[command(after_help = "\
For a timer where no `wmshost serve` runs: it reports streams that are late because nothing ran.

Example:
  wmshost alerts send pipelines/prod.toml")]
    Send {
        /// The pipeline file
        pipeline: PathBuf,
        #[command(flatten)]
        output: OutputArgs,
    },
}
