//! `wmshost logs`: prints the log of a run.

use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::thread::sleep;
use std::time::Duration;

use wmshost_flow::Failure;
use wmshost_runtime::history::{RunFilter, RunRecord, RunStatus};
use wmshost_runtime::{Result, Runtime};

use super::App;
use super::runs::the_run;
use crate::cli::LogsArgs;
use crate::exit::Exit;
use crate::report;

/// The interval at which a log that is followed is read.
const POLL_INTERVAL: Duration = Duration::from_millis(200);

pub(super) fn logs(app: &App, arguments: &LogsArgs) -> Result<Exit> {
    let output = arguments.output.output;
    let runtime = app.runtime(output);
    let run = find(&runtime, arguments.run.as_deref())?;
    let path = runtime.data_dir.log(&run.run_id);
    let file = File::open(&path).map_err(|error| {
        Failure::invalid_config(format!("{}: the log of run {} cannot be read: {error}", path.display(), run.run_id))
    })?;
    let mut lines = BufReader::new(file);
    let mut line = String::new();
    loop {
        // The status is read before the lines: what the run wrote before it ended is printed.
        let has_ended = !arguments.follow || the_run(&runtime.history()?, &run.run_id)?.status != RunStatus::Running;
        while lines.read_line(&mut line).map_err(|error| Failure::permanent(error.to_string()))? > 0 {
            if line.ends_with('\n') {
                report::logs::line(line.trim_end(), arguments.level, output);
                line.clear();
            }
        }
        if has_ended {
            return Ok(Exit::Success);
        }
        sleep(POLL_INTERVAL);
    }
}

/// The run whose id begins so, or the last one that has a log.
fn find(runtime: &Runtime, prefix: Option<&str>) -> Result<RunRecord> {
    let history = runtime.history()?;
    if let Some(prefix) = prefix {
        return Ok(the_run(&history, prefix)?);
    }
    let runs = history.list(&RunFilter { limit: Some(100), ..RunFilter::default() })?;
    let last = runs.into_iter().find(|run| runtime.data_dir.log(&run.run_id).exists());
    Ok(last.ok_or_else(|| Failure::invalid_config("there is no run with a log yet"))?)
}
