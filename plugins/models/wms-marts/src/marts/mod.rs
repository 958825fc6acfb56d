//! Marts: the models that reports and dashboards read.
//!
//! | model | one row per |
//! |---|---|
//! | `dim_items` | item, with its recent activity |
//! | `fact_allocation_performance` | day × location × item × user × status group × quantity tier × day type × time type |
//! | `fact_inventory_movement` | movement of stock |
//! | `kpi_daily` | day |

mod allocation_performance;
mod inventory_movement;
mod items;
mod kpi_daily;

use crate::site::{OWNER, Site};
use wmshost_plugin::models::{Exposure, Metric, Model};

/// All marts.
pub(crate) fn all(site: &Site) -> Vec<Model> {
    let models = [
        items::model(site),
        allocation_performance::model(site),
        inventory_movement::model(site),
        kpi_daily::model(site),
    ];
    models.into_iter().map(|model| model.tags(["wms", "marts", "daily"]).owner(OWNER)).collect()
}

/// The metrics of the warehouse, with their goals.
pub(crate) fn metrics() -> Vec<Metric> {
    let of = |name: &str, column: &str| Metric::new(name, "kpi_daily", "allocation_date", column);
    vec![
        of("processing_time", "avg_processing_time_seconds")
            .summary("How long an allocation takes from creation to its last change, on average.")
            .unit("s")
            .at_most(3_600.0),
        of("fulfillment", "fulfillment_rate_pct")
            .summary("How many of a day's allocations are shipped.")
            .unit("%")
            .at_least(85.0),
        of("quality", "excellent_quality_rate_pct")
            .summary("How many of a day's allocations are of excellent quality.")
            .unit("%")
            .at_least(95.0),
        of("efficiency", "overall_efficiency_score")
            .summary("0.4 fulfillment, 0.3 processed within an hour, 0.3 excellent quality.")
            .unit("points")
            .at_least(85.0),
    ]
}

/// The dashboard that reads them.
pub(crate) fn dashboard() -> Exposure {
    let summary = "The operations dashboard: the last seven days, and what lies after them.";
    Exposure::new("operations_dashboard", summary, ["kpi_daily", "fact_allocation_performance", "dim_items"])
        .owner(OWNER)
}
