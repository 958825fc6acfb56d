//! Intermediate models, from which several marts are computed.
//!
//! | model | one row per |
//! |---|---|
//! | `int_location_performance` | location: its allocations' times and rates |
//! | `int_user_days` | user, without SYSTEM, and day |
//! | `int_user_times` | user and minute of processing time |
//! | `int_user_performance` | user: times and rates, and per day |
//! | `int_allocation_performance` | allocation, with the performance of its location and its user |
//! | `int_inventory_movements` | movement of stock, outgoing or incoming, with its neighbours |
//! | `int_item_quantities` | item, direction, and quantity: how often it moved |
//! | `int_item_spread` | item and direction: percentiles of its quantities |
//! | `int_item_turnover` | item: its movements in the last 90 days |

mod allocation_performance;
mod inventory_movements;
mod item_quantities;
mod item_turnover;
mod location_performance;
mod movement;
mod performance;
mod sequence;
mod user_days;
mod user_performance;
mod user_times;

pub(crate) use inventory_movements::columns as movement_columns;
pub(crate) use item_quantities::percentile_columns;

use crate::site::{OWNER, Site};
use wmshost_plugin::models::Model;

/// All intermediate models.
pub(crate) fn all(site: &Site) -> Vec<Model> {
    let models = [
        location_performance::model(site),
        user_days::model(),
        user_times::model(site),
        user_performance::model(site),
        allocation_performance::model(site),
        inventory_movements::model(site),
        item_quantities::quantities(site),
        item_quantities::spread(site),
        item_turnover::model(site),
    ];
    models.into_iter().map(|model| model.tags(["wms", "performance"]).owner(OWNER)).collect()
}
