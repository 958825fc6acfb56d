//! The records of the history: runs of every kind, their streams, models and plugins.

use std::path::PathBuf;

use wmshost_flow::{ErrorClass, Exit, FailureCause, FailureKind, Micros, MovedColumns, StreamFailure, StreamSummary};
use wmshost_models::NodeResult;

/// The kind of a run: the command that changed or examined something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunKind {
    /// Streams were loaded, and the models whose inputs had changed were built.
    Run,
    /// Windows of a stream were read again.
    Backfill,
    /// Source and target were compared.
    Verify,
    /// Source and target were compared, and the target was repaired.
    Repair,
    /// Rows of the quarantine were sent through the pipeline again.
    Replay,
    /// Rows of the quarantine were deleted.
    Drop,
    /// Models were built without their tests.
    ModelsRun,
    /// Models were tested.
    ModelsTest,
    /// Models were built and tested.
    ModelsBuild,
    /// Models that had failed were built and tested again.
    ModelsRetry,
    /// Checkpoints were reset.
    StateReset,
    /// A checkpoint was rolled back.
    StateRollback,
    /// A bookmark was set by hand.
    StateSet,
    /// Checkpoints were imported.
    StateImport,
}

impl RunKind {
    const NAMES: [(Self, &str); 14] = [
        (Self::Run, "run"),
        (Self::Backfill, "backfill"),
        (Self::Verify, "verify"),
        (Self::Repair, "repair"),
        (Self::Replay, "replay"),
        (Self::Drop, "drop"),
        (Self::ModelsRun, "models-run"),
        (Self::ModelsTest, "models-test"),
        (Self::ModelsBuild, "models-build"),
        (Self::ModelsRetry, "models-retry"),
        (Self::StateReset, "state-reset"),
        (Self::StateRollback, "state-rollback"),
        (Self::StateSet, "state-set"),
        (Self::StateImport, "state-import"),
    ];

    /// The kind's name in reports.
    pub fn name(self) -> &'static str {
        Self::NAMES.into_iter().find(|(kind, _)| *kind == self).map_or("run", |(_, name)| name)
    }

    /// The names of all kinds.
    pub fn names() -> Vec<&'static str> {
        Self::NAMES.into_iter().map(|(_, name)| name).collect()
    }

    /// The kind with this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::NAMES.into_iter().find(|(_, known)| *known == name).map(|(kind, _)| kind)
    }
}

/// The outcome of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunStatus {
    /// It is running, or the host died and this was not noticed yet.
    Running,
    /// Everything that the command had to do was done.
    Succeeded,
    /// No stream failed, but in at least one every row was rejected.
    Rejected,
    /// At least one stream or model failed, or the command itself did.
    Failed,
    /// It was stopped on request.
    Cancelled,
    /// The host died.
    Interrupted,
}

impl RunStatus {
    /// The status's name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Succeeded => "succeeded",
            Self::Rejected => "rejected",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Interrupted => "interrupted",
        }
    }

    /// The status of a run that ends with this exit code.
    pub fn of_exit(exit: Exit) -> Self {
        match exit {
            Exit::Success => Self::Succeeded,
            Exit::Rejected => Self::Rejected,
            Exit::Cancelled => Self::Cancelled,
            Exit::Failed | Exit::Configuration | Exit::Busy => Self::Failed,
        }
    }

    pub(super) fn named(name: &str) -> Self {
        [Self::Succeeded, Self::Rejected, Self::Failed, Self::Cancelled, Self::Interrupted]
            .into_iter()
            .find(|status| status.name() == name)
            .unwrap_or(Self::Running)
    }
}

/// A run.
#[derive(Debug, Clone, PartialEq)]
pub struct RunRecord {
    /// Its id.
    pub run_id: String,
    /// The kind of the run.
    pub kind: RunKind,
    /// The pipeline's name.
    pub pipeline: String,
    /// The pipeline file.
    pub file: String,
    /// The host's process id.
    pub pid: u32,
    /// The time at which it began, UTC.
    pub started_at: Micros,
    /// The outcome.
    pub status: RunStatus,
    /// The duration in seconds; 0 while it is running.
    pub seconds: f64,
    /// The exit code of its process; `None` if it has not ended by itself.
    pub exit_code: Option<u8>,
    /// The failure of the run as a whole, or the outcome in words.
    pub message: Option<String>,
}

