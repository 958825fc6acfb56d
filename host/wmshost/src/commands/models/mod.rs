//! `wmshost models`: the models that are built from the loaded tables.
//!
//! | module | what it is for |
//! |---|---|
//! | `args` | the arguments |
//! | `models_project` | the models of a pipeline, declared, checked and with their database open |
//! | `build` | building and testing, by command and at the end of a run |
//! | `inspect` | listing, showing, compiling, comparing |
//! | `freshness` | freshness |
//! | `site` | the documentation |
//! | `kpi` | metrics of the last days, drawn |
//! | `artifacts` | manifests, results and events, kept in the host's folder |
//! | `openlineage_client` | lineage events to a server |
//! | `node_report` | reports for people |

mod args;
mod artifacts;
mod build;
mod freshness;
mod inspect;
mod kpi;
mod models_project;
mod node_report;
mod openlineage_client;
mod site;

use wmshost_flow::Dialect;
use wmshost_models::Project;
use wmshost_pipeline::{Checked, Connection};

use super::App;
use crate::exit::Exit;
use crate::plugin_registry::PluginRegistry;

pub(crate) use args::{KpiArgs, ModelsCommand};
pub(crate) use artifacts::Artifacts;
pub(super) use build::after_load;
pub(super) use kpi::kpi;
pub(crate) use models_project::Diagnostics as ModelDiagnostics;

/// The models of a pipeline; `None` if it has none. Fails with all mistakes that can be found without a database.
pub(super) fn check(pipeline: &Checked, registry: &PluginRegistry) -> anyhow::Result<Option<Project>> {
    let Some(models) = &pipeline.models else { return Ok(None) };
    let dialect = match &pipeline.connections[&models.target] {
        Connection::Sqlite(_) => Dialect::Sqlite,
        Connection::Oracle(_) => Dialect::Oracle,
    };
    models_project::declared(pipeline, models, registry, dialect, models.variables.clone()).map(Some)
}

/// Returns whether a run ends with the models.
pub(super) fn are_built(pipeline: &Checked) -> bool {
    pipeline.models.as_ref().is_some_and(|models| models.after_load)
}

/// Runs a command for models.
pub(super) fn models(app: &App, command: ModelsCommand) -> anyhow::Result<Exit> {
    match command {
        ModelsCommand::Run(args) => build::run(app, &args, build::Work::Build),
        ModelsCommand::Test(args) => build::run(app, &args, build::Work::Test),
        ModelsCommand::Build(args) => build::run(app, &args, build::Work::BuildAndTest),
        ModelsCommand::Retry(args) => build::retry(app, &args),
        ModelsCommand::List(args) => inspect::list(app, &args),
        ModelsCommand::Show(args) => inspect::show(app, &args),
        ModelsCommand::Compile(args) => inspect::compile(app, &args),
        ModelsCommand::Diff(args) => inspect::diff(app, &args),
        ModelsCommand::Freshness(args) => freshness::freshness(app, &args),
        ModelsCommand::Docs(args) => site::docs(app, &args),
    }
}
