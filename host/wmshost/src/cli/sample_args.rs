//! The arguments of `wmshost sample`.

use std::path::PathBuf;

use clap::Subcommand;

use super::OutputArgs;

/// A sample warehouse.
#[derive(Subcommand)]
pub(crate) enum SampleCommand {
    /// Make a sample warehouse: the same number and seed result in the same data on any machine
    #[command(after_help = "\
Examples:
  wmshost sample create .wmshost/wms.db --allocations 1000000 --seed 1
  wmshost sample create pipelines/prod.toml --to wms --allocations 20000   # into an Oracle database, or a file")]
    Create {
        /// The SQLite file to make; with --to, the pipeline file that has the connection
        file: PathBuf,
        /// Make it in the database of this connection of the pipeline; tables that exist are never touched
        #[arg(long, value_name = "CONNECTION", conflicts_with = "force")]
        to: Option<String>,
        /// Rows of the table allocation; the other tables are in proportion
        #[arg(long, value_name = "N", default_value_t = 100_000)]
        allocations: u64,
        /// The seed of the data
        #[arg(long, value_name = "S", default_value_t = 1)]
        seed: u64,
        /// Replace the file if it exists
        #[arg(long)]
        force: bool,
        #[command(flatten)]
        output: OutputArgs,
    },
    /// Apply a day of changes: inserts, updates, ties and rows that commit late
    #[command(after_help = "Example:\n  wmshost sample change .wmshost/wms.db --percent 1 --seed 2")]
    Change {
        /// The sample warehouse
        file: PathBuf,
        /// The part of it that changes, in percent
        #[arg(long, value_name = "P", default_value_t = 1.0)]
        percent: f64,
        /// The seed of the changes
        #[arg(long, value_name = "S", default_value_t = 1)]
        seed: u64,
        #[command(flatten)]
        output: OutputArgs,
    },
}
