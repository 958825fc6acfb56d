//! The output of `tap`.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value as Json;
use wmshost_flow::{Rejected, row_as_json};
use wmshost_pipeline::StreamPlan;
use wmshost_plugin_kit::{Fate, changed_cells, changed_columns, fates};
use wmshost_runtime::tap::{Tapped, TappedStage};

/// Rows of a stream before and after its plugins.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct TapDocument {
    /// The pipeline's name.
    pipeline: String,
    /// The stream's name.
    pub(in crate::report) stream: String,
    /// The table that was read.
    pub(in crate::report) table: String,
    /// The columns that identify a row.
    pub(in crate::report) key: Vec<String>,
    /// The rows as they were read: their values by column, masked as the stream declares it.
    pub(in crate::report) read: Vec<Json>,
    /// The rows that could not be read.
    pub(in crate::report) unreadable: Vec<UnreadableRow>,
    /// The transforms that were asked for, in their order.
    pub(in crate::report) plugins: Vec<TappedPlugin>,
}

/// A row that could not be read.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::report) struct UnreadableRow {
    /// The rule that it violates.
    pub(in crate::report) rule: String,
    /// The reason in words.
    pub(in crate::report) reason: String,
    /// The row as it is in the source.
    pub(in crate::report) row: Json,
}

/// A transform and what it made of the rows.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::report) struct TappedPlugin {
    /// Its name in the pipeline file.
    pub(in crate::report) plugin: String,
    /// The name that it states.
    pub(in crate::report) name: String,
    /// The version that it states.
    pub(in crate::report) version: String,
    /// The digest of its component.
    digest: String,
    /// The columns that it adds (`+`) and leaves out (`-`); one of another type is both.
    pub(in crate::report) columns: Vec<String>,
    /// The rows that it received.
    pub(in crate::report) rows: Vec<TappedRow>,
    /// The failure that ended the sample; null if there was none.
    pub(in crate::report) failure: Option<String>,
}

/// A row that a transform received.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::report) struct TappedRow {
    /// Its number among the rows that were read, from 1.
    pub(in crate::report) row: u64,
    /// Its key as the transform received it: values by column.
    pub(in crate::report) key: Json,
    /// The outcome: `kept`, `rejected` or `left out`; `unknown` if the transform failed.
    pub(in crate::report) outcome: &'static str,
    /// The rule that rejected it; null if it was not rejected.
    pub(in crate::report) rule: Option<String>,
    /// The reason why it was rejected.
    pub(in crate::report) reason: Option<String>,
    /// The cells that differ before and after, in the order of the columns.
    pub(in crate::report) cells: Vec<ChangedCell>,
}

/// A cell that a transform changed.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::report) struct ChangedCell {
    /// The column.
    pub(in crate::report) column: String,
    /// Its value before; null also if it had no such column.
    pub(in crate::report) before: Json,
    /// Its value after; null also if it has no such column any more.
    pub(in crate::report) after: Json,
}

impl TapDocument {
    /// The sample of a stream.
    pub(in crate::report) fn of(pipeline: &str, plan: &StreamPlan, tapped: &Tapped) -> Self {
        let unreadable =
            |row: &Rejected| UnreadableRow { rule: row.rule.clone(), reason: row.reason.clone(), row: value(&row.row) };
        Self {
            pipeline: pipeline.to_owned(),
            stream: plan.name.clone(),
            table: plan.table.clone(),
            key: tapped.key.clone(),
            read: (0..tapped.read.num_rows()).map(|row| value(&row_as_json(&tapped.read, row))).collect(),
            unreadable: tapped.unreadable.iter().map(unreadable).collect(),
            plugins: tapped.stages.iter().map(|stage| TappedPlugin::of(stage, &tapped.key)).collect(),
        }
    }
}

impl TappedPlugin {
    fn of(stage: &TappedStage, key: &[String]) -> Self {
        let (before, after) = (&stage.before, stage.after.as_ref().ok());
        let places: Vec<usize> = key.iter().filter_map(|name| before.schema_ref().index_of(name).ok()).collect();
        let keys = before.project(&places).unwrap_or_else(|_| before.slice(0, 0));
        let fates = after.map_or_else(Vec::new, |after| fates(after, before.num_rows()));
        let row = |(row, place): (usize, &usize)| {
            let (outcome, rule, reason, cells) = match (fates.get(row), after) {
                (Some(Fate::Kept(at)), Some(after)) => {
                    let changed = changed_cells((before, row), (&after.rows, *at));
                    ("kept", None, None, changed.into_iter().map(ChangedCell::of).collect())
                }
                (Some(Fate::Rejected(rule, reason)), _) => ("rejected", Some(*rule), Some(*reason), Vec::new()),
                (Some(Fate::Dropped), _) => ("left out", None, None, Vec::new()),
                _ => ("unknown", None, None, Vec::new()),
            };
            TappedRow {
                row: *place as u64 + 1,
                key: value(&row_as_json(&keys, row)),
                outcome,
                rule: rule.map(str::to_owned),
                reason: reason.map(str::to_owned),
                cells,
            }
        };
        Self {
            plugin: stage.plugin.plugin.clone(),
            name: stage.plugin.name.clone(),
            version: stage.plugin.version.clone(),
            digest: stage.plugin.digest.clone(),
            columns: after.map_or_else(Vec::new, |after| changed_columns(before, &after.rows)),
            rows: stage.places.iter().enumerate().map(row).collect(),
            failure: stage.after.as_ref().err().map(ToString::to_string),
        }
    }
}

impl ChangedCell {
    fn of((column, cells): (&str, [Option<String>; 2])) -> Self {
        let [before, after] = cells.map(|cell| cell.map_or(Json::Null, |text| value(&text)));
        Self { column: column.to_owned(), before, after }
    }
}

/// JSON that the flow wrote; text if it is damaged.
fn value(text: &str) -> Json {
    serde_json::from_str(text).unwrap_or_else(|_| Json::String(text.to_owned()))
}
