//! The outputs of `quarantine list`, `show` and `replay`.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value as Json;
use wmshost_flow::{QuarantinedRow, Replayed};

/// A row in quarantine.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct QuarantinedRowDocument {
    /// Its id: a digest of the rule and the row.
    id: String,
    /// The stream in which it was rejected.
    stream: String,
    /// Its key in words; null if the stream has no key.
    key: Option<String>,
    /// The rule that it violates.
    rule: String,
    /// The reason in words.
    reason: String,
    /// The stage that rejected it: `extract`, `transform` or `load`.
    stage: String,
    /// The component that rejected it: a plugin with its version, the driver, or the host.
    rejected_by: String,
    /// The digest of that plugin's bytes; null if no plugin rejected it.
    digest: Option<String>,
    /// The run that last rejected it.
    run_id: String,
    /// The time of the last rejection, UTC.
    rejected_at: String,
    /// The row as it is in the source: its values by column, or text if it is damaged.
    row: Json,
}

/// The result of a replay.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct ReplayDocument {
    /// The run's id.
    run_id: String,
    /// The stream's name.
    stream: String,
    /// Rows that are in the target now, or were there already in a newer version.
    loaded: u64,
    /// Rows that stay in quarantine.
    stayed: u64,
    /// The first of those that stay.
    kept: Vec<KeptRow>,
}

/// A row that stays in quarantine.
#[derive(Debug, Serialize, JsonSchema)]
struct KeptRow {
    /// Its id.
    id: String,
    /// The reason in words.
    reason: String,
}

impl From<&QuarantinedRow> for QuarantinedRowDocument {
    fn from(row: &QuarantinedRow) -> Self {
        let cells = serde_json::from_str(&row.row).unwrap_or_else(|_| Json::String(row.row.clone()));
        let QuarantinedRow { stream, id, rule, reason, stage, by, digest, run_id, rejected_at, key, .. } = row.clone();
        Self { id, stream, key, rule, reason, stage, rejected_by: by, digest, run_id, rejected_at, row: cells }
    }
}

impl ReplayDocument {
    /// The result of a replay of a stream's rows.
    pub(crate) fn of(run_id: &str, stream: &str, replayed: &Replayed) -> Self {
        let kept = |(id, reason): &(String, String)| KeptRow { id: id.clone(), reason: reason.clone() };
        Self {
            run_id: run_id.to_owned(),
            stream: stream.to_owned(),
            loaded: replayed.loaded,
            stayed: replayed.stayed,
            kept: replayed.kept.iter().map(kept).collect(),
        }
    }
}
