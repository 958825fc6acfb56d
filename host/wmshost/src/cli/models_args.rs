//! The arguments of `wmshost models`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use wmshost_flow::Failure;
use wmshost_flow::Setting;
use wmshost_pipeline::variable_literal;
use wmshost_runtime::models::Variables;

use super::OutputArgs;

const SELECTING: &str = "\
Selecting, with --select and --exclude (blanks add, commas narrow down):
  dim_items, stg_*             by name; * and ? stand for letters
  tag:daily  owner:ana         by what is declared
  layer:mart  materialized:view  plugin:wms-marts  source:allocation
  state:new  state:modified    not built yet, or built from another declaration
  result:error  result:fail  result:warn  result:skipped   by the last run
  +x  x+  2+x  x+1             with the models it reads, with those that read it, up to that number of steps
  @x                           with what reads it, and all that those read";

const BUILDING: &str = "\
A model is built in one transaction; one that fails leaves the previous table, and the models that read it are skipped.
A model is left alone if neither it nor anything that it reads has changed.

Examples:
  wmshost models build pipelines/dev.toml
  wmshost models build pipelines/dev.toml --select +dim_items --full-refresh
  wmshost models build pipelines/dev.toml --select state:modified+ --fail-fast --output json";

const DEVELOPING: &str = "\
It watches the folder that `project` of [models] names, and the pipeline file. What has not changed is not built again. A
mistake is reported and leaves the tables as they are.

Examples:
  wmshost models dev pipelines/sql-project.toml
  wmshost models dev pipelines/sql-project.toml --select location_load+";

const COMPARING: &str = "\
Compares the tables and views of the selected models, row for row, with those of the same names that another build made: that of
another pipeline file, or what dbt built in a database, which is a connection of the first file and needs nothing of wmshost.
Nothing is written. Rows are matched by the model's key, or by the columns that a test says are unique, and as a whole without
either. The host's own columns are left out, and so are those of --leave-out, such as a time of loading. It is the value that
counts and not its type: 1 is 1.0 and the text `1`, a day is its first moment; on Oracle, an empty text is NULL.
Ends with 0 if all columns and rows are equal, with 1 if something differs or cannot be compared.

Examples:
  wmshost models compare pipelines/new.toml pipelines/old.toml
  wmshost models compare pipelines/analytics.toml --connection dbt --leave-out loaded_at
  wmshost models compare pipelines/analytics.toml --connection dbt --select layer:mart --show 20 --output json";

#[derive(Subcommand)]
pub(crate) enum ModelsCommand {
    /// Build models
    #[command(after_help = BUILDING, after_long_help = SELECTING)]
    Run(BuildArgs),
    /// Run the tests of models and streams, and the unit tests
    #[command(after_help = SELECTING)]
    Test(BuildArgs),
    /// Build models and test them, each before the models that read it
    #[command(after_help = BUILDING, after_long_help = SELECTING)]
    Build(BuildArgs),
    /// Build models that failed or were skipped in the last run, and test them
    Retry(BuildArgs),
    /// Build models and test them, and again whenever a file of the SQL project or the pipeline file is saved
    #[command(after_help = DEVELOPING, after_long_help = SELECTING)]
    Dev(ModelsDevArgs),
    /// List models and streams
    #[command(after_help = SELECTING)]
    List(SelectArgs),
    /// Show one model: columns, tests, what it reads, how it was last built, and some of its rows
    Show(ShowArgs),
    /// Print the SQL of models
    #[command(after_help = SELECTING)]
    Compile(SelectArgs),
    /// Show which models would be built, and why
    #[command(after_help = SELECTING)]
    Diff(SelectArgs),
    /// Compare the rows of models with those that another build made, such as that of dbt
    #[command(after_help = COMPARING, after_long_help = SELECTING)]
    Compare(CompareArgs),
    /// Show the age of streams and models; ends with 1 if one is too old
    #[command(after_help = SELECTING)]
    Freshness(SelectArgs),
    /// Write the documentation: a folder that needs no network and no server
    #[command(after_help = "Example:\n  wmshost models docs pipelines/dev.toml --to site")]
    Docs(DocsArgs),
}

impl ModelsCommand {
    /// Returns whether the history records it as a run.
    pub(crate) fn is_recorded(&self) -> bool {
        matches!(self, Self::Run(_) | Self::Test(_) | Self::Build(_) | Self::Retry(_))
    }
}

