//! The outputs of `runs list` and `show`.

use schemars::JsonSchema;
use serde::Serialize;
use wmshost_runtime::history::{ModelRecord, PluginRecord, RunParts, RunRecord, StreamRecord};
use wmshost_runtime::receipts::RunReceipt;

use super::moment;
use super::receipt::CheckedReceiptDocument;

/// A run of the history.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct RunRecordDocument {
    /// The run's id.
    run_id: String,
    /// The kind of the run: `run`, `backfill`, `verify`, `repair`, `replay`, `drop`, `models-run`, `models-test`,
    /// `models-build`, `models-retry`, `state-reset`, `state-rollback`, `state-set` or `state-import`.
    kind: &'static str,
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
    /// The exit code of its process; null if it has not ended by itself.
    exit_code: Option<u8>,
    /// The failure of the run as a whole, or the outcome in words.
    message: Option<String>,
}

/// A run of the history with its streams.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct ShownRunDocument {
    /// The run.
    #[serde(flatten)]
    run: RunRecordDocument,
    /// Its streams.
    streams: Vec<StreamRecordDocument>,
    /// The models that were built or tested, and the streams that were tested with them.
    models: Vec<ModelRecordDocument>,
    /// The plugins that moved the rows of its streams.
    plugins: Vec<PluginRecordDocument>,
    /// The file of its log; null if there is none.
    log: Option<String>,
    /// Its receipt, checked without a key; null if there is none.
    receipt: Option<CheckedReceiptDocument>,
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
    /// The digest of its type certificate, as `check --certificate` prints it; null if its source was not opened.
    types: Option<String>,
    /// The reason why it failed.
    error: Option<String>,
}

/// A model of a run.
#[derive(Debug, Serialize, JsonSchema)]
struct ModelRecordDocument {
    /// The name of the model or stream.
    model: String,
    /// The outcome: `succeeded`, `errored`, `failed`, `skipped` or `left out`.
    status: String,
    /// The action taken; null if it was only tested.
    action: Option<String>,
    /// The number of rows that it has now; null if they were not counted.
    rows: Option<u64>,
    /// The number of rows that were inserted, updated or deleted.
    rows_changed: u64,
    /// The duration in seconds.
    seconds: f64,
    /// The reason for the outcome, and the tests that failed; null if there is nothing to say.
    message: Option<String>,
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
            kind: run.kind.name(),
            pipeline: run.pipeline.clone(),
            file: run.file.clone(),
            started_at: moment(run.started_at),
            status: run.status.name(),
            seconds: run.seconds,
            exit_code: run.exit_code,
            message: run.message.clone(),
        }
    }
}

impl ShownRunDocument {
    /// A run with its parts.
    pub(crate) fn of(run: &RunRecord, shown: &RunParts, receipt: Option<&RunReceipt>) -> Self {
        Self {
            run: run.into(),
            streams: shown.streams.iter().map(Into::into).collect(),
            models: shown.models.iter().map(Into::into).collect(),
            plugins: shown.plugins.iter().map(Into::into).collect(),
            log: shown.log.as_ref().map(|log| log.display().to_string()),
            receipt: receipt.map(|receipt| CheckedReceiptDocument::of_run(run, receipt)),
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
            types: stream.types.clone(),
            error: stream.failure.clone(),
        }
    }
}

impl From<&ModelRecord> for ModelRecordDocument {
    fn from(model: &ModelRecord) -> Self {
        Self {
            model: model.model.clone(),
            status: model.status.clone(),
            action: model.action.clone(),
            rows: model.rows,
            rows_changed: model.rows_changed,
            seconds: model.seconds,
            message: Some(model.message.clone()).filter(|message| !message.is_empty()),
        }
    }
}

impl From<&PluginRecord> for PluginRecordDocument {
    fn from(used: &PluginRecord) -> Self {
        let PluginRecord { stream, plugin, version, digest } = used.clone();
        Self { stream, plugin, version, digest }
    }
}
