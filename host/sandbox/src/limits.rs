//! What a plugin may use. Every limit is enforced here or where its name says, and a hostile guest in the
//! tests tries to pass each of them.

use std::time::{Duration, Instant};

use wasmtime::ResourceLimiter;
use wmshost_flow::Failure;

/// The limits of one plugin instance.
#[derive(Debug, Clone)]
pub struct Limits {
    /// The most linear memory, in bytes.
    pub memory_bytes: usize,
    /// The longest that one call may compute, not counting what the host does for it.
    pub call_time: Duration,
    /// The most bytes that the columns of one batch may take.
    pub batch_bytes: usize,
    /// The most columns of a batch.
    pub batch_columns: usize,
    /// The most handles (batches, cursors, connections) that may be open at once.
    pub handles: usize,
    /// The most messages in the log; further ones are counted and left out.
    pub log_messages: u64,
    /// The longest message, in bytes; longer ones are cut.
    pub message_bytes: usize,
    /// How much of standard output and of standard error is kept, in bytes.
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
            call_time: Duration::from_secs(30),
            batch_bytes: 64 << 20,
            batch_columns: 1_000,
            handles: 64,
            log_messages: 10_000,
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

/// Watches the memory of one instance, and remembers what was refused so that the error can name it.
#[derive(Debug)]
pub(crate) struct MemoryGuard {
    most: usize,
    refused: Option<usize>,
}

impl MemoryGuard {
    pub(crate) fn new(most: usize) -> Self {
        Self { most, refused: None }
    }

    /// The failure behind a trap, if it was memory that the guest did not get.
    pub(crate) fn failure(&self) -> Option<Failure> {
        self.refused.map(|asked| Failure::limit("memory (bytes)", self.most, asked))
    }
}

impl ResourceLimiter for MemoryGuard {
    fn memory_growing(&mut self, _current: usize, desired: usize, _maximum: Option<usize>) -> wasmtime::Result<bool> {
        if desired > self.most {
            self.refused = Some(desired);
        }
        Ok(desired <= self.most)
    }

    fn table_growing(&mut self, _current: usize, desired: usize, _maximum: Option<usize>) -> wasmtime::Result<bool> {
        Ok(desired <= 100_000)
    }

    fn instances(&self) -> usize {
        32
    }

    fn tables(&self) -> usize {
        32
    }

    fn memories(&self) -> usize {
        4
    }
}

/// The time of the call that is under way.
#[derive(Debug)]
pub(crate) struct CallTimer {
    limit: Duration,
    started: Instant,
    in_host: Duration,
}

/// A call computed longer than it may.
#[derive(Debug, thiserror::Error)]
#[error("limit call_time: {limit:?} allowed")]
pub(crate) struct CallTimeUp {
    pub(crate) limit: Duration,
}

impl CallTimer {
    pub(crate) fn new(limit: Duration) -> Self {
        Self { limit, started: Instant::now(), in_host: Duration::ZERO }
    }

    pub(crate) fn restart(&mut self) {
        self.started = Instant::now();
        self.in_host = Duration::ZERO;
    }

    /// Counts the time since `from` as the host's, not the plugin's.
    pub(crate) fn host_worked(&mut self, from: Instant) {
        self.in_host += from.elapsed();
    }

    /// Called at every tick of the epoch while the guest computes.
    pub(crate) fn check(&self) -> Result<(), CallTimeUp> {
        let computed = self.started.elapsed().saturating_sub(self.in_host);
        if computed > self.limit { Err(CallTimeUp { limit: self.limit }) } else { Ok(()) }
    }
}
