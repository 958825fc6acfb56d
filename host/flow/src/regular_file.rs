//! Files that a person names: opening a pipe would wait for its other end, and a device may have no end.

use std::io::{Error, ErrorKind, Result};
use std::path::Path;

/// Fails unless there is a regular file; with the kind `InvalidInput` if there is something else.
pub fn check_is_file(path: &Path) -> Result<()> {
    let found = std::fs::metadata(path)?;
    let what = match () {
        () if found.is_file() => return Ok(()),
        () if found.is_dir() => "this is a folder",
        () => "this is not a file but a pipe, a socket or a device",
    };
    Err(Error::new(ErrorKind::InvalidInput, what))
}
