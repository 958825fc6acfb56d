//! `wmshost schedule`: shows the schedules of a pipeline, and pauses them.

use wmshost_runtime::Result;
use wmshost_runtime::serve::{pause, resume, schedules};

use super::App;
use crate::cli::{Output, ScheduleCommand};
use crate::exit::Exit;
use crate::report;

pub(super) fn schedule(app: &App, command: ScheduleCommand) -> Result<Exit> {
    match command {
        ScheduleCommand::List { pipeline, output } => {
            let runtime = app.runtime(output.output);
            let pipeline = runtime.resolved(&pipeline)?;
            report::serve::schedules(&schedules(&runtime, &pipeline)?, output.output)?;
        }
        ScheduleCommand::Pause { pipeline } => {
            let runtime = app.runtime(Output::Text);
            let pipeline = runtime.resolved(&pipeline)?;
            pause(&runtime, &pipeline)?;
            report::note(&format!("no scheduled run of {} begins on this machine until it is resumed", pipeline.name));
        }
        ScheduleCommand::Resume { pipeline } => {
            let runtime = app.runtime(Output::Text);
            let pipeline = runtime.resolved(&pipeline)?;
            resume(&runtime, &pipeline)?;
            report::note(&format!("scheduled runs of {} begin again", pipeline.name));
        }
    }
    Ok(Exit::Success)
}
