//! The errors of sample warehouses. Every message states the place, the problem and the advice.

use std::path::{Path, PathBuf};

use rusqlite::ErrorCode;

use crate::limits::MAX_ALLOCATIONS;

/// The reason why a sample warehouse was not created or changed. The file is unchanged then.
#[derive(Debug, thiserror::Error)]
pub enum SampleError {
    /// `create` found something at the path and was not allowed to replace it.
    #[error("{}: there is a file already; name another file, or force its replacement", file.display())]
    Exists {
        /// The requested file.
        file: PathBuf,
    },
    /// The path cannot hold a file.
    #[error("{}: this is not the path of a file; name a file, such as .wmshost/wms.sqlite", file.display())]
    NotAFile {
        /// The requested path.
        file: PathBuf,
    },
    /// `change` found no file.
    #[error("{}: there is no such file; create a sample warehouse there first with `sample create`", file.display())]
    Missing {
        /// The requested file.
        file: PathBuf,
    },
    /// `change` found a file that `create` did not make.
    #[error("{}: not a sample warehouse ({reason}); name a file made by `sample create`", file.display())]
    NotASample {
        /// The requested file.
        file: PathBuf,
        /// The difference from a sample warehouse.
        reason: String,
    },
    /// More allocations than the ids of the sample allow.
    #[error("allocations: {asked} asked for, at most {MAX_ALLOCATIONS} possible; ask for fewer")]
    TooMany {
        /// The requested number.
        asked: u64,
    },
    /// A percentage outside of the range that a day can change.
    #[error("percent: {asked} is not above 0 and at most 100; give the share of rows to change, such as 1 or 0.5")]
    Percent {
        /// The requested percentage.
        asked: f64,
    },
    /// A text that is not a valid timestamp.
    #[error("until: `{text}` is not a timestamp from 1980 to 9998; write it as `2026-06-30 18:00:00`")]
    Moment {
        /// The text given.
        text: String,
    },
    /// The operating system refused a step on a file.
    #[error("{}: cannot {action}; check the path, its rights and the free space", file.display())]
    File {
        /// The file or folder.
        file: PathBuf,
        /// The step that failed.
        action: &'static str,
        /// The reason.
        source: std::io::Error,
    },
    /// Another process holds the file's write lock.
    #[error("{}: another process is writing to the file; wait until it is done and try again", file.display())]
    Busy {
        /// The file.
        file: PathBuf,
    },
    /// SQLite refused a step.
    #[error("{}: cannot {action}; check the file, its rights and the free space", file.display())]
    Database {
        /// The file.
        file: PathBuf,
        /// The step that failed.
        action: &'static str,
        /// The reason.
        source: rusqlite::Error,
    },
}

impl SampleError {
    /// Converts an error of SQLite to the variant that fits what the user can do about it.
    pub(crate) fn database(file: &Path, action: &'static str, source: rusqlite::Error) -> Self {
        let file = file.to_path_buf();
        match source.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Busy { file },
            Some(ErrorCode::NotADatabase) => {
                Self::NotASample { file, reason: "it is not an SQLite database".to_owned() }
            }
            _ => Self::Database { file, action, source },
        }
    }

    /// Converts an error of the operating system.
    pub(crate) fn file(file: &Path, action: &'static str, source: std::io::Error) -> Self {
        Self::File { file: file.to_path_buf(), action, source }
    }
}
