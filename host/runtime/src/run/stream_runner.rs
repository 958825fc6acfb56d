//! Streams run to their end: recorded in the history, observed while they run, retried after a failure that may pass.

use std::collections::BTreeMap;
use std::sync::Arc;

use wmshost_flow::{Failure, FailureKind, LastRun, LastRuns, Micros, SqlSession, StreamSummary, run_streams};
use wmshost_pipeline::{ConfiguredPlugin, Stream};

use super::outcome::{RunOutcome, ended_well, failed_to_open, run_status, summed};
use super::retry::{Retries, may_pass};
use crate::assembly::{StreamFactory, connect};
use crate::error::Result;
use crate::events::StreamEvents;
use crate::history::{PluginRecord, RunRecorder};
use crate::receipts::{Finished, ReceiptWriter};
use crate::runtime::Runtime;

/// Streams to run.
pub(crate) struct StreamRunner<'a> {
    pub(crate) runtime: &'a Runtime,
    pub(crate) factory: StreamFactory<'a>,
    pub(crate) plans: Vec<&'a Stream>,
}

/// Streams that are to run, and the same opened, or the failure that kept them from being opened.
struct Attempt<'s> {
    plans: Vec<&'s Stream>,
    streams: Result<Vec<wmshost_flow::Stream>, Failure>,
}

impl StreamRunner<'_> {
    /// Runs the streams and records their outcomes.
    pub(crate) fn execute(&self, recorder: &RunRecorder<'_>) -> Result<RunOutcome> {
        let started = self.runtime.clock.elapsed();
        let receipt_writer = ReceiptWriter::of(self.factory.pipeline, &self.runtime.data_dir)?;
        let opened_at = self.runtime.clock.now();
        let (first, unopened) = self.open()?;
        self.record_plugins(recorder)?;
        let streams = summed(&self.run(first), unopened);
        recorder.streams(&streams)?;
        self.record_outcomes(&streams);
        let receipt = receipt_writer.map(|writer| writer.write(&self.finished(opened_at, &streams)));
        let receipt = receipt.transpose()?;
        let seconds = (self.runtime.clock.elapsed() - started).as_secs_f64();
        let (run_id, pipeline) = (self.factory.run_id.clone(), self.factory.pipeline);
        let (file, status) = (pipeline.file.display().to_string(), run_status(&streams));
        let denials =
            self.plans.iter().map(|plan| (plan.plan.name.clone(), self.factory.registry.denials(&plan.plan.name)));
        let denials = denials.filter(|(_, denied)| *denied > 0).collect();
        Ok(RunOutcome { run_id, pipeline: pipeline.name.clone(), file, status, seconds, streams, denials, receipt })
    }

    /// The parts of a receipt of these streams.
    fn finished<'a>(&'a self, opened_at: Micros, ends: &'a [StreamSummary]) -> Finished<'a> {
        Finished {
            pipeline: self.factory.pipeline,
            run_id: &self.factory.run_id,
            opened_at,
            now: self.runtime.clock.now(),
            plans: &self.plans,
            ends,
            plugins: self.plugins(),
        }
    }

    /// Records the outcomes in the targets, for `status`. A run that another one kept from its stream says nothing about
    /// the stream. Rows are committed already: a target that cannot be reached any more is no failure of the run.
    fn record_outcomes(&self, ends: &[StreamSummary]) {
        let mut of_target: BTreeMap<&str, Vec<LastRun>> = BTreeMap::new();
        for end in ends {
            let is_busy = end.failure.as_ref().is_some_and(|at| at.failure.kind == FailureKind::Busy);
            let Some(plan) = self.plans.iter().find(|plan| plan.plan.name == end.stream && !is_busy) else { continue };
            let ended_at = self.runtime.clock.now();
            of_target.entry(&plan.plan.target).or_default().push(LastRun {
                stream: end.stream.clone(),
                run_id: self.factory.run_id.clone(),
                status: end.status.name().to_owned(),
                ended_at,
                succeeded_at: ended_well(end).then_some(ended_at),
                failure: end.failure.as_ref().map(ToString::to_string),
            });
        }
        let pipeline = self.factory.pipeline;
        for (label, outcomes) in of_target {
            let open =
                || connect::target(label, &pipeline.connections[label], 1, Arc::clone(&self.factory.clock))?.sql();
            let record =
                |mut sql: Box<dyn SqlSession>| LastRuns { pipeline: &pipeline.name }.record(sql.as_mut(), &outcomes);
            if let Err(failure) = open().and_then(record) {
                tracing::warn!(target = label, "the outcomes of streams were not recorded: {failure}");
            }
        }
    }

    /// Records and logs the plugins that will move the rows.
    pub(crate) fn record_plugins(&self, recorder: &RunRecorder<'_>) -> Result<()> {
        for plan in &self.plans {
            let plugins = plan.stages().map(ToString::to_string).collect::<Vec<_>>().join(", ");
            tracing::info!(stream = plan.plan.name, plugins, "the plugins of the stream");
        }
        recorder.plugins(&self.plugins())
    }

    /// Opens the connections of all streams. Streams that are not required and whose connections cannot be opened are
    /// left out, with their summaries; the mistakes of any other fail the run before a row is moved.
    fn open(&self) -> Result<(Attempt<'_>, Vec<StreamSummary>)> {
        let first = self.factory.streams(&self.plans);
        let failure = match &first {
            Err(failure) if !may_pass(failure) => failure.clone(),
            _ => return Ok((Attempt { plans: self.plans.clone(), streams: first }, Vec::new())),
        };
        // A server is not asked again about what it has refused, if no stream could be left out.
        if self.plans.iter().all(|plan| self.factory.is_required(&plan.plan)) {
            return Err(failure.into());
        }
        let (mut plans, mut unopened) = (Vec::new(), Vec::new());
        for plan in &self.plans {
            match self.factory.streams(&[plan]) {
                Err(failure) if !may_pass(&failure) && self.factory.is_required(&plan.plan) => {
                    return Err(failure.into());
                }
                Err(failure) if !may_pass(&failure) => unopened.push(failed_to_open(&plan.plan.name, &failure)),
                _ => plans.push(*plan),
            }
        }
        if unopened.is_empty() {
            return Err(failure.into());
        }
        let streams = self.factory.streams(&plans);
        Ok((Attempt { plans, streams }, unopened))
    }

    /// Runs the streams to their ends.
    pub(crate) fn move_rows(&self) -> Vec<StreamSummary> {
        self.run(Attempt { plans: self.plans.clone(), streams: self.factory.streams(&self.plans) })
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
    fn run(&self, first: Attempt<'_>) -> Vec<StreamSummary> {
        let retries = Retries {
            attempts: self.factory.pipeline.run.retries,
            clock: self.runtime.clock.as_ref(),
            sleep: &std::thread::sleep,
            cancel: &self.runtime.cancel,
            observer: self.runtime.observer.as_ref(),
        };
        retries.run(self.attempt(first), |failed| {
            let plans: Vec<&Stream> =
                self.plans.iter().copied().filter(|plan| failed.contains(&plan.plan.name)).collect();
            let streams = self.factory.streams(&plans);
            self.attempt(Attempt { plans, streams })
        })
    }

    fn attempt(&self, Attempt { plans, streams }: Attempt<'_>) -> Vec<StreamSummary> {
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
