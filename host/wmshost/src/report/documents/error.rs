//! The output of a command that failed before it had a result.

use schemars::JsonSchema;
use serde::Serialize;
use wmshost_runtime::Error;

use crate::exit::{Exit, of_error};

/// The reason why a command has no result.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct ErrorDocument {
    /// The failure.
    error: ErrorDetail,
    /// The exit code of the process.
    exit_code: u8,
}

/// A failure of a command.
#[derive(Debug, Serialize, JsonSchema)]
struct ErrorDetail {
    /// The kind of the failure, such as `transient` or `invalid-config`.
    kind: &'static str,
    /// The reason, for a person: where, what, why and what to do.
    message: String,
}

impl From<&Error> for ErrorDocument {
    fn from(error: &Error) -> Self {
        let kind = match error {
            Error::Failure(failure) => failure.kind.name(),
            Error::Stream(at) => at.failure.kind.name(),
            Error::Pipeline(_) | Error::Models(_) => "invalid-config",
            Error::File { .. } => "permanent",
        };
        let exit: Exit = of_error(error);
        Self { error: ErrorDetail { kind, message: error.to_string() }, exit_code: exit as u8 }
    }
}
