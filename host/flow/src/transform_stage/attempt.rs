//! One batch through one transform that may fail. The result of a failure:
//!
//! | the transform | `fail_run` | `retry` | `quarantine` |
//! |---|---|---|---|
//! | keeps state | ends the run | refused by `check` | refused by `check` |
//! | fails on single rows | names the first, ends the run | likewise, after a second try | rejects them, continues |
//! | fails, but on no single row | ends the run | continues if the second try passes | ends the run |
//!
//! Failures are a trap, an exceeded limit, a call that takes too long, and a returned `permanent` or `limit` failure.
//! The others (`invalid-config`, `denied`, `transient`) are not caused by rows and end the stream unchanged.

use std::time::Duration;

use arrow_array::RecordBatch;

use super::bisection::Bisection;
use super::promise::Promise;
use crate::events::Event;
use crate::failure::{Failure, FailureKind};
use crate::policy::OnTrap;
use crate::stream::StreamContext;
use crate::transform::{Call, Transform, Transformed};

/// Returns whether a failure of a transform may be caused by some of the rows.
pub(super) fn is_about_rows(failure: &Failure) -> bool {
    use FailureKind::{Limit, Permanent, Timeout, Trap};
    matches!(failure.kind, Trap | Limit | Timeout | Permanent)
        && failure.site.as_ref().is_some_and(|site| site.function == "process")
}

/// A transform and a batch.
pub(super) struct Attempt<'a> {
    pub(super) stream: &'a str,
    pub(super) number: u64,
    pub(super) transform: &'a mut dyn Transform,
    pub(super) promise: &'a Promise<'a>,
    pub(super) on_trap: OnTrap,
    pub(super) context: &'a StreamContext,
}

impl Attempt<'_> {
    /// Returns the output of the transform for the rows, checked against its promise.
    pub(super) fn process(&mut self, rows: &RecordBatch) -> Result<Transformed, Failure> {
        let time = self.transform.call_time();
        let failure = match self.call(rows, time, false)? {
            Ok(changed) => return Ok(changed),
            Err(failure) => failure,
        };
        if self.transform.keeps_state() {
            return Err(failure.and(
                "the plugin keeps state from batch to batch, so that the host neither searches for a row nor continues \
                 with a fresh instance: the run ends here, and the next one continues from the last checkpoint",
            ));
        }
        if self.on_trap == OnTrap::Retry {
            self.transform.renew()?;
            if let Ok(changed) = self.call(rows, time, false)? {
                self.warn(&failure);
                return Ok(changed);
            }
        }
        tracing::info!(stream = self.stream, batch = self.number, "searching for the rows on which the plugin fails");
        Bisection::of(self, rows, failure).run()
    }

    /// Calls the transform. The outer failure ends the stream; the inner one may be about some of the rows.
    pub(super) fn call(
        &mut self,
        rows: &RecordBatch,
        time: Duration,
        is_probe: bool,
    ) -> Result<Result<Transformed, Failure>, Failure> {
        let call = Call { batch: self.number, time, is_probe };
        match self.transform.process(rows.clone(), &call) {
            Ok(changed) => {
                let kept = self.promise.check(rows, changed);
                kept.map(Ok).map_err(|failure| failure.at(self.transform.plugin(), "process"))
            }
            Err(failure) if is_about_rows(&failure) => Ok(Err(failure)),
            Err(failure) => Err(failure),
        }
    }

    /// Warns that a fresh instance processed the batch.
    fn warn(&self, failure: &Failure) {
        let message = format!(
            "batch {}: plugin {} failed and processed the batch in a fresh instance, as on_trap = \"retry\" says: {failure}",
            self.number,
            self.transform.plugin(),
        );
        self.context.observer.event(&Event::Warned { stream: self.stream, message: &message });
    }
}
