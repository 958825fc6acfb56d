//! Streams run to their end: recorded in the history, observed while they run, retried after a failure that may pass.

use wmshost_flow::{Failure, FailureKind, LastRun, LastRuns, Micros, Scope, SqlSession, StreamSummary, run_streams};
use wmshost_pipeline::{ConfiguredPlugin, Stream};

use super::outcome::{RunOutcome, ended_well, failed_to_open, run_status, summed};
use super::retry::{Retries, may_pass};
use crate::assembly::{StreamFactory, connect};
use crate::error::Result;
use crate::events::StreamEvents;
use crate::history::{PluginRecord, RunRecorder};
use crate::receipts::{Finished, ReceiptWriter};
use crate::runtime::Runtime;
use crate::verified;

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
        self.record_verified(opened_at, &streams);
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
    /// the stream.
    fn record_outcomes(&self, ends: &[StreamSummary]) {
        let outcome = |end: &StreamSummary| {
            let is_busy = end.failure.as_ref().is_some_and(|at| at.failure.kind == FailureKind::Busy);
            let plan = self.plans.iter().find(|plan| plan.plan.name == end.stream && !is_busy)?;
            let ended_at = self.runtime.clock.now();
            let last = LastRun {
                stream: end.stream.clone(),
                run_id: self.factory.run_id.clone(),
                status: end.status.name().to_owned(),
                ended_at,
                succeeded_at: ended_well(end).then_some(ended_at),
                failure: end.failure.as_ref().map(ToString::to_string),
            };
            Some((plan.plan.target.as_str(), last))
        };
        let pipeline = self.factory.pipeline;
        let record =
            |sql: &mut dyn SqlSession, last: &[LastRun]| LastRuns { pipeline: &pipeline.name }.record(sql, last);
        let outcomes = ends.iter().filter_map(outcome);
        let (connections, clock) = (&pipeline.connections, &self.factory.clock);
        connect::record_in_targets(connections, clock, outcomes, ("the outcomes of streams", record));
    }

    /// Moves the marks of the streams whose whole tables are proven to be as their sources were.
    fn record_verified(&self, opened_at: Micros, ends: &[StreamSummary]) {
        let is_proven = |end: &&StreamSummary| matches!(&end.proof, Some(Ok(proof)) if proof.scope == Scope::Whole && proof.is_equal() && ended_well(end));
        let proven: Vec<&str> = ends.iter().filter(is_proven).map(|end| end.stream.as_str()).collect();
        let plans = self.plans.iter().filter(|plan| proven.contains(&plan.plan.name.as_str()));
        verified::record(&self.factory, plans.map(|plan| (&plan.plan, opened_at)));
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
