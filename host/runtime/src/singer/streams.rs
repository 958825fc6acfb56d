//! The streams of a tap, each with the flow that its records go through.

use std::collections::BTreeMap;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crossbeam_channel::{Sender, bounded};
use wmshost_flow::{Failure, FailureKind, StreamStatus, StreamSummary};
use wmshost_singer::{Activated, ColumnsOf, Input, Records, Stamp};

use super::flow::{Part, SESSIONS, Settled, Shared, is_loaded};
use crate::error::Result;
use crate::run::summed;

/// Portions of records that may wait for a stream.
const PORTIONS: usize = 2;
/// The time after which a state that waits has what is before it committed, even if few records have come.
const LONGEST_WAIT: Duration = Duration::from_secs(30);
/// The flows that run at once; each has threads and sessions in the target.
const MOST_FLOWS: usize = 24;

/// A stream of the tap.
pub(super) struct TapStream {
    /// Its name in the pipeline.
    pub(super) name: String,
    /// Its number among the states.
    pub(super) number: usize,
    pub(super) schema: String,
    pub(super) key: Vec<String>,
    pub(super) columns: ColumnsOf,
    pub(super) settled: Settled,
    pub(super) stamp: Stamp,
    /// Records that are not passed on yet.
    pub(super) records: Records,
    pub(super) flow: Option<Running>,
    /// True once a flow has made its table.
    pub(super) was_loaded: bool,
}

/// The flow of a stream.
pub(super) struct Running {
    input: Sender<Input>,
    pub(super) activated: Activated,
    thread: JoinHandle<Option<StreamSummary>>,
}

/// The streams that were met.
pub(super) struct Streams<'env> {
    pub(super) shared: &'env Shared<'env>,
    pub(super) by_name: BTreeMap<String, TapStream>,
    ends: Vec<StreamSummary>,
    /// The time since which all that was received is committed.
    drained: Duration,
}

impl<'env> Streams<'env> {
    pub(super) fn new(shared: &'env Shared<'env>) -> Self {
        let (by_name, ends) = (BTreeMap::new(), Vec::new());
        Self { shared, by_name, ends, drained: shared.runtime.clock.elapsed() }
    }

    /// The stream with this name in the messages.
    pub(super) fn named(&mut self, name: &str) -> Result<&mut TapStream> {
        let unknown = || Failure::permanent(format!("the stream {name} has no SCHEMA before it"));
        Ok(self.by_name.get_mut(name).ok_or_else(unknown)?)
    }

    /// Begins the flow of a stream, if it does not run.
    pub(super) fn begin(&mut self, name: &str) -> Result<()> {
        let shared = self.shared;
        if self.named(name)?.flow.is_some() {
            return Ok(());
        }
        let running = self.by_name.iter().filter(|(_, stream)| stream.flow.is_some());
        if running.clone().count() >= MOST_FLOWS {
            let ending: Vec<String> =
                running.filter(|(_, stream)| !stream.settled.is_replaced).map(|(name, _)| name.clone()).collect();
            self.finish_all(&ending)?;
        }
        if self.by_name.values().filter(|stream| stream.flow.is_some()).count() >= SESSIONS {
            let what = format!("more than {SESSIONS} tables are replaced at once, each by a session of the target");
            return Err(Failure::invalid_config(what).advise("divide the tap's streams among several runs").into());
        }
        let stream = self.named(name)?;
        let (input, output) = bounded(PORTIONS);
        let activated = Activated::default();
        let part = Part {
            name: stream.name.clone(),
            number: stream.number,
            before: shared.passing.with(|states| states.received(stream.number)) - stream.records.rows as u64,
            columns: stream.columns.clone(),
            settled: stream.settled.clone(),
            stamp: stream.stamp.clone(),
            activated: activated.clone(),
            input: output,
        };
        let (flow, span) = (shared.flow(part)?, tracing::Span::current());
        let thread = thread::spawn(move || span.in_scope(|| flow.run()));
        stream.flow = Some(Running { input, activated, thread });
        stream.was_loaded = true;
        Ok(())
    }

