//! The arguments of `wmshost discover` and `wmshost init`.

use std::path::PathBuf;

use clap::Args;

use super::OutputArgs;

#[derive(Args)]
pub(crate) struct DiscoverArgs {
    /// The database: sqlite:FILE, oracle:HOST:PORT/SERVICE, or the label of a connection in the file of --pipeline
    pub(crate) source: String,
    /// The pipeline file that declares the connection
    #[arg(long, value_name = "FILE")]
    pub(crate) pipeline: Option<PathBuf>,
    /// The schema of an Oracle database, instead of the user's own
    #[arg(long, value_name = "SCHEMA")]
    pub(crate) schema: Option<String>,
    /// Only this table or view; may be given several times
    #[arg(long = "table", value_name = "TABLE")]
    pub(crate) tables: Vec<String>,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
}

#[derive(Args)]
pub(crate) struct InitArgs {
    /// The database to read: sqlite:FILE, oracle:HOST:PORT/SERVICE, or a label in the file of --pipeline
    #[arg(long, value_name = "DATABASE")]
    pub(crate) source: String,
    /// The database to write, likewise
    #[arg(long, value_name = "DATABASE")]
    pub(crate) target: String,
    /// A pipeline file that declares connections; the one that is written extends it
    #[arg(long, value_name = "FILE")]
    pub(crate) pipeline: Option<PathBuf>,
    /// The schema of an Oracle database that is read, instead of the user's own
    #[arg(long, value_name = "SCHEMA")]
    pub(crate) source_schema: Option<String>,
    /// The schema of an Oracle database that is written, instead of the user's own
    #[arg(long, value_name = "SCHEMA")]
    pub(crate) target_schema: Option<String>,
    /// Only this table or view; may be given several times
    #[arg(long = "table", value_name = "TABLE")]
    pub(crate) tables: Vec<String>,
    /// The pipeline's name, instead of one after the source
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,
    /// The file to write, instead of standard output
    #[arg(long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Write the file even if there is one already
    #[arg(long, requires = "output")]
    pub(crate) force: bool,
}
