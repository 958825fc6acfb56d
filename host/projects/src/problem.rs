//! Mistakes in the files of a project. All of them are reported at once.

use std::fmt;

/// A mistake in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The file, from the project's folder.
    pub file: String,
    /// The line, from 1; 0 for the file as a whole.
    pub line: usize,
    /// The mistake, and its remedy.
    pub what: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(f, "{}: {}", self.file, self.what),
            line => write!(f, "{}:{line}: {}", self.file, self.what),
        }
    }
}

/// Returns problems as lines of text.
pub fn problems_text(problems: &[Problem]) -> String {
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

/// The mistakes of a file as they are found.
#[derive(Debug)]
pub(crate) struct ProblemSink<'a> {
    pub(crate) file: &'a str,
    pub(crate) all: &'a mut Vec<Problem>,
}

impl ProblemSink<'_> {
    /// Adds a mistake at a line.
    pub(crate) fn add(&mut self, line: usize, what: impl Into<String>) {
        self.all.push(Problem { file: self.file.to_owned(), line, what: what.into() });
    }
}
