//! Files that a person names: opening a pipe would wait for its other end, and a device may have no end.

use std::io::{Error, ErrorKind, Result};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

/// The rights that nobody may have on the file of a secret: those of all users, and that of a group to write.
const RIGHTS_OF_OTHERS: u32 = 0o027;

/// Returns the advice for the file of a secret that other users of the machine may read or replace; `None` if they may not.
pub fn secret_file_advice(path: &Path) -> Option<String> {
    let mode = path.metadata().ok()?.permissions().mode();
    let shown = path.display();
    let advice = || format!("take that right away: `chmod 600 {shown}`, or 640 for a group that may read it");
    (mode & RIGHTS_OF_OTHERS != 0).then(advice)
}

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
