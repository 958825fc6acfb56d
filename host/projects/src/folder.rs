//! Writing a folder as a whole.

use std::fs;
use std::io;
use std::path::{Component, Path};

/// Writes the files into a new folder. One that is there is replaced only with `force`, and if it has a file of the name
/// `sign`, which shows that it is `what`. The folder is never half written: the files are put beside it first, and the old
/// folder is kept beside it until the new one is there. If an earlier call ended between the two, the old folder is put back.
pub(crate) fn write(
    files: &[(String, String)],
    folder: &Path,
    (sign, what): (&str, &str),
    force: bool,
) -> io::Result<()> {
    let refused = |what: &str| Err(io::Error::new(io::ErrorKind::InvalidInput, what.to_owned()));
    let Some(name) = folder.file_name() else { return refused("name the folder itself, not `.` or `..`") };
    let beside = |ending: &str| folder.with_file_name(format!(".{}.{ending}", name.to_string_lossy()));
    let (new, old) = (beside("new"), beside("old"));
    if old.exists() && !folder.exists() {
        fs::rename(&old, folder)?;
    }
    let is_used = folder.exists() && fs::read_dir(folder)?.next().is_some();
    if is_used && !force {
        return refused("it is there already; name another folder, or replace it by --force");
    }
    if is_used && !folder.join(sign).is_file() {
        return refused(&format!("it has no {sign}, so it is no {what} and is not replaced; name another folder"));
    }
    remove(&new)?;
    remove(&old)?;
    let exchanged = put(files, &new).and_then(|()| exchange(&new, folder, &old));
    if exchanged.is_err() {
        remove(&new)?;
    }
    exchanged
}

/// Writes the files below a folder.
fn put(files: &[(String, String)], folder: &Path) -> io::Result<()> {
    for (path, text) in files {
        // A name out of the project must not lead elsewhere.
        if !Path::new(path).components().all(|part| matches!(part, Component::Normal(_))) {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                format!("{path:?} is no path of a file in a folder"),
            ));
        }
        let file = folder.join(path);
        fs::create_dir_all(file.parent().unwrap_or(folder))?;
        fs::write(file, text)?;
    }
    Ok(())
}

/// Puts a new folder in the place of one that may be there.
fn exchange(new: &Path, folder: &Path, old: &Path) -> io::Result<()> {
    if folder.exists() {
        fs::rename(folder, old)?;
    }
    if let Err(error) = fs::rename(new, folder) {
        if old.exists() {
            fs::rename(old, folder)?;
        }
        return Err(error);
    }
    remove(old)
}

/// Removes a folder, if it is there.
fn remove(folder: &Path) -> io::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
