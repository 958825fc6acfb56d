//! `wmshost run`: the main job.

use super::job::Job;
use super::{Edge, models, ownership};
use crate::assemble::Assembly;
use crate::cli::{OnChange, Output, Selection};
use crate::exit::Exit;
use crate::home::new_run_id;
use crate::logs;

/// How a run loads, beside what the pipeline says.
pub(super) struct Load {
    /// Everything is read again and put in the place of what is there.
    pub(super) full_refresh: bool,
    /// What to do about changed definitions.
    pub(super) on_change: Option<OnChange>,
    /// The streams whose guards against many deletions are lifted.
    pub(super) allow_deletes: Vec<String>,
}

pub(super) fn run(edge: &Edge, selection: &Selection, load: Load, output: Output) -> anyhow::Result<Exit> {
    let run_id = new_run_id(edge.clock.as_ref());
    let catalog = edge.catalog()?;
    let pipeline = edge.pipeline(&selection.pipeline, &catalog)?;
    let plans = pipeline.select(&selection.streams)?;
    let cancel = edge.signals.let_end();
    logs::start(Some(&edge.home.log(&run_id)), edge.verbose)?;
    let built = models::check(&pipeline, &catalog)?.filter(|_| models::are_built(&pipeline));
    ownership::require(&pipeline, &plans, built.as_ref())?;
    let on_change = load.on_change.map(|policy| match policy {
        OnChange::Tell => wmshost_pipeline::OnChange::Tell,
        OnChange::Reload => wmshost_pipeline::OnChange::Reload,
        OnChange::Fail => wmshost_pipeline::OnChange::Fail,
    });
    let assembly = Assembly {
        full_refresh: load.full_refresh,
        on_change,
        ..Assembly::new(&pipeline, &catalog, &edge.clock, run_id)
    };
    let assembly = assembly.allowing_deletes(&load.allow_deletes)?;
    let run_id = assembly.run_id.clone();
    let streams = plans.clone();
    let loaded = Job { edge, assembly, plans, output, cancel: cancel.clone() }.go()?;
    if loaded != Exit::Success {
        return Ok(loaded);
    }
    models::after_load(edge, &pipeline, &catalog, built, (&run_id, &streams), &cancel, output)
}
