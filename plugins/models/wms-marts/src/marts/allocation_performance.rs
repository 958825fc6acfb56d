//! `fact_allocation_performance`: allocations by day, location, item, user and four more columns. Rates of one row say
//! little, because the status group is part of the grain: sum the counts, or read `kpi_daily`.

use crate::rating::{GRADES, UNKNOWN, count_where, efficiency, grade};
use crate::site::Site;
use wmshost_plugin::contract::modelling::ModelColumn;
use wmshost_plugin::models::{
    Delta, DeltaSource, Model, NULL, UnitTest, accepted, and_changed, at_least, columns::*, exists_in, holds, hours,
    not_null, unique,
};
use wmshost_plugin::rows;

/// The columns that identify a row. Locations and items come first: they sort faster than texts.
const GRAIN: [&str; 8] = [
    "allocation_date",
    "location_id",
    "item_id",
    "allocated_by_user",
    "status_group",
    "quantity_tier",
    "day_type",
    "time_type",
];

/// The window that is computed again as a whole: an item on a day. Changes affect many days, but few items of each.
const WINDOW: [&str; 2] = ["allocation_date", "item_key"];

const FOLLOWED: Delta<'static> = Delta {
    window: &WINDOW,
    tables: &[DeltaSource { model: "stg_wms_allocation", window: &WINDOW, only: "allocation_date IS NOT NULL" }],
};

pub(super) fn model(site: &Site) -> Model {
    let model = Model::mart("fact_allocation_performance")
        .summary(
            "Allocations by day, location, item, user, status group, quantity tier, day type and time type. What \
             changed is computed again, item by item and day by day. Allocations without a creation date are on no day and left out.",
        )
        .reads(["stg_wms_allocation"])
        .replaced_by(WINDOW, FOLLOWED.windows())
        .sql(statement(site))
        .columns(columns())
        .index(["performance_key"])
        .index(["item_id"])
        .partition_by_month("allocation_date")
        .statistics()
        .fresh(hours(4), hours(8));
    unit_tested(tested(model))
}

/// Hardly any row represents more than two allocations, and of two the median is their mean: times are sorted only
/// where there are more.
fn statement(site: &Site) -> String {
    let sql = site.sql;
    let grain = GRAIN.join(", ");
    let share = |count: &str| sql.percentage(count, "allocation_count");
    format!(
        "WITH taken AS (
  SELECT {grain}, item_key, valid_quantity, processing_time_seconds, allocation_status, data_quality_score, priority_level
  FROM {{stg_wms_allocation}}
  WHERE allocation_date IS NOT NULL {only_changed}
),
counted AS (
  SELECT {grain}, MIN(item_key) AS item_key,
    COUNT(*) AS allocation_count,
    COALESCE(SUM(valid_quantity), 0) AS total_quantity_allocated,
    AVG(valid_quantity) AS avg_quantity_allocated,
    COUNT(processing_time_seconds) AS timed_count,
    COALESCE(SUM(processing_time_seconds), 0) AS total_processing_time_seconds,
    AVG(processing_time_seconds) AS avg_processing_time_seconds,
    MIN(processing_time_seconds) AS min_processing_time_seconds,
    MAX(processing_time_seconds) AS max_processing_time_seconds,
    {shipped} AS shipped_count,
    {excellent} AS excellent_quality_count, {good} AS good_quality_count, {poor} AS poor_quality_count,
    {within_1hour} AS within_1hour_count, {within_30min} AS within_30min_count,
    {high_priority} AS high_priority_count
  FROM taken
  GROUP BY {grain}
),
crowded AS (
  SELECT taken.* FROM taken
  WHERE (allocation_date, item_key) IN (SELECT allocation_date, item_key FROM counted WHERE timed_count > 2)
),
middle AS (
  SELECT {key} AS crowd_key, {median} AS crowd_median
  FROM ({placed}) placed
  GROUP BY {grain}
),
keyed AS (
  SELECT {key} AS performance_key, counted.* FROM counted
),
rated AS (
  SELECT keyed.*,
    CASE WHEN timed_count > 2 THEN middle.crowd_median
      ELSE (min_processing_time_seconds + max_processing_time_seconds) / 2 END AS median_processing_time_seconds,
    {fulfillment_rate} AS fulfillment_rate_pct, {within_1hour_rate} AS within_1hour_rate_pct,
    {excellent_rate} AS excellent_quality_rate_pct
  FROM keyed LEFT JOIN middle ON middle.crowd_key = keyed.performance_key
)
SELECT rated.*,
  {year} AS allocation_year, {quarter} AS allocation_quarter, {month} AS allocation_month,
  {week} AS allocation_iso_week, {day_of_month} AS allocation_day_of_month, {weekday} AS allocation_iso_weekday,
  {fulfillment_grade} AS fulfillment_category,
  {speed_grade} AS speed_category,
  {quality_grade} AS quality_category,
  {efficiency} AS overall_efficiency_score
FROM rated",
        only_changed = and_changed(&WINDOW, &WINDOW),
        median = sql.percentile_placed("processing_time_seconds", 0.5),
        shipped = count_where("allocation_status = 'SHIPPED'"),
        excellent = count_where("data_quality_score = 'Excellent'"),
        good = count_where("data_quality_score = 'Good'"),
        poor = count_where("data_quality_score = 'Poor'"),
        within_1hour = count_where("processing_time_seconds <= 3600"),
        within_30min = count_where("processing_time_seconds <= 1800"),
        high_priority = count_where(&format!("priority_level >= {}", site.high_priority)),
        placed = sql.placed("crowded", &GRAIN, "processing_time_seconds"),
        fulfillment_rate = share("shipped_count"),
        within_1hour_rate = share("within_1hour_count"),
        excellent_rate = share("excellent_quality_count"),
        key = key(site),
        year = sql.year("allocation_date"),
        quarter = sql.quarter("allocation_date"),
        month = sql.month("allocation_date"),
        week = sql.iso_week("allocation_date"),
        day_of_month = sql.day_of_month("allocation_date"),
        weekday = sql.iso_weekday("allocation_date"),
        fulfillment_grade = grade("fulfillment_rate_pct", "'Unknown'", ["95", "85", "70"]),
        speed_grade = grade("within_1hour_rate_pct", "'Unknown'", ["90", "75", "50"]),
        quality_grade = grade("excellent_quality_rate_pct", "'Unknown'", ["95", "85", "70"]),
        efficiency = efficiency(sql, "fulfillment_rate_pct", "within_1hour_rate_pct", "excellent_quality_rate_pct"),
    )
}

