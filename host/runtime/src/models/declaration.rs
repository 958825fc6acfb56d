//! The declarations of a pipeline's plugins of models, checked as a whole.

use std::collections::BTreeMap;

use wmshost_flow::model::Declaration;
use wmshost_flow::{Dialect, Failure, FailureKind, TakeOver};
use wmshost_models::{Project, Setup};
use wmshost_pipeline::{Checked, Connection, StreamPlan};
use wmshost_sandbox::Identity;

use crate::assembly::{identity, limits};
use crate::error::{ModelDiagnostics, Result};
use crate::plugin_registry::PluginRegistry;

/// The models of a pipeline; `None` if it has none. Fails with all mistakes that can be found without a database.
pub fn declared_models(pipeline: &Checked, registry: &PluginRegistry) -> Result<Option<Project>> {
    let Some(models) = &pipeline.models else { return Ok(None) };
    let dialect = match &pipeline.connections[&models.target] {
        Connection::Sqlite(_) => Dialect::Sqlite,
        Connection::Oracle(_) => Dialect::Oracle,
        Connection::Http(_) => {
            let message = format!("the models' target {} is a web service, not a database", models.target);
            return Err(Failure::invalid_config(message).into());
        }
    };
    declared(pipeline, models, registry, dialect, models.variables.clone()).map(Some)
}

/// True if a run of the pipeline ends with the models.
pub(crate) fn builds_after_load(pipeline: &Checked) -> bool {
    pipeline.models.as_ref().is_some_and(|models| models.after_load)
}

/// The declarations of a pipeline's plugins for a dialect, checked as a whole, without a database.
/// Fails with all mistakes that can be found without a database.
pub(super) fn declared(
    pipeline: &Checked,
    models: &wmshost_pipeline::Models,
    registry: &PluginRegistry,
    dialect: Dialect,
    variables: BTreeMap<String, String>,
) -> Result<Project> {
    let one = |stage: &wmshost_pipeline::ConfiguredPlugin| -> Result<(String, Declaration), Failure> {
        let plugin = registry.plugin(&stage.plugin, &stage.path)?;
        let identity: Identity = identity(stage, "");
        // Nothing was built yet, whatever keeps a plugin from declaring its models.
        let declared = plugin.models(identity, limits(&pipeline.limits), dialect);
        let declared = declared.map_err(|failure| match failure.kind {
            FailureKind::Cancelled => failure,
            _ => Failure {
                kind: FailureKind::InvalidConfig,
                ..failure.within(format_args!("plugin {}, declare", stage.plugin))
            },
        })?;
        Ok((stage.plugin.clone(), declared))
    };
    let plugins = models.plugins.iter().map(one).collect::<Result<_, _>>()?;
    let streams = plans(pipeline)
        .filter(|plan| plan.target == models.target)
        .map(|plan| (plan.name.clone(), plan.target_table.clone()))
        .collect();
    let digests = models.plugins.iter().map(|stage| (stage.plugin.clone(), stage.digest.clone())).collect();
    let project = Project::new(Setup { dialect, streams, variables, plugins, digests }).map_err(ModelDiagnostics)?;
    let take_over = take_over_requests(models);
    if let Some(unknown) = project.unknown_tables(&take_over).first() {
        return Err(Failure::invalid_config(format!(
            "{}: models.take_over: no model has the table {unknown}",
            pipeline.file.display()
        ))
        .advise("remove it from the list")
        .into());
    }
    Ok(project)
}

/// The tables that models take over from other owners.
pub(crate) fn take_over_requests(models: &wmshost_pipeline::Models) -> Vec<TakeOver> {
    models.take_over.iter().map(|entry| TakeOver::parse(entry)).collect()
}

/// All streams, also those that do not run: their tables may exist.
pub(super) fn plans(pipeline: &Checked) -> impl Iterator<Item = &StreamPlan> {
    pipeline.streams.iter().map(|stream| &stream.plan).chain(&pipeline.disabled)
}
