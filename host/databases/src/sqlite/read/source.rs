//! One snapshot over many connections. SQLite cannot hand a snapshot from one connection to another, but it can report
//! whether anyone committed: the connections begin their transactions between two looks, and if nothing was committed
//! between them, they all see the same.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::Connection;
use wmshost_flow::{Failure, Source, SourceGrant, SourceSession, StatementLimit};

use super::read_connection::{ReadConnection, limits, open_read_only};
use super::session::Session;
use super::version::{beside, file_version};
use crate::sqlite::failure::failure;

/// The number of tries to find a moment without a commit.
const TRIES: usize = 100;

/// Opens a SQLite file for reading, as of now, for up to `sessions` sessions at a time. The failures name the
/// path; those of its sessions, which a plugin gets to see, only the label.
pub fn open_source(path: &Path, sessions: usize, label: &str) -> Result<Arc<dyn Source>, Failure> {
    open_source_of(path, sessions, label, limits::VALUE_BYTES, &StatementLimit::default())
}

/// The same, with values of up to this number of bytes (a row with a larger one is taken out), and with this limit of
/// statements.
pub fn open_source_of(
    path: &Path,
    sessions: usize,
    label: &str,
    value_bytes: usize,
    limit: &StatementLimit,
) -> Result<Arc<dyn Source>, Failure> {
    let doing = format!("source {label} ({})", path.display());
    check_is_file(path).map_err(|why| Failure::invalid_config(format!("{doing}: {why}")))?;
    let snapshot = Snapshot::open(path, sessions, value_bytes, limit).map_err(|error| failure(&doing, error))?;
    let Some(snapshot) = snapshot else {
        if let Some(file) = read_only_file(path) {
            return Err(Failure::invalid_config(format!(
                "{doing}: {} is read-only, so that the database has no common moment for several readers",
                file.display()
            ))
            .advise("allow writing to it, or copy the database and name the copy"));
        }
        return Err(Failure::transient(format!(
            "{doing}: others commit so often that no common moment was found in {TRIES} tries"
        ))
        .advise("run again"));
    };
    if let Some((bytes, expected)) = snapshot.cut_off(path).map_err(|error| failure(&doing, error))? {
        return Err(Failure::invalid_config(format!(
            "{doing}: the file is cut off: it has {bytes} bytes, and {expected} by its own header"
        ))
        .advise("restore it"));
    }
    Ok(Arc::new(SqliteSource {
        label: label.to_owned(),
        version: snapshot.version,
        readers: Mutex::new(snapshot.readers),
    }))
}

/// Fails, with the reason, unless there is a regular file: opening a pipe would wait for its other end.
fn check_is_file(path: &Path) -> Result<(), String> {
    wmshost_flow::check_is_file(path).map_err(|error| match error.kind() {
        ErrorKind::NotFound => "there is no such file".to_owned(),
        ErrorKind::InvalidInput => format!("{error}; name a database file"),
        _ => format!("the file cannot be opened: {error}"),
    })
}

/// The database file, or the one beside it, that nobody may write: then each reader has an index of the log of its own.
fn read_only_file(path: &Path) -> Option<PathBuf> {
    let files = [path.to_owned(), beside(path, "-shm"), beside(path, "-wal")];
    files.into_iter().find(|file| file.metadata().is_ok_and(|found| found.permissions().readonly()))
}

struct SqliteSource {
    label: String,
    version: Option<String>,
    /// All connections; those that no session holds are free.
    readers: Mutex<Vec<ReadConnection>>,
}

impl Source for SqliteSource {
    fn session(&self, grant: &SourceGrant) -> Result<Box<dyn SourceSession>, Failure> {
        let readers = self.readers.lock().unwrap_or_else(PoisonError::into_inner);
        // A connection whose transaction SQLite has ended, for example after a disk error, is out of the snapshot.
        let free = readers.iter().find(|reader| reader.is_free() && reader.by_driver(|c| !c.is_autocommit()));
        let Some(reader) = free.cloned() else {
            return Err(Failure::limit("source sessions", readers.len(), readers.len() + 1)
                .within(format_args!("source {}", self.label)));
        };
        drop(readers);
        Ok(Box::new(Session::new(&self.label, reader, grant)?))
    }

    fn version(&self) -> Option<String> {
        self.version.clone()
    }
}

/// Connections that see the same.
struct Snapshot {
    readers: Vec<ReadConnection>,
    version: Option<String>,
}

impl Snapshot {
    /// Opens the connections; `None` if there was no moment without a commit.
    fn open(
        path: &Path,
        sessions: usize,
        value_bytes: usize,
        limit: &StatementLimit,
    ) -> rusqlite::Result<Option<Self>> {
        let monitor = open_read_only(path)?;
        let readers = (0..sessions.max(1))
            .map(|_| ReadConnection::open(path, value_bytes, limit.clone()))
            .collect::<rusqlite::Result<Vec<_>>>()?;
        for _ in 0..TRIES {
            let before = commits(&monitor)?;
            let version_before = file_version(path, now(&monitor)?);
            for reader in &readers {
                reader.by_driver(begin)?;
            }
            let version = file_version(path, now(&monitor)?).filter(|version| Some(version) == version_before.as_ref());
            if commits(&monitor)? == before {
                return Ok(Some(Self { readers, version }));
            }
            for reader in &readers {
                reader.by_driver(|connection| connection.execute_batch("ROLLBACK"))?;
            }
        }
        Ok(None)
    }

    /// The file's size and the one in its header, if bytes are missing. SQLite reads those of the last page as
    /// zeros, without an error. While a write-ahead log has anything, the newest header may be in it.
    fn cut_off(&self, path: &Path) -> rusqlite::Result<Option<(u64, u64)>> {
        let Some(reader) = self.readers.first() else { return Ok(None) };
        if beside(path, "-wal").metadata().is_ok_and(|log| log.len() > 0) {
            return Ok(None);
        }
        let expected = reader.by_driver(|connection| -> rusqlite::Result<_> {
            let pages: i64 = connection.query_row("PRAGMA main.page_count", [], |row| row.get(0))?;
            let page: i64 = connection.query_row("PRAGMA main.page_size", [], |row| row.get(0))?;
            Ok((pages * page).unsigned_abs())
        })?;
        let bytes = path.metadata().map_or(u64::MAX, |file| file.len());
        Ok((bytes < expected).then_some((bytes, expected)))
    }
}

/// A number that changes with each commit of another connection.
fn commits(monitor: &Connection) -> rusqlite::Result<i64> {
    monitor.query_row("PRAGMA main.data_version", [], |row| row.get(0))
}

/// The database's clock in seconds.
fn now(monitor: &Connection) -> rusqlite::Result<i64> {
    monitor.query_row("SELECT unixepoch()", [], |row| row.get(0))
}

/// Begins a transaction that sees the current content, because it begins with a read.
fn begin(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute_batch("BEGIN")?;
    connection.query_row("SELECT count(*) FROM main.sqlite_schema", [], |_| Ok(()))
}
