//! `wmshost tap`: shows rows of a stream before and after each of its plugins.

use wmshost_runtime::Result;
use wmshost_runtime::tap::tap as tapped;

use super::App;
use crate::cli::TapArgs;
use crate::exit::Exit;
use crate::report;

pub(super) fn tap(app: &App, arguments: &TapArgs) -> Result<Exit> {
    let output = arguments.output.output;
    let runtime = app.runtime(output);
    let registry = runtime.registry()?;
    let pipeline = runtime.pipeline(&arguments.pipeline, &registry)?;
    let mut failed = false;
    for stream in pipeline.select(std::slice::from_ref(&arguments.stream))? {
        let rows = arguments.rows as usize;
        let tapped = tapped(&runtime, (&pipeline, &registry), stream, arguments.after.as_deref(), rows)?;
        report::tap::tap(&pipeline.name, &stream.plan, &tapped, output)?;
        failed |= tapped.stages.iter().any(|stage| stage.after.is_err());
    }
    Ok(if failed { Exit::Failed } else { Exit::Success })
}
