//! The failure of a database of the host's own: run history, book of schedules, outbox of alerts.

use std::path::Path;

use rusqlite::ErrorCode;
use wmshost_flow::Failure;

/// The failure to open the file; `what` is in it.
pub(crate) fn unusable(file: &Path, what: &str, error: &rusqlite::Error) -> Failure {
    let message = format!("{}: the {what} cannot be opened: {error}", file.display());
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            Failure::transient(message).advise("another process has locked the file: wait until it is done, or stop it")
        }
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => Failure::invalid_config(message)
            .advise("restore the file from a backup; or move it away, and what was in it is lost"),
        _ => Failure::invalid_config(message).advise("set WMSHOST_HOME to a folder that can be written"),
    }
}

#[cfg(test)]
mod tests {
    use rusqlite::ffi;
    use wmshost_flow::FailureKind;

    use super::*;

    #[test]
    fn nobody_is_asked_to_move_a_file_away_that_is_only_locked() {
        for (code, kind, words) in [
            (ffi::SQLITE_BUSY, FailureKind::Transient, "wait until it is done"),
            (ffi::SQLITE_NOTADB, FailureKind::InvalidConfig, "move it away"),
            (ffi::SQLITE_CANTOPEN, FailureKind::InvalidConfig, "WMSHOST_HOME"),
        ] {
            let error = rusqlite::Error::SqliteFailure(ffi::Error::new(code), None);
            let failure = unusable(Path::new("state.db"), "run history", &error);
            assert_eq!(failure.kind, kind);
            assert!(failure.to_string().contains(words), "{failure}");
        }
    }
}