    /// Passes the records of a stream on to its flow.
    pub(super) fn pass_on(&mut self, name: &str) -> Result<()> {
        if self.named(name)?.records.rows == 0 {
            return Ok(());
        }
        self.begin(name)?;
        let stream = self.named(name)?;
        let records = std::mem::take(&mut stream.records);
        let is_taken = stream.flow.as_ref().is_some_and(|flow| flow.input.send(Input::Records(records)).is_ok());
        if is_taken {
            return Ok(());
        }
        // A flow that takes no records has failed.
        self.finish(name)?;
        Err(Failure::permanent(format!("the stream {name} took no more records")).into())
    }

    /// Waits until all records of a stream are committed.
    pub(super) fn finish(&mut self, name: &str) -> Result<()> {
        self.pass_on(name)?;
        let stream = self.named(name)?;
        let (number, plain) = (stream.number, stream.name.clone());
        let Some(flow) = stream.flow.take() else { return Ok(()) };
        let _ = flow.input.send(Input::End);
        let end = joined(flow.thread)?;
        let (status, is_whole) = (end.status, is_loaded(&end));
        self.ends = summed(&self.ends, vec![end]);
        if !is_whole {
            let what = format!("the stream {plain} was not loaded to its end");
            let kind = if status == StreamStatus::Cancelled { FailureKind::Cancelled } else { FailureKind::Permanent };
            return Err(Failure::new(kind, what).into());
        }
        self.shared.passing.with(|states| {
            let received = states.received(number);
            states.commit(number, received);
        });
        Ok(())
    }

    /// Waits until the records of all streams are committed, except those whose tables are replaced at the end, unless this is
    /// the end.
    pub(super) fn drain(&mut self, is_end: bool) -> Result<()> {
        let streams = self.by_name.iter().filter(|(_, stream)| is_end || !stream.settled.is_replaced);
        let names: Vec<String> = streams.map(|(name, _)| name.clone()).collect();
        self.finish_all(&names)?;
        self.drained = self.shared.runtime.clock.elapsed();
        Ok(())
    }

    /// Waits until all records of these streams are committed; they end at once, and not one after the other.
    fn finish_all(&mut self, names: &[String]) -> Result<()> {
        for name in names {
            self.pass_on(name)?;
            if let Some(flow) = &self.named(name)?.flow {
                let _ = flow.input.send(Input::End);
            }
        }
        names.iter().try_for_each(|name| self.finish(name))
    }

    /// Has everything committed if a state waits for too long. A table that is replaced waits for the end.
    pub(super) fn drain_if_due(&mut self) -> Result<()> {
        let elapsed = self.shared.runtime.clock.elapsed() - self.drained;
        if elapsed < LONGEST_WAIT {
            return Ok(());
        }
        if self.shared.passing.with(|states| states.are_waiting()) {
            return self.drain(false);
        }
        self.drained = self.shared.runtime.clock.elapsed();
        Ok(())
    }

    /// Ends the flows that still run, without what they have not received, and returns the summaries of all streams.
    pub(super) fn end(mut self) -> Vec<StreamSummary> {
        let flows: Vec<Running> = self.by_name.values_mut().filter_map(|stream| stream.flow.take()).collect();
        let threads: Vec<_> = flows.into_iter().map(|flow| flow.thread).collect();
        for thread in threads {
            if let Ok(end) = joined(thread) {
                self.ends = summed(&self.ends, vec![end]);
            }
        }
        self.ends
    }
}

/// Waits for the end of a flow.
fn joined(thread: JoinHandle<Option<StreamSummary>>) -> Result<StreamSummary, Failure> {
    let end = thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
    end.ok_or_else(|| Failure::permanent("a stream has no end"))
}
