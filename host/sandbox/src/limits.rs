//! The limits of an instance's memory and of the time of its calls.

use std::sync::Arc;
use std::time::{Duration, Instant};

use wasmtime::ResourceLimiter;
use wmshost_flow::{Failure, Limits, TotalLimits};

use crate::total_time::{TotalTime, UsedUp, used_up};

/// Returns the limits of a plugin while it describes itself. A description is read where no pipeline sets limits, so that
/// a component with an interpreter in it must fit too.
pub(crate) fn for_description() -> Limits {
    Limits { call_time: Duration::from_secs(5), core_instances: 1_000, table_elements: 1_000_000, ..Limits::default() }
}

/// Watches the memory of one instance, and remembers a refusal so that the error can name it.
#[derive(Debug)]
pub(crate) struct MemoryGuard {
    most: usize,
    most_instances: usize,
    most_elements: usize,
    bytes: usize,
    elements: usize,
    refused: Option<Failure>,
}

impl MemoryGuard {
    pub(crate) fn new(limits: &Limits) -> Self {
        let Limits { memory_bytes: most, core_instances: most_instances, table_elements: most_elements, .. } = *limits;
        Self { most, most_instances, most_elements, bytes: 0, elements: 0, refused: None }
    }

    /// Forgets the refusals of earlier calls, which the plugin survived.
    pub(crate) fn restart(&mut self) {
        self.refused = None;
    }

    /// The bytes of all linear memories.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// The failure after a trap, if it was caused by memory that the guest did not get.
    pub(crate) fn failure(&self) -> Option<Failure> {
        self.refused.clone()
    }
}

impl ResourceLimiter for MemoryGuard {
    fn memory_growing(&mut self, current: usize, desired: usize, _maximum: Option<usize>) -> wasmtime::Result<bool> {
        let asked = self.bytes.saturating_add(desired.saturating_sub(current));
        if asked > self.most {
            let refused = Failure::limit("memory_bytes", self.most, asked);
            self.refused = Some(refused.and("`memory_mib` in [limits] raises it"));
            return Ok(false);
        }
        self.bytes = asked;
        Ok(true)
    }

    fn table_growing(&mut self, current: usize, desired: usize, _maximum: Option<usize>) -> wasmtime::Result<bool> {
        let asked = self.elements.saturating_add(desired.saturating_sub(current));
        if asked > self.most_elements {
            let refused = Failure::limit("table_elements", self.most_elements, asked);
            self.refused = Some(refused.and("`table_elements` in [limits] raises it"));
            return Ok(false);
        }
        self.elements = asked;
        Ok(true)
    }

    fn instances(&self) -> usize {
        self.most_instances
    }

    fn tables(&self) -> usize {
        self.most_instances
    }

    fn memories(&self) -> usize {
        4
    }
}

/// The time of the current call.
#[derive(Debug)]
pub(crate) struct CallTimer {
    call_time: Duration,
    wait_time: Duration,
    started: Instant,
    waited: Duration,
    /// The computing time of the last call.
    computed: Duration,
    totals: TotalLimits,
    total: Arc<TotalTime>,
    /// The most time that one call may compute, whatever the purpose of the current one.
    usual: Duration,
}

/// A call, or all calls together, computed or waited longer than allowed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TimeUp {
    #[error("limit {0}: {1:?} allowed")]
    OfCall(&'static str, Duration),
    #[error("a limit of all calls together")]
    OfAllCalls(UsedUp),
}

impl TimeUp {
    pub(crate) fn failure(&self) -> Failure {
        match *self {
            Self::OfCall(name, limit) => Failure::timeout(name, format_args!("{limit:?}")),
            Self::OfAllCalls(total) => used_up(total),
        }
    }
}

impl CallTimer {
    /// A timer that adds to this total.
    pub(crate) fn new(limits: &Limits, total: Arc<TotalTime>) -> Self {
        let Limits { call_time, wait_time, total: totals, .. } = *limits;
        let (waited, computed) = (Duration::ZERO, Duration::ZERO);
        Self { call_time, wait_time, started: Instant::now(), waited, computed, totals, total, usual: call_time }
    }

    /// Begins a call that may compute for `call_time`.
    pub(crate) fn restart(&mut self, call_time: Duration) {
        self.call_time = call_time;
        self.started = Instant::now();
        self.waited = Duration::ZERO;
    }

    /// Counts the time since `from` as a database's, not the plugin's.
    pub(crate) fn host_worked(&mut self, from: Instant) {
        self.waited += from.elapsed();
    }

    /// The time that the guest computed since the call began.
    fn computed(&self) -> Duration {
        self.started.elapsed().saturating_sub(self.waited)
    }

    /// Ends the call.
    pub(crate) fn end(&mut self) {
        self.computed = self.computed();
        self.total.count(self.computed, self.waited);
    }

    /// Counts the rows that the last call was about, which has returned. Fails if the rows so far took too long.
    pub(crate) fn count_rows(&self, rows: usize) -> Result<(), Failure> {
        self.total.count_rows(rows, self.computed, &self.totals, self.usual)
    }

    /// Fails if the time is up. Called at every tick of the epoch while the guest computes, so also soon after it has
    /// waited.
    pub(crate) fn check(&self) -> Result<(), TimeUp> {
        let computed = self.computed();
        if computed > self.call_time {
            return Err(TimeUp::OfCall("call_time", self.call_time));
        }
        if self.waited > self.wait_time {
            return Err(TimeUp::OfCall("wait_time", self.wait_time));
        }
        self.total.used_up(&self.totals, computed, self.waited).map_or(Ok(()), |total| Err(TimeUp::OfAllCalls(total)))
    }
}
