//! The arguments of the commands for a target's own tables: state, runs, quarantine.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use wmshost_flow::Micros;
use wmshost_runtime::history::RunKind;

use super::{Output, OutputArgs, Selection, moment};

#[derive(Subcommand)]
pub(crate) enum StateCommand {
    /// List the checkpoint of every stream
    List {
        #[command(flatten)]
        selection: Selection,
        #[command(flatten)]
        output: OutputArgs,
    },
    /// Show one stream's checkpoint in full
    Show {
        /// The pipeline file
        pipeline: PathBuf,
        /// The stream
        #[arg(long)]
        stream: String,
        #[command(flatten)]
        output: OutputArgs,
    },
    /// Show one stream's history: every run's checkpoint and every change by hand
    Log {
        /// The pipeline file
        pipeline: PathBuf,
        /// The stream
        #[arg(long)]
        stream: String,
        #[command(flatten)]
        output: OutputArgs,
    },
    /// Show what differs between the checkpoints of two runs of a stream
    #[command(
        after_help = "Example:\n  wmshost state diff pipelines/dev.toml --stream allocation --from 20260131-0600"
    )]
    Diff {
        /// The pipeline file
        pipeline: PathBuf,
        /// The stream
        #[arg(long)]
        stream: String,
        /// The run to begin with, by its id or the beginning of it
        #[arg(long, value_name = "RUN")]
        from: String,
        /// The run to end with; the newest if not given
        #[arg(long, value_name = "RUN")]
        to: Option<String>,
        #[command(flatten)]
        output: OutputArgs,
    },
    /// Forget a stream's checkpoint: its next run reads everything again; rows that are there stay
    #[command(after_help = "Example:\n  wmshost state reset pipelines/dev.toml --stream allocation --yes")]
    Reset {
        /// The pipeline file
        pipeline: PathBuf,
        /// The stream; may be given several times
        #[arg(long = "stream", value_name = "STREAM", required = true)]
        streams: Vec<String>,
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
    /// Put an earlier checkpoint of one stream back: its next run goes on from there; rows that are there stay
    #[command(after_help = "\
Example:
  wmshost state rollback pipelines/dev.toml --stream allocation --to 20260131-060000-1f2e")]
    Rollback {
        /// The pipeline file
        pipeline: PathBuf,
        /// The stream
        #[arg(long)]
        stream: String,
        /// The run whose checkpoint is put back, by its id or the beginning of it
        #[arg(long, value_name = "RUN")]
        to: String,
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
    /// Set the bookmark from which a stream goes on
    #[command(after_help = "\
Example:
  wmshost state set pipelines/dev.toml --stream allocation --bookmark \"2026-01-31 06:00:00\"")]
    Set {
        /// The pipeline file
        pipeline: PathBuf,
        /// The stream
        #[arg(long)]
        stream: String,
        /// A moment for a stream that is read by its change key, or the positions of a bookmark as JSON
        #[arg(long)]
        bookmark: String,
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
    /// Write the checkpoints of a pipeline as JSON
    #[command(after_help = "Example:\n  wmshost state export pipelines/dev.toml --file state.json")]
    Export {
        #[command(flatten)]
        selection: Selection,
        /// The file to write; standard output if not given
        #[arg(long)]
        file: Option<PathBuf>,
    },
    /// Take over the checkpoints in an export
    Import {
        /// The pipeline file
        pipeline: PathBuf,
        /// The file that `export` wrote
        #[arg(long)]
        file: PathBuf,
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
}

impl StateCommand {
    /// The format of its result.
    pub(crate) fn output(&self) -> Output {
        match self {
            Self::List { output, .. }
            | Self::Show { output, .. }
            | Self::Log { output, .. }
            | Self::Diff { output, .. } => output.output,
            _ => Output::Text,
        }
    }

    /// Returns whether the history records it as a run.
    pub(crate) fn is_recorded(&self) -> bool {
        matches!(self, Self::Reset { .. } | Self::Rollback { .. } | Self::Set { .. } | Self::Import { .. })
    }
}

/// A selection of runs.
#[derive(Args)]
pub(crate) struct RunsListArgs {
    /// The number of runs to list
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub(crate) limit: u32,
    /// Only runs of the pipeline with this name
    #[arg(long, value_name = "NAME")]
    pub(crate) pipeline: Option<String>,
    /// Only runs of this kind, such as `run`, `verify` or `models-build`
    #[arg(long, value_name = "KIND", value_parser = kind)]
    pub(crate) kind: Option<RunKind>,
    /// Only runs that failed or were interrupted, or in which every row of a stream was rejected
    #[arg(long)]
    pub(crate) failed: bool,
    /// Only runs that began at this time or later: a date or a moment, UTC
    #[arg(long, value_name = "MOMENT", value_parser = moment)]
    pub(crate) since: Option<Micros>,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
}

fn kind(text: &str) -> Result<RunKind, String> {
    RunKind::named(text).ok_or_else(|| format!("a kind is one of {}", RunKind::names().join(", ")))
}

#[derive(Subcommand)]
pub(crate) enum RunsCommand {
    /// List the last runs, the newest first
    #[command(after_help = "\
Every command that changes or examines rows is a run: run, backfill, verify, repair, replay, drop, models-run,
models-test, models-build, models-retry, state-reset, state-rollback, state-set, state-import.

Examples:
  wmshost runs list --failed --since 2026-11-01
  wmshost runs list --pipeline wms --kind run --limit 5 --output json")]
    List(RunsListArgs),
    /// Show one run with its streams and models
    Show {
        /// The run's id, or the beginning of it
        run: String,
        #[command(flatten)]
        output: OutputArgs,
    },
}

#[derive(Args)]
pub(crate) struct LogsArgs {
    /// The run's id, or the beginning of it; the last run if there is none
    #[arg(long, value_name = "RUN")]
    pub(crate) run: Option<String>,
    /// Only lines of this level or a more serious one
    #[arg(long, value_enum, default_value_t)]
    pub(crate) level: LogLevel,
    /// Go on until the run ends
    #[arg(long)]
    pub(crate) follow: bool,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
}

/// The level of a line of a log, the most serious first.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub(crate) enum LogLevel {
    /// Failures.
    Error,
    /// Things that deserve a second look.
    Warn,
    /// The course of the run.
    #[default]
    Info,
    /// Details.
    Debug,
}

