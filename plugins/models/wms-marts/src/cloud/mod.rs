//! Oracle WMS Cloud's entities in the warehouse's words: ephemeral models with the columns that the streams of the
//! database's tables have after their transforms, so that the models that follow are the same for both kinds of source.
//!
//! | module | purpose |
//! |---|---|
//! | `words` | the warehouse's words for the descriptions of lookups |
//! | `sources` | declarations and tests of the entities' tables |
//! | `allocation` | allocations: order and item by the order line, location by the inventory, priority by the order |
//! | `orders` | orders and their lines; an order's amount is that of its lines |
//! | `items` | items |
//! | `locations` | locations |
//!
//! WMS Cloud has no active flag, category, storage type, shelf life and hazmat class of items, no use, temperature and
//! security of locations, and no address of orders. Where the models have a default for a missing value, it is that;
//! everything else is NULL, and no row is judged by a value that WMS Cloud does not have.

pub(crate) mod allocation;
pub(crate) mod items;
pub(crate) mod locations;
pub(crate) mod orders;
pub(crate) mod sources;
pub(crate) mod words;

use crate::site::{OWNER, Site};
use wmshost_plugin::models::Model;

/// The models that read streams only.
pub(crate) fn all(site: &Site) -> Vec<Model> {
    let Some(words) = &site.cloud else { return Vec::new() };
    let models =
        vec![allocation::model(site, words), orders::lines(site), items::model(site), locations::model(site, words)];
    models.into_iter().map(|model| model.ephemeral().tags(["wms", "cloud", "staging"]).owner(OWNER)).collect()
}

/// The model of orders, which reads the staged order lines.
pub(crate) fn headers(site: &Site) -> Option<Model> {
    site.cloud.as_ref().map(|words| orders::headers(site, words).ephemeral())
}
