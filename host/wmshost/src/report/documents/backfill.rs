//! The output of `backfill`.

use schemars::JsonSchema;
use serde::Serialize;
use wmshost_flow::StreamStats;
use wmshost_runtime::backfill::{BackfillOutcome, WindowOutcome};

use super::moment;

/// The result of a backfill.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct BackfillDocument {
    /// The run's id.
    run_id: String,
    /// The stream's name.
    stream: String,
    /// The status of the run as a whole: `succeeded`, `rejected`, `failed` or `cancelled`.
    status: &'static str,
    /// The sum of the windows' durations in seconds.
    seconds: f64,
    /// The windows, one after the other.
    windows: Vec<WindowDocument>,
    /// The rows of all windows.
    total: RowsDocument,
}

/// The rows that were moved.
#[derive(Debug, Serialize, JsonSchema)]
struct RowsDocument {
    /// Rows that came from the source.
    rows_read: u64,
    /// Rows that are new or changed in the target.
    rows_written: u64,
    /// Rows that the target had already.
    rows_unchanged: u64,
    /// Rows that went to quarantine.
    rows_rejected: u64,
}

/// The result of a window.
#[derive(Debug, Serialize, JsonSchema)]
struct WindowDocument {
    /// Its first moment, UTC, or its first version.
    from: String,
    /// The first moment or version after it.
    to: String,
    /// The outcome: that of a stream, `already-done` or `not-run`.
    status: &'static str,
    /// The duration in this run in seconds.
    seconds: f64,
    /// The rows that this run moved.
    #[serde(flatten)]
    rows: RowsDocument,
    /// The earlier run that has done it.
    done_by: Option<String>,
    /// The time when that run committed it, UTC.
    done_at: Option<String>,
    /// The reason why it failed.
    error: Option<String>,
}

/// The outcome of a window in one word.
pub(crate) fn window_status(window: &WindowOutcome) -> &'static str {
    match (&window.done, &window.end) {
        (Some(_), _) => "already-done",
        (None, Some(end)) => end.status.name(),
        (None, None) => "not-run",
    }
}

/// The rows of all windows, and the sum of their durations.
pub(crate) fn total(windows: &[WindowOutcome]) -> (StreamStats, f64) {
    let stats = windows.iter().fold(StreamStats::default(), |sum, window| sum + window.stats());
    (stats, windows.iter().map(WindowOutcome::seconds).sum())
}

impl From<&BackfillOutcome> for BackfillDocument {
    fn from(outcome: &BackfillOutcome) -> Self {
        let (stats, seconds) = total(&outcome.windows);
        Self {
            run_id: outcome.run_id.clone(),
            stream: outcome.stream.clone(),
            status: outcome.status.name(),
            seconds,
            windows: outcome.windows.iter().map(Into::into).collect(),
            total: stats.into(),
        }
    }
}

impl From<&WindowOutcome> for WindowDocument {
    fn from(window: &WindowOutcome) -> Self {
        let done = window.done.as_ref();
        Self {
            from: window.window.start.to_string(),
            to: window.window.end.to_string(),
            status: window_status(window),
            seconds: window.seconds(),
            rows: window.stats().into(),
            done_by: done.map(|checkpoint| checkpoint.run_id.clone()),
            done_at: done.map(|checkpoint| moment(checkpoint.committed_at)),
            error: window.end.as_ref().and_then(|end| end.failure.as_ref()).map(ToString::to_string),
        }
    }
}

impl From<StreamStats> for RowsDocument {
    fn from(stats: StreamStats) -> Self {
        Self {
            rows_read: stats.read,
            rows_written: stats.written,
            rows_unchanged: stats.unchanged,
            rows_rejected: stats.rejected,
        }
    }
}
