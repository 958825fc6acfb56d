//! The models `wms-marts`: staging, intermediate models and marts over the warehouse's tables.
//!
//! | module | purpose |
//! |---|---|
//! | `site` | the settings: the differences between warehouses |
//! | `sources` | declarations and tests of the tables that the streams write |
//! | `cloud` | the entities of Oracle WMS Cloud in the warehouse's words |
//! | `staging` | one source table each, the latest version of every row, with clean column names |
//! | `intermediate` | models from which several marts are computed |
//! | `marts` | the models that reports and dashboards read |
//! | `rating` | numbers into words: categories, performance, the efficiency score |
//!
//! A rule that needs one row alone is in the transform of its stream and is not repeated here: staging takes the
//! transforms' columns. The rules here need other rows, other tables or today's date.
//!
//! Rules that hold in every model:
//!
//! - A rate is computed from sums, never from rates. Nothing is rounded: rounding is left to the display.
//! - An unknown value is NULL or `Unknown`; it never falls into the last category by default.
//! - A quantity counts where it is valid, by the one rule of the transform; any other quantity is ignored.
//! - A key is made of the values that identify the row, so that it is the same in every build and every database.

mod cloud;
mod intermediate;
mod marts;
mod rating;
mod site;
mod sources;
mod staging;

use site::Site;
use wmshost_plugin::models::Declaration;
use wmshost_plugin::{Description, Models, Result, Settings, Sql};

/// The models.
#[derive(Debug)]
pub struct WmsMarts;

impl Models for WmsMarts {
    fn describe() -> Description {
        let summary = "The warehouse's models: staging, performance, facts, daily indicators.";
        Site::declare(Description::new("wms-marts", env!("CARGO_PKG_VERSION"), summary))
    }

    fn declare(settings: &Settings, sql: Sql) -> Result<Declaration> {
        let site = Site::of(settings, sql)?;
        let sources = if site.cloud.is_some() { cloud::sources::all(&site) } else { sources::all(&site) };
        let declaration = sources.into_iter().fold(Declaration::new(), Declaration::source);
        let models = [cloud::all(&site), staging::all(&site), intermediate::all(&site), marts::all(&site)];
        let declaration = models.into_iter().flatten().fold(declaration, Declaration::model);
        let declaration = marts::metrics().into_iter().fold(declaration, Declaration::metric);
        Ok(declaration.exposure(marts::dashboard()))
    }
}

wmshost_plugin::export_models!(WmsMarts);
