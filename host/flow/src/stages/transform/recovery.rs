//! The way on after a transform failed on a batch. The result:
//!
//! | the transform | `fail_run` | `retry` | `quarantine` |
//! |---|---|---|---|
//! | keeps state | ends the run | refused by `check` | refused by `check` |
//! | fails on single rows | names the first, ends the run | likewise, after a second try | rejects them, continues |
//! | fails, but on no single row | ends the run | continues if the second try passes | ends the run |
//!
//! Failures are a trap, an exceeded limit, a call that takes too long, and a returned `permanent` or `limit` failure.
//! The others (`invalid-config`, `denied`, `transient`) are not caused by rows and end the stream unchanged.

use arrow_array::RecordBatch;

use super::attempt::Attempt;
use super::bisection::Bisection;
use crate::failure::Failure;
use crate::ports::events::Event;
use crate::ports::transform::Transformed;
use crate::stream::policy::OnTrap;

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
