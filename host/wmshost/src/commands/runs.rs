//! `wmshost runs`: shows the history.

use wmshost_flow::Failure;
use wmshost_runtime::{Result, Runtime};

use super::App;
use crate::cli::{Output, RunsCommand};
use crate::exit::Exit;
use crate::report;

pub(super) fn runs(app: &App, command: RunsCommand) -> Result<Exit> {
    match command {
        RunsCommand::List { limit, output } => list(&app.runtime(output.output), limit, output.output),
        RunsCommand::Show { run, output } => show(&app.runtime(output.output), &run, output.output),
    }
}

fn list(runtime: &Runtime, limit: u32, output: Output) -> Result<Exit> {
    report::runs::list(&runtime.history()?.list(limit)?, output)?;
    Ok(Exit::Success)
}

fn show(runtime: &Runtime, prefix: &str, output: Output) -> Result<Exit> {
    let history = runtime.history()?;
    let found = history.find(prefix)?;
    let [run] = found.as_slice() else {
        let message = match found.len() {
            0 => format!("no run begins with {prefix:?}; `wmshost runs list` shows those there are"),
            many => format!("{many} runs begin with {prefix:?}; give more of the id"),
        };
        return Err(Failure::invalid_config(message).into());
    };
    let (streams, plugins) = (history.streams(&run.run_id)?, history.plugins(&run.run_id)?);
    report::runs::show(run, (&streams, &plugins), &runtime.data_dir.log(&run.run_id), output)?;
    Ok(Exit::Success)
}
