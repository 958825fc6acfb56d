//! `wmshost alerts`: tries the channels of a pipeline, shows what goes on, and sends what is due.

use wmshost_runtime::Result;
use wmshost_runtime::alerts::{Delivery, File, list, send, test};

use super::App;
use crate::cli::AlertsCommand;
use crate::exit::Exit;
use crate::report;

pub(super) fn alerts(app: &App, command: AlertsCommand) -> Result<Exit> {
    let (deliveries, output) = match command {
        AlertsCommand::Test { pipeline, channel, output } => {
            let runtime = app.runtime(output.output);
            let pipeline = runtime.resolved(&pipeline)?;
            (test(&runtime, &pipeline, channel.as_deref())?, output.output)
        }
        AlertsCommand::Send { pipeline, output } => {
            let runtime = app.runtime(output.output);
            let pipeline = runtime.resolved(&pipeline)?;
            (send(&runtime, &pipeline, File::Read)?, output.output)
        }
        AlertsCommand::List { pipeline, output } => {
            let runtime = app.runtime(output.output);
            let pipeline = runtime.resolved(&pipeline)?;
            report::alerts::state(&list(&runtime, &pipeline)?, output.output)?;
            return Ok(Exit::Success);
        }
    };
    report::alerts::deliveries(&deliveries, output)?;
    let is_lost = |delivery: &Delivery| delivery.problem.is_some();
    Ok(if deliveries.iter().any(is_lost) { Exit::Failed } else { Exit::Success })
}
