//! The errors of the runtime. A front end reports them and turns them into an exit code; each is complete in itself, so
//! that its text is all that there is to print.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use wmshost_flow::{Failure, StreamFailure};
use wmshost_pipeline::Diagnostics;

/// The result of an operation.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// The reason why an operation ended early.
#[derive(Debug)]
pub enum Error {
    /// Something failed.
    Failure(Failure),
    /// A stage of a stream failed.
    Stream(Box<StreamFailure>),
    /// The pipeline file has mistakes.
    Pipeline(Diagnostics),
    /// The declarations of models have mistakes.
    Models(ModelDiagnostics),
    /// A file or folder of the host could not be used.
    File {
        /// The file or folder.
        path: PathBuf,
        /// The action that failed, such as `cannot be written`.
        problem: &'static str,
        /// The operating system's error.
        source: io::Error,
    },
}

impl Error {
    /// Returns a function that makes an error of the operating system's error about this file.
    pub(crate) fn file(path: &Path, problem: &'static str) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::File { path, problem, source }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failure(failure) => failure.fmt(f),
            Self::Stream(failure) => failure.fmt(f),
            Self::Pipeline(diagnostics) => diagnostics.fmt(f),
            Self::Models(diagnostics) => diagnostics.fmt(f),
            Self::File { path, problem, source } => write!(f, "{}: {problem}: {source}", path.display()),
        }
    }
}

impl std::error::Error for Error {}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        Self::Failure(failure)
    }
}

impl From<StreamFailure> for Error {
    fn from(failure: StreamFailure) -> Self {
        Self::Stream(Box::new(failure))
    }
}

impl From<Diagnostics> for Error {
    fn from(diagnostics: Diagnostics) -> Self {
        Self::Pipeline(diagnostics)
    }
}

impl From<ModelDiagnostics> for Error {
    fn from(diagnostics: ModelDiagnostics) -> Self {
        Self::Models(diagnostics)
    }
}

/// All mistakes in the declarations of plugins.
#[derive(Debug)]
pub struct ModelDiagnostics(pub(crate) Vec<wmshost_models::Diagnostic>);

impl fmt::Display for ModelDiagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for diagnostic in &self.0 {
            writeln!(f, "{diagnostic}")?;
        }
        let plural = if self.0.len() == 1 { "" } else { "s" };
        write!(f, "{} mistake{plural} in the models; nothing was built", self.0.len())
    }
}

impl std::error::Error for ModelDiagnostics {}
