//! `stg_wms_allocation`: one row per allocation, with the times that are computed from its two timestamps.

use super::{BY_CHANGE, changed_keys, versions};
use crate::cloud;
use crate::rating::ladder_up;
use crate::site::Site;
use wmshost_plugin::models::{
    Model, NULL, UnitTest, accepted, at_least, columns::*, exists_in, holds, hours, not_null, unique,
};
use wmshost_plugin::rows;

pub(super) fn model(site: &Site) -> Model {
    let model = Model::staging("stg_wms_allocation")
        .summary(
            "Allocations, the latest version of each, with their processing time. A table, because all that is computed \
             of allocations begins here; it follows the changes.",
        )
        .reads(reads(site))
        .replaced_by(["allocation_id"], changes(site))
        .sql(statement(site))
        .columns([
            int64("allocation_id", "The allocation."),
            int64("order_id", "Its order."),
            int64("item_id", "Its item."),
            text("item_key", "The key of the item in dim_items; ~n where none is named."),
            int64("location_id", "Where its stock lies."),
            decimal("quantity_allocated", 15, 3, "The quantity as the source has it, in the item's unit."),
            decimal("valid_quantity", 15, 3, "The quantity where it is valid, else NULL."),
            text("quantity_tier", "Small up to 10, Medium up to 100, Large up to 1,000, else Bulk; Unknown if invalid."),
            text("allocation_status", "The status, trimmed and in upper case."),
            text("status_group", "Active, Fulfilled or Unknown."),
            text("allocated_by_user", "Who allocated; SYSTEM where nobody is named."),
            int64("priority_level", "The priority; 1 where there is none."),
            boolean("has_invalid_quantity", "Whether the quantity is NULL, zero or less."),
            boolean("has_invalid_status", "Whether the status is none of the four."),
            text("data_quality_score", "Excellent, Good or Poor."),
            site.moment("created_date", "When it was made."),
            site.moment("last_updated", "When it last changed."),
            date("allocation_date", "The day it was made, by the warehouse's clocks."),
            text("day_type", "Weekend (Saturday, Sunday) or Weekday."),
            text("time_type", "Business Hours from 08:00 until before 18:00, else After Hours."),
            float64("processing_time_seconds", "From creation to the last change, whole days included, in seconds."),
            float64("fulfillment_time_seconds", "The same where it is shipped, else NULL."),
        ])
        .index(["allocation_date", "item_key"])
        // The last two columns: the sums over an item's days are read from the index alone.
        .index(["item_id", "allocation_date", "valid_quantity"])
        // The median of a location's times, and of a user's, is read in the order of an index.
        .index(["location_id", "processing_time_seconds"])
        .index(["allocated_by_user", "processing_time_seconds"])
        .statistics()
        .fresh(hours(2), hours(4));
    unit_tested(site, tested(model))
}

fn reads(site: &Site) -> Vec<&'static str> {
    match site.cloud {
        None => vec!["allocation"],
        Some(_) => [site.rows("allocation")].into_iter().chain(cloud::allocation::READS).collect(),
    }
}

fn changes(site: &Site) -> String {
    let keys = changed_keys(site, "allocation", "allocation_id");
    match &site.cloud {
        None => keys,
        Some(words) => format!("{keys}\nUNION ALL\n{}", cloud::allocation::changes(site, words)),
    }
}

fn statement(site: &Site) -> String {
    let sql = site.sql;
    let only = "\n  {when incremental} WHERE allocation_id IN (SELECT allocation_id FROM {changes}) {end}";
    format!(
        "WITH numbered AS (
  {versions}
),
latest AS (
  SELECT allocation_id, order_id, item_id, location_id, {quantity} AS quantity_allocated,
    CASE WHEN has_invalid_quantity = 0 THEN {quantity} END AS valid_quantity,
    allocation_status_clean AS allocation_status, status_group, allocated_by_user_clean AS allocated_by_user,
    priority_level_clean AS priority_level, has_invalid_quantity, has_invalid_status, data_quality_score,
    created_date, last_updated, {created_local} AS created_local
  FROM numbered
  WHERE version = 1 AND {is_there}
),
timed AS (
  SELECT latest.*, {day} AS allocation_date, {weekday} AS weekday, {hour} AS hour_of_day,
    {processing_time} AS processing_time_seconds
  FROM latest
)
SELECT allocation_id, order_id, item_id, {item_key} AS item_key, location_id, quantity_allocated, valid_quantity,
  {quantity_tier} AS quantity_tier,
  allocation_status, status_group, allocated_by_user, priority_level, has_invalid_quantity, has_invalid_status,
  data_quality_score, created_date, last_updated, allocation_date,
  CASE WHEN weekday >= 6 THEN 'Weekend' WHEN weekday >= 1 THEN 'Weekday' ELSE 'Unknown' END AS day_type,
  CASE WHEN hour_of_day BETWEEN 8 AND 17 THEN 'Business Hours' WHEN hour_of_day >= 0 THEN 'After Hours'
    ELSE 'Unknown' END AS time_type,
  processing_time_seconds,
  CASE WHEN allocation_status = 'SHIPPED' THEN processing_time_seconds END AS fulfillment_time_seconds
FROM timed",
        versions = versions(site, "allocation", "allocation_id", BY_CHANGE, only),
        quantity = sql.number("quantity_allocated"),
        item_key = sql.surrogate_key(&["item_id"]),
        created_local = site.local("created_date"),
        is_there = site.is_there("allocation"),
        day = sql.day("created_local"),
        weekday = sql.iso_weekday("created_local"),
        hour = sql.hour("created_local"),
        processing_time = site.elapsed("created_date", "last_updated"),
        quantity_tier =
            ladder_up("valid_quantity", "'Unknown'", &[("10", "Small"), ("100", "Medium"), ("1000", "Large")], "Bulk"),
    )
}

