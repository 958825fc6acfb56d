//! Crashes on purpose, for the tests that prove that they do no harm: `WMSHOST_CRASH_AT=allocation:batch-committed:3`
//! ends the process at once, as a power cut would, when the stream reaches that point for the third time.
//! `WMSHOST_SIGNAL_AT` sends the process SIGINT there, as Ctrl-C would.

use std::sync::atomic::{AtomicU64, Ordering};

use signal_hook::consts::SIGINT;
use signal_hook::low_level::raise;

use crate::environment::variable;

/// The points at which to crash, and to be interrupted, if the environment names them.
pub(crate) struct Failpoints {
    crash: Option<Failpoint>,
    signal: Option<Failpoint>,
}

/// A point in the processing of a stream.
struct Failpoint {
    stream: String,
    point: String,
    times: u64,
    passed: AtomicU64,
}

impl Failpoints {
    /// The points that the environment names.
    pub(crate) fn of_environment() -> Self {
        Self { crash: Failpoint::of("WMSHOST_CRASH_AT"), signal: Failpoint::of("WMSHOST_SIGNAL_AT") }
    }

    /// Acts on a stream that has reached a point.
    pub(crate) fn reached(&self, stream: &str, point: &str) {
        let is_meant = |at: &Option<Failpoint>| at.as_ref().is_some_and(|at| at.is_reached(stream, point));
        if is_meant(&self.crash) {
            std::process::abort();
        }
        if is_meant(&self.signal)
            && let Err(error) = raise(SIGINT)
        {
            tracing::warn!("the process cannot send itself a signal: {error}");
        }
    }
}

impl Failpoint {
    fn of(name: &str) -> Option<Self> {
        let text = variable(name)?.into_string().ok()?;
        let mut parts = text.split(':').map(str::to_owned);
        let (stream, point, times) = (parts.next()?, parts.next()?, parts.next()?.parse().ok()?);
        Some(Self { stream, point, times, passed: AtomicU64::new(0) })
    }

    fn is_reached(&self, stream: &str, point: &str) -> bool {
        self.stream == stream && self.point == point && self.passed.fetch_add(1, Ordering::Relaxed) + 1 == self.times
    }
}
