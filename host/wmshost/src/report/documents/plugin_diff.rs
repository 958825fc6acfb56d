//! The output of `plugin diff`.

use schemars::JsonSchema;
use serde::Serialize;
use wmshost_plugin_kit::{CaseDiff, PluginDiff};

/// The differences of a component from an earlier one.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct PluginDiffDocument {
    /// True if they state the same and make the same of every case.
    same: bool,
    /// The differences in what they state: version, contract, imports, settings.
    description: Vec<String>,
    /// All cases, in the order of their names.
    cases: Vec<CaseDiffDocument>,
}

/// The differences in a case.
#[derive(Debug, Serialize, JsonSchema)]
struct CaseDiffDocument {
    /// Its name.
    name: String,
    /// The cells or lines that differ, by file.
    differences: Vec<String>,
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
            differences: case.differences.clone(),
            old_instructions_per_row: case.instructions_per_row.map(|[old, _]| old),
            new_instructions_per_row: case.instructions_per_row.map(|[_, new]| new),
        }
    }
}
