//! The records of the history: runs, their streams and plugins.

use wmshost_flow::Micros;

/// The outcome of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunStatus {
    /// It is running, or the host died and this was not noticed yet.
    Running,
    /// Every stream succeeded.
    Succeeded,
    /// No stream failed, but in at least one every row was rejected.
    Rejected,
    /// At least one stream failed.
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
