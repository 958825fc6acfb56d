//! The command line.
//!
//! | module | purpose |
//! |---|---|
//! | `backfill_args` | the arguments of `wmshost backfill` |
//! | `backup_args` | the arguments of `wmshost backup` and `wmshost restore` |
//! | `doctor_args` | the arguments of `wmshost doctor` |
//! | `import_args` | the arguments of `wmshost import` |
//! | `init_args` | the arguments of `wmshost discover` and `wmshost init` |
//! | `models_args` | the arguments of `wmshost models` |
//! | `operate_args` | the arguments of `wmshost verify`, `wmshost status`, `wmshost explain`, `wmshost tap`, `wmshost receipt`, `wmshost alerts` and `wmshost clean` |
//! | `plugin_args` | the arguments of `wmshost plugin` |
//! | `sample_args` | the arguments of `wmshost sample` |
//! | `singer_args` | the arguments of `wmshost singer` |
//! | `serve_args` | the arguments of `wmshost serve` and `wmshost schedule` |
//! | `state_args` | the arguments of the commands for a target's own tables |

mod backfill_args;
mod backup_args;
mod doctor_args;
mod import_args;
mod init_args;
mod models_args;
mod operate_args;
mod plugin_args;
mod sample_args;
mod serve_args;
mod singer_args;
mod state_args;

use std::path::PathBuf;
use std::sync::LazyLock;

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use wmshost_flow::{Micros, timestamp_from_text};
use wmshost_runtime::drivers;
use wmshost_sandbox::{CONTRACT_VERSION, WASMTIME_VERSION, contract_range};

pub(crate) use backfill_args::BackfillArgs;
pub(crate) use backup_args::{BackupArgs, RestoreArgs};
pub(crate) use doctor_args::DoctorArgs;
pub(crate) use import_args::{ImportCommand, ImportDbtArgs, ImportMeltanoArgs, SqlDialect};
pub(crate) use init_args::{DiscoverArgs, InitArgs};
pub(crate) use models_args::{
    BuildArgs, CompareArgs, DocsArgs, KpiArgs, ModelsCommand, ModelsDevArgs, SelectArgs, ShowArgs, variables,
};
pub(crate) use operate_args::{AlertsCommand, CleanArgs, ExplainArgs, ReceiptCommand, StatusArgs, TapArgs, VerifyArgs};
pub(crate) use plugin_args::{
    BenchArgs, CheckPluginArgs, DevArgs, DiffArgs, FixtureArgs, Kind, Language, NewArgs, PluginCommand, ProjectArgs,
    TestArgs,
};
pub(crate) use sample_args::SampleCommand;
pub(crate) use serve_args::{ScheduleCommand, ServeArgs};
pub(crate) use singer_args::{AboutFormat, SingerCommand, SingerTapArgs, SingerTargetArgs};
pub(crate) use state_args::{
    LogLevel, LogsArgs, QuarantineCommand, QuarantineListArgs, RowSelection, RunsCommand, RunsListArgs, StateCommand,
};

const AFTER: &str = "\
Exit codes:
  0    all was done
  1    something failed while it ran, or a guard stopped it; what was committed before stays
  2    the command line, a pipeline file, a plugin or a database is not as it must be; nothing was written
  3    another run holds a stream, or the models; nothing of that was written
  4    every row of a stream was rejected; see `wmshost quarantine list`
  130  asked to stop (SIGINT, SIGTERM); what was committed before stays

Environment:
  WMSHOST_HOME     the host's own folder: compiled plugins, run history, logs (default .wmshost)
  WMSHOST_PLUGINS  folders of standard plugins that come before the installed ones: absolute paths, `:` between them
  NO_COLOR         no colours, also on a terminal
  and what the pipeline files refer to

Examples:
  wmshost sample create .wmshost/wms.db --allocations 100000 --seed 1
  wmshost check pipelines/dev.toml
  wmshost run pipelines/dev.toml
  wmshost run pipelines/prod.toml --stream allocation --output json";

