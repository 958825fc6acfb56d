//! Files that are read while they are written.

use std::fs;
use std::path::Path;

use crate::error::{Error, Result};

/// Writes a file so that a reader sees all of it or the previous content.
pub(super) fn write_file(path: &Path, content: &str) -> Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(Error::file(folder, "cannot be created"))?;
    }
    let draft = path.with_extension("tmp");
    fs::write(&draft, content).and_then(|()| fs::rename(&draft, path)).map_err(Error::file(path, "cannot be written"))
}