fn tested(model: Model) -> Model {
    model
        .test(not_null(["allocation_id"]).says("An allocation without a number."))
        .test(unique(["allocation_id"]).says("Two versions of an allocation got through."))
        .test(
            not_null(["status_group", "allocated_by_user", "priority_level", "data_quality_score"])
                .named("defaults_set"),
        )
        .test(accepted("status_group", ["Active", "Fulfilled", "Unknown"]))
        .test(accepted("data_quality_score", ["Excellent", "Good", "Poor"]))
        .test(accepted("quantity_tier", ["Small", "Medium", "Large", "Bulk", "Unknown"]))
        .test(accepted("day_type", ["Weekday", "Weekend", "Unknown"]))
        .test(accepted("time_type", ["Business Hours", "After Hours", "Unknown"]))
        .test(exists_in("location_id", "int_location_performance", "location_id").says("A location is not measured."))
        .test(
            exists_in("allocated_by_user", "int_user_performance", "allocated_by_user")
                .only_where("allocated_by_user <> 'SYSTEM'")
                .says("A user is not measured."),
        )
        .test(
            at_least("processing_time_seconds", 0)
                .says("An allocation changed before it was made: clocks that differ, or an import.")
                .warns(),
        )
        .test(
            holds("a_valid_quantity_is_above_zero", "valid_quantity IS NULL OR valid_quantity > 0")
                .says("The transform's rule and the model's use of it differ."),
        )
}

fn unit_tested(site: &Site, model: Model) -> Model {
    model
        .unit_test(
            UnitTest::new("25 hours are 90,000 seconds")
                .given(site.rows("allocation"), rows! {
                    allocation_id, allocation_status_clean, created_date, last_updated;
                    1, "SHIPPED", "2026-06-05 10:00:00.000000", "2026-06-06 11:00:00.000000";
                    2, "PICKED", "2026-06-06 07:59:59.999999", "2026-06-06 08:00:00.000000";
                    3, "PICKED", "2026-06-06 08:00:00.000000", NULL;
                })
                .expect(match site.shows_stored_times() {
                    true => rows! {
                    allocation_id, allocation_date, day_type, time_type, processing_time_seconds, fulfillment_time_seconds;
                    1, "2026-06-05", "Weekday", "Business Hours", 90_000.0, 90_000.0;
                    2, "2026-06-06", "Weekend", "After Hours", 0.000_001, NULL;
                    3, "2026-06-06", "Weekend", "Business Hours", NULL, NULL;
                },
                    false => rows! {
                        allocation_id, processing_time_seconds, fulfillment_time_seconds;
                        1, 90_000.0, 90_000.0; 2, 0.000_001, NULL; 3, NULL, NULL;
                    },
                }),
        )
        .unit_test(
            UnitTest::new("the latest version counts, and an invalid quantity is none")
                .given(site.rows("allocation"), rows! {
                    allocation_id, quantity_allocated, has_invalid_quantity, last_updated, wms_loaded_at;
                    1, 5, 0, "2026-06-05 10:00:00.000000", "2026-06-05 12:00:00.000000";
                    1, 0, 1, "2026-06-05 11:00:00.000000", "2026-06-05 11:00:00.000000";
                    2, 1_000, 0, NULL, NULL;
                })
                .expect(rows! {
                    allocation_id, quantity_allocated, valid_quantity, quantity_tier;
                    1, 0, NULL, "Unknown";
                    2, 1_000, 1_000, "Large";
                }),
        )
}
