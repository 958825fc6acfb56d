//! Writing the files of an import.

use std::fs;
use std::io;
use std::path::Path;

use super::report::REPORT_FILE;
use crate::folder;

/// Writes the files into a new folder. One that an import wrote is replaced only with `force`, and only if nothing else is
/// in it.
pub fn write(files: &[(String, String)], to: &Path, force: bool) -> io::Result<()> {
    for entry in fs::read_dir(to).into_iter().flatten().filter(|_| force) {
        let name = entry?.file_name();
        if !files.iter().any(|(path, _)| name.to_str() == Some(path)) {
            let what = format!("it has {}, which this import does not write: put that elsewhere first", name.display());
            return Err(io::Error::new(io::ErrorKind::InvalidInput, what));
        }
    }
    folder::write(files, to, (REPORT_FILE, "folder of an import"), force)
}
