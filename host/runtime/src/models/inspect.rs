//! Looking at models: their nodes in the manifest, the last results, some rows, the metrics.

use wmshost_flow::Failure;
use wmshost_flow::model::Metric;
use wmshost_models::{ManifestNode, NodeHistory, Selected};

use super::models_project::ModelsProject;
use crate::error::Result;
use crate::runtime::Runtime;

/// One node in full.
#[derive(Debug)]
pub struct ShownNode {
    /// The node in the manifest.
    pub node: ManifestNode,
    /// The last results of the node and its tests; `None` if it was never built.
    pub last: Option<NodeHistory>,
    /// The names of the columns.
    pub columns: Vec<String>,
    /// Some of its rows.
    pub rows: Vec<Vec<String>>,
}

/// The plan of a model in the next build.
#[derive(Debug)]
pub struct PlannedModel {
    /// The model's name.
    pub name: String,
    /// The action: it would be built in full, and so on.
    pub plan: &'static str,
    /// The reason.
    pub why: String,
}

/// The nodes of the manifest that were selected.
pub fn nodes(runtime: &Runtime, project: &ModelsProject, selected: &Selected) -> Vec<ManifestNode> {
    let names = selected.names(&project.project);
    let nodes = project.manifest(runtime.clock.now()).nodes;
    nodes.into_iter().filter(|node| names.contains(&node.name.as_str())).collect()
}

/// One node in full, with this number of its rows.
pub fn show(runtime: &Runtime, project: &ModelsProject, name: &str, rows: usize) -> Result<ShownNode> {
    let nodes = project.manifest(runtime.clock.now()).nodes;
    let Some(node) = nodes.into_iter().find(|node| node.name == name) else {
        let selected = project.project.select(&[name.to_owned()], &[], &Default::default());
        let why = selected.err().unwrap_or_default().join("; ");
        return Err(Failure::invalid_config(format!("there is no model or stream {why}")).into());
    };
    let mut sql = project.sql()?;
    let last = project.project.last_results(&project.name, sql.as_mut())?.remove(name);
    let (columns, rows) = project.project.sample(name, rows, sql.as_mut())?;
    Ok(ShownNode { node, last, columns, rows })
}

/// The plans of the selected models in the next build.
pub fn plans(runtime: &Runtime, project: &ModelsProject, selected: &Selected) -> Result<Vec<PlannedModel>> {
    let mut sql = project.sql()?;
    let plans = project.project.plan(&project.name, selected, runtime.clock.now(), sql.as_mut())?;
    Ok(plans.into_iter().map(|(name, plan, why)| PlannedModel { name, plan, why }).collect())
}

/// A metric with its values of the last days.
#[derive(Debug)]
pub struct MetricDays<'a> {
    /// The metric.
    pub metric: &'a Metric,
    /// The days, each with the value if there is one.
    pub days: Vec<(String, Option<f64>)>,
}

/// The metrics of all models with their values of this number of days.
pub fn metric_days(project: &ModelsProject, days: usize) -> Result<Vec<MetricDays<'_>>> {
    let mut sql = project.sql()?;
    let of = |metric| Ok(MetricDays { metric, days: project.project.metric_days(metric, days, sql.as_mut())? });
    project.project.metrics().iter().map(of).collect()
}
