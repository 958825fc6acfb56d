//! `manifest.json`: the declarations as a document for other programs. The fields are part of the interface: new ones may
//! be added, none changes its meaning; if one must, `format` increases.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use wmshost_flow::model::{self, Goal, ModelColumn, Severity};

use crate::check::test_columns;
use crate::data_tests::query_of;
use crate::lineage::ColumnSources;
use crate::project::{Kind, Node, ParsedModel, ParsedTest, Project};
use crate::record::Moment;

/// The format of the documents about models.
pub(crate) const FORMAT: u32 = 1;

/// All declarations of a pipeline's models: streams, models, columns with their lineage, tests, metrics and exposures.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Manifest {
    /// The version of this format.
    pub format: u32,
    /// The pipeline.
    pub pipeline: String,
    /// The plugins that declare models: the digest of each component, by the name in the pipeline file.
    pub plugins: BTreeMap<String, String>,
    /// The time when this document was made, in ISO 8601.
    pub made_at: String,
    /// The streams and models; each comes after those that it reads.
    pub nodes: Vec<ManifestNode>,
    /// The metrics.
    pub metrics: Vec<ManifestMetric>,
    /// The readers outside of the models.
    pub exposures: Vec<ManifestExposure>,
}

/// A stream or a model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ManifestNode {
    /// Its name.
    pub name: String,
    /// The kind of the node.
    pub kind: NodeKind,
    /// The plugin that declares it; empty for a stream that none declares.
    pub plugin: String,
    /// The digest of that plugin's component.
    pub plugin_digest: Option<String>,
    /// Its table or view.
    pub table: String,
    /// The number of steps from the streams.
    pub level: usize,
    /// The names of the nodes that it reads.
    pub reads: Vec<String>,
    /// The names of the nodes that read it.
    pub read_by: Vec<String>,
    /// Its declared columns.
    pub columns: Vec<ManifestColumn>,
    /// Its tests.
    pub tests: Vec<ManifestTest>,
    /// Its description.
    pub summary: String,
    /// Its tags.
    pub tags: Vec<String>,
    /// Its owner.
    pub owner: Option<String>,
    /// The declared limits of its age.
    pub freshness: Option<ManifestFreshness>,
    /// The declaration of a model; its fields are beside those of the node.
    #[serde(flatten)]
    pub model: Option<ManifestModel>,
    /// The way of a stream's rows, if the pipeline is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<StreamOrigin>,
}

/// The kind of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum NodeKind {
    /// A table that a stream of the pipeline loads.
    Stream,
    /// A model.
    Model,
}

impl NodeKind {
    /// The kind's name in documents.
    pub fn name(self) -> &'static str {
        match self {
            Self::Stream => "stream",
            Self::Model => "model",
        }
    }
}

/// The fields that only a model has.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ManifestModel {
    /// Its layer: `staging`, `intermediate` or `mart`.
    pub layer: String,
    /// Its materialization.
    pub materialized: String,
    /// The fingerprint of the declaration: it changes with everything that determines the rows.
    pub fingerprint: String,
    /// The SQL as it is declared, with placeholders.
    pub sql: String,
    /// The SQL that finds what changed, as it is declared.
    pub changes_sql: Option<String>,
    /// The SQL of a full build.
    pub compiled: String,
    /// The SQL that fills `{changes}` before an incremental build.
    pub compiled_changes: Option<String>,
    /// The SQL of an incremental build.
    pub compiled_incremental: Option<String>,
    /// The names of its unit tests.
    pub unit_tests: Vec<String>,
}

/// A declared column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ManifestColumn {
    /// Its name.
    pub name: String,
    /// Its type, as people write it: `text`, `decimal(12, 2)`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Its description.
    pub summary: String,
    /// The columns that it is computed from, as `node.column`.
    pub from: Vec<String>,
}

