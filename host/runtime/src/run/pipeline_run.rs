//! A run of a pipeline: its streams are loaded, then the models whose inputs have changed are built.

use wmshost_models::Project;
use wmshost_pipeline::{Checked, OnChange, Stream};

use super::outcome::{RunOutcome, ended_well};
use super::stream_runner::StreamRunner;
use crate::assembly::StreamFactory;
use crate::error::Result;
use crate::history::RunRecorder;
use crate::models::{ModelsOutcome, build_after_load, builds_after_load, declared_models};
use crate::ownership;
use crate::plugin_registry::PluginRegistry;
use crate::runtime::Runtime;

/// The options of a run's load, besides those of the pipeline.
#[derive(Debug, Clone, Default)]
pub struct LoadOptions {
    /// True to read everything again and replace what is there.
    pub full_refresh: bool,
    /// The reaction to changed definitions, instead of the streams' own.
    pub on_change: Option<OnChange>,
    /// The streams whose guards against many deletions are lifted.
    pub allow_deletes: Vec<String>,
    /// True if streams that can be opened run where others cannot.
    pub keep_going: bool,
    /// True if no models are built after the load.
    pub no_models: bool,
}

/// A run of a pipeline.
pub struct PipelineRun<'a> {
    runner: StreamRunner<'a>,
    /// The models that are built after the load; `None` if the pipeline has none or builds them by command only.
    models: Option<Project>,
}

impl<'a> PipelineRun<'a> {
    /// Prepares a run of these streams. Fails if a table belongs to another owner; nothing is written.
    pub fn prepare(
        runtime: &'a Runtime,
        (pipeline, registry): (&'a Checked, &'a PluginRegistry),
        streams: Vec<&'a Stream>,
        run_id: &str,
        options: &LoadOptions,
    ) -> Result<Self> {
        let builds = builds_after_load(pipeline) && !options.no_models;
        let models = if builds { declared_models(pipeline, registry)? } else { None };
        ownership::require(runtime, pipeline, &streams, models.as_ref())?;
        let factory = StreamFactory {
            full_refresh: options.full_refresh,
            on_change: options.on_change,
            keep_going: options.keep_going,
            ..StreamFactory::new(pipeline, registry, &runtime.clock, run_id.to_owned())
        };
        let factory = factory.allowing_deletes(&options.allow_deletes)?;
        Ok(Self { runner: StreamRunner { runtime, factory, plans: streams }, models })
    }

    /// Loads the streams.
    pub fn load(&self, recorder: &RunRecorder<'_>) -> Result<RunOutcome> {
        self.runner.execute(recorder)
    }

    /// Builds the models whose inputs have changed, but none that reads a stream that was not loaded. Returns `None` if
    /// there are none to build, no stream was loaded, or the run was asked to stop.
    pub fn build_models(self, recorder: &RunRecorder<'_>, loaded: &RunOutcome) -> Result<Option<ModelsOutcome>> {
        let StreamRunner { runtime, factory, plans } = self.runner;
        let Some(models) = self.models.filter(|_| !runtime.cancel.is_set()) else { return Ok(None) };
        if !loaded.streams.iter().any(ended_well) {
            runtime.note("no models were built, because no stream was loaded");
            return Ok(None);
        }
        let failed = loaded.streams.iter().filter(|end| !ended_well(end)).map(|end| end.stream.clone()).collect();
        build_after_load(runtime, (factory.pipeline, factory.registry), models, recorder, (&plans, &failed))
    }
}
