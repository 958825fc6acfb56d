//! A version of the file that changes with every write: two versions are equal only if nothing was written in between.
//! In a database without a write-ahead log every commit increments a number in the file's header; with one, the header
//! of the log's index has the log's checksums.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fs::{self, File};
use std::io::ErrorKind;
use std::mem::ManuallyDrop;
use std::os::unix::fs::{FileExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

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

/// The files of databases that were read beside SQLite, by device and inode. They stay open: closing a file ends all locks
/// that this process has on it (POSIX, `fcntl`), those of SQLite's read transactions too, and a writer would then change what
/// is being read.
static OPEN: Mutex<BTreeMap<(u64, u64), File>> = Mutex::new(BTreeMap::new());

fn head<const N: usize>(path: &Path) -> Option<[u8; N]> {
    let mut open = OPEN.lock().unwrap_or_else(PoisonError::into_inner);
    let id = fs::metadata(path).map(|file| (file.dev(), file.ino())).ok()?;
    let file = match open.entry(id) {
        Entry::Occupied(file) => file.into_mut(),
        Entry::Vacant(entry) => {
            let file = ManuallyDrop::new(File::open(path).ok()?);
            // Another file that has taken the path meanwhile is not closed either.
            let is_same = file.metadata().is_ok_and(|opened| (opened.dev(), opened.ino()) == id);
            if !is_same {
                return None;
            }
            entry.insert(ManuallyDrop::into_inner(file))
        }
    };
    let mut bytes = [0; N];
    file.read_exact_at(&mut bytes, 0).ok()?;
    Some(bytes)
}

/// The file that SQLite keeps beside the database.
pub(crate) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::*;

    /// The locks of this process on the database's files, as the kernel lists them.
    fn locks(path: &Path) -> Vec<String> {
        let files = [path.to_owned(), beside(path, "-shm")];
        let inodes = files.iter().filter_map(|file| Some(format!(":{} ", file.metadata().ok()?.ino())));
        let inodes: Vec<String> = inodes.collect();
        let listed = fs::read_to_string("/proc/locks").unwrap();
        let is_ours = |line: &&str| line.contains(&format!(" {} ", std::process::id()));
        let of_file = |line: &&str| inodes.iter().any(|inode| line.contains(inode.as_str()));
        // Without the numbers of the lines, which change with other processes' locks.
        let bare = |line: &str| line.split_once(": ").map_or_else(String::new, |(_, lock)| lock.to_owned());
        let mut locks: Vec<String> = listed.lines().filter(is_ours).filter(of_file).map(bare).collect();
        locks.sort();
        locks
    }

    #[test]
    fn a_read_transaction_keeps_its_locks() {
        for journal in ["delete", "wal"] {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("s.db");
            let writer = Connection::open(&path).unwrap();
            writer
                .execute_batch(&format!("PRAGMA journal_mode={journal}; CREATE TABLE t (a); INSERT INTO t VALUES (1)"))
                .unwrap();
            let reader = Connection::open(&path).unwrap();
            reader.execute_batch("BEGIN; SELECT * FROM t").unwrap();
            let before = locks(&path);
            assert!(!before.is_empty(), "{journal}");
            for _ in 0..2 {
                assert!(file_version(&path, i64::MAX).is_some(), "{journal}");
                assert_eq!(locks(&path), before, "{journal}");
            }
        }
    }
}
