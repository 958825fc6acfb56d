//! The exit codes of the process. The numbers are part of the interface and are listed by `wmshost --help`.

use std::process::ExitCode;

use wmshost_flow::{Failure, FailureKind, StreamFailure};
use wmshost_pipeline::Diagnostics;

/// The exit codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
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

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// The exit code after an error that no command handled.
pub(crate) fn of_error(error: &anyhow::Error) -> Exit {
    if error.is::<Diagnostics>() || error.is::<crate::commands::ModelDiagnostics>() {
        return Exit::Configuration;
    }
    let of_stream = error.downcast_ref::<StreamFailure>().map(|at| &at.failure);
    match error.downcast_ref::<Failure>().or(of_stream) {
        Some(failure) => of_failure(failure),
        None => Exit::Failed,
    }
}

/// The exit code after a failure.
pub(crate) fn of_failure(failure: &Failure) -> Exit {
    match failure.kind {
        FailureKind::InvalidConfig | FailureKind::Denied => Exit::Configuration,
        FailureKind::Busy => Exit::Busy,
        FailureKind::Cancelled => Exit::Cancelled,
        _ => Exit::Failed,
    }
}
