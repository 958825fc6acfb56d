//! `int_user_performance`: how allocations fare with each user. SYSTEM is nobody's performance.

use super::{performance, performance_columns};
use crate::site::Site;
use wmshost_plugin::models::{Model, UnitTest, at_least, between, columns::*, holds, not_null, unique};
use wmshost_plugin::rows;

pub(super) fn model(site: &Site) -> Model {
    let sql = site.sql;
    let placed = sql.placed("taken", &["allocated_by_user"], "processing_time_seconds");
    Model::intermediate("int_user_performance")
        .summary("How allocations fare with each user, over all time. A few users have them all: it is built anew.")
        .reads(["stg_wms_allocation"])
        .sql(format!(
            "WITH taken AS (
  SELECT allocated_by_user, allocation_date, processing_time_seconds, allocation_status, data_quality_score
  FROM {{stg_wms_allocation}}
  WHERE allocated_by_user <> 'SYSTEM'
)
SELECT allocated_by_user, {performance},
  COUNT(DISTINCT allocation_date) AS active_days,
  {per_day} AS allocations_per_day
FROM ({placed}) placed
GROUP BY allocated_by_user",
            performance = performance(site),
            per_day = sql.ratio("COUNT(allocation_date)", "COUNT(DISTINCT allocation_date)"),
        ))
        .columns([text("allocated_by_user", "The user.")])
        .columns(performance_columns())
        .columns([
            int64("active_days", "On how many days the user allocated."),
            float64("allocations_per_day", "Allocations on such a day."),
        ])
        .index(["allocated_by_user"])
        .test(not_null(["allocated_by_user", "allocation_count"]))
        .test(unique(["allocated_by_user"]))
        .test(holds("system_is_no_user", "allocated_by_user <> 'SYSTEM'"))
        .test(at_least("active_days", 0))
        .test(between("fulfillment_rate_pct", 0, 100))
        .unit_test(
            UnitTest::new("system is nobody, and a day without work does not count")
                .given("stg_wms_allocation", rows! {
                    allocation_id, allocated_by_user, allocation_date, processing_time_seconds, allocation_status;
                    1, "SYSTEM", "2026-06-01", 10.0, "SHIPPED";
                    2, "ANN", "2026-06-01", 10.0, "SHIPPED";
                    3, "ANN", "2026-06-01", 20.0, "SHIPPED";
                    4, "ANN", "2026-06-09", 30.0, "PICKED";
                })
                .expect(rows! {
                    allocated_by_user, allocation_count, median_processing_time_seconds, active_days, allocations_per_day;
                    "ANN", 3, 20.0, 2, 1.5;
                }),
        )
}
