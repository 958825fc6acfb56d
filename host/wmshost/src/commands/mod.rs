//! One module per command: each parses its arguments, calls the runtime, reports the outcome and returns the exit code.
//!
//! | module | purpose |
//! |---|---|
//! | `alerts` | `wmshost alerts`: tries channels, shows what goes on, and sends what is due |
//! | `backfill` | `wmshost backfill`: reads a part of a stream again, window by window |
//! | `backup` | `wmshost backup` and `wmshost restore`: copies of targets |
//! | `check` | `wmshost check`: finds the mistakes in a pipeline |
//! | `clean` | `wmshost clean`: removes what is older than it has to be kept |
//! | `discover` | `wmshost discover`: shows the tables of a database |
//! | `doctor` | `wmshost doctor`: examines the machine, and attacks its sandbox |
//! | `explain` | `wmshost explain`: the likely causes of failures, and the next commands |
//! | `import` | `wmshost import`: takes projects of other tools over |
//! | `init` | `wmshost init`: writes a pipeline for a database |
//! | `man` | `wmshost man`: the manual pages |
//! | `lock` | `wmshost lock`: writes wmshost.lock, and shows what differs from it |
//! | `logs` | `wmshost logs`: prints the log of a run |
//! | `models` | `wmshost models` and `wmshost kpi`: the models that are built from the loaded tables |
//! | `plan` | `wmshost plan`: shows the reads and writes of a run |
//! | `plugin` | `wmshost plugin`: makes, builds, tests and describes components |
//! | `quarantine` | `wmshost quarantine`: lists rejected rows, and replays them |
//! | `receipt` | `wmshost receipt`: shows receipts of runs, and checks them |
//! | `run` | `wmshost run`: loads the streams and builds the models |
//! | `runs` | `wmshost runs`: shows the history |
//! | `sample` | `wmshost sample`: a warehouse for practice |
//! | `schedule` | `wmshost schedule`: shows schedules and pauses them |
//! | `schema` | `wmshost schema`: prints the JSON Schemas of the outputs |
//! | `serve` | `wmshost serve`: runs pipelines by their schedules |
//! | `singer` | `wmshost singer`: speaks the Singer protocol |
//! | `state` | `wmshost state`: shows the checkpoints of streams, and changes them |
//! | `status` | `wmshost status`: shows the state of every stream |
//! | `tap` | `wmshost tap`: shows rows before and after plugins |
//! | `verify` | `wmshost verify`: compares target and source, and repairs the target |

mod alerts;
mod backfill;
mod backup;
mod check;
mod clean;
mod discover;
mod doctor;
mod explain;
mod import;
mod init;
mod lock;
mod logs;
mod man;
mod models;
mod plan;
mod plugin;
mod quarantine;
mod receipt;
mod run;
mod runs;
mod sample;
mod schedule;
mod schema;
mod serve;
mod singer;
mod state;
mod status;
mod tap;
mod verify;

use std::io::{self, BufRead as _, IsTerminal as _};
use std::path::Path;
use std::sync::Arc;
use std::thread::sleep;
use std::time::Duration;

use clap::CommandFactory as _;
use wmshost_flow::{Clock, Failure};
use wmshost_pipeline::Checked;
use wmshost_runtime::alerts::after_run;
use wmshost_runtime::history::{RunKind, RunRecorder};
use wmshost_runtime::{DataDir, PluginRegistry, Result, Runtime, SystemClock};

use crate::cli::{Cli, Command, Output};
use crate::compile_component::compiler;
use crate::exit::{Exit, of_error};
use crate::report::ConsoleObserver;
use crate::signals::Signals;
use crate::{report, run_log};

/// The environment that the commands share.
struct App {
    data_dir: DataDir,
    clock: Arc<dyn Clock>,
    verbose: u8,
    signals: Signals,
    /// The id of the run, if it was chosen by another process.
    run_id: Option<String>,
}

impl App {
    /// The runtime for a command with this output.
    fn runtime(&self, output: Output) -> Runtime {
        report::set_output(output);
        Runtime {
            data_dir: self.data_dir.clone(),
            clock: Arc::clone(&self.clock),
            cancel: self.signals.cancel(),
            observer: Arc::new(ConsoleObserver::new(output)),
        }
    }

