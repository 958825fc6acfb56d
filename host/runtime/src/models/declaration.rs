//! The declarations of a pipeline's plugins of models, checked as a whole.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use wmshost_flow::model::Declaration;
use wmshost_flow::{Dialect, Failure, FailureKind, TakeOver};
use wmshost_models::{Project, Setup};
use wmshost_pipeline::{Checked, Connection, SQL_PROJECT, StreamPlan};
use wmshost_projects::{Problem, SqlProject, problems_text};
use wmshost_sandbox::Identity;

use crate::assembly::identity;
use crate::error::{Error, ModelDiagnostics, Result};
use crate::plugin_registry::PluginRegistry;
use crate::runtime::Runtime;

/// The models of a pipeline; `None` if it has none. Fails with all mistakes that can be found without a database.
pub fn declared_models(pipeline: &Checked, registry: &PluginRegistry) -> Result<Option<Project>> {
    let Some(models) = &pipeline.models else { return Ok(None) };
    let dialect = target_dialect(pipeline, models)?;
    declared(pipeline, models, registry, dialect, models.variables.clone()).map(Some)
}

/// The dialect of the database that models are built in.
fn target_dialect(pipeline: &Checked, models: &wmshost_pipeline::Models) -> Result<Dialect> {
    match &pipeline.connections[&models.target] {
        Connection::Sqlite(_) => Ok(Dialect::Sqlite),
        Connection::Oracle(_) => Ok(Dialect::Oracle),
        Connection::Http(_) => {
            let message = format!("the models' target {} is a web service, not a database", models.target);
            Err(Failure::invalid_config(message).into())
        }
    }
}

/// Adds the models of a folder of SQL files, which are written for one dialect. In the project for unit tests, which is
/// always in SQLite's, they are tables whose rows the tests bring.
fn add_sql_project(folder: &Path, written_for: Dialect, setup: &mut Setup) -> Result<()> {
    let wrong = |problems: Vec<Problem>| {
        Failure::invalid_config(format!("{}:\n{}", folder.display(), problems_text(&problems)))
    };
    let SqlProject { declaration, digest } = wmshost_projects::read(folder, written_for).map_err(wrong)?;
    if setup.dialect != written_for {
        let tables = declaration.models.into_iter().map(|model| (model.name.clone(), model.name.to_ascii_uppercase()));
        setup.streams.extend(tables);
        return Ok(());
    }
    setup.plugins.push((SQL_PROJECT.to_owned(), declaration));
    setup.digests.insert(SQL_PROJECT.to_owned(), digest);
    setup.described.insert(SQL_PROJECT.to_owned());
    Ok(())
}

/// Returns a digest of the files from which an author makes a pipeline's models: the pipeline file and its SQL project. It
/// changes when one of them is saved, also while one cannot be read.
pub fn watched_files(runtime: &Runtime, file: &Path) -> Result<String> {
    let text = std::fs::read_to_string(file).map_err(Error::file(file, "cannot be read"))?;
    let folder = runtime.resolved(file).ok().and_then(|pipeline| pipeline.models.project);
    let files = folder.and_then(|folder| wmshost_projects::digest(&folder)).unwrap_or_default();
    Ok(format!("{} {files}", blake3::hash(text.as_bytes()).to_hex()))
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
        let declared = plugin.models(identity, stage.limits.clone(), dialect);
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
    let mut setup = Setup { dialect, streams, variables, plugins, digests, described: BTreeSet::new() };
    if let Some(folder) = &models.project {
        add_sql_project(folder, target_dialect(pipeline, models)?, &mut setup)?;
    }
    let project = Project::new(setup).map_err(ModelDiagnostics)?;
    let take_over = take_over_requests(models);
    // The project for unit tests has the SQL project's models as tables of others.
    let is_complete = models.project.is_none() || dialect == target_dialect(pipeline, models)?;
    if let Some(unknown) = project.unknown_tables(&take_over).first().filter(|_| is_complete) {
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
