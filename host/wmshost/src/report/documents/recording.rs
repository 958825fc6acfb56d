//! The output of `plugin replay`.

use schemars::JsonSchema;
use serde::Serialize;
use wmshost_plugin_kit::{Recording, Replayed};

/// A recording that was replayed.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct ReplayedDocument {
    /// The recording.
    recording: Recording,
    /// Its folder.
    folder: String,
    /// The digest of the component that was run.
    digest: String,
    /// The number of rows that came out; null if it failed.
    rows: Option<u64>,
    /// The number of rows that were rejected; null if it failed.
    rejected: Option<u64>,
    /// The failure; null if it succeeded.
    failure: Option<String>,
}

impl From<&Replayed> for ReplayedDocument {
    fn from(replayed: &Replayed) -> Self {
        let counts = replayed.outcome.as_ref().ok();
        Self {
            recording: replayed.recording.clone(),
            folder: replayed.folder.display().to_string(),
            digest: replayed.digest.clone(),
            rows: counts.map(|counts| counts.0),
            rejected: counts.map(|counts| counts.1),
            failure: replayed.outcome.as_ref().err().cloned(),
        }
    }
}
