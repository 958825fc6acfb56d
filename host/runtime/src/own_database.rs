//! Databases of the host's own: run history, book of schedules, outbox of alerts. Each is a file of the host's own folder
//! that several processes share.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, TransactionBehavior};
use wmshost_flow::Failure;

use crate::data_dir::DataDir;

/// The way out where a file cannot be made.
const OTHER_FOLDER: &str = "set WMSHOST_HOME to a folder that can be written";

/// The failure of a statement in such a database.
pub(crate) fn failed(what: &'static str, doing: &'static str) -> impl Fn(rusqlite::Error) -> Failure {
    move |error| {
        let failure = Failure::permanent(format!("the {what}: {doing}: {error}"));
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull | ErrorCode::SystemIoFailure) => {
                failure.advise("make room on the disk of WMSHOST_HOME, if it is full")
            }
            Some(ErrorCode::ReadOnly) => failure.advise(
                "allow writing to WMSHOST_HOME and to the files in it, also to those that end in -wal and -shm",
            ),
            _ => failure,
        }
    }
}

/// A database of the host's own.
pub(crate) struct OwnDatabase {
    /// Its content, in words.
    pub(crate) what: &'static str,
    /// The statements that make each format of the format before it, from format 1. The file keeps the number of its
    /// format in its `user_version`.
    pub(crate) formats: &'static [&'static str],
    /// True if what was committed stays after a power cut.
    pub(crate) is_durable: bool,
}

impl OwnDatabase {
    /// Opens the database in this file, creates it if it does not exist, and brings it to the present format.
    pub(crate) fn open(&self, file: &Path) -> Result<Connection, Failure> {
        if let Some(folder) = file.parent() {
            DataDir::make_private(folder).map_err(|error| {
                let folder = folder.display();
                Failure::invalid_config(format!("{folder}: the host's own folder cannot be created: {error}"))
                    .advise(OTHER_FOLDER)
            })?;
        }
        // SQLite would read such a file, and leave files beside it that stay read-only when this one no longer is.
        if file.metadata().is_ok_and(|found| found.permissions().readonly()) {
            let message = format!("{}: the {} cannot be opened: the file is read-only", file.display(), self.what);
            return Err(Failure::invalid_config(message).advise("allow writing to it"));
        }
        let (connection, version) = self.open_format(file).map_err(|error| self.unusable(file, &error))?;
        if version > self.formats.len() {
            return Err(Failure::invalid_config(format!(
                "{}: the {} has format {version}, this host knows {}",
                file.display(),
                self.what,
                self.formats.len()
            ))
            .advise("use the newer host"));
        }
        Ok(connection)
    }

    /// The connection, and the number of the format. A newer one is left as it is.
    fn open_format(&self, file: &Path) -> rusqlite::Result<(Connection, usize)> {
        let mut connection = Connection::open(file)?;
        connection.busy_timeout(Duration::from_secs(10))?;
        let mut version = format_of(&connection)?;
        if version < self.formats.len() {
            connection.pragma_update(None, "journal_mode", "WAL")?;
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            // Another process may have changed the format meanwhile.
            version = format_of(&transaction)?;
            for statements in self.formats.iter().skip(version) {
                transaction.execute_batch(statements)?;
            }
            version = version.max(self.formats.len());
            transaction.pragma_update(None, "user_version", i64::try_from(version).unwrap_or(i64::MAX))?;
            transaction.commit()?;
        }
        connection.pragma_update(None, "synchronous", if self.is_durable { "FULL" } else { "NORMAL" })?;
        Ok((connection, version))
    }

    fn unusable(&self, file: &Path, error: &rusqlite::Error) -> Failure {
        let message = format!("{}: the {} cannot be opened: {error}", file.display(), self.what);
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Failure::transient(message)
                .advise("another process has locked the file: wait until it is done, or stop it"),
            Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => Failure::invalid_config(message)
                .advise("restore the file from a backup; or move it away, and what was in it is lost"),
            Some(ErrorCode::DiskFull | ErrorCode::SystemIoFailure) => {
                Failure::transient(message).advise("make room on its disk, if that is full")
            }
            _ => Failure::invalid_config(message).advise(OTHER_FOLDER),
        }
    }
}

fn format_of(connection: &Connection) -> rusqlite::Result<usize> {
    let version: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    Ok(usize::try_from(version).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use rusqlite::ffi;
    use wmshost_flow::FailureKind;

    use super::*;

    const FORMATS: &[&str] = &["CREATE TABLE t (a INTEGER)", "ALTER TABLE t ADD COLUMN b INTEGER"];
    const OWN: OwnDatabase = OwnDatabase { what: "run history", formats: FORMATS, is_durable: false };

    #[test]
    fn a_file_of_any_earlier_format_is_brought_to_the_present_one() {
        for known in 0..=FORMATS.len() {
            let folder = tempfile::tempdir().unwrap();
            let file = folder.path().join("own/state.db");
            OwnDatabase { formats: &FORMATS[..known], ..OWN }.open(&file).unwrap();
            for _ in 0..2 {
                let connection = OWN.open(&file).unwrap();
                connection.execute("INSERT INTO t (a, b) VALUES (1, 2)", []).unwrap();
                assert_eq!(format_of(&connection), Ok(2), "{known}");
            }
        }
    }

    #[test]
    fn a_file_of_a_newer_host_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("state.db");
        Connection::open(&file).unwrap().pragma_update(None, "user_version", 9).unwrap();
        let before = std::fs::read(&file).unwrap();
        let refused = OWN.open(&file).unwrap_err();
        assert!(refused.to_string().contains("format 9, this host knows 2"), "{refused}");
        assert_eq!(std::fs::read(&file).unwrap(), before);
    }

    #[test]
    fn nobody_is_asked_to_move_a_file_away_that_is_only_locked() {
        for (code, kind, words) in [
            (ffi::SQLITE_BUSY, FailureKind::Transient, "wait until it is done"),
            (ffi::SQLITE_NOTADB, FailureKind::InvalidConfig, "move it away"),
            (ffi::SQLITE_IOERR_SHMSIZE, FailureKind::Transient, "make room on its disk"),
            (ffi::SQLITE_CANTOPEN, FailureKind::InvalidConfig, "WMSHOST_HOME"),
        ] {
            let error = rusqlite::Error::SqliteFailure(ffi::Error::new(code), None);
            let failure = OWN.unusable(Path::new("state.db"), &error);
            assert_eq!(failure.kind, kind);
            assert!(failure.to_string().contains(words), "{failure}");
        }
    }
}
