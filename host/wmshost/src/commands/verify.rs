//! `wmshost verify`: compares target and source, and repairs the target.

use wmshost_runtime::Result;
use wmshost_runtime::verify::{self, VerifyOptions};

use super::App;
use crate::cli::VerifyArgs;
use crate::exit::{Exit, of_verify};
use crate::report;

pub(super) fn verify(app: &App, arguments: &VerifyArgs) -> Result<Exit> {
    let output = arguments.output.output;
    let runtime = app.runtime(output);
    let run_id = runtime.new_run_id();
    let registry = runtime.registry()?;
    let pipeline = runtime.pipeline(&arguments.selection.pipeline, &registry)?;
    let plans = pipeline.select(&arguments.selection.streams)?;
    app.signals.let_end();
    app.start_log(&run_id)?;
    let options = VerifyOptions { repair: arguments.repair, allow_deletes: arguments.allowed.streams.clone() };
    let outcome = verify::verify(&runtime, (&pipeline, &registry), &plans, run_id, &options)?;
    report::verify::verify(&outcome, arguments.show, output)?;
    Ok(of_verify(&outcome))
}
