//! The output of `run`.

use schemars::JsonSchema;
use serde::Serialize;
use wmshost_flow::{Comparison, StreamFailure, StreamSummary};
use wmshost_models::RunResults;
use wmshost_runtime::history::RunStatus;
use wmshost_runtime::models::ModelsOutcome;
use wmshost_runtime::run::RunOutcome;

use crate::exit::Exit;

use super::bookmark::{BookmarkDocument, DefinitionChangeDocument, definition_changes};

/// The result of a run.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct RunDocument {
    /// The run's id.
    run_id: String,
    /// The pipeline's name.
    pipeline: String,
    /// The status of the run as a whole, with its models: `succeeded`, `rejected`, `failed` or `cancelled`.
    status: &'static str,
    /// The exit code of the process.
    exit_code: u8,
    /// The duration in seconds, of the streams and the models.
    seconds: f64,
    /// The streams, each summed over its attempts.
    streams: Vec<RunStream>,
    /// The results of the models that were built after the load; null if none were.
    models: Option<RunResults>,
    /// The receipt; null if the pipeline leaves none.
    receipt: Option<RunReceipt>,
}

/// The receipt of a run.
#[derive(Debug, Serialize, JsonSchema)]
struct RunReceipt {
    /// The file.
    file: String,
    /// The streams whose rows in the target differ from those that were loaded.
    different: Vec<String>,
    /// The streams without a proof.
    unproven: Vec<String>,
}

/// The result of a stream in a run.
#[derive(Debug, Serialize, JsonSchema)]
struct RunStream {
    /// The stream's name.
    stream: String,
    /// The outcome: `succeeded`, `unchanged`, `rejected`, `failed`, `cancelled` or `not-run`.
    status: &'static str,
    /// Rows that came from the source.
    rows_read: u64,
    /// Rows that are new or changed in the target.
    rows_written: u64,
    /// Rows that the target had already.
    rows_unchanged: u64,
    /// Rows that went to quarantine.
    rows_rejected: u64,
    /// Rows that a transform filtered out.
    rows_filtered: u64,
    /// Rows that a replaced table no longer has.
    rows_deleted: u64,
    /// Rows whose key another row of the run has, so that the target keeps one of each.
    rows_with_duplicate_keys: u64,
    /// Calls of its plugins that were denied, because they asked for more than is granted; each is in the run's log.
    calls_denied: u64,
    /// Bytes of Arrow columns that were loaded.
    bytes: u64,
    /// The duration in seconds.
    seconds: f64,
    /// The bookmark of the last checkpoint.
    bookmark: Option<BookmarkDocument>,
    /// The changes of the target's columns, in words.
    schema_changes: Vec<String>,
    /// The differences between the stream's definition and the one that its checkpoint rested on.
    definition_changes: Vec<DefinitionChangeDocument>,
    /// The comparison of source and target, if the run was due to compare them.
    reconciled: Option<ReconciledDocument>,
    /// The reason why it failed.
    error: Option<RunError>,
}

/// The comparison of source and target in a run.
#[derive(Debug, Serialize, JsonSchema)]
struct ReconciledDocument {
    /// Rows that the target did not have. If only keys were compared, they are not loaded, and rows that a transform
    /// leaves out are among them, but none that is in quarantine.
    missing: u64,
    /// Rows that the source no longer has.
    extra: u64,
    /// Rows that differed; null if only keys were compared.
    different: Option<u64>,
    /// Rows that were loaded or deleted.
    repaired: u64,
    /// Rows that were deleted.
    deleted: u64,
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
    /// False if the comparison was aborted.
    complete: bool,
}

/// The failure of a stream.
#[derive(Debug, Serialize, JsonSchema)]
struct RunError {
    /// The kind of the failure, such as `transient` or `invalid-config`.
    kind: &'static str,
    /// The stage: `extract`, `transform` or `load`.
    stage: String,
    /// The number of the batch, if rows were moving already.
    batch: Option<u64>,
    /// The plugin whose call failed, if one did.
    plugin: Option<String>,
    /// The function of the plugin that failed.
    function: Option<&'static str>,
    /// The reason, for a person.
    message: String,
}

impl RunDocument {
    /// The result of a run that ends with this exit code.
    pub(crate) fn of(outcome: &RunOutcome, models: Option<&ModelsOutcome>, exit: Exit) -> Self {
        Self {
            run_id: outcome.run_id.clone(),
            pipeline: outcome.pipeline.clone(),
            status: RunStatus::of_exit(exit).name(),
            exit_code: exit as u8,
            seconds: outcome.seconds + models.map_or(0.0, |built| built.report.seconds),
            streams: outcome.streams.iter().map(|end| RunStream::of(end, outcome)).collect(),
            models: models.map(|built| built.report.results(&built.pipeline)),
            receipt: outcome.receipt.as_ref().map(|receipt| RunReceipt {
                file: receipt.file.display().to_string(),
                different: receipt.different.clone(),
                unproven: receipt.unproven.iter().map(|(stream, _)| stream.clone()).collect(),
            }),
        }
    }
}

impl RunStream {
    /// The result of a stream in a run.
    fn of(end: &StreamSummary, outcome: &RunOutcome) -> Self {
        Self {
            stream: end.stream.clone(),
            status: end.status.name(),
            rows_read: end.stats.read,
            rows_written: end.stats.written,
            rows_unchanged: end.stats.unchanged,
            rows_rejected: end.stats.rejected,
            rows_filtered: end.stats.filtered,
            rows_deleted: end.stats.deleted,
            rows_with_duplicate_keys: end.stats.duplicates,
            calls_denied: outcome.denials.get(&end.stream).copied().unwrap_or_default(),
            bytes: end.stats.bytes,
            seconds: end.seconds,
            bookmark: end.bookmark.as_ref().map(Into::into),
            schema_changes: end.schema_changes.clone(),
            definition_changes: definition_changes(&end.definition_changes),
            reconciled: end.comparison.as_ref().map(Into::into),
            error: end.failure.as_ref().map(Into::into),
        }
    }
}

impl From<&Comparison> for ReconciledDocument {
    fn from(found: &Comparison) -> Self {
        Self {
            missing: found.missing,
            extra: found.extra,
            different: (!found.is_by_keys).then_some(found.different),
            repaired: found.repaired(),
            deleted: found.deleted,
            outdated: found.outdated,
            unclear: found.unclear,
            unreadable_keys: found.unreadable_keys,
            refused: found.refused,
            source_duplicates: found.source_duplicates,
            complete: found.is_complete,
        }
    }
}

impl From<&StreamFailure> for RunError {
    fn from(at: &StreamFailure) -> Self {
        Self {
            kind: at.failure.kind.name(),
            stage: at.stage.to_string(),
            batch: at.batch,
            plugin: at.failure.site.as_ref().map(|site| site.plugin.clone()),
            function: at.failure.site.as_ref().map(|site| site.function),
            message: at.failure.to_string(),
        }
    }
}