/// Moves a warehouse's data through sandboxed plugins: extract, transform, load.
#[derive(Parser)]
#[command(name = "wmshost", version, long_version = long_version(), after_help = AFTER, max_term_width = 120)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
    /// Show the log on standard error (-vv: more of it)
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
    /// Print errors and warnings only; --output json still prints the result
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub(crate) quiet: bool,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Write wmshost.lock beside a pipeline file, or show what differs from it
    #[command(after_help = "\
The lock has the digest, the contract, the imports and the grants of each plugin, and belongs into version control. Where it is
there, every command refuses a component that differs from it before it is compiled, and grants that differ before anything is
opened. Without differences, and where the pipeline is not in the lock yet, it is written at once. Exit code 2 if something
differs and is not accepted.

Examples:
  wmshost lock pipelines/prod.toml
  wmshost lock pipelines/prod.toml --accept 3f1c09aa52e07d41")]
    Lock {
        /// The pipeline file
        pipeline: PathBuf,
        /// Accept the differences with this hash, which the command prints
        #[arg(long, value_name = "HASH")]
        accept: Option<String>,
    },
    /// Write a pipeline for a database of your own: it looks at the tables and chooses keys, change keys and methods
    #[command(after_help = "\
The pipeline runs as it is written; it was checked as `wmshost check` does it. What you may want to decide otherwise is in
its comments, and so are the tables that cannot be moved as they are, with the reasons. Exit code 1 if that is each of them.
Nothing is written but the file.
User and password of an Oracle database come from the variables SOURCE_USERNAME and SOURCE_PASSWORD, TARGET_USERNAME and
TARGET_PASSWORD; the file names the variables.

Examples:
  wmshost init --source sqlite:shop.db --target sqlite:analytics.db --output shop.toml
  wmshost init --source oracle:db.example.com:1521/WMS --source-schema WMS --target sqlite:wms.db > wms.toml
  wmshost init --source wms --target analytics --pipeline connections.toml --table orders --output orders.toml")]
    Init(InitArgs),
    /// Show the tables of a database: columns with their types, keys, rows, and candidates for change keys
    #[command(after_help = "\
Rows are counted up to 10,000 in SQLite; larger numbers, and those of Oracle, are estimates. A change key is a column that
is set at each change of a row. Candidates are ranked by name, index, share of NULLs and share of ties; the shares are those
of the first 1,000 rows. Nothing is written.

Examples:
  wmshost discover sqlite:shop.db
  wmshost discover sqlite:shop.db --table orders --output json
  wmshost discover wms --pipeline pipelines/prod.toml")]
    Discover(DiscoverArgs),
    /// Examine this machine: folders, disk, clock, plugins, connections; and attack its sandbox
    #[command(after_help = doctor_args::AFTER)]
    Doctor(DoctorArgs),
    /// Run the streams of a pipeline
    #[command(after_help = "\
Every load batch is committed together with its checkpoint: after any interruption a new run goes on from there.

Examples:
  wmshost run pipelines/dev.toml
  wmshost run pipelines/dev.toml --stream allocation --stream order_hdr
  wmshost run pipelines/dev.toml --stream tag:nightly --no-models
  wmshost run pipelines/dev.toml --full-refresh --output json")]
    Run(RunArgs),
    /// Find all mistakes in a pipeline at once; nothing is written
    #[command(after_help = "Example:\n  wmshost check pipelines/prod.toml --offline")]
    Check(CheckArgs),
    /// Show what a run would read and write, and from which bookmark; nothing is written
    #[command(after_help = "Example:\n  wmshost plan pipelines/dev.toml --stream allocation")]
    Plan {
        #[command(flatten)]
        selection: Selection,
        #[command(flatten)]
        output: OutputArgs,
    },
    /// Show rows of a stream before and after each of its plugins, cell by cell; nothing is written
    #[command(after_help = operate_args::TAP_HELP)]
    Tap(TapArgs),
    /// Compare source and target by count and hash per range of keys, and name what differs
    #[command(after_help = "\
Each stream's rows go through its own transforms as they would in a run; rows that go to quarantine are not expected in
the target. Exit code 1 if anything differs that was not repaired; with --repair, a row whose new version goes to
quarantine keeps the version that the target has, which is no failure. Rows are deleted only after source and target
were read to their ends, and never more than `max_deleted` and `max_deleted_percent` allow.

