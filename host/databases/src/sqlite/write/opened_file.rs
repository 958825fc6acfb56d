//! The file that a target was opened as. SQLite goes on writing into a file that was moved away or replaced, without an error.

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use wmshost_flow::Failure;

/// The path of a database, and the file that was there when it was opened.
#[derive(Debug, Clone)]
pub(crate) struct OpenedFile(Arc<(PathBuf, Option<(u64, u64)>)>);

impl OpenedFile {
    /// The file that is there now.
    pub(crate) fn of(path: &Path) -> Self {
        Self(Arc::new((path.to_owned(), identity(path))))
    }

    /// Fails if another file is there by now, or none: what was committed is not in the database of that name.
    pub(crate) fn check(&self, place: &str) -> Result<(), Failure> {
        let (path, opened) = &*self.0;
        if opened.is_none() || identity(path) == *opened {
            return Ok(());
        }
        let message = format!("{place}: the database file was moved away or replaced while it was written");
        Err(Failure::permanent(message).advise("leave it where it is while a run goes on, and run again"))
    }
}

/// The device and the number of a file.
fn identity(path: &Path) -> Option<(u64, u64)> {
    path.metadata().ok().map(|file| (file.dev(), file.ino()))
}
