//! `int_allocation_performance`: every allocation with the performance of its location and its user. It is a view,
//! because a single new allocation changes the mean of its user, and with it all rows of that user. It has no tests
//! over its rows: they would read all of them after every change, although the tables that it joins are tested row by
//! row: each allocation, location and user exists once, and so do each allocation's location and user.

use crate::rating::standing;
use crate::site::Site;
use wmshost_plugin::models::{Model, NULL, UnitTest, columns::*};
use wmshost_plugin::rows;

/// The performance of a missing location or user.
const NOT_RATED: &str = "Not Rated";

pub(super) fn model(site: &Site) -> Model {
    let model = Model::intermediate("int_allocation_performance")
        .view()
        .summary("Allocations beside the performance of their location and their user.")
        .reads(["stg_wms_allocation", "int_location_performance", "int_user_performance"])
        .sql(statement())
        .columns([
            int64("allocation_id", "The allocation."),
            int64("order_id", "Its order."),
            int64("item_id", "Its item."),
            int64("location_id", "Where its stock lies."),
            decimal("quantity_allocated", 15, 3, "The quantity as the source has it, in the item's unit."),
            decimal("valid_quantity", 15, 3, "The quantity where it is valid, else NULL."),
            text("quantity_tier", "Small, Medium, Large, Bulk or Unknown."),
            text("allocation_status", "The status."),
            text("status_group", "Active, Fulfilled or Unknown."),
            text("allocated_by_user", "Who allocated."),
            int64("priority_level", "The priority."),
            text("data_quality_score", "Excellent, Good or Poor."),
            site.moment("created_date", "When it was made."),
            site.moment("last_updated", "When it last changed."),
            date("allocation_date", "The day it was made."),
            text("day_type", "Weekend or Weekday."),
            text("time_type", "Business Hours or After Hours."),
            float64("processing_time_seconds", "From creation to the last change, in seconds."),
            float64("fulfillment_time_seconds", "The same where it is shipped, else NULL."),
            int64("location_allocation_count", "Allocations at its location."),
            float64("location_avg_processing_time_seconds", "Their mean processing time, in seconds."),
            float64("location_median_processing_time_seconds", "Their median processing time, in seconds."),
            float64("location_fulfillment_rate_pct", "How many of them are shipped, in percent."),
            float64("location_within_1hour_rate_pct", "How many of them took an hour at most, in percent."),
            float64("location_excellent_quality_rate_pct", "How many of them are of excellent quality, in percent."),
            int64("user_allocation_count", "Allocations of its user; NULL for SYSTEM, as the following."),
            float64("user_avg_processing_time_seconds", "Their mean processing time, in seconds."),
            float64("user_fulfillment_rate_pct", "How many of them are shipped, in percent."),
            float64("user_allocations_per_day", "Allocations on a day on which the user worked."),
            text(
                "performance_vs_location",
                "Above Average up to the median, Average up to the mean, else Below Average.",
            ),
            text("performance_vs_user", "The same among its user's; Not Rated for SYSTEM."),
        ]);
    unit_tested(model)
}

fn statement() -> String {
    format!(
        "SELECT a.allocation_id, a.order_id, a.item_id, a.location_id, a.quantity_allocated, a.valid_quantity,
  a.quantity_tier, a.allocation_status, a.status_group, a.allocated_by_user, a.priority_level, a.data_quality_score,
  a.created_date, a.last_updated, a.allocation_date, a.day_type, a.time_type, a.processing_time_seconds,
  a.fulfillment_time_seconds,
  l.allocation_count AS location_allocation_count,
  l.avg_processing_time_seconds AS location_avg_processing_time_seconds,
  l.median_processing_time_seconds AS location_median_processing_time_seconds,
  l.fulfillment_rate_pct AS location_fulfillment_rate_pct,
  l.within_1hour_rate_pct AS location_within_1hour_rate_pct,
  l.excellent_quality_rate_pct AS location_excellent_quality_rate_pct,
  u.allocation_count AS user_allocation_count,
  u.avg_processing_time_seconds AS user_avg_processing_time_seconds,
  u.fulfillment_rate_pct AS user_fulfillment_rate_pct,
  u.allocations_per_day AS user_allocations_per_day,
  {vs_location} AS performance_vs_location,
  CASE WHEN u.allocated_by_user IS NULL THEN '{NOT_RATED}' ELSE {vs_user} END AS performance_vs_user
FROM {{stg_wms_allocation}} a
LEFT JOIN {{int_location_performance}} l ON l.location_id = a.location_id
LEFT JOIN {{int_user_performance}} u ON u.allocated_by_user = a.allocated_by_user",
        vs_location =
            standing("a.processing_time_seconds", "l.median_processing_time_seconds", "l.avg_processing_time_seconds"),
        vs_user =
            standing("a.processing_time_seconds", "u.median_processing_time_seconds", "u.avg_processing_time_seconds"),
    )
}

fn unit_tested(model: Model) -> Model {
    model.unit_test(
        UnitTest::new("times are compared with median and mean")
            .given(
                "stg_wms_allocation",
                rows! {
                    allocation_id, location_id, allocated_by_user, processing_time_seconds;
                    1, 7, "ANN", 20.0;
                    2, 7, "SYSTEM", 21.0;
                    3, 7, "SYSTEM", 51.0;
                    4, 7, "ANN", NULL;
                    5, 8, "BOB", 1.0;
                },
            )
            .given(
                "int_location_performance",
                rows! {
                    location_id, median_processing_time_seconds, avg_processing_time_seconds; 7, 20.0, 50.0;
                },
            )
            .given(
                "int_user_performance",
                rows! {
                    allocated_by_user, median_processing_time_seconds, avg_processing_time_seconds; "ANN", 10.0, 15.0;
                },
            )
            .expect(rows! {
                allocation_id, performance_vs_location, performance_vs_user;
                1, "Above Average", "Below Average";
                2, "Average", "Not Rated";
                3, "Below Average", "Not Rated";
                4, "Unknown", "Unknown";
                5, "Unknown", "Not Rated";
            }),
    )
}
