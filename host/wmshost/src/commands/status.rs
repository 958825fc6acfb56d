//! `wmshost status`: shows the state of every stream.

use wmshost_runtime::Result;
use wmshost_runtime::status::status as state_of;

use super::App;
use crate::cli::{Output, Selection};
use crate::exit::Exit;
use crate::report;

pub(super) fn status(app: &App, selection: &Selection, output: Output) -> Result<Exit> {
    let runtime = app.runtime(output);
    let pipeline = runtime.resolved(&selection.pipeline)?;
    let state = state_of(&runtime, &pipeline, &selection.streams)?;
    report::status::status(&state, output)?;
    Ok(if state.is_healthy() { Exit::Success } else { Exit::Failed })
}
