//! The documents that only the HTTP interface of `wmshost serve` has.

use schemars::JsonSchema;
use serde::Serialize;
use wmshost_flow::Micros;
use wmshost_runtime::serve::{ServeEvent, ServedPipeline, ServedRun};

use super::moment;

/// A pipeline file that is served, or should be.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct ServedPipelineDocument {
    /// The file.
    file: String,
    /// The pipeline's name; null if the file had mistakes from the beginning, so that it is not served.
    pipeline: Option<String>,
    /// The mistakes that the file has now; null if it has none. Its schedule stays as it was, and due runs wait until it is mended.
    mistakes: Option<String>,
}

/// A run that goes on.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct ServedRunDocument {
    /// The run's id.
    run_id: String,
    /// The pipeline's name.
    pipeline: String,
    /// The cron line by which it was due, or `ordered`.
    schedule: String,
    /// The reason why it waits; null if it does not.
    waits_for: Option<String>,
}

/// A run that was ordered, or ordered to stop.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct OrderedRunDocument {
    /// The run's id.
    pub(crate) run_id: String,
}

/// The schedules of a pipeline after an order.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct PausedDocument {
    /// The pipeline's name.
    pub(crate) pipeline: String,
    /// True if no scheduled run begins.
    pub(crate) paused: bool,
}

/// An event of the server.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct ServeEventDocument {
    /// The time, UTC.
    at: String,
    /// The pipeline's name; null if it is about none.
    pipeline: Option<String>,
    /// The event in words.
    text: String,
}

impl From<&ServedPipeline> for ServedPipelineDocument {
    fn from(served: &ServedPipeline) -> Self {
        Self {
            file: served.file.display().to_string(),
            pipeline: served.pipeline.as_ref().map(|pipeline| pipeline.name.clone()),
            mistakes: served.mistakes.clone(),
        }
    }
}

impl ServedRunDocument {
    /// A run with its id.
    pub(crate) fn of((run_id, run): (&String, &ServedRun)) -> Self {
        Self {
            run_id: run_id.clone(),
            pipeline: run.unit.pipeline.clone(),
            schedule: run.unit.line.clone(),
            waits_for: run.waits_for.clone(),
        }
    }
}

impl ServeEventDocument {
    /// An event that happened at this time.
    pub(crate) fn of(at: Micros, event: &ServeEvent) -> Self {
        Self { at: moment(at), pipeline: event.pipeline().map(str::to_owned), text: event.to_string() }
    }
}
