//! The arguments of `wmshost singer`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::AllowedDeletes;

const TARGET: &str = "\
Reads the messages of a tap from standard input and loads their records into the database of a pipeline file, with the policies,
the quarantine and the transforms of its streams. A state is printed only when all before it is committed. Called by the name
target-wmshost, the program is this command. The settings are one JSON object; `--about` lists them.

Examples:
  tap-github --config tap.json | wmshost singer target --config target.json
  wmshost singer target --config target.json --input messages.jsonl > state.json
  wmshost singer target --about --format json";

const TAP: &str = "\
Writes the rows of a pipeline's streams to standard output, as the messages of a tap. A state covers all records before it; the
next run goes on from the last one. Nothing is loaded, and no target is opened. Called by the name tap-wmshost, the program is
this command. The settings are one JSON object; `--about` lists them.

Examples:
  wmshost singer tap --config tap.json --discover > catalog.json
  wmshost singer tap --config tap.json --catalog catalog.json --state state.json | target-jsonl
  wmshost singer tap --about --format json";

#[derive(Subcommand)]
pub(crate) enum SingerCommand {
    /// Write the rows of a pipeline's streams as the messages of a Singer tap
    #[command(after_help = TAP)]
    Tap(SingerTapArgs),
    /// Load the messages of a Singer tap
    #[command(after_help = TARGET)]
    Target(SingerTargetArgs),
}

impl SingerCommand {
    /// True if the history records it.
    pub(crate) fn is_recorded(&self) -> bool {
        match self {
            Self::Tap(_) => false,
            Self::Target(args) => !args.description.about,
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum AboutFormat {
    /// For people
    Text,
    /// For programs
    Json,
}

#[derive(Args)]
#[command(version)]
pub(crate) struct SingerTapArgs {
    /// A file with settings, or ENV for those in variables TAP_WMSHOST_*; may be given several times, the later one wins
    #[arg(long, value_name = "FILE", required_unless_present = "about")]
    pub(crate) config: Vec<PathBuf>,
    /// Write the catalog of all streams instead of records
    #[arg(long)]
    pub(crate) discover: bool,
    /// Read the streams and columns that this catalog selects; without it, all
    #[arg(long, value_name = "FILE", visible_alias = "properties")]
    pub(crate) catalog: Option<PathBuf>,
    /// Go on from this state
    #[arg(long, value_name = "FILE")]
    pub(crate) state: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) description: AboutArgs,
}

#[derive(Args)]
#[command(version)]
pub(crate) struct SingerTargetArgs {
    /// A file with settings, or ENV for those in variables TARGET_WMSHOST_*; may be given several times, the later one wins
    #[arg(long, value_name = "FILE", required_unless_present = "about")]
    pub(crate) config: Vec<PathBuf>,
    /// Read the messages from this file
    #[arg(long, value_name = "FILE")]
    pub(crate) input: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) allowed: AllowedDeletes,
    #[command(flatten)]
    pub(crate) description: AboutArgs,
}

#[derive(Args)]
pub(crate) struct AboutArgs {
    /// Describe the plugin and its settings
    #[arg(long)]
    pub(crate) about: bool,
    /// The form of that description
    #[arg(long, value_enum, requires = "about", default_value = "text")]
    pub(crate) format: AboutFormat,
}
