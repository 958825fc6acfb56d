//! The output of `plugin diff`.

use schemars::JsonSchema;
use serde::Serialize;
use wmshost_plugin_kit::{CaseDiff, PluginDiff, RowsDiff};

/// The differences of a component from an earlier one.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct PluginDiffDocument {
    /// True if they state the same and make the same of every case.
    same: bool,
    /// The differences in what they state: version, contract, imports, settings.
    description: Vec<String>,
    /// All cases, in the order of their names, and then all recordings.
    cases: Vec<CaseDiffDocument>,
}

/// The differences in a case, or in a recorded batch.
#[derive(Debug, Serialize, JsonSchema)]
struct CaseDiffDocument {
    /// The case's name; stream, plugin and batch of a recording.
    name: String,
    /// True if they make the same of it.
    same: bool,
    /// The failure of the earlier component; null if it does not fail.
    old_failure: Option<String>,
    /// That of the later one.
    new_failure: Option<String>,
    /// The cells or lines that differ, by file.
    differences: Vec<String>,
    /// The differences in rows; null if it is no transform, or one of them fails.
    rows: Option<RowsDiff>,
    /// The WebAssembly instructions per row of the earlier component; null if it is no transform, or fails.
    old_instructions_per_row: Option<u64>,
    /// Those of the later one.
    new_instructions_per_row: Option<u64>,
}

impl From<&PluginDiff> for PluginDiffDocument {
    fn from(found: &PluginDiff) -> Self {
        Self {
            same: found.is_empty(),
            description: found.description.clone(),
            cases: found.cases.iter().map(Into::into).collect(),
        }
    }
}

impl From<&CaseDiff> for CaseDiffDocument {
    fn from(case: &CaseDiff) -> Self {
        Self {
            name: case.name.clone(),
            same: case.is_empty(),
            old_failure: case.failures[0].clone(),
            new_failure: case.failures[1].clone(),
            differences: case.differences.clone(),
            rows: case.rows.clone(),
            old_instructions_per_row: case.instructions_per_row.map(|[old, _]| old),
            new_instructions_per_row: case.instructions_per_row.map(|[_, new]| new),
        }
    }
}
