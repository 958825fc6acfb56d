//! One room per command.

mod backfill;
mod check;
mod job;
mod models;
mod ownership;
mod plan;
mod plugin;
mod probe;
mod quarantine;
mod run;
mod runs;
mod sample;
mod state;
mod verify;

use std::io::{self, BufRead as _, IsTerminal as _};
use std::path::Path;
use std::sync::Arc;

use clap::CommandFactory as _;
use wmshost_flow::Clock;
use wmshost_pipeline::{Checked, Mistakes, check_file};

use crate::catalog::Catalog;
use crate::cli::{Cli, Command};
use crate::exit::Exit;
use crate::home::{Home, SystemClock, variable};
use crate::signals::Signals;
use crate::{logs, report};

pub(crate) use models::{KpiArgs, ModelMistakes, ModelsCommand, Shelf};

/// What the commands stand on.
pub(crate) struct Edge {
    pub(crate) home: Home,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) verbose: u8,
    pub(crate) signals: Signals,
}

impl Edge {
    fn catalog(&self) -> anyhow::Result<Catalog> {
        Ok(Catalog::new(self.home.plugins())?.stopping_at(self.signals.cancel()))
    }

    /// The pipeline in this file, checked; what is doubtful about it is said.
    fn pipeline(&self, file: &Path, catalog: &Catalog) -> Result<Checked, Mistakes> {
        let pipeline = check_file(file, &variable, catalog)?;
        for warning in &pipeline.warnings {
            report::warning(warning);
        }
        Ok(pipeline)
    }
}

/// Asks whether to go on, unless that was said already.
pub(crate) fn confirmed(yes: bool) -> anyhow::Result<bool> {
    if yes {
        return Ok(true);
    }
    if !io::stdin().is_terminal() {
        report::note("nobody to ask; say --yes");
        return Ok(false);
    }
    report::ask("go on? [y/N] ");
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer)?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}

/// Does what was typed.
pub(crate) fn dispatch(cli: Cli) -> anyhow::Result<Exit> {
    let (clock, signals) = (Arc::new(SystemClock::start()), Signals::handled()?);
    let edge = Edge { home: Home::find(), clock, verbose: cli.verbose, signals };
    // What runs streams has a log of its own.
    if !cli.command.runs_streams() {
        logs::start(None, edge.verbose)?;
    }
    match cli.command {
        Command::Run { selection, full_refresh, on_change, allowed, output } => {
            let load = run::Load { full_refresh, on_change, allow_deletes: allowed.streams };
            run::run(&edge, &selection, load, output.output)
        }
        Command::Verify(arguments) => verify::verify(&edge, &arguments),
        Command::Backfill(arguments) => backfill::backfill(&edge, &arguments),
        Command::Quarantine(command) => quarantine::quarantine(&edge, command),
        Command::Check { selection, offline, connect, output } => {
            let reach = match (offline, connect) {
                (true, _) => check::Reach::Offline,
                (_, true) => check::Reach::Connections,
                _ => check::Reach::Streams,
            };
            check::check(&edge, &selection, reach, output.output)
        }
        Command::Plan { selection, output } => plan::plan(&edge, &selection, output.output),
        Command::Models(command) => models::models(&edge, command),
        Command::Kpi(args) => models::kpi(&edge, &args),
        Command::Sample(command) => sample::sample(command),
        Command::State(command) => state::state(&edge, command),
        Command::Runs(command) => runs::runs(&edge, command),
        Command::Plugin(command) => plugin::plugin(&edge, command),
        Command::Keys => {
            report::print(wmshost_pipeline::HELP.trim_end());
            Ok(Exit::Success)
        }
        Command::Completions { shell } => {
            clap_complete::generate(shell, &mut Cli::command(), "wmshost", &mut io::stdout());
            Ok(Exit::Success)
        }
    }
}
