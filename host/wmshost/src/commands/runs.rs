//! `wmshost runs`: shows the history.

use wmshost_flow::Failure;
use wmshost_runtime::history::{History, RunFilter, RunRecord};
use wmshost_runtime::{Result, Runtime};

use super::App;
use crate::cli::{Output, RunsCommand, RunsListArgs};
use crate::exit::Exit;
use crate::report;

pub(super) fn runs(app: &App, command: RunsCommand) -> Result<Exit> {
    match command {
        RunsCommand::List(arguments) => list(&app.runtime(arguments.output.output), arguments),
        RunsCommand::Show { run, output } => show(&app.runtime(output.output), &run, output.output),
    }
}

fn list(runtime: &Runtime, arguments: RunsListArgs) -> Result<Exit> {
    let RunsListArgs { limit, pipeline, kind, failed, since, output } = arguments;
    let filter = RunFilter { pipeline, kind, failed, since, limit: Some(limit) };
    report::runs::list(&runtime.history()?.list(&filter)?, output.output)?;
    Ok(Exit::Success)
}

/// The only run whose id begins so.
pub(super) fn the_run(history: &History, prefix: &str) -> Result<RunRecord, Failure> {
    let mut found = history.find(prefix)?;
    match (found.pop(), found.len()) {
        (Some(run), 0) => Ok(run),
        (None, _) => {
            let message = format!("no run begins with {prefix:?}; `wmshost runs list` shows those there are");
            Err(Failure::invalid_config(message))
        }
        (Some(_), others) => {
            let message = format!("{} runs begin with {prefix:?}; give more of the id", others + 1);
            Err(Failure::invalid_config(message))
        }
    }
}

fn show(runtime: &Runtime, prefix: &str, output: Output) -> Result<Exit> {
    let history = runtime.history()?;
    let run = &the_run(&history, prefix)?;
    report::runs::show(run, &runtime.run_parts(&run.run_id)?, runtime.run_receipt(run)?.as_ref(), output)?;
    Ok(Exit::Success)
}