/// A declared test of a node's rows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ManifestTest {
    /// Its name.
    pub name: String,
    /// Its assertion.
    pub assertion: String,
    /// The severity of a failure: `error` or `warn`.
    pub severity: String,
    /// The columns that it is about.
    pub columns: Vec<String>,
    /// Its description.
    pub summary: String,
    /// The SQL of the failing rows, or of the number that it measures.
    pub sql: String,
}

/// The limits of a node's age.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ManifestFreshness {
    /// The age in seconds beyond which it is a warning.
    pub warn_after: Option<u64>,
    /// The age in seconds beyond which it is an error.
    pub error_after: Option<u64>,
    /// The column whose newest value determines the age; else it is the time of the last load or build.
    pub by: Option<String>,
}

/// The way of a stream's rows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StreamOrigin {
    /// The label of the source database.
    pub source: String,
    /// The table in the source.
    pub table: String,
    /// The plugins that the rows pass, in order.
    pub plugins: Vec<String>,
}

/// A metric: one row per day of a mart.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ManifestMetric {
    /// Its name.
    pub name: String,
    /// Its description.
    pub summary: String,
    /// The model that has it.
    pub model: String,
    /// The column of the day.
    pub day: String,
    /// The column of the number.
    pub column: String,
    /// The unit of the number.
    pub unit: String,
    /// The target value.
    pub goal: Option<ManifestGoal>,
}

/// The target value of a metric: the least or the greatest one.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ManifestGoal {
    /// The least value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_least: Option<f64>,
    /// The greatest value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_most: Option<f64>,
}

/// A reader outside of the models, such as a report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ManifestExposure {
    /// Its name.
    pub name: String,
    /// The plugin that declares it.
    pub plugin: String,
    /// Its description.
    pub summary: String,
    /// The names of the nodes that it reads.
    pub reads: Vec<String>,
    /// Its owner.
    pub owner: Option<String>,
    /// Its address.
    pub url: Option<String>,
}

impl Project {
    /// All declarations: streams, models, columns with their lineage, tests, metrics and exposures.
    pub fn manifest(&self, pipeline: &str, now: i64) -> Manifest {
        let lineage = self.column_lineage();
        let mut order: Vec<usize> = (0..self.nodes.len()).collect();
        order.sort_by_key(|&at| (self.nodes[at].level, self.nodes[at].name.clone()));
        let exposure = |(plugin, exposure): &(String, model::Exposure)| ManifestExposure {
            name: exposure.name.clone(),
            plugin: plugin.clone(),
            summary: exposure.summary.clone(),
            reads: exposure.depends_on.clone(),
            owner: exposure.owner.clone(),
            url: exposure.url.clone(),
        };
        Manifest {
            format: FORMAT,
            pipeline: pipeline.to_owned(),
            plugins: self.digests.clone(),
            made_at: Moment(now).iso_8601(),
            nodes: order.iter().map(|&at| self.manifest_node(at, &lineage, now)).collect(),
            metrics: self.metrics.iter().map(metric).collect(),
            exposures: self.exposures.iter().map(exposure).collect(),
        }
    }

    fn manifest_node(&self, at: usize, lineage: &ColumnSources, now: i64) -> ManifestNode {
        let node = &self.nodes[at];
        let names = |nodes: &[usize]| nodes.iter().map(|&at| self.nodes[at].name.clone()).collect::<Vec<_>>();
        let (summary, tags, owner, freshness) = match &node.kind {
            Kind::Model(parsed) => {
                let model = &parsed.model;
                (model.summary.clone(), model.tags.clone(), model.owner.clone(), model.freshness.as_ref())
            }
            Kind::Stream(Some(source)) => {
                (source.summary.clone(), source.tags.clone(), source.owner.clone(), source.freshness.as_ref())
            }
            Kind::Stream(None) => Default::default(),
        };
        ManifestNode {
            name: node.name.clone(),
            kind: node.kind(),
            plugin: node.plugin.clone(),
            plugin_digest: self.digests.get(&node.plugin).cloned(),
            table: node.table.clone(),
            level: node.level,
            reads: names(&node.reads),
            read_by: names(&node.read_by),
            columns: node.columns().iter().map(|column| self.manifest_column(at, column, lineage)).collect(),
            tests: node.tests.iter().map(|parsed| self.manifest_test(at, parsed)).collect(),
            summary,
            tags,
            owner,
            freshness: freshness.map(|freshness| ManifestFreshness {
                warn_after: freshness.warn_after,
                error_after: freshness.error_after,
                by: freshness.by.clone(),
            }),
            model: node.model().map(|parsed| self.manifest_model(node, parsed, now)),
            origin: None,
        }
    }

