//! The consequences of a failure, decided in one place by its kind and its cause: whether the same work is tried again,
//! how the process ends, and the advice for a person. No other code decides these, and none reads a message for it.

use super::Failure;
use super::cause::{ErrorClass, FailureCause};
use super::kind::FailureKind;

/// The ways to end. The numbers are part of the program's interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// All was done.
    Success = 0,
    /// Something failed while it ran; what was committed stays.
    Failed = 1,
    /// The command line, a pipeline file, a plugin or a database is not as it must be; nothing was written.
    Configuration = 2,
    /// Another run holds a stream, or the models.
    Busy = 3,
    /// All was read, but every row of a stream was rejected.
    Rejected = 4,
    /// It was asked to stop; what was committed before stays.
    Cancelled = 130,
}

/// The consequences of a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FailurePolicy<'f> {
    /// True if the same work may succeed after a pause.
    pub retry: bool,
    /// The way to end if nothing else is done.
    pub exit: Exit,
    /// The next step for a person; the failure's own advice comes first.
    pub advice: Option<&'f str>,
}

/// Returns the consequences of a failure.
pub fn failure_policy(failure: &Failure) -> FailurePolicy<'_> {
    let kind = match failure.cause.and_then(FailureCause::class) {
        // A refused login is never retried, because a repeated one locks the account.
        Some(ErrorClass::Login) => FailureKind::Denied,
        _ => failure.kind,
    };
    FailurePolicy {
        retry: kind == FailureKind::Transient,
        exit: match kind {
            FailureKind::InvalidConfig | FailureKind::Denied => Exit::Configuration,
            FailureKind::Busy => Exit::Busy,
            FailureKind::Cancelled => Exit::Cancelled,
            FailureKind::Transient
            | FailureKind::Permanent
            | FailureKind::Limit
            | FailureKind::Timeout
            | FailureKind::Trap
            | FailureKind::Guard => Exit::Failed,
        },
        advice: failure.next_step(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::cause::WasmError;

    const KINDS: [(FailureKind, bool, Exit); 10] = [
        (FailureKind::InvalidConfig, false, Exit::Configuration),
        (FailureKind::Denied, false, Exit::Configuration),
        (FailureKind::Transient, true, Exit::Failed),
        (FailureKind::Permanent, false, Exit::Failed),
        (FailureKind::Limit, false, Exit::Failed),
        (FailureKind::Timeout, false, Exit::Failed),
        (FailureKind::Trap, false, Exit::Failed),
        (FailureKind::Busy, false, Exit::Busy),
        (FailureKind::Cancelled, false, Exit::Cancelled),
        (FailureKind::Guard, false, Exit::Failed),
    ];

    fn causes() -> Vec<Option<FailureCause>> {
        let wasm = [
            WasmError::NotAComponent,
            WasmError::ForeignContract,
            WasmError::Exit(1),
            WasmError::Panic,
            WasmError::NotGranted,
            WasmError::Trap,
            WasmError::TotalTime,
        ];
        let oracle = ErrorClass::ALL.map(|class| FailureCause::Oracle { code: Some(1), class });
        let others = [FailureCause::Sqlite { code: 5 }, FailureCause::Io(std::io::ErrorKind::NotFound)];
        let all = oracle.into_iter().chain(others).chain(wasm.map(FailureCause::Wasm));
        std::iter::once(None).chain(all.map(Some)).collect()
    }

    #[test]
    fn every_kind_with_every_cause_has_its_retry_and_exit() {
        for (kind, retry, exit) in KINDS {
            for cause in causes() {
                let mut failure = Failure::new(kind, "why");
                failure.cause = cause;
                let policy = failure_policy(&failure);
                let is_login = cause.and_then(FailureCause::class) == Some(ErrorClass::Login);
                let expected = if is_login { (false, Exit::Configuration) } else { (retry, exit) };
                assert_eq!((policy.retry, policy.exit), expected, "{kind:?} by {cause:?}");
            }
        }
    }

    #[test]
    fn every_class_of_a_database_has_its_retry_and_exit() {
        for class in ErrorClass::ALL {
            let failure = Failure::new(class.kind(), "why").caused_by(FailureCause::Oracle { code: None, class });
            let expected = match class {
                ErrorClass::ConnectionLost
                | ErrorClass::Unknown
                | ErrorClass::Conflict
                | ErrorClass::Snapshot
                | ErrorClass::Timeout => (true, Exit::Failed),
                ErrorClass::Denied | ErrorClass::Login => (false, Exit::Configuration),
                ErrorClass::Row | ErrorClass::Unsupported | ErrorClass::Permanent => (false, Exit::Failed),
            };
            let policy = failure_policy(&failure);
            assert_eq!((policy.retry, policy.exit), expected, "{class:?}");
        }
    }

    #[test]
    fn own_advice_comes_before_that_of_the_cause() {
        let cause = FailureCause::Oracle { code: Some(1_555), class: ErrorClass::Snapshot };
        let plain = Failure::transient("it is too old").caused_by(cause);
        assert_eq!(failure_policy(&plain).advice, Some("start the run again for a new snapshot"));
        assert_eq!(plain.to_string(), "it is too old; start the run again for a new snapshot");
        let advised = plain.advise("ask for more");
        assert_eq!(failure_policy(&advised).advice, Some("ask for more"));
        assert_eq!(failure_policy(&Failure::permanent("no")).advice, None);
    }

    #[test]
    fn exit_codes_are_those_of_the_interface() {
        let codes = [Exit::Success, Exit::Failed, Exit::Configuration, Exit::Busy, Exit::Rejected, Exit::Cancelled];
        assert_eq!(codes.map(|exit| exit as u8), [0, 1, 2, 3, 4, 130]);
    }
}
