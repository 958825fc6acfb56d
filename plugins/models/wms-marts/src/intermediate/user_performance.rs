//! `int_user_performance`: the performance of allocations of each user. SYSTEM is not a user.

use super::performance::{COUNTS, count_columns, rate_columns, rates};
use super::user_times::{LONGEST, UNTIMED};
use crate::site::Site;
use wmshost_plugin::models::{Model, NULL, UnitTest, at_least, between, columns::*, holds, not_null, unique};
use wmshost_plugin::rows;

pub(super) fn model(site: &Site) -> Model {
    let model = Model::intermediate("int_user_performance")
        .summary("How allocations fare with each user, over all time: added up from days and minutes.")
        .reads(["int_user_times", "int_user_days", "stg_wms_allocation"])
        .sql(statement(site))
        .columns([text("allocated_by_user", "The user.")])
        .columns(count_columns())
        .columns(rate_columns())
        .columns([
            int64("active_days", "On how many days the user allocated."),
            float64("allocations_per_day", "Allocations on such a day."),
        ])
        .index(["allocated_by_user"])
        .test(not_null(["allocated_by_user", "allocation_count"]))
        .test(unique(["allocated_by_user"]))
        .test(holds("system_is_no_user", "allocated_by_user <> 'SYSTEM'"))
        .test(at_least("active_days", 0))
        .test(between("fulfillment_rate_pct", 0, 100));
    unit_tested(model)
}

/// The median is the one value in the middle, or the mean of the two: of n times, those at a place p with n <= 2p <= n
/// + 2. The minute that contains them is found first, then only its allocations are sorted.
fn statement(site: &Site) -> String {
    format!(
        "WITH spread AS (
  SELECT allocated_by_user, processing_minute, timed_count,
    SUM(timed_count) OVER ({so_far}) AS upto, SUM(timed_count) OVER (PARTITION BY allocated_by_user) AS of_all
  FROM {{int_user_times}} times
  WHERE processing_minute > {UNTIMED}
),
middle AS (
  SELECT spread.*,
    CASE WHEN processing_minute < 0 THEN -1e15 ELSE processing_minute * 60 END AS shortest,
    CASE WHEN processing_minute = {LONGEST} THEN 1e15 ELSE (processing_minute + 1) * 60 END AS longest
  FROM spread
  WHERE 2 * upto >= of_all AND 2 * (upto - timed_count) <= of_all
),
placed AS (
  SELECT middle.allocated_by_user, middle.of_all, a.processing_time_seconds,
    middle.upto - middle.timed_count + ROW_NUMBER() OVER (
      PARTITION BY middle.allocated_by_user, middle.processing_minute ORDER BY a.processing_time_seconds
    ) AS place
  FROM middle JOIN {{stg_wms_allocation}} a ON a.allocated_by_user = middle.allocated_by_user
    AND a.processing_time_seconds >= middle.shortest AND a.processing_time_seconds < middle.longest
),
medians AS (
  SELECT allocated_by_user, AVG(processing_time_seconds) AS median_processing_time_seconds
  FROM placed
  WHERE 2 * place BETWEEN of_all AND of_all + 2
  GROUP BY allocated_by_user
),
summed AS (
  SELECT allocated_by_user, SUM(allocation_count) AS allocation_count, SUM(timed_count) AS timed_count,
    SUM({micros}) AS total_micros, SUM(shipped_count) AS shipped_count, SUM(within_1hour_count) AS within_1hour_count,
    SUM(excellent_quality_count) AS excellent_quality_count
  FROM {{int_user_times}} times
  GROUP BY allocated_by_user
),
worked AS (
  SELECT allocated_by_user, COUNT(*) AS active_days, SUM(allocation_count) AS dated_count
  FROM {{int_user_days}} days
  GROUP BY allocated_by_user
)
SELECT summed.allocated_by_user, {COUNTS},
  {rates},
  medians.median_processing_time_seconds,
  COALESCE(worked.active_days, 0) AS active_days,
  {per_day} AS allocations_per_day
FROM summed
LEFT JOIN medians ON medians.allocated_by_user = summed.allocated_by_user
LEFT JOIN worked ON worked.allocated_by_user = summed.allocated_by_user",
        so_far = "PARTITION BY allocated_by_user ORDER BY processing_minute \
                  ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW",
        micros = site.sql.scaled("total_processing_time_seconds", 6),
        rates = rates(site),
        per_day = site.sql.ratio("worked.dated_count", "worked.active_days"),
    )
}

fn unit_tested(model: Model) -> Model {
    model
        .unit_test(
            UnitTest::new("sums come from minutes, days from days")
                .given("int_user_times", rows! {
                    allocated_by_user, processing_minute, allocation_count, timed_count, total_processing_time_seconds,
                    shipped_count;
                    "ANN", 0, 3, 3, 60.0, 2; "ANN", -2, 1, 0, 0.0, 0;
                })
                .given("int_user_days", rows! {
                    allocated_by_user, allocation_date, allocation_count; "ANN", "2026-06-01", 2; "ANN", "2026-06-09", 1;
                })
                .given("stg_wms_allocation", rows! {
                    allocated_by_user, processing_time_seconds; "ANN", 10.0; "ANN", 20.0; "ANN", 30.0; "ANN", NULL;
                })
                .expect(rows! {
                    allocated_by_user, allocation_count, timed_count, avg_processing_time_seconds,
                    median_processing_time_seconds, fulfillment_rate_pct, active_days, allocations_per_day;
                    "ANN", 4, 3, 20.0, 20.0, 50.0, 2, 1.5;
                }),
        )
        .unit_test(
            UnitTest::new("the median of an even count lies between two minutes, and a user may have no times")
                .given("int_user_times", rows! {
                    allocated_by_user, processing_minute, allocation_count, timed_count, total_processing_time_seconds;
                    "ANN", -1, 1, 1, -5.0; "ANN", 0, 1, 1, 50.0; "ANN", 2, 1, 1, 170.0; "ANN", 1_440, 1, 1, 90_000.0;
                    "BOB", -2, 1, 0, 0.0;
                })
                .given("stg_wms_allocation", rows! {
                    allocated_by_user, processing_time_seconds;
                    "ANN", -5.0; "ANN", 50.0; "ANN", 170.0; "ANN", 90_000.0; "BOB", NULL;
                })
                .expect(rows! {
                    allocated_by_user, median_processing_time_seconds, active_days, allocations_per_day;
                    "ANN", 110.0, 0, NULL; "BOB", NULL, 0, NULL;
                }),
        )
}