    /// Performs work that is a run: it has an id and a log, and the history records it from its beginning to its exit
    /// code, also if it fails. From now on a signal is a request to stop.
    fn recorded(
        &self,
        runtime: &Runtime,
        kind: RunKind,
        (pipeline, file): (&str, &Path),
        work: impl FnOnce(&RunRecorder<'_>) -> Result<Exit>,
    ) -> Result<Exit> {
        self.signals.let_end();
        let run_id = self.run_id.clone().unwrap_or_else(|| runtime.new_run_id());
        run_log::start(Some(&self.data_dir.log(&run_id)), self.verbose)?;
        let _span = tracing::info_span!("run", run_id, pipeline).entered();
        let recorder = RunRecorder::begin(runtime, kind, (pipeline, file), run_id)?;
        let outcome = work(&recorder);
        let (exit, message) = match &outcome {
            Ok(exit) => (*exit, None),
            Err(error) => (of_error(error), Some(error.to_string())),
        };
        let recorded = recorder.end(exit, message);
        after_run(runtime, file);
        // The failure of the work itself says more than a history that cannot be written.
        let exit = outcome?;
        recorded.map(|()| exit)
    }

    /// The checked pipeline in this file. The history records a run of this kind that failed if the file has mistakes.
    fn pipeline(&self, runtime: &Runtime, kind: RunKind, file: &Path, registry: &PluginRegistry) -> Result<Checked> {
        runtime.pipeline(file, registry).map_err(|mistake| {
            let name = runtime.resolved(file).map(|pipeline| pipeline.name).unwrap_or_else(|_| {
                file.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default()
            });
            let error = self.recorded(runtime, kind, (&name, file), |_| Err(mistake));
            error.err().unwrap_or_else(|| Failure::permanent("a run without a pipeline ended well").into())
        })
    }
}

/// Asks whether to go on, unless `yes` is set.
fn confirmed(yes: bool) -> Result<bool, Failure> {
    if yes {
        return Ok(true);
    }
    if !io::stdin().is_terminal() {
        report::note("standard input is not a terminal: pass --yes to confirm");
        return Ok(false);
    }
    report::prompt("go on? [y/N] ");
    let mut answer = String::new();
    let read = io::stdin().lock().read_line(&mut answer);
    read.map_err(|error| Failure::permanent(format!("the answer cannot be read: {error}")))?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}

/// The interval at which files that an author edits are looked at.
const LOOK: Duration = Duration::from_millis(300);

/// Acts now and whenever files are saved, which `files` identifies by what it returns, until a signal comes or after so
/// many times.
fn at_each_change<S: PartialEq>(
    app: &App,
    most: Option<u32>,
    files: impl Fn() -> Result<S>,
    act: impl Fn() -> Result<Exit>,
) -> Result<Exit> {
    let cancel = app.signals.cancel();
    let mut times = 0;
    loop {
        let seen = files()?;
        // The author goes on; what is wrong is in the files that are being edited.
        if let Err(error) = act() {
            report::failure(&error.to_string());
        }
        times += 1;
        if most.is_some_and(|most| times >= most) {
            return Ok(Exit::Success);
        }
        report::note("waiting for a change; Ctrl-C ends");
        while files().is_ok_and(|now| now == seen) {
            if cancel.is_set() {
                return Ok(Exit::Cancelled);
            }
            sleep(LOOK);
        }
    }
}

/// Runs the command.
pub(crate) fn dispatch(cli: Cli) -> Result<Exit> {
    let (clock, signals) = (Arc::new(SystemClock::start()), Signals::handled()?);
    let run_id = if let Command::Run(arguments) = &cli.command { arguments.run_id.clone() } else { None };
    let data_dir = DataDir::find().compiling_by(compiler());
    let app = App { data_dir, clock, verbose: cli.verbose, signals, run_id };
    report::set_quiet(cli.quiet);
    // What hostile plugins are denied is no warning to the person who sends them.
    let is_attack = matches!(&cli.command, Command::Doctor(arguments) if arguments.sandbox) && app.verbose == 0;
    // A run has a log of its own.
    if !cli.command.is_recorded() && !is_attack {
        run_log::start(None, app.verbose)?;
    }
    match cli.command {
        Command::Init(arguments) => init::init(&app, &arguments),
        Command::Discover(arguments) => discover::discover(&app, &arguments),
        Command::Doctor(arguments) => doctor::doctor(&app, &arguments),
        Command::Run(arguments) => run::run(&app, &arguments),
        Command::Verify(arguments) => verify::verify(&app, &arguments),
        Command::Backfill(arguments) => backfill::backfill(&app, &arguments),
        Command::Quarantine(command) => quarantine::quarantine(&app, command),
        Command::Check(arguments) => check::check(&app, &arguments),
        Command::Plan { selection, output } => plan::plan(&app, &selection, output.output),
        Command::Tap(arguments) => tap::tap(&app, &arguments),
        Command::Lock { pipeline, accept } => lock::lock(&app, &pipeline, accept.as_deref()),
        Command::Models(command) => models::models(&app, command),
        Command::Kpi(arguments) => models::kpi(&app, &arguments),
        Command::Sample(command) => sample::sample(&app, command),
        Command::State(command) => state::state(&app, command),
        Command::Import(command) => import::import(&app, &command),
        Command::Status(arguments) => status::status(&app, &arguments.selection, arguments.output.output),
        Command::Receipt(command) => receipt::receipt(&command),
        Command::Alerts(command) => alerts::alerts(&app, command),
        Command::Backup(arguments) => backup::backup(&app, &arguments),
        Command::Restore(arguments) => backup::restore(&app, &arguments),
        Command::Clean(arguments) => clean::clean(&app, &arguments),
        Command::Explain(arguments) => explain::explain(&app, &arguments),
        Command::Singer(command) => singer::singer(&app, &command),
        Command::Serve(arguments) => serve::serve(&app, arguments),
        Command::Schedule(command) => schedule::schedule(&app, command),
        Command::Runs(command) => runs::runs(&app, command),
        Command::Logs(arguments) => logs::logs(&app, &arguments),
        Command::Plugin(command) => plugin::plugin(&app, command),
        Command::Keys => {
            report::print(wmshost_pipeline::HELP.trim_end());
            Ok(Exit::Success)
        }
        Command::Schema { output } => schema::schema(output.as_deref()),
        Command::Man { to } => man::man(to.as_deref()),
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "wmshost", &mut script);
            report::print_part(&String::from_utf8_lossy(&script));
            Ok(Exit::Success)
        }
    }
}
