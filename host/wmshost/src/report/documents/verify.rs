//! The output of `verify`.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value as Json;
use wmshost_flow::Compared;
use wmshost_runtime::verify::{VerifiedStream, VerifyOutcome};

/// The comparison of source and target.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct VerifyDocument {
    /// The pipeline's name.
    pipeline: String,
    /// True if the target was to be repaired.
    repair: bool,
    /// The streams that were compared.
    streams: Vec<ComparedStream>,
}

/// The comparison of a stream.
#[derive(Debug, Serialize, JsonSchema)]
struct ComparedStream {
    /// The stream's name.
    stream: String,
    /// True if the target equals its source.
    equal: bool,
    /// False if the comparison was aborted.
    complete: bool,
    /// The duration in seconds.
    seconds: f64,
    /// Rows of the source.
    source_rows: u64,
    /// Rows of the target.
    target_rows: u64,
    /// Rows of the source that go to quarantine.
    quarantined: u64,
    /// Ranges of keys that were compared.
    ranges: u64,
    /// Ranges of keys that differ.
    ranges_different: u64,
    /// Rows that the target does not have.
    missing: u64,
    /// Rows that the source does not have.
    extra: u64,
    /// Rows that differ.
    different: u64,
    /// Rows that stay as they were because their new versions are rejected.
    outdated: u64,
    /// Rows that stay because a rejected row whose key cannot be read may be their new version.
    unclear: u64,
    /// The number of these rejected rows.
    unreadable_keys: u64,
    /// Rows that the target refused, which are in quarantine.
    refused: u64,
    /// Rows of the source whose key another row of it has.
    source_duplicates: u64,
    /// Rows of the target whose key another row of it has.
    target_duplicates: u64,
    /// Rows that were loaded or deleted.
    repaired: u64,
    /// Rows that were loaded.
    loaded: u64,
    /// Rows that were deleted.
    deleted: u64,
    /// Columns that the target does not have.
    columns_left_out: Vec<String>,
    /// The first rows that differ.
    rows: Vec<DifferentRow>,
    /// The reason why the comparison failed.
    error: Option<String>,
}

/// A row that differs.
#[derive(Debug, Serialize, JsonSchema)]
struct DifferentRow {
    /// The difference, such as `missing`, `extra` or `different`.
    difference: &'static str,
    /// The row's key.
    key: Json,
    /// The columns that differ.
    columns: Vec<String>,
}

impl From<&VerifyOutcome> for VerifyDocument {
    fn from(outcome: &VerifyOutcome) -> Self {
        let streams = outcome.streams.iter().map(Into::into).collect();
        Self { pipeline: outcome.pipeline.clone(), repair: outcome.repair, streams }
    }
}

impl From<&VerifiedStream> for ComparedStream {
    fn from(verified: &VerifiedStream) -> Self {
        let Compared { found, failure } = &verified.compared;
        let row = |row: &wmshost_flow::Difference| DifferentRow {
            difference: row.kind.name(),
            key: serde_json::from_str(&row.key).unwrap_or(Json::Null),
            columns: row.columns.clone(),
        };
        Self {
            stream: verified.stream.clone(),
            equal: found.is_equal(),
            complete: found.is_complete,
            seconds: verified.seconds,
            source_rows: found.source_rows,
            target_rows: found.target_rows,
            quarantined: found.rejected,
            ranges: found.ranges,
            ranges_different: found.ranges_different,
            missing: found.missing,
            extra: found.extra,
            different: found.different,
            outdated: found.outdated,
            unclear: found.unclear,
            unreadable_keys: found.unreadable_keys,
            refused: found.refused,
            source_duplicates: found.source_duplicates,
            target_duplicates: found.target_duplicates,
            repaired: found.repaired(),
            loaded: found.loaded,
            deleted: found.deleted,
            columns_left_out: found.columns_left_out.clone(),
            rows: found.samples.iter().map(row).collect(),
            error: failure.as_ref().map(ToString::to_string),
        }
    }
}
