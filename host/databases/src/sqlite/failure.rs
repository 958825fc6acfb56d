//! The meaning of SQLite's errors for the flow: the kind, which decides about a retry, and the advice to a person.

use rusqlite::{Error, ErrorCode, ffi};
use wmshost_flow::{Failure, FailureCause, FailureKind};

/// The failure for an error, with a message that begins with the action that failed. It names neither a path nor a
/// value; the caller that reports it to an operator adds the path.
pub(crate) fn failure(doing: impl std::fmt::Display, error: Error) -> Failure {
    let (kind, advice) = meaning(&error);
    let mut failure = Failure::new(kind, format!("{doing}: {}", said(&error)));
    failure.cause = code_of(&error).map(|code| FailureCause::Sqlite { code });
    if advice.is_empty() { failure } else { failure.advise(advice) }
}

/// The extended result code.
fn code_of(error: &Error) -> Option<i32> {
    match error {
        Error::SqlInputError { error, .. } => Some(error.extended_code),
        error => error.sqlite_extended_error_code(),
    }
}

/// SQLite's own message, without the statement and without a path.
fn said(error: &Error) -> String {
    match error {
        // Opening puts the path after its message.
        Error::SqliteFailure(code, _) if code.code == ErrorCode::CannotOpen => {
            "the database file cannot be opened".to_owned()
        }
        Error::SqlInputError { msg, .. } => msg.clone(),
        error => error.to_string(),
    }
}

/// The advice for a database that was left in the midst of a change, and is opened for reading.
const UNFINISHED: &str = "a program was killed while it wrote to the database: open it once with a program that may write \
     to it, such as the `sqlite3` shell, which takes the unfinished change back";

/// The advice where the disk fails: SQLite says so, too, where a full one leaves no room for a `-shm` file.
const DISK: &str = "make room if the disk is full; otherwise see the system's log for errors of the disk";
/// The advice where something cannot be written. A file that was read-only once has left files beside it that still are.
const READ_ONLY: &str =
    "the file, its folder, or a file beside it that ends in -wal or -shm is read-only: allow writing";

fn meaning(error: &Error) -> (FailureKind, &'static str) {
    use FailureKind::{Denied, InvalidConfig, Limit, Permanent, Transient};
    match error {
        Error::MultipleStatement => (Denied, "write one statement per query"),
        _ if matches!(code_of(error), Some(ffi::SQLITE_READONLY_ROLLBACK | ffi::SQLITE_READONLY_RECOVERY)) => {
            (Permanent, UNFINISHED)
        }
        _ => match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
                (Transient, "another process has locked the database: wait until it is done, or stop it")
            }
            Some(ErrorCode::FileLockingProtocolFailed) => (Transient, "too many processes open the database at once"),
            Some(ErrorCode::SchemaChanged) => (Transient, "the table was changed meanwhile"),
            Some(ErrorCode::SystemIoFailure) => (Transient, DISK),
            Some(ErrorCode::CannotOpen) => {
                (InvalidConfig, "check that file and folder exist and may be read and written")
            }
            Some(ErrorCode::PermissionDenied) => (InvalidConfig, "check the rights of file and folder"),
            Some(ErrorCode::ReadOnly) => (Permanent, READ_ONLY),
            Some(ErrorCode::DiskFull) => (Permanent, "the disk is full: make room and run again"),
            Some(ErrorCode::DatabaseCorrupt) => (Permanent, "the file is damaged: restore it from a backup"),
            Some(ErrorCode::NotADatabase) => {
                (InvalidConfig, "name a SQLite database, or restore this file from a backup if it was one")
            }
            Some(ErrorCode::AuthorizationForStatementDenied) => (Denied, ""),
            Some(ErrorCode::TooBig) => (Limit, "a value, a row or the statement is longer than allowed"),
            Some(ErrorCode::OutOfMemory) => (Limit, "out of memory"),
            _ => (Permanent, ""),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_code_decides_about_the_kind() {
        for (code, kind) in [
            (ffi::SQLITE_BUSY, FailureKind::Transient),
            (ffi::SQLITE_BUSY_SNAPSHOT, FailureKind::Transient),
            (ffi::SQLITE_FULL, FailureKind::Permanent),
            (ffi::SQLITE_READONLY, FailureKind::Permanent),
            (ffi::SQLITE_READONLY_ROLLBACK, FailureKind::Permanent),
            (ffi::SQLITE_CANTOPEN, FailureKind::InvalidConfig),
            (ffi::SQLITE_CORRUPT, FailureKind::Permanent),
            (ffi::SQLITE_NOTADB, FailureKind::InvalidConfig),
            (ffi::SQLITE_AUTH, FailureKind::Denied),
            (ffi::SQLITE_TOOBIG, FailureKind::Limit),
            (ffi::SQLITE_CONSTRAINT_NOTNULL, FailureKind::Permanent),
        ] {
            let error = Error::SqliteFailure(ffi::Error::new(code), Some("words".to_owned()));
            let failure = failure("reading", error);
            assert_eq!(failure.kind, kind, "{code}");
            assert_eq!(failure.cause, Some(FailureCause::Sqlite { code }), "{code}");
        }
    }

    #[test]
    fn a_path_is_not_reported() {
        let error = rusqlite::Connection::open("/nowhere/secret.db").expect_err("no such folder");
        let failure = failure("opening", error);
        assert!(!failure.to_string().contains("secret"));
        assert_eq!(
            failure.to_string(),
            "opening: the database file cannot be opened; check that file and folder exist and may be read and written"
        );
    }
}
