//! One batch through one transform that may fail.

use std::time::Duration;

use arrow_array::RecordBatch;

use super::promise::Promise;
use crate::failure::Failure;
use crate::failure::cause::{FailureCause, WasmError};
use crate::failure::kind::FailureKind;
use crate::ports::transform::{Call, Transform, Transformed};
use crate::stream::context::StreamContext;
use crate::stream::policy::OnTrap;

/// Returns whether a failure of a transform may be caused by some of the rows.
fn is_about_rows(failure: &Failure) -> bool {
    use FailureKind::{Limit, Permanent, Timeout, Trap};
    matches!(failure.kind, Trap | Limit | Timeout | Permanent)
        && failure.cause != Some(FailureCause::Wasm(WasmError::TotalTime))
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
}
