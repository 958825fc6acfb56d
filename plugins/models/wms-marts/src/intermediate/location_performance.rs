//! `int_location_performance`: the performance of allocations at each location.

use super::performance::{COUNTS, count_columns, rate_columns, rates, sums};
use crate::site::Site;
use wmshost_plugin::models::{
    Delta, DeltaSource, Model, NULL, UnitTest, and_changed, at_least, between, columns::*, not_null, unique,
};
use wmshost_plugin::rows;

const WINDOW: [&str; 1] = ["location_id"];
const FOLLOWED: Delta<'static> = Delta {
    window: &WINDOW,
    tables: &[DeltaSource { model: "stg_wms_allocation", window: &WINDOW, only: "location_id IS NOT NULL" }],
};

pub(super) fn model(site: &Site) -> Model {
    let model = Model::intermediate("int_location_performance")
        .summary("How allocations fare at each location, over all time. Its sums follow every change.")
        .reads(["stg_wms_allocation"])
        .replaced_by(WINDOW, FOLLOWED.windows())
        .sql(statement(site))
        .columns([int64("location_id", "The location.")])
        .columns(count_columns())
        .columns(rate_columns())
        .index(["location_id"])
        .statistics()
        .test(not_null(["location_id", "allocation_count"]))
        .test(unique(["location_id"]))
        .test(at_least("allocation_count", 1))
        .test(between("fulfillment_rate_pct", 0, 100))
        .test(between("within_1hour_rate_pct", 0, 100))
        .test(between("excellent_quality_rate_pct", 0, 100));
    unit_tested(model)
}

fn statement(site: &Site) -> String {
    let times = format!(
        "(
  SELECT location_id, processing_time_seconds FROM {{stg_wms_allocation}} allocations
  WHERE location_id IS NOT NULL {}
)",
        and_changed(&WINDOW, &WINDOW)
    );
    format!(
        "WITH summed AS (
  {sums}
),
middle AS (
  {median}
)
SELECT summed.location_id, {COUNTS},
  {rates},
  middle.median_processing_time_seconds
FROM summed LEFT JOIN middle ON middle.location_id = summed.location_id",
        sums = FOLLOWED.sums(&sums(site)),
        median = site.sql.median(&times, &["location_id"], "processing_time_seconds", "median_processing_time_seconds"),
        rates = rates(site),
    )
}

fn unit_tested(model: Model) -> Model {
    model
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
                        5, NULL, 1.0, "SHIPPED", "Good";
                    },
                )
                .expect(rows! {
                    location_id, allocation_count, timed_count, total_processing_time_seconds,
                    avg_processing_time_seconds, median_processing_time_seconds,
                    fulfillment_rate_pct, within_1hour_rate_pct, excellent_quality_rate_pct;
                    7, 4, 3, 7_500.0, 2_500.0, 200.0, 50.0, 50.0, 25.0;
                }),
        )
        .unit_test(
            UnitTest::new("what changed is added to the sums, and what was before is taken off")
                .incremental("2026-06-01 00:00:00")
                .given(
                    "stg_wms_allocation",
                    rows! {
                        location_id, processing_time_seconds, allocation_status, wms_loaded_at;
                        7, 100.0, "SHIPPED", "2026-05-01 00:00:00.000000";
                        7, 300.000_001, "SHIPPED", "2026-06-02 00:00:00.000000";
                        8, 1.0, "PICKED", "2026-05-01 00:00:00.000000";
                    },
                )
                .given(
                    "before:stg_wms_allocation",
                    rows! {
                        location_id, processing_time_seconds, allocation_status;
                        7, 200.0, "PICKED"; 9, 5.0, "PICKED";
                    },
                )
                .given(
                    "this",
                    rows! {
                        location_id, allocation_count, timed_count, total_processing_time_seconds, shipped_count,
                        within_1hour_count, excellent_quality_count;
                        7, 2, 2, 300.0, 1, 2, 0; 8, 1, 1, 1.0, 0, 1, 0; 9, 1, 1, 5.0, 0, 1, 0;
                    },
                )
                .expect(rows! {
                    location_id, allocation_count, total_processing_time_seconds, shipped_count,
                    median_processing_time_seconds;
                    7, 2, 400.000_001, 2, 200.000_000_5;
                }),
        )
}
