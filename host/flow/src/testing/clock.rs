//! A clock that advances only when a test, or a double that pretends to take time, moves it.

use std::sync::Mutex;
use std::time::Duration;

use crate::ports::clock::{Clock, Micros};

/// The wall clock's time when the monotonic clock is at zero: 2026-01-01T00:00:00 UTC.
const START: Micros = 1_767_225_600_000_000;

/// The clock. Its wall clock and its monotonic clock advance together.
#[derive(Debug, Default)]
pub(crate) struct FakeClock(Mutex<Duration>);

impl FakeClock {
    /// Moves the clock forward.
    pub(crate) fn advance(&self, time: Duration) {
        *self.0.lock().expect("a clock") += time;
    }
}

impl Clock for FakeClock {
    fn now(&self) -> Micros {
        START + Micros::try_from(self.elapsed().as_micros()).expect("a time within the range")
    }

    fn elapsed(&self) -> Duration {
        *self.0.lock().expect("a clock")
    }
}
