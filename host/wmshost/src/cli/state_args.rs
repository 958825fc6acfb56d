//! The arguments of the commands for a target's own tables: state, runs, quarantine.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{OutputArgs, Selection};

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

#[derive(Subcommand)]
pub(crate) enum RunsCommand {
    /// List the last runs
    List {
        /// The number of runs to list
        #[arg(long, value_name = "N", default_value_t = 20)]
        limit: u32,
        #[command(flatten)]
        output: OutputArgs,
    },
    /// Show one run with its streams
    Show {
        /// The run's id, or the beginning of it
        run: String,
        #[command(flatten)]
        output: OutputArgs,
    },
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
