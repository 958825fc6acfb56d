//! `wmshost run`: loads the streams and builds the models.

use wmshost_runtime::Result;
use wmshost_runtime::models::ModelsOutcome;
use wmshost_runtime::run::{LoadOptions, PipelineRun};

use super::App;
use crate::cli::{OnChange, Output, RunArgs};
use crate::exit::{Exit, of_models, of_streams};
use crate::report;

pub(super) fn run(app: &App, arguments: &RunArgs) -> Result<Exit> {
    let output = arguments.output.output;
    let runtime = app.runtime(output);
    let run_id = runtime.new_run_id();
    let registry = runtime.registry()?;
    let pipeline = runtime.pipeline(&arguments.selection.pipeline, &registry)?;
    let streams = pipeline.select(&arguments.selection.streams)?;
    app.signals.let_end();
    app.start_log(&run_id)?;
    let run = PipelineRun::prepare(&runtime, (&pipeline, &registry), streams, run_id, &options(arguments))?;
    let loaded = run.load()?;
    report::run::run(&loaded, output)?;
    match of_streams(&loaded.streams) {
        Exit::Success => run.build_models()?.map_or(Ok(Exit::Success), |built| end(built, output)),
        exit => Ok(exit),
    }
}

fn options(arguments: &RunArgs) -> LoadOptions {
    let on_change = arguments.on_change.map(|policy| match policy {
        OnChange::Tell => wmshost_flow::OnChange::Tell,
        OnChange::Reload => wmshost_flow::OnChange::Reload,
        OnChange::Fail => wmshost_flow::OnChange::Fail,
    });
    LoadOptions { full_refresh: arguments.full_refresh, on_change, allow_deletes: arguments.allowed.streams.clone() }
}

/// Reports the models that were built after the load. The load was printed as JSON, and a program expects only one
/// document.
fn end(built: ModelsOutcome, output: Output) -> Result<Exit> {
    match output {
        Output::Json => report::models::note_build(&built),
        Output::Text => report::models::build(&built, output)?,
    }
    let exit = of_models(&built);
    built.lost.map_or(Ok(exit), |failure| Err(failure.into()))
}
