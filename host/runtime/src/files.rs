//! Files that are read while they are written.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use serde::Serialize;
use wmshost_flow::Failure;

use crate::error::{Error, Result};

/// Writes a file so that a reader sees all of it or the previous content.
pub(crate) fn write_file(path: &Path, content: &str) -> Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(folder).map_err(Error::file(folder, "cannot be created"))?;
    let write = || -> std::io::Result<()> {
        // A draft of this process alone; the umask cuts its rights.
        let mut draft = tempfile::Builder::new().permissions(fs::Permissions::from_mode(0o666)).tempfile_in(folder)?;
        draft.write_all(content.as_bytes())?;
        draft.persist(path)?;
        Ok(())
    };
    write().map_err(Error::file(path, "cannot be written"))
}

/// Writes a document as JSON, for people as well.
pub(crate) fn write_document(path: &Path, document: &impl Serialize) -> Result<()> {
    write_file(path, &document_text(document)?)
}

/// A document as JSON for people as well, as it is written.
pub(crate) fn document_text(document: &impl Serialize) -> Result<String> {
    let text = serde_json::to_string_pretty(document).map_err(not_json)?;
    Ok(format!("{text}\n"))
}

/// A document as JSON in one line.
pub(crate) fn json_text(document: &impl Serialize) -> Result<String> {
    Ok(serde_json::to_string(document).map_err(not_json)?)
}

fn not_json(error: serde_json::Error) -> Failure {
    Failure::permanent(format!("a document cannot be written as JSON: {error}"))
}