/// Rows of one stream's quarantine.
#[derive(Args)]
pub(crate) struct RowSelection {
    /// The pipeline file
    pub(crate) pipeline: PathBuf,
    /// The stream
    #[arg(long)]
    pub(crate) stream: String,
    /// Only rows that broke this rule
    #[arg(long)]
    pub(crate) rule: Option<String>,
    /// Only this row, by its id or the beginning of it; may be given several times
    #[arg(long = "id", value_name = "ID")]
    pub(crate) ids: Vec<String>,
}

#[derive(Args)]
pub(crate) struct QuarantineListArgs {
    #[command(flatten)]
    pub(crate) selection: Selection,
    /// Only rows that broke this rule
    #[arg(long)]
    pub(crate) rule: Option<String>,
    /// The number of rows to list; 0 for all
    #[arg(long, value_name = "N", default_value_t = 50)]
    pub(crate) limit: usize,
    /// Begin after this row, by its id or the beginning of it
    #[arg(long, value_name = "ID")]
    pub(crate) after: Option<String>,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
}

#[derive(Subcommand)]
pub(crate) enum QuarantineCommand {
    /// List the rows in quarantine, those that were rejected first before the others
    List(QuarantineListArgs),
    /// Show one row in full
    Show {
        /// The pipeline file
        pipeline: PathBuf,
        /// The row's id, or the beginning of it
        id: String,
        #[command(flatten)]
        output: OutputArgs,
    },
    /// Send rows through the transforms and into the target again; rows that are rejected again stay
    #[command(after_help = "\
Example:
  wmshost quarantine replay pipelines/dev.toml --stream allocation --rule invalid-status")]
    Replay {
        #[command(flatten)]
        rows: RowSelection,
        #[command(flatten)]
        output: OutputArgs,
    },
    /// Delete rows from quarantine for good
    Drop {
        #[command(flatten)]
        rows: RowSelection,
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
}
