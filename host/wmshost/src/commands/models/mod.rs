//! `wmshost models`: what is built of the loaded tables.
//!
//! | room | what it is for |
//! |---|---|
//! | `typed` | what can be typed |
//! | `workshop` | the models of a pipeline, declared, checked and with their database open |
//! | `build` | building and testing, by command and at the end of a run |
//! | `look` | listing, showing, compiling, comparing |
//! | `age` | freshness |
//! | `site` | the documentation |
//! | `kpi` | numbers of the last days, drawn |
//! | `shelf` | manifests, results and events, kept in the host's folder |
//! | `post` | lineage events to a server |
//! | `told` | what people are told |

mod age;
mod build;
mod kpi;
mod look;
mod post;
mod shelf;
mod site;
mod told;
mod typed;
mod workshop;

use wmshost_flow::Dialect;
use wmshost_models::Project;
use wmshost_pipeline::{Checked, Connection};

use super::Edge;
use crate::catalog::Catalog;
use crate::exit::Exit;

pub(super) use build::after_load;
pub(super) use kpi::kpi;
pub(crate) use shelf::Shelf;
pub(crate) use typed::{KpiArgs, ModelsCommand};
pub(crate) use workshop::Mistakes as ModelMistakes;

/// The models of a pipeline, or what is wrong with them, as far as it can be known without a database.
pub(super) fn check(pipeline: &Checked, catalog: &Catalog) -> anyhow::Result<Option<Project>> {
    let Some(models) = &pipeline.models else { return Ok(None) };
    let dialect = match &pipeline.connections[&models.target] {
        Connection::Sqlite(_) => Dialect::Sqlite,
        Connection::Oracle(_) => Dialect::Oracle,
    };
    workshop::declared(pipeline, models, catalog, dialect, models.variables.clone()).map(Some)
}

/// Whether a run ends with the models.
pub(super) fn are_built(pipeline: &Checked) -> bool {
    pipeline.models.as_ref().is_some_and(|models| models.after_load)
}

/// Does what was typed.
pub(super) fn models(edge: &Edge, command: ModelsCommand) -> anyhow::Result<Exit> {
    match command {
        ModelsCommand::Run(args) => build::run(edge, &args, build::Work::Build),
        ModelsCommand::Test(args) => build::run(edge, &args, build::Work::Test),
        ModelsCommand::Build(args) => build::run(edge, &args, build::Work::BuildAndTest),
        ModelsCommand::Retry(args) => build::retry(edge, &args),
        ModelsCommand::List(args) => look::list(edge, &args),
        ModelsCommand::Show(args) => look::show(edge, &args),
        ModelsCommand::Compile(args) => look::compile(edge, &args),
        ModelsCommand::Diff(args) => look::diff(edge, &args),
        ModelsCommand::Freshness(args) => age::freshness(edge, &args),
        ModelsCommand::Docs(args) => site::docs(edge, &args),
    }
}
