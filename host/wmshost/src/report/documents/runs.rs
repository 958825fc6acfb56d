//! The outputs of `runs list` and `show`.

use schemars::JsonSchema;
use serde::Serialize;
use wmshost_runtime::history::{PluginRecord, RunRecord, StreamRecord};

use super::moment;

/// A run of the history.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct RunRecordDocument {
    /// The run's id.
    run_id: String,
    /// The pipeline's name.
    pipeline: String,
    /// The pipeline file.
    file: String,
    /// The time when it began, UTC.
    started_at: String,
    /// Its status: `running`, `succeeded`, `rejected`, `failed`, `cancelled` or `interrupted`.
    status: &'static str,
    /// The duration in seconds; 0 while it is running.
    seconds: f64,
}

/// A run of the history with its streams.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct ShownRunDocument {
    /// The run.
    #[serde(flatten)]
    run: RunRecordDocument,
    /// Its streams.
    streams: Vec<StreamRecordDocument>,
    /// The plugins that moved the rows of its streams.
    plugins: Vec<PluginRecordDocument>,
}

/// A stream of a run.
#[derive(Debug, Serialize, JsonSchema)]
struct StreamRecordDocument {
    /// The stream's name.
    stream: String,
    /// The outcome.
    status: String,
    /// Rows that came from the source.
    rows_read: u64,
    /// Rows that are new or changed in the target.
    rows_written: u64,
    /// Rows that the target had already.
    rows_unchanged: u64,
    /// Rows that went to quarantine.
    rows_rejected: u64,
    /// The duration in seconds.
    seconds: f64,
    /// The bookmark of its last checkpoint, in words.
    bookmark: Option<String>,
    /// The reason why it failed.
    error: Option<String>,
}

/// A plugin that moved the rows of a stream.
#[derive(Debug, Serialize, JsonSchema)]
struct PluginRecordDocument {
    /// The stream's name.
    stream: String,
    /// Its label in the pipeline file.
    plugin: String,
    /// The version that it states.
    version: String,
    /// The digest of its component.
    digest: String,
}

impl From<&RunRecord> for RunRecordDocument {
    fn from(run: &RunRecord) -> Self {
        Self {
            run_id: run.run_id.clone(),
            pipeline: run.pipeline.clone(),
            file: run.file.clone(),
            started_at: moment(run.started_at),
            status: run.status.name(),
            seconds: run.seconds,
        }
    }
}

impl ShownRunDocument {
    /// A run with its streams and plugins.
    pub(crate) fn of(run: &RunRecord, streams: &[StreamRecord], plugins: &[PluginRecord]) -> Self {
        Self {
            run: run.into(),
            streams: streams.iter().map(Into::into).collect(),
            plugins: plugins.iter().map(Into::into).collect(),
        }
    }
}

impl From<&StreamRecord> for StreamRecordDocument {
    fn from(stream: &StreamRecord) -> Self {
        Self {
            stream: stream.stream.clone(),
            status: stream.status.clone(),
            rows_read: stream.rows_read,
            rows_written: stream.rows_written,
            rows_unchanged: stream.rows_unchanged,
            rows_rejected: stream.rows_rejected,
            seconds: stream.seconds,
            bookmark: stream.bookmark.clone(),
            error: stream.failure.clone(),
        }
    }
}

impl From<&PluginRecord> for PluginRecordDocument {
    fn from(used: &PluginRecord) -> Self {
        let PluginRecord { stream, plugin, version, digest } = used.clone();
        Self { stream, plugin, version, digest }
    }
}
