//! The output of `plan`.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;
use wmshost_pipeline::{ConfiguredPlugin, limits_by_key};
use wmshost_runtime::plan::Outlook;

use super::bookmark::{BookmarkDocument, DefinitionChangeDocument, definition_changes};
use super::types::TypesDocument;

/// The outlook of a run.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct PlanDocument {
    /// The pipeline's name.
    pub(crate) pipeline: String,
    /// The outlooks of the streams.
    pub(crate) streams: Vec<PlannedStream>,
}

/// The outlook of a stream.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct PlannedStream {
    /// The stream's name.
    stream: String,
    /// The table that is read.
    source: TableDocument,
    /// The table that is written.
    target: TableDocument,
    /// The extractor, with version and the beginning of its digest.
    extractor: String,
    /// The transforms in their order, likewise.
    transforms: Vec<String>,
    /// The loader, likewise.
    loader: String,
    /// The plugins of all stages in their order.
    plugins: Vec<StagePlugin>,
    /// The table that the stream takes over from another owner.
    take_over: Option<String>,
    /// The method: `full`, `incremental` or `append`.
    method: &'static str,
    /// The columns of the key; empty for the primary key.
    key: Vec<String>,
    /// The column by which changes are found.
    change_key: Option<String>,
    /// The time before its bookmark from which a run reads again, in seconds.
    lookback_seconds: u64,
    /// The policy for rows whose change key is NULL.
    null_keys: &'static str,
    /// The policy for rows that commit later than the lookback.
    late_rows: &'static str,
    /// The policy for rows that the source no longer has.
    deletes: &'static str,
    /// The interval of comparisons of source and target, in seconds.
    reconcile_seconds: u64,
    /// The policy for new columns.
    new_columns: &'static str,
    /// The policy for changed types of columns.
    new_types: &'static str,
    /// The reaction to a changed definition.
    on_change: &'static str,
    /// The policy for bad values.
    on_bad_value: &'static str,
    /// The policy for plugins that fail.
    on_trap: &'static str,
    /// The most rows that may be rejected.
    max_rejected: Option<u64>,
    /// The most rows that may be rejected, in percent.
    max_rejected_percent: u64,
    /// The most rows that one run may delete.
    max_deleted: Option<u64>,
    /// The most rows that one run may delete, in percent of the target.
    max_deleted_percent: u64,
    /// The next run's work, in one sentence.
    next: String,
    /// The bookmark that a run would begin from.
    bookmark: Option<BookmarkDocument>,
    /// The differences between the stream's definition and the one that its checkpoint rests on.
    definition_changes: Vec<DefinitionChangeDocument>,
    /// The changes of the target's columns, in words; null if the databases could not be opened.
    schema_changes: Option<Vec<String>>,
    /// The types of its columns; null likewise.
    types: Option<TypesDocument>,
    /// The reason why a run could not begin.
    failure: Option<String>,
}

/// A table of a database.
#[derive(Debug, Serialize, JsonSchema)]
struct TableDocument {
    /// The connection's label.
    label: String,
    /// The connection in words, without credentials.
    connection: String,
    /// The table's name.
    table: String,
}

/// The plugin of a stage.
#[derive(Debug, Serialize, JsonSchema)]
struct StagePlugin {
    /// Its label in the pipeline file.
    plugin: String,
    /// The version that it states.
    version: String,
    /// The digest of its component.
    digest: String,
    /// Its limits, by their keys in a pipeline file and in the units of these; durations in seconds.
    limits: BTreeMap<&'static str, u64>,
}

/// Characters of a digest that distinguish it for people: `blake3:` and 12 digits.
const SHORT_DIGEST: usize = 19;

/// A plugin with version and the beginning of its digest.
pub(crate) fn plugin_text(stage: &ConfiguredPlugin) -> String {
    let digest = stage.digest.get(..SHORT_DIGEST).unwrap_or(&stage.digest);
    format!("{} {} ({digest})", stage.plugin, stage.version)
}

impl PlannedStream {
    /// The outlook of a stream, with the next run's work in words.
    pub(crate) fn of(outlook: &Outlook<'_>, next: String) -> Self {
        let (stream, plan) = (outlook.stream, &outlook.stream.plan);
        let table = |label: &String, table: &String| TableDocument {
            label: label.clone(),
            connection: outlook.pipeline.connections[label].to_string(),
            table: table.clone(),
        };
        Self {
            stream: plan.name.clone(),
            source: table(&plan.source, &plan.table),
            target: table(&plan.target, &plan.target_table),
            extractor: plugin_text(&stream.extractor),
            transforms: stream.transforms.iter().map(plugin_text).collect(),
            loader: plugin_text(&stream.loader),
            plugins: stream.stages().map(Into::into).collect(),
            take_over: plan.take_over.clone(),
            method: plan.method.name(),
            key: plan.key.clone(),
            change_key: plan.change_key.clone(),
            lookback_seconds: plan.lookback.as_secs(),
            null_keys: plan.null_keys.name(),
            late_rows: plan.late_rows.name(),
            deletes: plan.deletes.name(),
            reconcile_seconds: plan.reconcile_every.as_secs(),
            new_columns: plan.new_columns.name(),
            new_types: plan.new_types.name(),
            on_change: plan.on_change.name(),
            on_bad_value: plan.on_bad_value.name(),
            on_trap: plan.on_trap.name(),
            max_rejected: plan.max_rejected,
            max_rejected_percent: plan.max_rejected_percent,
            max_deleted: plan.max_deleted,
            max_deleted_percent: plan.max_deleted_percent,
            next,
            bookmark: outlook.checkpoint.as_ref().map(|checkpoint| (&checkpoint.bookmark).into()),
            definition_changes: definition_changes(outlook.definition_changes()),
            schema_changes: outlook.opened.as_ref().map(|end| end.schema_changes.clone()),
            types: outlook.certificate.as_ref().map(Into::into),
            failure: outlook.failure.clone(),
        }
    }
}

impl From<&ConfiguredPlugin> for StagePlugin {
    fn from(stage: &ConfiguredPlugin) -> Self {
        Self {
            plugin: stage.plugin.clone(),
            version: stage.version.clone(),
            digest: stage.digest.clone(),
            limits: limits_by_key(&stage.limits),
        }
    }
}
