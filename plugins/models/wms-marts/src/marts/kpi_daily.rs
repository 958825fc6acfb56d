//! `kpi_daily`: one row per day, from sums over all rows of the day: never an average of averages. The sums follow the
//! facts.

use crate::rating::efficiency;
use crate::site::Site;
use wmshost_plugin::models::{
    Delta, DeltaSource, Model, NULL, Sum, UnitTest, at_least, between, columns::*, hours, not_null, unique,
};
use wmshost_plugin::rows;

const WINDOW: [&str; 1] = ["allocation_date"];
const FOLLOWED: Delta<'static> = Delta {
    window: &WINDOW,
    tables: &[DeltaSource { model: "fact_allocation_performance", window: &WINDOW, only: "1 = 1" }],
};

pub(super) fn model(site: &Site) -> Model {
    let model = Model::mart("kpi_daily")
        .summary("How each day went. A day without allocations has no row.")
        .reads(["fact_allocation_performance"])
        .replaced_by(WINDOW, FOLLOWED.windows())
        .sql(statement(site))
        .columns([
            date("allocation_date", "The day."),
            int64("allocation_count", "How many allocations were made."),
            decimal("total_quantity_allocated", 15, 3, "Their valid quantities added up."),
            int64("timed_count", "How many of them have a processing time."),
            float64("total_processing_time_seconds", "Their processing times added up, in seconds."),
            int64("shipped_count", "How many are shipped by now."),
            int64("within_1hour_count", "How many were processed within an hour."),
            int64("excellent_quality_count", "How many are of excellent quality."),
            int64("high_priority_count", "How many are of high priority."),
            float64("avg_processing_time_seconds", "The mean processing time, in seconds."),
            float64("fulfillment_rate_pct", "How many are shipped, in percent."),
            float64("within_1hour_rate_pct", "How many were processed within an hour, in percent."),
            float64("excellent_quality_rate_pct", "How many are of excellent quality, in percent."),
            float64("overall_efficiency_score", "0.4 fulfillment, 0.3 within an hour, 0.3 excellent; 100 at most."),
        ])
        .index(["allocation_date"])
        .fresh(hours(4), hours(8));
    model
        .test(not_null(["allocation_date", "allocation_count", "fulfillment_rate_pct", "overall_efficiency_score"]))
        .test(unique(["allocation_date"]))
        .test(at_least("allocation_count", 1))
        .test(between("fulfillment_rate_pct", 0, 100))
        .test(between("within_1hour_rate_pct", 0, 100))
        .test(between("excellent_quality_rate_pct", 0, 100))
        .test(between("overall_efficiency_score", 0, 100))
        .unit_test(
            UnitTest::new("rates come from sums, not from rates")
                .given(
                    "fact_allocation_performance",
                    rows! {
                        allocation_date, status_group, allocation_count, timed_count, total_processing_time_seconds,
                        avg_processing_time_seconds, shipped_count, within_1hour_count, excellent_quality_count,
                        fulfillment_rate_pct;
                        "2026-06-01", "Fulfilled", 9, 9, 900.0, 100.0, 9, 9, 9, 100.0;
                        "2026-06-01", "Active", 1, 1, 9_100.0, 9_100.0, 0, 0, 0, 0.0;
                        "2026-06-03", "Active", 1, 0, 0.0, NULL, 0, 0, 0, 0.0;
                    },
                )
                .expect(rows! {
                    allocation_date, allocation_count, avg_processing_time_seconds, fulfillment_rate_pct,
                    excellent_quality_rate_pct, overall_efficiency_score;
                    "2026-06-01", 10, 1_000.0, 90.0, 90.0, 90.0;
                    "2026-06-03", 1, NULL, 0.0, 0.0, 0.0;
                }),
        )
}

fn sums(site: &Site) -> Vec<Sum> {
    let scaled = |column: &str, digits| format!("COALESCE({}, 0)", site.sql.scaled(column, digits));
    let (quantity, time) = (scaled("total_quantity_allocated", 3), scaled("total_processing_time_seconds", 6));
    let counts =
        ["timed_count", "shipped_count", "within_1hour_count", "excellent_quality_count", "high_priority_count"];
    let mut sums = vec![
        Sum::of("allocation_count", "allocation_count"),
        Sum::of("total_thousandths", quantity.clone()).computed_by(quantity),
        Sum::of("total_micros", time.clone()).computed_by(time),
    ];
    sums.extend(counts.map(|count| Sum::of(count, format!("COALESCE({count}, 0)"))));
    sums
}

fn statement(site: &Site) -> String {
    let sql = site.sql;
    format!(
        "WITH summed AS (
  {sums}
),
rated AS (
  SELECT allocation_date, allocation_count, total_thousandths / 1000.0 AS total_quantity_allocated, timed_count,
    total_micros / 1000000.0 AS total_processing_time_seconds, shipped_count, within_1hour_count,
    excellent_quality_count, high_priority_count, {mean_time} AS avg_processing_time_seconds,
    {fulfillment} AS fulfillment_rate_pct, {within_1hour} AS within_1hour_rate_pct,
    {excellent} AS excellent_quality_rate_pct
  FROM summed
)
SELECT rated.*, {efficiency} AS overall_efficiency_score
FROM rated",
        sums = FOLLOWED.sums(&sums(site)),
        mean_time = sql.ratio("total_micros", "(timed_count * 1000000)"),
        fulfillment = sql.percentage("shipped_count", "allocation_count"),
        within_1hour = sql.percentage("within_1hour_count", "allocation_count"),
        excellent = sql.percentage("excellent_quality_count", "allocation_count"),
        efficiency = efficiency(sql, "fulfillment_rate_pct", "within_1hour_rate_pct", "excellent_quality_rate_pct"),
    )
}
