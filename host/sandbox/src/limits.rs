//! The limits of a plugin. Each of them is enforced here or where its name says, and a hostile guest in the tests tries
//! to exceed it.

use std::time::{Duration, Instant};

use wasmtime::ResourceLimiter;
use wmshost_flow::Failure;

/// The limits of one plugin instance.
#[derive(Debug, Clone)]
pub struct Limits {
    /// The most linear memory, in bytes.
    pub memory_bytes: usize,
    /// The most core modules in one instance of a component, and likewise the most tables of theirs.
    pub core_instances: usize,
    /// The most elements of all tables of one instance together.
    pub table_elements: usize,
    /// The longest time that one call may compute, not counting the work of databases and web services for it.
    pub call_time: Duration,
    /// The longest time that databases and web services may work for one call.
    pub wait_time: Duration,
    /// The most bytes that the columns of one batch may take; the rows that were taken out of it may take as many
    /// again.
    pub batch_bytes: usize,
    /// The most columns of a batch or a table.
    pub batch_columns: usize,
    /// The most batches that may be open at once.
    pub batches: usize,
    /// The most responses of a web service that may be open at once, each with its body.
    pub responses: usize,
    /// The most batches without a row that an extractor may return one after the other.
    pub empty_batches: u32,
    /// The most handles (batches, cursors, connections) that may be open at once.
    pub handles: usize,
    /// The most messages and printed lines that a plugin may put into the log for one stream, in all instances
    /// together; further ones are counted and left out.
    pub log_messages: u64,
    /// The most bytes of them, likewise.
    pub log_bytes: u64,
    /// The longest message, in bytes; longer ones are cut.
    pub message_bytes: usize,
    /// The most bytes that are kept of a call's standard output, and of its standard error.
    pub output_bytes: usize,
    /// The most bytes that one call of the host may copy out of the plugin.
    pub copied_bytes: usize,
    /// The most models that one plugin may declare.
    pub declared_models: usize,
    /// The most entries of all lists of one declaration: columns, tests, values of fixtures.
    pub declared_parts: usize,
    /// The most bytes of all texts of one declaration.
    pub declared_bytes: usize,
    /// The longest SQL of one model or test, in bytes.
    pub statement_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            memory_bytes: 64 << 20,
            core_instances: 32,
            table_elements: 100_000,
            call_time: Duration::from_secs(30),
            wait_time: Duration::from_secs(3_600),
            batch_bytes: 64 << 20,
            batch_columns: 1_000,
            batches: 4,
            responses: 2,
            empty_batches: 1_000,
            handles: 64,
            log_messages: 10_000,
            log_bytes: 8 << 20,
            message_bytes: 4 << 10,
            output_bytes: 64 << 10,
            copied_bytes: 64 << 20,
            declared_models: 1_000,
            declared_parts: 100_000,
            declared_bytes: 8 << 20,
            statement_bytes: 256 << 10,
        }
    }
}

impl Limits {
    /// The limits of a plugin while it describes itself. A description is read where no pipeline sets limits, so that a
    /// component with an interpreter in it must fit too.
    pub(crate) fn for_description() -> Self {
        Self { call_time: Duration::from_secs(5), core_instances: 1_000, table_elements: 1_000_000, ..Self::default() }
    }
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
}

/// A call computed, or waited, longer than allowed.
#[derive(Debug, thiserror::Error)]
#[error("limit {name}: {limit:?} allowed")]
pub(crate) struct TimeUp {
    pub(crate) name: &'static str,
    pub(crate) limit: Duration,
}

impl CallTimer {
    pub(crate) fn new(limits: &Limits) -> Self {
        let Limits { call_time, wait_time, .. } = *limits;
        Self { call_time, wait_time, started: Instant::now(), waited: Duration::ZERO }
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

    /// Fails if the time is up. Called at every tick of the epoch while the guest computes, so also soon after it has
    /// waited.
    pub(crate) fn check(&self) -> Result<(), TimeUp> {
        let computed = self.started.elapsed().saturating_sub(self.waited);
        if computed > self.call_time {
            return Err(TimeUp { name: "call_time", limit: self.call_time });
        }
        if self.waited > self.wait_time {
            return Err(TimeUp { name: "wait_time", limit: self.wait_time });
        }
        Ok(())
    }
}
