//! A version of the file that changes with every write: two versions are equal only if nothing was written in between.
//! In a database without a write-ahead log every commit increments a number in the file's header; with one, the header
//! of the log's index has the log's checksums.

use std::fs::{self, File};
use std::io::{ErrorKind, Read};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use wmshost_flow::hex;

/// A file's times advance in ticks. A write in the same tick as the last one may leave no trace in them, so a file that
/// was changed so recently has no version.
const TICK_SECONDS: i64 = 2;

/// The version, at `now` in seconds since 1970; `None` if it cannot be determined.
pub(crate) fn file_version(path: &Path, now: i64) -> Option<String> {
    if beside(path, "-journal").metadata().is_ok_and(|journal| journal.len() > 0) {
        return None;
    }
    let header = head::<100>(path)?;
    let file = stamp(path, now)?;
    let changes = hex(&header[24..28]);
    let log = log_version(path, now)?;
    Some(format!("sqlite:{changes}:{file}:{log}"))
}

/// The version of the write-ahead log: `-` if there is none or it is empty.
fn log_version(path: &Path, now: i64) -> Option<String> {
    let log = beside(path, "-wal");
    match fs::metadata(&log) {
        Err(error) if error.kind() == ErrorKind::NotFound => Some("-".to_owned()),
        Ok(metadata) if metadata.len() == 0 => Some("-".to_owned()),
        Ok(_) => {
            let index = head::<48>(&beside(path, "-shm"))?;
            Some(format!("{}:{}", stamp(&log, now)?, hex(&index)))
        }
        Err(_) => None,
    }
}

/// The identity of a file, its size and the time of its last change; `None` if that is too recent.
fn stamp(path: &Path, now: i64) -> Option<String> {
    let file = fs::metadata(path).ok()?;
    let old = file.mtime() < now - TICK_SECONDS;
    old.then(|| {
        let (size, seconds, nanos) = (file.size(), file.mtime(), file.mtime_nsec());
        format!("{:x}.{:x}.{size:x}.{seconds:x}.{nanos:x}", file.dev(), file.ino())
    })
}

fn head<const N: usize>(path: &Path) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    File::open(path).ok()?.read_exact(&mut bytes).ok()?;
    Some(bytes)
}

/// The file that SQLite keeps beside the database.
pub(super) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}
