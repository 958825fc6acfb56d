//! Denials: calls of a plugin that ask for more than it is granted. Each is counted in the run, and the first ones are in its
//! log.

use std::sync::atomic::Ordering;

use wmshost_flow::{Failure, FailureKind};

use super::LogMeter;
use crate::text::sanitize;

/// The denials of a plugin in a stream that are in the log; further ones are counted.
const LOGGED_DENIALS: u64 = 100;

/// The most bytes of a denial in the log.
const DENIAL_BYTES: usize = 4 << 10;

impl LogMeter {
    /// Counts a result that is a denial, writes it into the log, and passes the result on.
    pub(crate) fn audited<T>(&self, result: Result<T, Failure>) -> Result<T, Failure> {
        let Err(failure) = &result else { return result };
        if failure.kind == FailureKind::Denied {
            let number = self.denied.fetch_add(1, Ordering::Relaxed) + 1;
            let (plugin, stream) = (self.plugin.as_str(), self.stream.as_str());
            if number <= LOGGED_DENIALS {
                tracing::warn!(plugin, stream, number, "denied: {}", sanitize(failure.to_string(), DENIAL_BYTES));
            }
        }
        result
    }

    /// The number of denials.
    pub(crate) fn denials(&self) -> u64 {
        self.denied.load(Ordering::Relaxed)
    }
}
