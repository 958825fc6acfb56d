//! The arguments of `wmshost import`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::OutputArgs;

const DBT: &str = "\
The Jinja of the project is evaluated once, within limits; nothing of it is run, no database and no variable of the
environment is looked at. The result is a folder of plain SQL and YAML for `project` in [models], and it is checked as a whole:
what cannot be taken over is refused by name, with file and line, and so is what reads it. host/projects/README.md says what is
known. Ends with 1 if anything is refused or has to be done by hand, unless --accept is given.

Examples:
  wmshost import dbt ../analytics --dialect oracle --to pipelines/analytics
  wmshost import dbt ../analytics --dialect oracle --to sql --source erp.orders=order_hdr --vars start=2026-01-01
  wmshost import dbt ../analytics --dialect sqlite --report-only --output json";

const MELTANO: &str = "\
Reads meltano.yml and the files that it includes; nothing of the project is run, and no variable is looked at. Each pair of a
tap and a target becomes a pipeline file, and each environment a file that extends it. References to variables stay
references; a secret in plain text is not copied. parity-report.md beside the pipelines says of each setting, stream, job and
schedule whether it was carried, mapped, changed, dropped or is left to do by hand, with file, line and reason. With a state,
`wmshost state import` sets the bookmarks: the first run goes on where the tap ended. docs/operate/meltano.md has the rest. Ends
with 1 if anything is left to do by hand, unless --accept is given.

Examples:
  meltano --environment prod state get prod:tap-oracle-wms-to-target-oracle > state.json
  wmshost import meltano ../warehouse --environment prod --state state.json --to pipelines/warehouse
  wmshost import meltano ../warehouse --report-only --output json";

#[derive(Subcommand)]
pub(crate) enum ImportCommand {
    /// Take a dbt project over into a folder of SQL files, with a report of each model
    #[command(after_help = DBT)]
    Dbt(ImportDbtArgs),
    /// Take a Meltano project over into pipeline files, with a report of each part
    #[command(after_help = MELTANO)]
    Meltano(ImportMeltanoArgs),
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum SqlDialect {
    /// SQLite
    Sqlite,
    /// Oracle
    Oracle,
}

/// The folder that an import writes, and its report.
#[derive(Args)]
pub(crate) struct ImportArgs {
    /// The folder to write
    #[arg(long, value_name = "FOLDER", required_unless_present = "report_only")]
    pub(crate) to: Option<PathBuf>,
    /// Write nothing, only report
    #[arg(long, conflicts_with = "to")]
    pub(crate) report_only: bool,
    /// Replace the folder if an import wrote it
    #[arg(long, requires = "to")]
    pub(crate) force: bool,
    /// End with 0 also if something is refused or has to be done by hand
    #[arg(long)]
    pub(crate) accept: bool,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
}

#[derive(Args)]
pub(crate) struct ImportDbtArgs {
    /// The folder that has dbt_project.yml
    pub(crate) folder: PathBuf,
    /// The SQL that the project is written in: that of the pipeline's target
    #[arg(long, value_enum)]
    pub(crate) dialect: SqlDialect,
    /// A value for a variable of the project; may be given several times
    #[arg(long = "vars", value_name = "KEY=VALUE")]
    pub(crate) vars: Vec<String>,
    /// The stream of a source's table, where its name is not that of the table; may be given several times
    #[arg(long = "source", value_name = "GROUP.TABLE=STREAM")]
    pub(crate) sources: Vec<String>,
    #[command(flatten)]
    pub(crate) writing: ImportArgs,
}

#[derive(Args)]
pub(crate) struct ImportMeltanoArgs {
    /// The folder that has meltano.yml
    pub(crate) folder: PathBuf,
    /// Only this environment; all of them if not given
    #[arg(long, value_name = "NAME")]
    pub(crate) environment: Option<String>,
    /// A file with the state of its tap, as `meltano state get` prints it; of several, as an object by their ids
    #[arg(long, value_name = "FILE")]
    pub(crate) state: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) writing: ImportArgs,
}
