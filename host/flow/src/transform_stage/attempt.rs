//! One batch through one transform that may fail. What happens then:
//!
//! | the transform | `fail_run` | `retry` | `quarantine` |
//! |---|---|---|---|
//! | keeps state | ends the run | refused by `check` | refused by `check` |
//! | fails on single rows | names the first, ends the run | likewise, after a second try | rejects them, goes on |
//! | fails, and no single row does it | ends the run | goes on if the second try passes | ends the run |
//!
//! What counts is a trap, a limit, a call that takes too long, and a returned `permanent` or `limit` failure. The others
//! (`invalid-config`, `denied`, `transient`) are not about rows and end the stream as they are.

use std::time::Duration;

use arrow_array::RecordBatch;

use super::bisection::Bisection;
use super::promise::Promise;
use crate::events::Event;
use crate::failure::{Failure, FailureKind};
use crate::policy::OnTrap;
use crate::stream::StreamContext;
use crate::transform::{Call, Transform, Transformed};

/// Returns whether a transform failed in a way that some of the rows may be the reason for.
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
    /// What the transform makes of the rows, held to its promise.
    pub(super) fn process(&mut self, rows: &RecordBatch) -> Result<Transformed, Failure> {
        let time = self.transform.call_time();
        let failure = match self.call(rows, time, false)? {
            Ok(changed) => return Ok(changed),
            Err(failure) => failure,
        };
        if self.transform.keeps_state() {
            return Err(failure.and(
                "the plugin keeps state from batch to batch, so that neither a row is looked for nor a fresh instance goes \
                 on: the run ends here, and the next one begins after the last checkpoint",
            ));
        }
        if self.on_trap == OnTrap::Retry {
            self.transform.renew()?;
            if let Ok(changed) = self.call(rows, time, false)? {
                self.warn(&failure);
                return Ok(changed);
            }
        }
        tracing::info!(stream = self.stream, batch = self.number, "looking for the rows on which the plugin fails");
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

    /// Says that a fresh instance went on.
    fn warn(&self, failure: &Failure) {
        let message = format!(
            "batch {}: plugin {} failed and took the batch in a fresh instance, as on_trap = \"retry\" asks: {failure}",
            self.number,
            self.transform.plugin(),
        );
        self.context.observer.event(&Event::Warned { stream: self.stream, message: &message });
    }
}
