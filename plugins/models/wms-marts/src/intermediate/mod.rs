//! Intermediate models: what several marts are computed from.
//!
//! | model | one row per |
//! |---|---|
//! | `int_location_performance` | location: its allocations' times and rates |
//! | `int_user_performance` | user, without SYSTEM: the same, and per day |
//! | `int_allocation_performance` | allocation, beside the performance of its location and its user |
//! | `int_inventory_movements` | movement of stock, out and in |
//! | `int_item_turnover` | item: its movements in the last 90 days |

mod allocation_performance;
mod inventory_movements;
mod item_turnover;
mod location_performance;
mod user_performance;

use crate::rating::count_where;
use crate::site::{OWNER, Site};
use wmshost_plugin::contract::modelling::ModelColumn;
use wmshost_plugin::models::{Model, columns::*};

/// All of them.
pub(crate) fn all(site: &Site) -> Vec<Model> {
    let models = [
        location_performance::model(site),
        user_performance::model(site),
        allocation_performance::model(site),
        inventory_movements::model(site),
        item_turnover::model(site),
    ];
    models.into_iter().map(|model| model.tags(["wms", "performance"]).owner(OWNER)).collect()
}

/// The aggregates that locations and users are measured by, over allocations.
fn performance(site: &Site) -> String {
    let sql = site.sql;
    let share = |condition: &str| sql.percentage(&count_where(condition), "COUNT(*)");
    format!(
        "COUNT(*) AS allocation_count,
  AVG(processing_time_seconds) AS avg_processing_time_seconds,
  {median} AS median_processing_time_seconds,
  {fulfillment} AS fulfillment_rate_pct,
  {within_1hour} AS within_1hour_rate_pct,
  {excellent} AS excellent_quality_rate_pct",
        median = sql.percentile_placed("processing_time_seconds", 0.5),
        fulfillment = share("allocation_status = 'SHIPPED'"),
        within_1hour = share("processing_time_seconds <= 3600"),
        excellent = share("data_quality_score = 'Excellent'"),
    )
}

/// Their columns.
fn performance_columns() -> [ModelColumn; 6] {
    [
        int64("allocation_count", "How many allocations."),
        float64("avg_processing_time_seconds", "The mean processing time, in seconds."),
        float64("median_processing_time_seconds", "The median processing time, in seconds."),
        float64("fulfillment_rate_pct", "How many of them are shipped, in percent."),
        float64("within_1hour_rate_pct", "How many were processed within an hour, in percent."),
        float64("excellent_quality_rate_pct", "How many are of excellent quality, in percent."),
    ]
}