/// The key: all eight columns of the grain.
fn key(site: &Site) -> String {
    let mut parts = GRAIN.map(str::to_owned);
    parts[0] = site.sql.day_text(GRAIN[0]);
    site.sql.surrogate_key(&parts.each_ref().map(String::as_str))
}

fn columns() -> Vec<ModelColumn> {
    vec![
        text("performance_key", "The key of the row, made of the eight columns after it; alike in every build."),
        date("allocation_date", "The day the allocations were made."),
        int64("location_id", "Where their stock lies."),
        int64("item_id", "Their item."),
        text("item_key", "The key of the item in dim_items; ~n where none is named."),
        text("allocated_by_user", "Who allocated."),
        text("status_group", "Active, Fulfilled or Unknown."),
        text("quantity_tier", "Small, Medium, Large, Bulk or Unknown."),
        text("day_type", "Weekend or Weekday."),
        text("time_type", "Business Hours or After Hours."),
        int64("allocation_count", "How many allocations."),
        decimal("total_quantity_allocated", 15, 3, "Their valid quantities, in the item's unit."),
        float64("avg_quantity_allocated", "The mean valid quantity, in the item's unit."),
        int64("timed_count", "How many have a processing time."),
        float64("total_processing_time_seconds", "Their processing times added up, in seconds."),
        float64("avg_processing_time_seconds", "The mean processing time, in seconds."),
        float64("median_processing_time_seconds", "The median processing time, in seconds."),
        float64("min_processing_time_seconds", "The shortest processing time, in seconds."),
        float64("max_processing_time_seconds", "The longest processing time, in seconds."),
        int64("shipped_count", "How many are shipped."),
        int64("excellent_quality_count", "How many are of excellent quality."),
        int64("good_quality_count", "How many are of good quality."),
        int64("poor_quality_count", "How many are of poor quality."),
        int64("within_1hour_count", "How many were processed within an hour."),
        int64("within_30min_count", "How many were processed within half an hour."),
        int64("high_priority_count", "How many are of high priority."),
        float64("fulfillment_rate_pct", "How many are shipped, in percent."),
        float64("within_1hour_rate_pct", "How many were processed within an hour, in percent."),
        float64("excellent_quality_rate_pct", "How many are of excellent quality, in percent."),
        int64("allocation_year", "The year of the day."),
        int64("allocation_quarter", "The quarter, 1 to 4."),
        int64("allocation_month", "The month, 1 to 12."),
        int64("allocation_iso_week", "The week by ISO 8601, 1 to 53."),
        int64("allocation_day_of_month", "The day of the month, 1 to 31."),
        int64("allocation_iso_weekday", "The weekday by ISO 8601, Monday 1 to Sunday 7."),
        text("fulfillment_category", "Excellent from 95 % shipped, Good from 85, Average from 70, else Poor."),
        text("speed_category", "Excellent from 90 % within an hour, Good from 75, Average from 50, else Poor."),
        text("quality_category", "Excellent from 95 % excellent, Good from 85, Average from 70, else Poor."),
        float64("overall_efficiency_score", "0.4 fulfillment, 0.3 within an hour, 0.3 excellent; 100 at most."),
    ]
}

