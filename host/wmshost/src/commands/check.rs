//! `wmshost check`: finds the mistakes in a pipeline, without writing anything.

use wmshost_runtime::check::{self, Reach};
use wmshost_runtime::{Error, Result};

use super::App;
use crate::cli::{CheckArgs, Output};
use crate::exit::Exit;
use crate::report;

pub(super) fn check(app: &App, arguments: &CheckArgs) -> Result<Exit> {
    let (streams, output) = (&arguments.selection.streams, arguments.output.output);
    let reach = match (arguments.offline, arguments.connect) {
        (true, _) => Reach::Offline,
        (_, true) => Reach::Connections { measures_again: arguments.measure },
        _ => Reach::Streams,
    };
    let runtime = app.runtime(output);
    let registry = runtime.registry()?;
    let pipeline = match runtime.pipeline(&arguments.selection.pipeline, &registry) {
        Ok(pipeline) => pipeline,
        Err(Error::Pipeline(diagnostics)) if output == Output::Json => {
            report::check::mistakes(&diagnostics)?;
            return Ok(Exit::Configuration);
        }
        Err(error) => return Err(error),
    };
    let outcome = check::check(&runtime, (&pipeline, &registry), streams, (reach, arguments.certificate))?;
    report::check::check(&pipeline, streams, &outcome, output)?;
    Ok(if outcome.failures.is_empty() { Exit::Success } else { Exit::Configuration })
}