    fn manifest_model(&self, node: &Node, parsed: &ParsedModel, now: i64) -> ManifestModel {
        let model = &parsed.model;
        let compiled = self.compiled(&node.name, now).unwrap_or_default();
        ManifestModel {
            layer: model.layer.name().to_owned(),
            materialized: model.materialization.name().to_owned(),
            fingerprint: parsed.fingerprint.clone(),
            sql: model.statement.clone(),
            changes_sql: parsed.changes.as_ref().map(|changes| changes.source.clone()),
            compiled: compiled.full,
            compiled_changes: compiled.changes,
            compiled_incremental: compiled.incremental,
            unit_tests: model.unit_tests.iter().map(|test| test.name.clone()).collect(),
        }
    }

    fn manifest_test(&self, at: usize, parsed: &ParsedTest) -> ManifestTest {
        let test = &parsed.test;
        let severity = match test.severity {
            Severity::Error => "error",
            Severity::Warn => "warn",
        };
        ManifestTest {
            name: test.name.clone(),
            assertion: test.assertion.name().to_owned(),
            severity: severity.to_owned(),
            columns: test_columns(&test.assertion).into_iter().map(Into::into).collect(),
            summary: test.summary.clone(),
            sql: query_of(&self.renderer(), at, parsed),
        }
    }

    fn manifest_column(&self, at: usize, column: &ModelColumn, lineage: &ColumnSources) -> ManifestColumn {
        let from = lineage.get(&(at, column.name.to_ascii_lowercase())).into_iter().flatten();
        ManifestColumn {
            name: column.name.clone(),
            // Null is the type of a column that may hold any value.
            kind: if column.kind.is_null() { "any".to_owned() } else { type_name(&column.kind) },
            summary: column.summary.clone(),
            from: from.map(|(node, column)| format!("{}.{column}", self.nodes[*node].name)).collect(),
        }
    }
}

impl Node {
    /// The kind of the node.
    pub(crate) fn kind(&self) -> NodeKind {
        match self.model() {
            Some(_) => NodeKind::Model,
            None => NodeKind::Stream,
        }
    }
}

fn metric(metric: &model::Metric) -> ManifestMetric {
    ManifestMetric {
        name: metric.name.clone(),
        summary: metric.summary.clone(),
        model: metric.model.clone(),
        day: metric.day.clone(),
        column: metric.column.clone(),
        unit: metric.unit.clone(),
        goal: metric.goal.map(ManifestGoal::from),
    }
}

impl From<Goal> for ManifestGoal {
    fn from(goal: Goal) -> Self {
        match goal {
            Goal::AtLeast(goal) => Self { at_least: Some(goal), at_most: None },
            Goal::AtMost(goal) => Self { at_least: None, at_most: Some(goal) },
        }
    }
}

/// A type as people write it.
fn type_name(kind: &arrow_schema::DataType) -> String {
    use arrow_schema::DataType;
    match kind {
        DataType::Boolean => "boolean".to_owned(),
        DataType::Int64 => "int64".to_owned(),
        DataType::Float64 => "float64".to_owned(),
        DataType::Utf8 => "text".to_owned(),
        DataType::Binary => "binary".to_owned(),
        DataType::Date32 => "date".to_owned(),
        DataType::Decimal128(precision, scale) => format!("decimal({precision}, {scale})"),
        DataType::Timestamp(_, None) => "timestamp".to_owned(),
        DataType::Timestamp(_, Some(_)) => "timestamp in UTC".to_owned(),
        other => other.to_string(),
    }
}
