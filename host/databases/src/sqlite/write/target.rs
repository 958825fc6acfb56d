//! Opening a database for writing. The database is kept in write-ahead mode, so that readers of the warehouse never
//! block a load. A commit does not wait for the disk (`synchronous = NORMAL`): a power cut can undo the last
//! transactions, but rows and checkpoint are in one transaction and are undone together, so the next run reads those
//! rows again.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};
use wmshost_flow::{Clock, Failure, SqlSession, Target, TargetGrant, TargetSession};

use super::opened_file::OpenedFile;
use super::session::SqliteTargetSession;
use super::writer_queue::WriterQueue;
use crate::sqlite::failure::failure;
use crate::sqlite::read::version::beside;
use crate::sqlite::sql_session::SqliteSqlSession;

/// The longest wait for writers of other processes.
const BUSY_WAIT: Duration = Duration::from_secs(30);
/// Bytes of a page in a database that is created here.
const PAGE_BYTES: u32 = 4_096;
/// KiB of pages that a session keeps in memory.
const CACHE_KIB: u32 = 8_192;
/// Pages in the log that make a commit move them into the database.
const LOG_PAGES: u32 = 4_000;
/// Bytes that the log's file may keep after it was emptied.
const LOG_KEEP_BYTES: u32 = 64 << 20;

/// Opens a SQLite file for writing and creates it if it does not exist. The failures name the path; those of its
/// sessions, which a plugin gets to see, only the label.
pub fn open_target(path: &Path, label: &str, clock: Arc<dyn Clock>) -> Result<Arc<dyn Target>, Failure> {
    let target = SqliteTarget::open(path, label, clock, BUSY_WAIT)?;
    Ok(Arc::new(target))
}

/// A session of the host's own that only reads a target; `None` if the file does not exist yet.
pub fn read_target(path: &Path, label: &str) -> Result<Option<Box<dyn SqlSession>>, Failure> {
    if !path.is_file() {
        return Ok(None);
    }
    Ok(Some(Box::new(SqliteSqlSession::read_only(format!("target {label} ({})", path.display()), path)?)))
}

pub(crate) struct SqliteTarget {
    label: String,
    path: PathBuf,
    file: OpenedFile,
    clock: Arc<dyn Clock>,
    queue: Arc<WriterQueue>,
    busy_wait: Duration,
    /// Open as long as the target is: the end of one session does not empty the log while others write.
    _keeper: std::sync::Mutex<Connection>,
}

impl SqliteTarget {
    pub(crate) fn open(path: &Path, label: &str, clock: Arc<dyn Clock>, busy_wait: Duration) -> Result<Self, Failure> {
        let doing = format!("target {label} ({})", path.display());
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)
                .map_err(|error| Failure::invalid_config(format!("{doing}: the folder cannot be created: {error}")))?;
        }
        if path.metadata().is_ok_and(|file| file.permissions().readonly()) {
            return Err(
                Failure::invalid_config(format!("{doing}: the file is read-only")).advise("allow writing to it")
            );
        }
        allow_as_database(path);
        let keeper = connect(path, busy_wait).map_err(|error| failure(&doing, error))?;
        let file = OpenedFile::of(path);
        check_log_mode(&keeper).map_err(|error| failure(&doing, error))?.map_err(|mode| {
            Failure::invalid_config(format!(
                "{doing}: SQLite keeps the journal mode {mode} where write-ahead mode is needed"
            ))
            .advise("put the file on a local disk")
        })?;
        Ok(Self {
            label: label.to_owned(),
            file,
            path: path.to_owned(),
            clock,
            queue: WriterQueue::of(path),
            busy_wait,
            _keeper: keeper.into(),
        })
    }
}

impl Target for SqliteTarget {
    fn session(&self, grant: TargetGrant) -> Result<Box<dyn TargetSession>, Failure> {
        let place = format!("target {}", self.label);
        let connection = connect(&self.path, self.busy_wait).map_err(|error| failure(&place, error))?;
        let (clock, queue) = (Arc::clone(&self.clock), Arc::clone(&self.queue));
        Ok(Box::new(SqliteTargetSession::new(place, grant, connection, (clock, self.file.clone()), queue)?))
    }

    fn sql(&self) -> Result<Box<dyn SqlSession>, Failure> {
        let place = format!("target {}", self.label);
        let connection = connect(&self.path, self.busy_wait).map_err(|error| failure(&place, error))?;
        Ok(Box::new(SqliteSqlSession::new(place, connection, Arc::clone(&self.queue)).writing(self.file.clone())))
    }
}

/// Sets the rights of the files beside a database to its own. SQLite makes them so, but does not change those that a reader made while
/// the database was read-only; then nobody can write. Where this is not allowed, opening says what is wrong.
fn allow_as_database(path: &Path) {
    let Ok(rights) = path.metadata().map(|file| file.permissions()) else { return };
    for file in ["-wal", "-shm"].map(|ending| beside(path, ending)) {
        if file.metadata().is_ok_and(|found| found.permissions().readonly()) {
            let _ = std::fs::set_permissions(file, rights.clone());
        }
    }
}

/// Opens a connection that may write.
fn connect(path: &Path, busy_wait: Duration) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(busy_wait)?;
    // The page size applies to a new file only. Renaming a table leaves the views over it as they are.
    connection.execute_batch(&format!(
        "PRAGMA page_size = {PAGE_BYTES};
         PRAGMA journal_mode = WAL;
         PRAGMA synchronous = NORMAL;
         PRAGMA cache_size = -{CACHE_KIB};
         PRAGMA wal_autocheckpoint = {LOG_PAGES};
         PRAGMA journal_size_limit = {LOG_KEEP_BYTES};
         PRAGMA foreign_keys = OFF;
         PRAGMA legacy_alter_table = ON;
         PRAGMA trusted_schema = OFF;"
    ))?;
    Ok(connection)
}

/// The journal mode, if it is not the wanted one.
fn check_log_mode(connection: &Connection) -> rusqlite::Result<Result<(), String>> {
    let mode: String = connection.query_row("PRAGMA journal_mode", [], |row| row.get(0))?;
    Ok(if mode.eq_ignore_ascii_case("wal") { Ok(()) } else { Err(mode) })
}
