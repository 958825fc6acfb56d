//! Streams run to their end: recorded in the history, shown while they run, retried after a transient failure.

use std::sync::Arc;
use std::time::Duration;

use wmshost_flow::{
    Cancel, Failure, FailureKind, Stage, StreamFailure, StreamStats, StreamStatus, StreamSummary, run_streams,
};
use wmshost_pipeline::{Stage as Plugged, Stream};
use wmshost_state::{History, PluginRecord, RunRecord, RunStatus};

use super::App;
use crate::cli::Output;
use crate::data_dir::is_alive;
use crate::exit::Exit;
use crate::report;
use crate::report::{ProgressObserver, RunReport};
use crate::stream_factory::StreamFactory;

/// The first pause before a retry; each further one is twice as long.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// Streams to run.
pub(super) struct StreamRunner<'a> {
    pub(super) app: &'a App,
    pub(super) factory: StreamFactory<'a>,
    pub(super) plans: Vec<&'a Stream>,
    pub(super) output: Output,
    pub(super) cancel: Cancel,
}

impl StreamRunner<'_> {
    /// Runs the streams, records the run in the history and reports its result.
    pub(super) fn execute(&self) -> anyhow::Result<Exit> {
        let first = self.factory.streams(&self.plans);
        let begun = self.begin(&first)?;
        let ends = self.run(first);
        let seconds = (self.app.clock.elapsed() - begun).as_secs_f64();
        let status = self.end(begun, &ends)?;
        let (run_id, pipeline) = (&self.factory.run_id, self.factory.pipeline);
        let file = pipeline.file.display().to_string();
        let report = RunReport { run_id, pipeline: &pipeline.name, file: &file, status, seconds, streams: &ends };
        report::run(&report, self.output);
        Ok(exit(&ends))
    }

    /// Records that a run begins; returns the time of that, by the monotonic clock. Mistakes in the connections are
    /// found before the run counts as one.
    pub(super) fn begin<T>(&self, opened: &Result<T, Failure>) -> anyhow::Result<Duration> {
        let mut history = History::open(&self.app.data_dir.history())?;
        history.mark_interrupted(is_alive)?;
        if let Err(failure) = opened
            && failure.kind != FailureKind::Transient
        {
            return Err(failure.clone().into());
        }
        let started = self.app.clock.elapsed();
        for plan in &self.plans {
            let plugins = plan.stages().map(ToString::to_string).collect::<Vec<_>>().join(", ");
            tracing::info!(stream = plan.plan.name, plugins, "the plugins of the stream");
        }
        let pipeline = self.factory.pipeline;
        let run = RunRecord {
            run_id: self.factory.run_id.clone(),
            pipeline: pipeline.name.clone(),
            file: pipeline.file.display().to_string(),
            pid: std::process::id(),
            started_at: self.app.clock.now(),
            status: RunStatus::Running,
            seconds: 0.0,
        };
        history.begin(&run, &self.plugins())?;
        Ok(started)
    }

    /// Records the end of the run.
    pub(super) fn end(&self, begun: Duration, ends: &[StreamSummary]) -> anyhow::Result<RunStatus> {
        let seconds = (self.app.clock.elapsed() - begun).as_secs_f64();
        let status = status(ends);
        History::open(&self.app.data_dir.history())?.end(&self.factory.run_id, status, seconds, ends)?;
        Ok(status)
    }

    /// Runs the streams to their ends.
    pub(super) fn move_rows(&self) -> Vec<StreamSummary> {
        self.run(self.factory.streams(&self.plans))
    }

    /// The plugins of all streams.
    fn plugins(&self) -> Vec<PluginRecord> {
        let of = |plan: &&Stream| {
            let record = |stage: &Plugged| PluginRecord {
                stream: plan.plan.name.clone(),
                plugin: stage.plugin.clone(),
                version: stage.version.clone(),
                digest: stage.digest.clone(),
            };
            plan.stages().map(record).collect::<Vec<_>>()
        };
        self.plans.iter().flat_map(of).collect()
    }

    /// Runs all streams, and again those that failed for a transient reason.
    fn run(&self, first: Result<Vec<wmshost_flow::Stream>, Failure>) -> Vec<StreamSummary> {
        let mut ends = self.attempt(first, &self.plans);
        for attempt in 1..=self.factory.pipeline.run.retries {
            let failed: Vec<&Stream> =
                self.plans.iter().zip(&ends).filter(|(_, end)| is_transient(end)).map(|(plan, _)| *plan).collect();
            if failed.is_empty() {
                break;
            }
            if !self.pause(attempt, &failed) {
                // A stream that would have been retried was stopped, not given up.
                ends.iter_mut().filter(|end| is_transient(end)).for_each(|end| end.status = StreamStatus::Cancelled);
                break;
            }
            let again = self.attempt(self.factory.streams(&failed), &failed);
            ends = summed(&ends, again);
        }
        ends
    }

    fn attempt(&self, streams: Result<Vec<wmshost_flow::Stream>, Failure>, plans: &[&Stream]) -> Vec<StreamSummary> {
        let streams = match streams {
            Ok(streams) => streams,
            Err(failure) => return plans.iter().map(|plan| not_opened(plan, &failure)).collect(),
        };
        let watcher = Arc::new(ProgressObserver::start(plans, self.output));
        let context = self.factory.context(Arc::clone(&watcher) as _, self.cancel.clone());
        let ends = run_streams(streams, self.factory.pipeline.run.concurrency, &context);
        watcher.finish();
        ends
    }

    /// Waits before a retry; returns `false` if the run was asked to stop meanwhile.
    fn pause(&self, attempt: u64, failed: &[&Stream]) -> bool {
        let doubled = u32::try_from(attempt - 1).ok().and_then(|times| 2_u32.checked_pow(times)).unwrap_or(u32::MAX);
        let pause = FIRST_PAUSE.saturating_mul(doubled).min(LONGEST_PAUSE);
        // A jitter, so that streams which wait for the same server do not retry all at once.
        let jitter = u32::try_from(self.app.clock.now().rem_euclid(250)).unwrap_or(0);
        let pause = pause + Duration::from_millis(u64::from(jitter));
        let names = failed.iter().map(|plan| plan.plan.name.as_str()).collect::<Vec<_>>().join(", ");
        let most = self.factory.pipeline.run.retries;
        let text = format!("{names}: the reason may pass; try {attempt} of {most} in {:.1} s", pause.as_secs_f64());
        tracing::warn!("{text}");
        report::note(&text);
        let until = self.app.clock.elapsed() + pause;
        while self.app.clock.elapsed() < until {
            if self.cancel.is_set() {
                return false;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        true
    }
}

fn is_transient(end: &StreamSummary) -> bool {
    end.failure.as_ref().is_some_and(|at| at.failure.kind == FailureKind::Transient)
}

/// The summary of a stream whose connection could not be opened.
fn not_opened(plan: &Stream, failure: &Failure) -> StreamSummary {
    let stream = plan.plan.name.clone();
    let failure =
        StreamFailure { stream: stream.clone(), stage: Stage::Extract, batch: None, failure: failure.clone() };
    StreamSummary {
        stream,
        status: StreamStatus::Failed,
        stats: StreamStats::default(),
        seconds: 0.0,
        bookmark: None,
        schema_changes: Vec::new(),
        definition_changes: Vec::new(),
        comparison: None,
        failure: Some(failure),
    }
}

/// The summaries so far, combined with later ones of some of their streams.
pub(super) fn summed(before: &[StreamSummary], later: Vec<StreamSummary>) -> Vec<StreamSummary> {
    let mut ends = before.to_vec();
    for end in later {
        match ends.iter_mut().find(|before| before.stream == end.stream) {
            Some(before) => *before = combined(before, end),
            None => ends.push(end),
        }
    }
    ends
}

/// Two tries of a stream, or two parts of it, as one summary.
fn combined(before: &StreamSummary, mut end: StreamSummary) -> StreamSummary {
    end.stats = before.stats + end.stats;
    end.seconds += before.seconds;
    end.bookmark = end.bookmark.or_else(|| before.bookmark.clone());
    end.schema_changes.splice(0..0, before.schema_changes.iter().cloned());
    end.definition_changes.splice(0..0, before.definition_changes.iter().cloned());
    end
}

pub(super) fn status(ends: &[StreamSummary]) -> RunStatus {
    let any = |status| ends.iter().any(|end| end.status == status);
    if any(StreamStatus::Failed) || any(StreamStatus::NotRun) {
        RunStatus::Failed
    } else if any(StreamStatus::Cancelled) {
        RunStatus::Cancelled
    } else if any(StreamStatus::Rejected) {
        RunStatus::Rejected
    } else {
        RunStatus::Succeeded
    }
}

pub(super) fn exit(ends: &[StreamSummary]) -> Exit {
    let failures = || ends.iter().filter_map(|end| end.failure.as_ref());
    let misconfigured = failures()
        .any(|at| at.batch.is_none() && matches!(at.failure.kind, FailureKind::InvalidConfig | FailureKind::Denied));
    let busy = failures().any(|at| at.failure.kind == FailureKind::Busy);
    match status(ends) {
        RunStatus::Failed if misconfigured => Exit::Configuration,
        RunStatus::Failed if busy => Exit::Busy,
        RunStatus::Failed => Exit::Failed,
        RunStatus::Cancelled => Exit::Cancelled,
        RunStatus::Rejected => Exit::Rejected,
        _ => Exit::Success,
    }
}