#[derive(Args)]
pub(crate) struct SelectArgs {
    /// The pipeline file
    pub(crate) pipeline: PathBuf,
    /// Only these; may be given several times
    #[arg(short, long, value_name = "WORDS")]
    pub(crate) select: Vec<String>,
    /// Without these; may be given several times
    #[arg(long, value_name = "WORDS")]
    pub(crate) exclude: Vec<String>,
    /// Variables for the SQL: text, numbers, true or false; may be given several times
    #[arg(long = "vars", value_name = "KEY=VALUE")]
    pub(crate) vars: Vec<String>,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
}

#[derive(Args)]
pub(crate) struct BuildArgs {
    #[command(flatten)]
    pub(crate) which: SelectArgs,
    /// Build incremental models in full, and snapshots from the start
    #[arg(long)]
    pub(crate) full_refresh: bool,
    /// Build models that have not changed, too
    #[arg(long)]
    pub(crate) force: bool,
    /// Begin no further model after the first failure
    #[arg(long)]
    pub(crate) fail_fast: bool,
    /// The number of models at once, instead of that in the pipeline file
    #[arg(long, value_name = "N")]
    pub(crate) threads: Option<usize>,
}

#[derive(Args)]
pub(crate) struct ModelsDevArgs {
    #[command(flatten)]
    pub(crate) build: BuildArgs,
    /// End after this number of builds
    #[arg(long, value_name = "N")]
    pub(crate) builds: Option<u32>,
}

#[derive(Args)]
#[group(required = true, multiple = false)]
pub(crate) struct OtherBuildArgs {
    /// The pipeline file of the other build
    pub(crate) other: Option<PathBuf>,
    /// The connection of the first pipeline that has the other build, whatever made it
    #[arg(long, value_name = "LABEL")]
    pub(crate) connection: Option<String>,
}

#[derive(Args)]
pub(crate) struct CompareArgs {
    #[command(flatten)]
    pub(crate) which: SelectArgs,
    #[command(flatten)]
    pub(crate) other: OtherBuildArgs,
    /// The table of a model in the other build, where it has another name; may be given several times
    #[arg(long = "table", value_name = "MODEL=TABLE")]
    pub(crate) tables: Vec<String>,
    /// A column that is not compared; may be given several times
    #[arg(long, value_name = "COLUMN")]
    pub(crate) leave_out: Vec<String>,
    /// The number of differing rows of each model to name
    #[arg(long, value_name = "N", default_value_t = 10)]
    pub(crate) show: usize,
}

#[derive(Args)]
pub(crate) struct ShowArgs {
    /// The pipeline file
    pub(crate) pipeline: PathBuf,
    /// The model or stream
    pub(crate) name: String,
    /// The number of its rows to show
    #[arg(long, value_name = "N", default_value_t = 5)]
    pub(crate) rows: usize,
    /// Variables for the SQL
    #[arg(long = "vars", value_name = "KEY=VALUE")]
    pub(crate) vars: Vec<String>,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
}

#[derive(Args)]
pub(crate) struct DocsArgs {
    /// The pipeline file
    pub(crate) pipeline: PathBuf,
    /// The folder to write
    #[arg(long, value_name = "FOLDER", default_value = ".wmshost/docs")]
    pub(crate) to: PathBuf,
    /// Leave the columns' profiles out: they read every table once
    #[arg(long)]
    pub(crate) no_profile: bool,
    /// Variables for the SQL
    #[arg(long = "vars", value_name = "KEY=VALUE")]
    pub(crate) vars: Vec<String>,
}

#[derive(Args)]
pub(crate) struct KpiArgs {
    /// The pipeline file
    pub(crate) pipeline: PathBuf,
    /// The number of days
    #[arg(long, value_name = "N", default_value_t = 7)]
    pub(crate) days: usize,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
}

/// The variables of `--vars`: SQL literals by name.
pub(crate) fn variables(given: &[String]) -> Result<Variables, Failure> {
    let variable = |given: &String| match given.split_once('=') {
        Some((name, value)) => Ok((name.trim().to_owned(), typed_literal(value.trim()))),
        None => Err(Failure::invalid_config(format!("--vars {given}: write KEY=VALUE"))),
    };
    given.iter().map(variable).collect()
}

/// A typed value as a SQL literal.
fn typed_literal(value: &str) -> String {
    let setting = if let Ok(number) = value.parse() {
        Setting::Integer(number)
    } else if let Ok(number) = value.parse::<f64>()
        && number.is_finite()
    {
        Setting::Number(number)
    } else if let Ok(flag) = value.parse() {
        Setting::Flag(flag)
    } else {
        Setting::Text(value.to_owned())
    };
    variable_literal(&setting)
}
