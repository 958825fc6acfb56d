//! The machine's clocks.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use wmshost_flow::{Clock, Micros};

use crate::environment::variable;

/// The machine's clocks. `WMSHOST_CLOCK_AHEAD=-3600` shifts the wall clock by this number of seconds, for the tests
/// that prove that a wrong one does no harm.
pub struct SystemClock {
    started: Instant,
    ahead: Micros,
}

impl SystemClock {
    /// A clock whose `elapsed` begins now.
    pub fn start() -> Self {
        let seconds = variable("WMSHOST_CLOCK_AHEAD").and_then(|text| text.to_str()?.parse::<i32>().ok());
        Self { started: Instant::now(), ahead: Micros::from(seconds.unwrap_or(0)) * 1_000_000 }
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Micros {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Micros::try_from(since.as_micros()).unwrap_or(Micros::MAX).saturating_add(self.ahead)
    }

    fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }
}
