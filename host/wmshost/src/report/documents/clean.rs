//! The output of `clean`.

use schemars::JsonSchema;
use serde::Serialize;
use wmshost_runtime::clean::{Cleaned, RemovedFiles};

/// The things that were removed, or would be.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct CleanedDocument {
    /// True if nothing was removed, because it was a trial.
    dry_run: bool,
    /// Runs of the history.
    runs: u64,
    /// Logs.
    logs: RemovedFilesDocument,
    /// Recorded batches.
    recordings: RemovedFilesDocument,
    /// Compiled plugins.
    plugins: RemovedFilesDocument,
    /// Receipts, and their signatures.
    receipts: RemovedFilesDocument,
}

/// Files that were removed.
#[derive(Debug, Serialize, JsonSchema)]
struct RemovedFilesDocument {
    /// Their number.
    files: u64,
    /// Their bytes.
    bytes: u64,
}

impl CleanedDocument {
    /// The result of a command, or of its trial.
    pub(crate) fn of(cleaned: &Cleaned, dry_run: bool) -> Self {
        let files = |RemovedFiles { files, bytes }| RemovedFilesDocument { files, bytes };
        Self {
            dry_run,
            runs: cleaned.runs,
            logs: files(cleaned.logs),
            recordings: files(cleaned.recordings),
            plugins: files(cleaned.plugins),
            receipts: files(cleaned.receipts),
        }
    }
}
