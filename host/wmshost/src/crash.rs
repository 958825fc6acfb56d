//! Dying on purpose, for the tests that prove that it does no harm: `WMSHOST_CRASH_AT=allocation:batch-committed:3`
//! ends the process at once, as a power cut would, when the stream comes to that point for the third time.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::home::variable;

/// The point to die at, if one is asked for.
pub(crate) struct CrashPoint {
    at: Option<(String, String, u64)>,
    passed: AtomicU64,
}

impl CrashPoint {
    /// What the environment asks for.
    pub(crate) fn of_environment() -> Self {
        let text = variable("WMSHOST_CRASH_AT").and_then(|text| text.into_string().ok());
        let at = text.and_then(|text| {
            let mut parts = text.split(':').map(str::to_owned);
            Some((parts.next()?, parts.next()?, parts.next()?.parse().ok()?))
        });
        Self { at, passed: AtomicU64::new(0) }
    }

    /// A stream has come to a point.
    pub(crate) fn reached(&self, stream: &str, point: &str) {
        let Some((at_stream, at_point, times)) = &self.at else { return };
        if at_stream == stream && at_point == point && self.passed.fetch_add(1, Ordering::Relaxed) + 1 == *times {
            std::process::abort();
        }
    }
}