A stream that is found equal is verified through the time before its source was opened: `wmshost status` shows that.

Examples:
  wmshost verify pipelines/dev.toml
  wmshost verify pipelines/dev.toml --oldest 1
  wmshost verify pipelines/dev.toml --stream allocation --repair --output json")]
    Verify(VerifyArgs),
    /// Read a part of a stream again by its change key, in resumable windows; its bookmark is not touched
    #[command(after_help = backfill_args::HELP)]
    Backfill(BackfillArgs),
    /// Look at rejected rows, and send them through the pipeline again
    #[command(subcommand)]
    Quarantine(QuarantineCommand),
    /// Build, test and document the models of the loaded tables
    #[command(subcommand)]
    Models(ModelsCommand),
    /// Take over a project of another tool
    #[command(subcommand)]
    Import(ImportCommand),
    /// Speak the Singer protocol: as a tap, and as a target for the messages of one
    #[command(subcommand)]
    Singer(SingerCommand),
    /// Draw the metrics of the last days
    #[command(after_help = "Example:\n  wmshost kpi pipelines/dev.toml --days 14")]
    Kpi(KpiArgs),
    /// Make and change a sample warehouse
    #[command(subcommand)]
    Sample(SampleCommand),
    /// Look at the checkpoint of each stream, or change it by hand
    #[command(subcommand)]
    State(StateCommand),
    /// Show the state of every stream: its last run, its age and what waits; ends with 1 if one needs a person
    #[command(after_help = operate_args::STATUS_HELP)]
    Status(StatusArgs),
    /// Explain what failed: where, what was committed, the likely cause and the next command
    #[command(after_help = operate_args::EXPLAIN_HELP)]
    Explain(ExplainArgs),
    /// Look at the receipts of runs, and check them without a database
    #[command(subcommand)]
    Receipt(ReceiptCommand),
    /// Try the channels of alerts, look at what goes on, and send what is due
    #[command(subcommand)]
    Alerts(AlertsCommand),
    /// Copy the SQLite targets of a pipeline with their ledgers, and the history, while runs go on
    #[command(after_help = backup_args::BACKUP_HELP)]
    Backup(BackupArgs),
    /// Put the targets of a backup back; what is there is kept beside them
    #[command(after_help = backup_args::RESTORE_HELP)]
    Restore(RestoreArgs),
    /// Remove old runs, logs, compiled plugins and receipts from the host's own folder
    #[command(after_help = operate_args::CLEAN_HELP)]
    Clean(CleanArgs),
    /// Run pipelines by the schedules in their files, until a signal ends it
    #[command(after_help = serve_args::SERVE_HELP)]
    Serve(ServeArgs),
    /// Look at the schedules of a pipeline, and pause them
    #[command(subcommand)]
    Schedule(ScheduleCommand),
    /// Look at the runs so far
    #[command(subcommand)]
    Runs(RunsCommand),
    /// Print the log of a run
    #[command(after_help = "\
Each line has the time (UTC), the level, the message and what belongs to it. The file has one JSON object per line;
--output json prints it as it is.

Examples:
  wmshost logs
  wmshost logs --run 20261129-145655 --follow
  wmshost logs --level error --output json")]
    Logs(LogsArgs),
    /// Make, build and test plugins, and look at them
    #[command(subcommand)]
    Plugin(PluginCommand),
    /// Print every key of a pipeline file with its default and unit
    Keys,
    /// Print the JSON Schema of an output, or list the outputs
    #[command(after_help = "\
Each schema is a JSON Schema, draft 2020-12. Keys are only added to an output; what a key means does not change.

Examples:
  wmshost schema
  wmshost schema run > run.schema.json")]
    Schema {
        /// The output; all are listed if none is named
        output: Option<String>,
    },
    /// Print the manual page, or write a page of each command into a folder
    #[command(after_help = "Example:\n  wmshost man --to /usr/local/share/man/man1")]
    Man {
        /// The folder
        #[arg(long, value_name = "FOLDER")]
        to: Option<PathBuf>,
    },
    /// Print the completions for a shell
    #[command(after_help = "Example:\n  wmshost completions bash > /etc/bash_completion.d/wmshost")]
    Completions {
        /// The shell
        shell: Shell,
    },
}

