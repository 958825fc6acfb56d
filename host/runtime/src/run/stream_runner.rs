//! Streams run to their end: recorded in the history, observed while they run, retried after a failure that may pass.

use std::time::Duration;

use wmshost_flow::{Failure, StreamSummary, run_streams};
use wmshost_pipeline::{ConfiguredPlugin, Stream};

use super::outcome::{RunOutcome, failed_to_open, run_status};
use super::retry::{Retries, may_pass};
use crate::assembly::StreamFactory;
use crate::error::Result;
use crate::events::StreamEvents;
use crate::history::{History, PluginRecord, RunRecord, RunStatus};
use crate::runtime::Runtime;

/// Streams to run.
pub(crate) struct StreamRunner<'a> {
    pub(crate) runtime: &'a Runtime,
    pub(crate) factory: StreamFactory<'a>,
    pub(crate) plans: Vec<&'a Stream>,
}

impl StreamRunner<'_> {
    /// Runs the streams and records the run in the history.
    pub(crate) fn execute(&self) -> Result<RunOutcome> {
        let first = self.factory.streams(&self.plans);
        let begun = self.begin(&first)?;
        let streams = self.run(first);
        let seconds = (self.runtime.clock.elapsed() - begun).as_secs_f64();
        let status = self.end(begun, &streams)?;
        let (run_id, pipeline) = (self.factory.run_id.clone(), self.factory.pipeline);
        let file = pipeline.file.display().to_string();
        Ok(RunOutcome { run_id, pipeline: pipeline.name.clone(), file, status, seconds, streams })
    }

    /// Records that a run begins; returns the time of that, by the monotonic clock. Mistakes in the connections are
    /// found before the run counts as one.
    pub(crate) fn begin<T>(&self, opened: &Result<T, Failure>) -> Result<Duration> {
        let mut history = self.runtime.history()?;
        if let Err(failure) = opened
            && !may_pass(failure)
        {
            return Err(failure.clone().into());
        }
        let started = self.runtime.clock.elapsed();
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
            started_at: self.runtime.clock.now(),
            status: RunStatus::Running,
            seconds: 0.0,
        };
        history.begin(&run, &self.plugins())?;
        Ok(started)
    }

    /// Records the end of the run.
    pub(crate) fn end(&self, begun: Duration, ends: &[StreamSummary]) -> Result<RunStatus> {
        let seconds = (self.runtime.clock.elapsed() - begun).as_secs_f64();
        let status = run_status(ends);
        History::open(&self.runtime.data_dir.history())?.end(&self.factory.run_id, status, seconds, ends)?;
        Ok(status)
    }

    /// Runs the streams to their ends.
    pub(crate) fn move_rows(&self) -> Vec<StreamSummary> {
        self.run(self.factory.streams(&self.plans))
    }

    /// The plugins of all streams.
    fn plugins(&self) -> Vec<PluginRecord> {
        let of = |plan: &&Stream| {
            let record = |stage: &ConfiguredPlugin| PluginRecord {
                stream: plan.plan.name.clone(),
                plugin: stage.plugin.clone(),
                version: stage.version.clone(),
                digest: stage.digest.clone(),
            };
            plan.stages().map(record).collect::<Vec<_>>()
        };
        self.plans.iter().flat_map(of).collect()
    }

    /// Runs all streams, and again those that failed for a reason that may pass.
    fn run(&self, first: Result<Vec<wmshost_flow::Stream>, Failure>) -> Vec<StreamSummary> {
        let retries = Retries {
            attempts: self.factory.pipeline.run.retries,
            clock: self.runtime.clock.as_ref(),
            sleep: &std::thread::sleep,
            cancel: &self.runtime.cancel,
            observer: self.runtime.observer.as_ref(),
        };
        retries.run(self.attempt(first, &self.plans), |failed| {
            let plans: Vec<&Stream> =
                self.plans.iter().copied().filter(|plan| failed.contains(&plan.plan.name)).collect();
            self.attempt(self.factory.streams(&plans), &plans)
        })
    }

    fn attempt(&self, streams: Result<Vec<wmshost_flow::Stream>, Failure>, plans: &[&Stream]) -> Vec<StreamSummary> {
        let names: Vec<String> = plans.iter().map(|plan| plan.plan.name.clone()).collect();
        let streams = match streams {
            Ok(streams) => streams,
            Err(failure) => return names.iter().map(|stream| failed_to_open(stream, &failure)).collect(),
        };
        let events = StreamEvents::start(&self.runtime.observer, &names);
        let context = self.factory.context(events.clone(), self.runtime.cancel.clone());
        let ends = run_streams(streams, self.factory.pipeline.run.concurrency, &context);
        events.end();
        ends
    }
}
