//! The cost of a plugin's calls, for its author.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// The cost of some calls.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Cost {
    /// The WebAssembly instructions, roughly; 0 in a sandbox that does not count them.
    pub instructions: u64,
    /// The calls of exported functions.
    pub calls: u64,
    /// The largest linear memory of an instance, in bytes.
    pub memory_bytes: usize,
}

/// Adds up the cost of a plugin's calls.
#[derive(Debug, Default)]
pub(crate) struct CostMeter {
    instructions: AtomicU64,
    calls: AtomicU64,
    memory_bytes: AtomicUsize,
}

impl CostMeter {
    /// Counts a call.
    pub(crate) fn count(&self, instructions: u64, memory_bytes: usize) {
        self.instructions.fetch_add(instructions, Ordering::Relaxed);
        self.calls.fetch_add(1, Ordering::Relaxed);
        self.memory_bytes.fetch_max(memory_bytes, Ordering::Relaxed);
    }

    /// Takes what was counted so far.
    pub(crate) fn take(&self) -> Cost {
        Cost {
            instructions: self.instructions.swap(0, Ordering::Relaxed),
            calls: self.calls.swap(0, Ordering::Relaxed),
            memory_bytes: self.memory_bytes.swap(0, Ordering::Relaxed),
        }
    }
}
