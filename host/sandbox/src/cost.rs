//! The cost of a plugin's calls, for its author.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use wasmtime::CallHook;

/// The cost of some calls.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Cost {
    /// The WebAssembly instructions, roughly; 0 in a sandbox that does not count them.
    pub instructions: u64,
    /// The calls of exported functions.
    pub calls: u64,
    /// The largest linear memory of an instance, in bytes.
    pub memory_bytes: usize,
    /// The time of the calls.
    pub time: Duration,
    /// The part of it in the plugin's own code; the rest passes at the border. 0 in a sandbox that does not measure it.
    pub guest_time: Duration,
}

/// Adds up the cost of a plugin's calls.
#[derive(Debug, Default)]
pub(crate) struct CostMeter {
    /// True if the time in the plugin's own code is measured.
    pub(crate) is_timed: bool,
    instructions: AtomicU64,
    calls: AtomicU64,
    memory_bytes: AtomicUsize,
    nanoseconds: AtomicU64,
    guest_nanoseconds: AtomicU64,
}

impl CostMeter {
    /// A meter that measures the time in the plugin's own code, or does not.
    pub(crate) fn new(is_timed: bool) -> Self {
        Self { is_timed, ..Self::default() }
    }

    /// Counts a call.
    pub(crate) fn count(&self, instructions: u64, memory_bytes: usize, time: Duration) {
        self.instructions.fetch_add(instructions, Ordering::Relaxed);
        self.calls.fetch_add(1, Ordering::Relaxed);
        self.memory_bytes.fetch_max(memory_bytes, Ordering::Relaxed);
        self.nanoseconds.fetch_add(nanoseconds(time), Ordering::Relaxed);
    }

    /// Takes what was counted so far.
    pub(crate) fn take(&self) -> Cost {
        let time = |counter: &AtomicU64| Duration::from_nanos(counter.swap(0, Ordering::Relaxed));
        Cost {
            instructions: self.instructions.swap(0, Ordering::Relaxed),
            calls: self.calls.swap(0, Ordering::Relaxed),
            memory_bytes: self.memory_bytes.swap(0, Ordering::Relaxed),
            time: time(&self.nanoseconds),
            guest_time: time(&self.guest_nanoseconds),
        }
    }
}

/// Measures the time that an instance spends in its own code, from the moments at which it is entered and left.
#[derive(Debug, Default)]
pub(crate) struct GuestClock(Option<Instant>);

impl GuestClock {
    /// The instance is entered or left.
    pub(crate) fn at(&mut self, moment: CallHook, meter: &CostMeter) {
        if moment.entering_host() {
            let spent = self.0.take().map_or(Duration::ZERO, |since| since.elapsed());
            meter.guest_nanoseconds.fetch_add(nanoseconds(spent), Ordering::Relaxed);
        } else {
            self.0 = Some(Instant::now());
        }
    }
}

fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}
