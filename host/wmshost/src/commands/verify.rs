//! `wmshost verify`: compares target and source, and repairs the target.

use wmshost_runtime::Result;
use wmshost_runtime::history::RunKind;
use wmshost_runtime::verify::{self, VerifyOptions};

use super::App;
use crate::cli::VerifyArgs;
use crate::exit::{Exit, of_verify};
use crate::report;

pub(super) fn verify(app: &App, arguments: &VerifyArgs) -> Result<Exit> {
    let output = arguments.output.output;
    let runtime = app.runtime(output);
    let registry = runtime.registry()?;
    let (file, kind) =
        (&arguments.selection.pipeline, if arguments.repair { RunKind::Repair } else { RunKind::Verify });
    let pipeline = app.pipeline(&runtime, kind, file, &registry)?;
    let mut plans = pipeline.select(&arguments.selection.streams)?;
    if let Some(most) = arguments.oldest {
        plans = verify::oldest(&runtime, &pipeline.name, plans, most.into())?;
    }
    app.recorded(&runtime, kind, (&pipeline.name, file), |recorder| {
        let options = VerifyOptions { repair: arguments.repair, allow_deletes: arguments.allowed.streams.clone() };
        let outcome = verify::verify(&runtime, (&pipeline, &registry), &plans, recorder, &options)?;
        report::verify::verify(&outcome, arguments.show, output)?;
        Ok(of_verify(&outcome))
    })
}