/// The version, and what it depends on: the contract with plugins, the drivers, and the engine of the sandbox.
fn long_version() -> &'static str {
    static TEXT: LazyLock<String> = LazyLock::new(|| {
        format!(
            "{}\ncontract {CONTRACT_VERSION}, runs plugins of {}\ndrivers: {}\nwasmtime {WASMTIME_VERSION}",
            env!("CARGO_PKG_VERSION"),
            contract_range(),
            drivers().join(", ")
        )
    });
    &TEXT
}

impl Command {
    /// Returns whether the history records it as a run, so that it has a log of its own.
    pub(crate) fn is_recorded(&self) -> bool {
        match self {
            Self::Run(_) | Self::Verify(_) | Self::Backfill(_) => true,
            Self::Quarantine(command) => {
                matches!(command, QuarantineCommand::Replay { .. } | QuarantineCommand::Drop { .. })
            }
            Self::Models(command) => command.is_recorded(),
            Self::State(command) => command.is_recorded(),
            Self::Singer(command) => command.is_recorded(),
            _ => false,
        }
    }
}

#[derive(Args)]
pub(crate) struct Selection {
    /// The pipeline file
    pub(crate) pipeline: PathBuf,
    /// Only this stream, or those with a tag (`tag:NAME`); may be given several times
    #[arg(long = "stream", value_name = "STREAM")]
    pub(crate) streams: Vec<String>,
}

/// Deletions that the guards `max_deleted` and `max_deleted_percent` would stop.
#[derive(Args)]
pub(crate) struct AllowedDeletes {
    /// Delete rows of this stream's target that the source no longer has, however many; may be given several times
    #[arg(id = "allow-deletes", long = "allow-deletes", value_name = "STREAM")]
    pub(crate) streams: Vec<String>,
}

#[derive(Args)]
pub(crate) struct RunArgs {
    #[command(flatten)]
    pub(crate) selection: Selection,
    /// Read everything again and replace what is there
    #[arg(long)]
    pub(crate) full_refresh: bool,
    /// The reaction to changed definitions of streams, instead of their `on_change`
    #[arg(long, value_enum, value_name = "POLICY")]
    pub(crate) on_change: Option<OnChange>,
    /// Load the streams that can be opened where others cannot; the run fails all the same
    #[arg(long)]
    pub(crate) keep_going: bool,
    /// Build no models after the load
    #[arg(long)]
    pub(crate) no_models: bool,
    /// The id of the run, which `wmshost serve` chooses
    #[arg(long, value_name = "ID", hide = true, value_parser = serve_args::run_id)]
    pub(crate) run_id: Option<String>,
    #[command(flatten)]
    pub(crate) allowed: AllowedDeletes,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
}

#[derive(Args)]
pub(crate) struct CheckArgs {
    #[command(flatten)]
    pub(crate) selection: Selection,
    /// Look at files and plugins only, not at databases
    #[arg(long)]
    pub(crate) offline: bool,
    /// Print the type of every column in the source, on the way and in the target, and the values that do not arrive
    #[arg(long, conflicts_with = "offline")]
    pub(crate) certificate: bool,
    /// Test each connection first: version, time zone, round trip, and the rights that its user lacks
    #[arg(long, conflicts_with = "offline")]
    pub(crate) connect: bool,
    /// Measure web services again, and not only at first contact
    #[arg(long, requires = "connect")]
    pub(crate) measure: bool,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
}

/// Reads a moment in UTC.
fn moment(text: &str) -> Result<Micros, &'static str> {
    timestamp_from_text(text).ok_or("write a moment such as 2026-01-31 or \"2026-01-31 06:00\"")
}

#[derive(Args)]
pub(crate) struct OutputArgs {
    /// The format of the result on standard output
    #[arg(long, value_enum, default_value_t)]
    pub(crate) output: Output,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum OnChange {
    /// Go on where the bookmark still holds, and say what that means for the existing rows
    Tell,
    /// Read the whole table again
    Reload,
    /// Fail before a row moves
    Fail,
}

#[derive(Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Output {
    /// For people
    #[default]
    Text,
    /// For programs
    Json,
}
