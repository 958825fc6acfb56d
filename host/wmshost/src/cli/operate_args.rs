//! The arguments of `wmshost status` and `wmshost explain`.

use std::path::PathBuf;

use clap::Args;

use super::{OutputArgs, Selection};

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