/// The outcome of a stream in a run.
#[derive(Debug, Clone, PartialEq)]
pub struct StreamRecord {
    /// The stream's name.
    pub stream: String,
    /// The name of its status.
    pub status: String,
    /// Rows that were read from the source.
    pub rows_read: u64,
    /// Rows that are new or changed in the target.
    pub rows_written: u64,
    /// Rows that were in the target already.
    pub rows_unchanged: u64,
    /// Rows that went to quarantine.
    pub rows_rejected: u64,
    /// The duration in seconds.
    pub seconds: f64,
    /// The bookmark of its last checkpoint, in words.
    pub bookmark: Option<String>,
    /// The reason why it failed.
    pub failure: Option<String>,
    /// The digest of its type certificate; `None` if its source was not opened.
    pub types: Option<String>,
    /// The kind and the place of its failure; `None` if it did not fail, or an older host recorded it.
    pub reason: Option<FailureReason>,
}

/// The kind and the place of a stream's failure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailureReason {
    /// The kind.
    pub kind: FailureKind,
    /// The class of the database's error that caused it, where the driver knows one.
    pub class: Option<ErrorClass>,
    /// The number of that error, if it is one of Oracle.
    pub code: Option<u32>,
    /// The stage.
    pub stage: String,
    /// The number of the batch, from 1; `None` if it occurred before the first one.
    pub batch: Option<u64>,
    /// The plugin and its function in which it occurred.
    pub site: Option<(String, String)>,
}

impl From<&StreamFailure> for FailureReason {
    fn from(failed: &StreamFailure) -> Self {
        let StreamFailure { stage, batch, failure, .. } = failed;
        let site = failure.site.as_ref().map(|site| (site.plugin.clone(), site.function.to_owned()));
        Self {
            kind: failure.kind,
            class: failure.class(),
            code: failure.cause.and_then(FailureCause::oracle_code),
            stage: stage.to_string(),
            batch: *batch,
            site,
        }
    }
}

impl From<&StreamSummary> for StreamRecord {
    fn from(end: &StreamSummary) -> Self {
        Self {
            stream: end.stream.clone(),
            status: end.status.name().to_owned(),
            rows_read: end.stats.read,
            rows_written: end.stats.written,
            rows_unchanged: end.stats.unchanged,
            rows_rejected: end.stats.rejected,
            seconds: end.seconds,
            bookmark: end.bookmark.as_ref().map(ToString::to_string),
            failure: end.failure.as_ref().map(ToString::to_string),
            types: end.columns.as_ref().map(MovedColumns::hash),
            reason: end.failure.as_ref().map(Into::into),
        }
    }
}

/// The outcome of a model in a run, or of the tests of a stream.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelRecord {
    /// The name of the model or stream.
    pub model: String,
    /// The name of its status.
    pub status: String,
    /// The action taken; `None` if it was only tested.
    pub action: Option<String>,
    /// The number of rows that it has now; `None` if they were not counted.
    pub rows: Option<u64>,
    /// The number of rows that were inserted, updated or deleted.
    pub rows_changed: u64,
    /// The duration in seconds.
    pub seconds: f64,
    /// The reason for its status, and the tests that did not pass; empty if there is nothing to say.
    pub message: String,
}

impl From<&NodeResult> for ModelRecord {
    fn from(node: &NodeResult) -> Self {
        let tests = node.tests.iter().filter(|test| test.status.stops());
        let failed_tests = tests.map(|test| format!("{}: {}", test.name, test.message));
        let message = Some(node.message.clone()).filter(|message| !message.is_empty()).into_iter().chain(failed_tests);
        Self {
            model: node.name.clone(),
            status: node.status.name().to_owned(),
            action: node.action.map(|action| action.name().to_owned()),
            rows: node.rows,
            rows_changed: node.changed,
            seconds: node.seconds,
            message: message.collect::<Vec<_>>().join("; "),
        }
    }
}

/// The parts of a run.
#[derive(Debug, Clone)]
pub struct RunParts {
    /// Its streams.
    pub streams: Vec<StreamRecord>,
    /// Its models.
    pub models: Vec<ModelRecord>,
    /// The plugins that moved the rows of its streams.
    pub plugins: Vec<PluginRecord>,
    /// The file of its log; `None` if there is none.
    pub log: Option<PathBuf>,
}

/// A plugin that moved the rows of a stream in a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PluginRecord {
    /// The stream's name.
    pub stream: String,
    /// Its label in the pipeline file.
    pub plugin: String,
    /// The version that it reports.
    pub version: String,
    /// The digest of its component.
    pub digest: String,
}
