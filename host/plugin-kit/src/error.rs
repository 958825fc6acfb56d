//! The errors of the kit. Each is complete in itself: file, mistake, and what to do.

use std::fmt;
use std::io;
use std::path::Path;

use wmshost_flow::Failure;

/// The result of an operation.
pub type Result<T> = std::result::Result<T, Error>;

/// The reason why an operation ended early.
#[derive(Debug)]
pub struct Error {
    /// The mistakes, each with its file where there is one.
    pub mistakes: Vec<String>,
}

impl Error {
    /// Returns an error of one mistake.
    pub(crate) fn new(mistake: impl fmt::Display) -> Self {
        Self { mistakes: vec![mistake.to_string()] }
    }

    /// Returns the error of a file that cannot be used.
    pub(crate) fn file(file: &Path, error: &io::Error) -> Self {
        Self::new(format_args!("{}: {error}", file.display()))
    }

    /// Returns all mistakes of a file.
    pub(crate) fn mistakes(file: &Path, mistakes: Vec<String>) -> Self {
        Self { mistakes: mistakes.into_iter().map(|mistake| format!("{}: {mistake}", file.display())).collect() }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.mistakes.join("\n"))
    }
}

impl std::error::Error for Error {}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        Self::new(failure)
    }
}

impl From<String> for Error {
    fn from(mistake: String) -> Self {
        Self::new(mistake)
    }
}
