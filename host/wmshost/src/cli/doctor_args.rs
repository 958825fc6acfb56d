//! The arguments of `wmshost doctor`.

use std::path::PathBuf;

use clap::Args;

use super::OutputArgs;

/// The help after the options.
pub(super) const AFTER: &str = "\
With --sandbox, hostile plugins try to break each promise of the sandbox, on databases of their own in a temporary folder: each
line says where it was contained, as measured here. The limits are those of the first pipeline, or the defaults. Exit code 1 if
an attack was not contained, 2 if something else is in trouble.

Examples:
  wmshost doctor
  wmshost doctor pipelines/prod.toml
  wmshost doctor pipelines/prod.toml --sandbox --output json";

#[derive(Args)]
pub(crate) struct DoctorArgs {
    /// The pipeline files whose connections and streams are examined, too
    #[arg(value_name = "PIPELINE")]
    pub(crate) pipelines: Vec<PathBuf>,
    /// Attack the sandbox with hostile plugins
    #[arg(long)]
    pub(crate) sandbox: bool,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
}
