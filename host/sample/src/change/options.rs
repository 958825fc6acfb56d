//! The options of a day of changes.

use std::path::PathBuf;

/// The options of a day of changes.
#[derive(Debug, Clone)]
pub struct ChangeOptions {
    /// A file made by [`create`](crate::create()).
    pub file: PathBuf,
    /// The share of each table's rows to change or add, in percent; above 0, at most 100.
    pub percent: f64,
    /// The seed: the same seed on the same contents makes the same changes.
    pub seed: u64,
}

impl ChangeOptions {
    /// Returns the options for changing a share of a file's rows.
    pub fn new(file: impl Into<PathBuf>, percent: f64, seed: u64) -> Self {
        Self { file: file.into(), percent, seed }
    }
}
