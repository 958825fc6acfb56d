//! One module per command.

mod backfill;
mod check;
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
mod stream_runner;
mod verify;

use std::io::{self, BufRead as _, IsTerminal as _};
use std::path::Path;
use std::sync::Arc;

use clap::CommandFactory as _;
use wmshost_flow::Clock;
use wmshost_pipeline::{Checked, Diagnostics, check_file};

use crate::cli::{Cli, Command};
use crate::data_dir::{DataDir, SystemClock, variable};
use crate::exit::Exit;
use crate::plugin_registry::PluginRegistry;
use crate::signals::Signals;
use crate::{logs, report};

pub(crate) use models::{Artifacts, KpiArgs, ModelDiagnostics, ModelsCommand};

/// The environment that the commands share.
pub(crate) struct App {
    pub(crate) data_dir: DataDir,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) verbose: u8,
    pub(crate) signals: Signals,
}

impl App {
    fn registry(&self) -> anyhow::Result<PluginRegistry> {
        Ok(PluginRegistry::new(self.data_dir.plugins())?.stopping_at(self.signals.cancel()))
    }

    /// The pipeline in this file, checked; its warnings are printed.
    fn pipeline(&self, file: &Path, registry: &PluginRegistry) -> Result<Checked, Diagnostics> {
        let pipeline = check_file(file, &variable, registry)?;
        for warning in &pipeline.warnings {
            report::warning(warning);
        }
        Ok(pipeline)
    }
}

/// Asks whether to go on, unless `yes` is set.
pub(crate) fn confirmed(yes: bool) -> anyhow::Result<bool> {
    if yes {
        return Ok(true);
    }
    if !io::stdin().is_terminal() {
        report::note("standard input is not a terminal: pass --yes to confirm");
        return Ok(false);
    }
    report::ask("go on? [y/N] ");
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer)?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}

/// Runs the command.
pub(crate) fn dispatch(cli: Cli) -> anyhow::Result<Exit> {
    let (clock, signals) = (Arc::new(SystemClock::start()), Signals::handled()?);
    let app = App { data_dir: DataDir::find(), clock, verbose: cli.verbose, signals };
    // A command that runs streams has a log of its own.
    if !cli.command.runs_streams() {
        logs::start(None, app.verbose)?;
    }
    match cli.command {
        Command::Run { selection, full_refresh, on_change, allowed, output } => {
            let load = run::Load { full_refresh, on_change, allow_deletes: allowed.streams };
            run::run(&app, &selection, load, output.output)
        }
        Command::Verify(arguments) => verify::verify(&app, &arguments),
        Command::Backfill(arguments) => backfill::backfill(&app, &arguments),
        Command::Quarantine(command) => quarantine::quarantine(&app, command),
        Command::Check { selection, offline, connect, output } => {
            let reach = match (offline, connect) {
                (true, _) => check::Reach::Offline,
                (_, true) => check::Reach::Connections,
                _ => check::Reach::Streams,
            };
            check::check(&app, &selection, reach, output.output)
        }
        Command::Plan { selection, output } => plan::plan(&app, &selection, output.output),
        Command::Models(command) => models::models(&app, command),
        Command::Kpi(args) => models::kpi(&app, &args),
        Command::Sample(command) => sample::sample(command),
        Command::State(command) => state::state(&app, command),
        Command::Runs(command) => runs::runs(&app, command),
        Command::Plugin(command) => plugin::plugin(&app, command),
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