fn tested(model: Model) -> Model {
    let grades = || GRADES.into_iter().chain([UNKNOWN]);
    model
        .test(not_null(["performance_key", "allocation_date", "allocation_count"]))
        .test(unique(["performance_key"]).says("A key does not tell the rows of the grain apart."))
        .test(exists_in("item_id", "dim_items", "item_id").says("A fact whose item has no row in dim_items."))
        .test(at_least("allocation_count", 1))
        .test(holds(
            "rates_and_score_are_of_100",
            "fulfillment_rate_pct BETWEEN 0 AND 100 AND within_1hour_rate_pct BETWEEN 0 AND 100 \
             AND excellent_quality_rate_pct BETWEEN 0 AND 100 AND overall_efficiency_score BETWEEN 0 AND 100",
        ))
        .test(accepted("fulfillment_category", grades()))
        .test(accepted("speed_category", grades()))
        .test(accepted("quality_category", grades()))
        .test(holds(
            "counts_are_parts",
            "excellent_quality_count + good_quality_count + poor_quality_count = allocation_count \
             AND shipped_count <= allocation_count AND timed_count <= allocation_count \
             AND within_30min_count <= within_1hour_count AND within_1hour_count <= timed_count",
        ))
}

fn unit_tested(model: Model) -> Model {
    let given = rows! {
        allocation_date, location_id, item_id, allocated_by_user, status_group, quantity_tier, day_type, time_type,
        valid_quantity, processing_time_seconds, allocation_status, data_quality_score, priority_level;
        "2026-01-01", 7, 1, "ANN", "Fulfilled", "Small", "Weekday", "Business Hours", 4, 1_800.0, "SHIPPED", "Excellent", 5;
        "2026-01-01", 7, 1, "ANN", "Fulfilled", "Small", "Weekday", "Business Hours", 2, 3_600.0, "SHIPPED", "Good", 1;
        "2026-01-01", 7, 1, "ANN", "Fulfilled", "Small", "Weekday", "Business Hours", NULL, NULL, "PICKED", "Poor", 4;
        NULL, 7, 1, "ANN", "Fulfilled", "Small", "Unknown", "Unknown", 1, 1.0, "SHIPPED", "Good", 1;
    };
    model
        .unit_test(
            UnitTest::new("a row of the grain counts, sums and rates")
                .given("stg_wms_allocation", given.clone())
                .expect(rows! {
                    performance_key, allocation_count, total_quantity_allocated, avg_quantity_allocated, timed_count,
                    total_processing_time_seconds, avg_processing_time_seconds, median_processing_time_seconds,
                    shipped_count, within_1hour_count, within_30min_count, high_priority_count,
                    allocation_iso_week, allocation_iso_weekday, fulfillment_category, speed_category;
                    "2026-01-01|7|1|ANN|Fulfilled|Small|Weekday|Business Hours", 3, 6, 3.0, 2,
                    5_400.0, 2_700.0, 2_700.0, 2, 2, 1, 2, 1, 4, "Poor", "Average";
                }),
        )
        .unit_test(
            UnitTest::new("an item on a day is computed again as a whole, others stay")
                .incremental("2026-06-01 00:00:00")
                .given(
                    "stg_wms_allocation",
                    rows! {
                        allocation_date, item_id, item_key, location_id, wms_loaded_at;
                        "2026-01-01", 1, "1", 7, "2026-05-01 00:00:00.000000";
                        "2026-01-01", 1, "1", 8, "2026-06-02 00:00:00.000000";
                        "2026-01-01", 2, "2", 7, "2026-05-01 00:00:00.000000";
                        "2026-01-02", 1, "1", 7, "2026-05-01 00:00:00.000000";
                        "2026-01-03", NULL, "~n", 7, "2026-05-01 00:00:00.000000";
                    },
                )
                .given("before:stg_wms_allocation", rows! { allocation_date, item_key; "2026-01-03", "~n"; NULL, "2" })
                .expect(rows! {
                    allocation_date, item_id, location_id, allocation_count;
                    "2026-01-01", 1, 7, 1; "2026-01-01", 1, 8, 1; "2026-01-03", NULL, 7, 1;
                }),
        )
}
