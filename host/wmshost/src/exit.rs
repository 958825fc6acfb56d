//! The exit codes of the process. The numbers are part of the interface and are listed by `wmshost --help`.

pub(crate) use wmshost_flow::Exit;
use wmshost_flow::{Failure, StreamFailure, failure_policy};
use wmshost_pipeline::Diagnostics;

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
    failure_policy(failure).exit
}
