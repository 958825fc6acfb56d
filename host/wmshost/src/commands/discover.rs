//! `wmshost discover`: shows the tables of a database.

use wmshost_runtime::Result;
use wmshost_runtime::discover::{Place, PlaceOptions, Role, discover as find};

use super::App;
use crate::cli::DiscoverArgs;
use crate::exit::Exit;
use crate::report;

pub(super) fn discover(app: &App, arguments: &DiscoverArgs) -> Result<Exit> {
    let output = arguments.output.output;
    let options = PlaceOptions { pipeline: arguments.pipeline.clone(), schema: arguments.schema.clone() };
    let place = Place::of(&arguments.source, Role::Source, &options)?;
    let registry = app.runtime(output).registry()?;
    let discovery = find(&place, &registry, &arguments.tables)?;
    report::discover::discover(&discovery, output)?;
    Ok(Exit::Success)
}
