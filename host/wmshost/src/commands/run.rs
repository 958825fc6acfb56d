//! `wmshost run`: loads the streams and builds the models.

use wmshost_runtime::Result;
use wmshost_runtime::history::{RunKind, RunRecorder};
use wmshost_runtime::run::{LoadOptions, PipelineRun, RunOutcome};

use super::App;
use crate::cli::{OnChange, Output, RunArgs};
use crate::exit::{Exit, of_error, of_models, of_streams};
use crate::report;

pub(super) fn run(app: &App, arguments: &RunArgs) -> Result<Exit> {
    let output = arguments.output.output;
    let runtime = app.runtime(output);
    let registry = runtime.registry()?;
    let file = &arguments.selection.pipeline;
    let pipeline = app.pipeline(&runtime, RunKind::Run, file, &registry)?;
    let streams = pipeline.select(&arguments.selection.streams)?;
    app.recorded(&runtime, RunKind::Run, (&pipeline.name, file), |recorder| {
        let options = options(arguments);
        let run = PipelineRun::prepare(&runtime, (&pipeline, &registry), streams, recorder.run_id(), &options)?;
        let loaded = run.load(recorder)?;
        if output == Output::Text {
            report::run::run(&loaded);
        }
        build_models(run, recorder, &loaded, output)
    })
}

fn options(arguments: &RunArgs) -> LoadOptions {
    let on_change = arguments.on_change.map(|policy| match policy {
        OnChange::Tell => wmshost_flow::OnChange::Tell,
        OnChange::Reload => wmshost_flow::OnChange::Reload,
        OnChange::Fail => wmshost_flow::OnChange::Fail,
    });
    LoadOptions {
        full_refresh: arguments.full_refresh,
        on_change,
        allow_deletes: arguments.allowed.streams.clone(),
        keep_going: arguments.keep_going,
        no_models: arguments.no_models,
    }
}

/// Builds the models after the load, and reports them; for a program, the run as a whole in one document. The run ends
/// with the exit code of its streams if that is not success.
fn build_models(run: PipelineRun<'_>, recorder: &RunRecorder<'_>, loaded: &RunOutcome, output: Output) -> Result<Exit> {
    let differs = loaded.receipt.as_ref().is_some_and(|receipt| !receipt.different.is_empty());
    let of_load = match of_streams(&loaded.streams) {
        Exit::Success if differs => Exit::Failed,
        exit => exit,
    };
    let built = run.build_models(recorder, loaded);
    let of_build = match &built {
        Ok(None) => Exit::Success,
        Ok(Some(built)) => built.lost.as_ref().map_or_else(|| of_models(built), |lost| of_error(&lost.clone().into())),
        Err(error) => of_error(error),
    };
    let exit = if of_load == Exit::Success { of_build } else { of_load };
    let models = built.as_ref().ok().and_then(Option::as_ref);
    match (output, models) {
        (Output::Json, _) => report::run::run_as_json(loaded, models, exit)?,
        (Output::Text, Some(built)) => report::models::build(built, output)?,
        (Output::Text, None) => {}
    }
    match built {
        Ok(Some(built)) => built.lost.map_or(Ok(exit), |lost| Err(lost.into())),
        Ok(None) => Ok(exit),
        Err(error) => Err(error),
    }
}
