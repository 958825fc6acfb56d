//! Transactions of the target: begun, committed with the lease renewed, or rolled back.

use std::sync::{MutexGuard, PoisonError};

use crate::failure::Failure;
use crate::metadata::Lease;
use crate::ports::target::{SharedTarget, TargetSession};

pub(crate) fn lock(target: &SharedTarget) -> MutexGuard<'_, Box<dyn TargetSession>> {
    target.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Calls `act` in a transaction, which renews the lease too; commits, or rolls back if it fails.
pub(crate) fn in_transaction<T>(
    target: &SharedTarget,
    lease: Option<&Lease>,
    act: impl FnOnce() -> Result<T, Failure>,
) -> Result<T, Failure> {
    lock(target).begin()?;
    let renewed = lease.map_or(Ok(()), |lease| lease.renew(lock(target).sql()));
    match renewed.and_then(|()| act()) {
        Ok(done) => lock(target).commit().map(|()| done),
        Err(failure) => {
            if let Err(undo) = lock(target).rollback() {
                tracing::warn!("rolling back failed too: {undo}");
            }
            Err(failure)
        }
    }
}
