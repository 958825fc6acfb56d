//! `wmshost run`: loads the streams and builds the models.

use super::stream_runner::StreamRunner;
use super::{App, models, ownership};
use crate::cli::{OnChange, Output, Selection};
use crate::data_dir::new_run_id;
use crate::exit::Exit;
use crate::logs;
use crate::stream_factory::StreamFactory;

/// The options of a run's load, besides those of the pipeline.
pub(super) struct Load {
    /// True to read everything again and replace what is there.
    pub(super) full_refresh: bool,
    /// The reaction to changed definitions.
    pub(super) on_change: Option<OnChange>,
    /// The streams whose guards against many deletions are lifted.
    pub(super) allow_deletes: Vec<String>,
}

pub(super) fn run(app: &App, selection: &Selection, load: Load, output: Output) -> anyhow::Result<Exit> {
    let run_id = new_run_id(app.clock.as_ref());
    let registry = app.registry()?;
    let pipeline = app.pipeline(&selection.pipeline, &registry)?;
    let plans = pipeline.select(&selection.streams)?;
    let cancel = app.signals.let_end();
    logs::start(Some(&app.data_dir.log(&run_id)), app.verbose)?;
    let built = models::check(&pipeline, &registry)?.filter(|_| models::are_built(&pipeline));
    ownership::require(&pipeline, &plans, built.as_ref())?;
    let on_change = load.on_change.map(|policy| match policy {
        OnChange::Tell => wmshost_pipeline::OnChange::Tell,
        OnChange::Reload => wmshost_pipeline::OnChange::Reload,
        OnChange::Fail => wmshost_pipeline::OnChange::Fail,
    });
    let factory = StreamFactory {
        full_refresh: load.full_refresh,
        on_change,
        ..StreamFactory::new(&pipeline, &registry, &app.clock, run_id)
    };
    let factory = factory.allowing_deletes(&load.allow_deletes)?;
    let run_id = factory.run_id.clone();
    let streams = plans.clone();
    let loaded = StreamRunner { app, factory, plans, output, cancel: cancel.clone() }.execute()?;
    if loaded != Exit::Success {
        return Ok(loaded);
    }
    models::after_load(app, &pipeline, &registry, built, (&run_id, &streams), &cancel, output)
}
