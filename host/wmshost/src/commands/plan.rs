//! `wmshost plan`: shows the reads and writes of a run, and the bookmark it would begin from.

use wmshost_runtime::Result;
use wmshost_runtime::plan::outlooks;

use super::App;
use crate::cli::{Output, Selection};
use crate::exit::Exit;
use crate::report;

pub(super) fn plan(app: &App, selection: &Selection, output: Output) -> Result<Exit> {
    let runtime = app.runtime(output);
    let registry = runtime.registry()?;
    let pipeline = runtime.pipeline(&selection.pipeline, &registry)?;
    let plans = pipeline.select(&selection.streams)?;
    let outlooks = outlooks(&runtime, (&pipeline, &registry), &plans)?;
    report::plan::plan(&pipeline, &outlooks, output)?;
    let can_run = outlooks.iter().all(|outlook| outlook.failure.is_none());
    Ok(if can_run { Exit::Success } else { Exit::Configuration })
}
