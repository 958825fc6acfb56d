//! `wmshost run`: the main job.

use super::job::Job;
use super::{Edge, models};
use crate::assemble::Assembly;
use crate::cli::{Output, Selection};
use crate::exit::Exit;
use crate::home::new_run_id;
use crate::logs;

pub(super) fn run(
    edge: &Edge,
    selection: &Selection,
    full_refresh: bool,
    allow_deletes: &[String],
    output: Output,
) -> anyhow::Result<Exit> {
    let run_id = new_run_id(edge.clock.as_ref());
    let catalog = edge.catalog()?;
    let pipeline = edge.pipeline(&selection.pipeline, &catalog)?;
    let plans = pipeline.select(&selection.streams)?;
    let cancel = edge.signals.let_end();
    logs::start(Some(&edge.home.log(&run_id)), edge.verbose)?;
    let assembly = Assembly { full_refresh, ..Assembly::new(&pipeline, &catalog, &edge.clock, run_id) };
    let assembly = assembly.allowing_deletes(allow_deletes)?;
    let run_id = assembly.run_id.clone();
    let streams = plans.clone();
    let loaded = Job { edge, assembly, plans, output, cancel: cancel.clone() }.go()?;
    if loaded != Exit::Success {
        return Ok(loaded);
    }
    models::after_load(edge, &pipeline, &catalog, (&run_id, &streams), &cancel, output)
}
