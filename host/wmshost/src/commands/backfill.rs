//! `wmshost backfill`: reads a part of a stream again by its change key, window by window.

use wmshost_runtime::Result;
use wmshost_runtime::backfill::{backfill as run_windows, require_windows};
use wmshost_runtime::history::RunKind;

use super::App;
use crate::cli::BackfillArgs;
use crate::exit::{Exit, of_streams};
use crate::report;

pub(super) fn backfill(app: &App, arguments: &BackfillArgs) -> Result<Exit> {
    let windows = arguments.windows()?;
    let output = arguments.output.output;
    let runtime = app.runtime(output);
    let registry = runtime.registry()?;
    let pipeline = app.pipeline(&runtime, RunKind::Backfill, &arguments.pipeline, &registry)?;
    let plans = pipeline.select(std::slice::from_ref(&arguments.stream))?;
    let Some(stream) = plans.first() else { return Ok(Exit::Success) };
    require_windows(stream)?;
    app.recorded(&runtime, RunKind::Backfill, (&pipeline.name, &arguments.pipeline), |recorder| {
        let outcome = run_windows(&runtime, (&pipeline, &registry), stream, windows, arguments.again, recorder)?;
        report::backfill::backfill(&outcome, output)?;
        Ok(of_streams(&outcome.streams))
    })
}
