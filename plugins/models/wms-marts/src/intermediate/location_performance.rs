//! `int_location_performance`: how allocations fare at each location.

use super::{performance, performance_columns};
use crate::site::Site;
use crate::windows::{Affected, in_many_changes};
use wmshost_plugin::models::{Model, NULL, UnitTest, at_least, between, columns::*, not_null, unique};
use wmshost_plugin::rows;

pub(super) fn model(site: &Site) -> Model {
    let affected = Affected { window: &["location_id"], from: "stg_wms_allocation", counted: "MAX(allocation_count)" };
    let placed = site.sql.placed("taken", &["location_id"], "processing_time_seconds");
    Model::intermediate("int_location_performance")
        .summary("How allocations fare at each location, over all time.")
        .reads(["stg_wms_allocation"])
        .replaced_by(["location_id"], affected.select())
        .sql(format!(
            "WITH taken AS (
  SELECT location_id, processing_time_seconds, allocation_status, data_quality_score
  FROM {{stg_wms_allocation}}
  WHERE location_id IS NOT NULL {only_affected}
)
SELECT location_id, {performance}
FROM ({placed}) placed
GROUP BY location_id",
            only_affected = in_many_changes("location_id"),
            performance = performance(site),
        ))
        .columns([int64("location_id", "The location.")])
        .columns(performance_columns())
        .index(["location_id"])
        .statistics()
        .test(not_null(["location_id", "allocation_count"]))
        .test(unique(["location_id"]))
        .test(at_least("allocation_count", 1))
        .test(between("fulfillment_rate_pct", 0, 100))
        .test(between("within_1hour_rate_pct", 0, 100))
        .test(between("excellent_quality_rate_pct", 0, 100))
        .unit_test(
            UnitTest::new("a location is measured by all of its allocations")
                .given(
                    "stg_wms_allocation",
                    rows! {
                        allocation_id, location_id, processing_time_seconds, allocation_status, data_quality_score;
                        1, 7, 100.0, "SHIPPED", "Excellent";
                        2, 7, 200.0, "PICKED", "Poor";
                        3, 7, 7_200.0, "SHIPPED", "Good";
                        4, 7, NULL, "ALLOCATED", "Good";
                    },
                )
                .expect(rows! {
                    location_id, allocation_count, avg_processing_time_seconds, median_processing_time_seconds,
                    fulfillment_rate_pct, within_1hour_rate_pct, excellent_quality_rate_pct;
                    7, 4, 2_500.0, 200.0, 50.0, 50.0, 25.0;
                }),
        )
}
