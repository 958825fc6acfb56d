//! The record of one run: begun before anything is done, and ended with the exit code. A run that is not ended because its
//! process died is marked as interrupted by the next command that opens the history.

use std::cell::RefCell;
use std::path::Path;
use std::time::Duration;

use wmshost_flow::{Clock, Exit, StreamSummary};
use wmshost_models::Report;

use super::records::{PluginRecord, RunKind, RunRecord, RunStatus, StreamRecord};
use super::store::History;
use crate::error::Result;
use crate::runtime::Runtime;

/// A run that is being recorded.
pub struct RunRecorder<'a> {
    clock: &'a dyn Clock,
    history: RefCell<History>,
    run_id: String,
    begun: Duration,
    /// The outcome in words.
    outcome: RefCell<Option<String>>,
}

impl<'a> RunRecorder<'a> {
    /// Records and logs the start of a run of this pipeline.
    pub fn begin(runtime: &'a Runtime, kind: RunKind, (pipeline, file): (&str, &Path), run_id: String) -> Result<Self> {
        let run = RunRecord {
            run_id: run_id.clone(),
            kind,
            pipeline: pipeline.to_owned(),
            file: file.display().to_string(),
            pid: std::process::id(),
            started_at: runtime.clock.now(),
            status: RunStatus::Running,
            seconds: 0.0,
            exit_code: None,
            message: None,
        };
        let mut history = runtime.history()?;
        history.begin(&run)?;
        tracing::info!(kind = kind.name(), file = run.file, "the run begins");
        let clock = runtime.clock.as_ref();
        let (history, begun) = (RefCell::new(history), clock.elapsed());
        Ok(Self { clock, history, run_id, begun, outcome: RefCell::default() })
    }

    /// The run's id.
    pub fn run_id(&self) -> &str {
        &self.run_id
    }

    /// Keeps the outcome in words, for the end of a run that does not fail.
    pub fn outcome(&self, words: &str) {
        *self.outcome.borrow_mut() = Some(words.to_owned());
    }

    /// Records the plugins that move the rows of the run's streams, each stream's in the order of its stages.
    pub(crate) fn plugins(&self, plugins: &[PluginRecord]) -> Result<()> {
        Ok(self.history.borrow_mut().add_plugins(&self.run_id, plugins)?)
    }

    /// Records and logs the outcomes of streams.
    pub(crate) fn streams(&self, ends: &[StreamSummary]) -> Result<()> {
        let records: Vec<StreamRecord> = ends.iter().map(Into::into).collect();
        self.stream_records(&records)
    }

    /// Records and logs outcomes of streams.
    pub(crate) fn stream_records(&self, records: &[StreamRecord]) -> Result<()> {
        for record in records {
            let StreamRecord { stream, status, rows_read, rows_written, rows_unchanged, rows_rejected, .. } = record;
            let (seconds, bookmark) = (record.seconds, record.bookmark.as_deref().unwrap_or_default());
            match &record.failure {
                None => tracing::info!(
                    stream,
                    status,
                    rows_read,
                    rows_written,
                    rows_unchanged,
                    rows_rejected,
                    seconds,
                    bookmark,
                    "the stream ended"
                ),
                Some(failure) => tracing::error!(
                    stream,
                    status,
                    rows_read,
                    rows_written,
                    rows_unchanged,
                    rows_rejected,
                    seconds,
                    bookmark,
                    "the stream failed: {failure}"
                ),
            }
        }
        Ok(self.history.borrow_mut().add_streams(&self.run_id, records)?)
    }

    /// Records the outcomes of models. The log has each of them since it ended.
    pub(crate) fn models(&self, report: &Report) -> Result<()> {
        let records: Vec<_> = report.nodes.iter().map(Into::into).collect();
        Ok(self.history.borrow_mut().add_models(&self.run_id, &records)?)
    }

    /// Records and logs the end of the run, with the failure of the run as a whole.
    pub fn end(self, exit: Exit, failure: Option<String>) -> Result<()> {
        let (status, seconds) = (RunStatus::of_exit(exit), (self.clock.elapsed() - self.begun).as_secs_f64());
        let exit_code = exit as u8;
        let message = failure.or(self.outcome.into_inner());
        let (name, text) = (status.name(), message.as_deref().unwrap_or_default());
        match status {
            RunStatus::Failed => tracing::error!(status = name, exit_code, seconds, outcome = text, "the run failed"),
            _ => tracing::info!(status = name, exit_code, seconds, outcome = text, "the run ended"),
        }
        Ok(self.history.into_inner().end(&self.run_id, status, seconds, exit_code, message.as_deref())?)
    }
}
