//! The outputs of `models show`, `diff` and `freshness`. The nodes of the manifest and the results of a build are
//! documents of the models themselves.

use schemars::JsonSchema;
use serde::Serialize;
use wmshost_models::{Age, ManifestNode, NodeHistory};
use wmshost_runtime::models::{PlannedModel, ShownNode};

use super::moment;

/// A model or stream in full.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct ShownNodeDocument {
    /// The node in the manifest.
    node: ManifestNode,
    /// The last results of the node and its tests; null if it was never built.
    last: Option<NodeHistory>,
    /// Some of its rows.
    sample: SampleRowsDocument,
}

/// Some rows of a table.
#[derive(Debug, Serialize, JsonSchema)]
struct SampleRowsDocument {
    /// The names of the columns.
    columns: Vec<String>,
    /// The rows, each with a text per column.
    rows: Vec<Vec<String>>,
}

/// The SQL of a model.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct CompiledModelDocument {
    /// The model's name.
    name: String,
    /// The SQL of a full build.
    compiled: String,
    /// The SQL that finds the changed windows, of an incremental model.
    compiled_changes: Option<String>,
    /// The SQL of an incremental build.
    compiled_incremental: Option<String>,
}

/// The plan of a model in the next build.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct PlannedModelDocument {
    /// The model's name.
    name: String,
    /// The action.
    plan: &'static str,
    /// The reason.
    why: String,
}

/// The freshness of a stream or model.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct FreshnessDocument {
    /// Its name.
    name: String,
    /// The verdict about its age.
    status: &'static str,
    /// The moment from which its age counts, UTC; null if it was never loaded or built.
    as_of: Option<String>,
    /// The age in seconds.
    age_seconds: Option<u64>,
    /// The origin of that moment: `loaded`, `built`, or a column.
    by: String,
    /// The age of a warning, in seconds.
    warn_after: Option<u64>,
    /// The age of an error, in seconds.
    error_after: Option<u64>,
}

impl From<ShownNode> for ShownNodeDocument {
    fn from(shown: ShownNode) -> Self {
        let ShownNode { node, last, columns, rows } = shown;
        Self { node, last, sample: SampleRowsDocument { columns, rows } }
    }
}

impl CompiledModelDocument {
    /// The SQL of a node; `None` for a stream.
    pub(crate) fn of(node: &ManifestNode) -> Option<Self> {
        let model = node.model.as_ref()?;
        Some(Self {
            name: node.name.clone(),
            compiled: model.compiled.clone(),
            compiled_changes: model.compiled_changes.clone(),
            compiled_incremental: model.compiled_incremental.clone(),
        })
    }
}

impl From<&PlannedModel> for PlannedModelDocument {
    fn from(model: &PlannedModel) -> Self {
        Self { name: model.name.clone(), plan: model.plan, why: model.why.clone() }
    }
}

impl From<&Age> for FreshnessDocument {
    fn from(age: &Age) -> Self {
        Self {
            name: age.name.clone(),
            status: age.status.name(),
            as_of: age.as_of.map(moment),
            age_seconds: age.seconds,
            by: age.by.clone(),
            warn_after: age.limits.0,
            error_after: age.limits.1,
        }
    }
}
