//! The arguments of `wmshost backup` and `wmshost restore`.

use std::path::PathBuf;

use clap::Args;

use super::OutputArgs;

pub(super) const BACKUP_HELP: &str = "\
It copies each SQLite target as it is at one moment, with the ledger and the quarantine in it, and the history of runs, the book of
schedules and the incidents from WMSHOST_HOME, while runs go on. The folder must be empty, or not there yet. An Oracle target is left
out, with a note about what to use. Receipts and logs are plain files; copy them as such.

Examples:
  wmshost backup pipelines/prod.toml --to /backup/wms-2026-12-01";

pub(super) const RESTORE_HELP: &str = "\
The files of the backup are held against its list before anything is replaced. The leases of all streams and of the models are taken
first: exit code 3 if a run holds one. What is there is kept beside each file, as FILE.before-ID. Streams go on from the bookmarks of
the backup: rows that were loaded since are read again, as far as the source still has them.

Examples:
  wmshost restore pipelines/prod.toml --from /backup/wms-2026-12-01
  wmshost restore pipelines/prod.toml --from /backup/wms-2026-12-01 --history --yes";

/// The arguments of `wmshost backup`.
#[derive(Args)]
pub(crate) struct BackupArgs {
    /// The pipeline file
    pub(crate) pipeline: PathBuf,
    /// The folder
    #[arg(long, value_name = "FOLDER")]
    pub(crate) to: PathBuf,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
}

/// The arguments of `wmshost restore`.
#[derive(Args)]
pub(crate) struct RestoreArgs {
    /// The pipeline file
    pub(crate) pipeline: PathBuf,
    /// The folder of the backup
    #[arg(long, value_name = "FOLDER")]
    pub(crate) from: PathBuf,
    /// Put back the history of runs, the book of schedules and the incidents too: those of all pipelines of this machine
    #[arg(long)]
    pub(crate) history: bool,
    /// Do not ask
    #[arg(long)]
    pub(crate) yes: bool,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
}
