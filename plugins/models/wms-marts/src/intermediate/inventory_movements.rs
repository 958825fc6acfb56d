//! `int_inventory_movements`: outgoing and incoming stock, each movement with its neighbours in the order of its item.
//! Outgoing movements are allocations. Incoming ones are receipts, if the pipeline has a stream of them; none are
//! invented if it has not.

use super::movement::{KINDS, sources};
use super::sequence::{changes, statement};
use crate::rating::UNKNOWN;
use crate::site::Site;
use wmshost_plugin::contract::modelling::ModelColumn;
use wmshost_plugin::models::{Model, NULL, UnitTest, accepted, at_least, columns::*, exists_in, not_null, unique};
use wmshost_plugin::rows;

const TRENDS: [&str; 5] = ["First", "Increasing", "Decreasing", "Stable", UNKNOWN];

pub(super) fn model(site: &Site) -> Model {
    let model = Model::intermediate("int_inventory_movements")
        .summary(
            "Movements of stock with running totals and neighbours within their item: out by allocations, in by receipts \
             where there is a stream of them. What changes moves the totals of the item's movements after it; those \
             before stay.",
        )
        .reads(sources(site))
        .replaced_by(["movement_key"], changes(site))
        .sql(statement(site))
        .columns(columns(site))
        .index(["item_id", "movement_date", "movement_type", "quantity"])
        .index(["item_id", "movement_type", "moved_at", "movement_id"])
        .index(["movement_date"])
        .partition_by_month("movement_date")
        .statistics();
    unit_tested(site, tested(model))
}

/// The columns that the fact has too.
pub(crate) fn columns(site: &Site) -> Vec<ModelColumn> {
    vec![
        text("movement_key", "The key of the movement, alike in every build."),
        text("movement_type", "OUTBOUND or INBOUND."),
        int64("movement_id", "The allocation or the receipt."),
        int64("order_id", "Its order."),
        int64("item_id", "Its item; movements without one are left out."),
        int64("location_id", "Where from or where to."),
        date("movement_date", "The day it was allocated or received; movements without one are left out."),
        site.moment("moved_at", "When exactly."),
        text("movement_status", "The status of the allocation or the receipt."),
        decimal("quantity", 15, 3, "How much, where it is valid, in the item's unit."),
        decimal("net_quantity", 15, 3, "The same, below zero where it leaves."),
        float64("processing_time_seconds", "How long an allocation took, in seconds."),
        int64("business_impact_score", "Shipped within an hour 100, received 90, shipped 80, picked 60, else 40."),
        float64("running_net_quantity", "What the item's movements up to this one add up to, in minus out."),
        float64("running_quantity", "The same, out and in alike."),
        int64("running_quantity_count", "How many movements of the item up to this one have a quantity."),
        float64("running_avg_quantity", "The mean quantity of the item's movements up to this one."),
        int64("running_movement_count", "How many movements of the item there were up to this one."),
        decimal("previous_quantity", 15, 3, "The quantity of the item's movement of this type before this one."),
        decimal("next_quantity", 15, 3, "The quantity of the one after it."),
        text("quantity_trend", "First, Increasing, Decreasing or Stable against the one before; Unknown."),
    ]
}

fn tested(model: Model) -> Model {
    model
        .test(not_null(["movement_key", "item_id", "movement_date", "business_impact_score"]))
        .test(unique(["movement_key"]))
        .test(exists_in("item_id", "dim_items", "item_id").says("A movement whose item has no row in dim_items."))
        .test(exists_in("item_id", "int_item_turnover", "item_id").says("A movement that its item's turnover misses."))
        .test(accepted("movement_type", KINDS))
        .test(accepted("business_impact_score", [100, 90, 80, 60, 40]))
        .test(accepted("quantity_trend", TRENDS))
        .test(at_least("quantity", 0))
        .test(at_least("running_movement_count", 1))
}

fn unit_tested(site: &Site, model: Model) -> Model {
    let model = model
        .unit_test(
            UnitTest::new("movements have a score, a day and an item")
                .given("stg_wms_allocation", rows! {
                    allocation_id, item_id, allocation_date, allocation_status, valid_quantity, processing_time_seconds;
                    1, 7, "2026-06-01", "SHIPPED", 5, 3_600.0;
                    2, 7, "2026-06-01", "SHIPPED", 6, 3_600.5;
                    3, 7, "2026-06-01", "PICKED", NULL, 10.0;
                    4, 7, "2026-06-01", NULL, 1, 10.0;
                    5, NULL, "2026-06-01", "PICKED", 1, 10.0;
                    6, 7, NULL, "PICKED", 1, 10.0;
                })
                .expect(rows! {
                    movement_type, movement_id, quantity, net_quantity, business_impact_score;
                    "OUTBOUND", 1, 5, -5, 100;
                    "OUTBOUND", 2, 6, -6, 80;
                    "OUTBOUND", 3, NULL, NULL, 60;
                    "OUTBOUND", 4, 1, -1, 40;
                }),
        )
        .unit_test(
            UnitTest::new("movements follow each other within their item, ties by their number")
                .given("stg_wms_allocation", rows! {
                    allocation_id, item_id, allocation_date, created_date, valid_quantity;
                    2, 1, "2026-06-01", "2026-06-01 08:00:00.000000", 4;
                    1, 1, "2026-06-01", "2026-06-01 08:00:00.000000", 2;
                    3, 1, "2026-06-02", "2026-06-02 08:00:00.000000", NULL;
                    4, 2, "2026-06-02", "2026-06-02 08:00:00.000000", 7;
                })
                .expect(rows! {
                    movement_key, running_net_quantity, running_movement_count, previous_quantity, next_quantity,
                    quantity_trend;
                    "OUTBOUND|1", -2.0, 1, NULL, 4, "First";
                    "OUTBOUND|2", -6.0, 2, 2, NULL, "Increasing";
                    "OUTBOUND|3", -6.0, 3, 4, NULL, "Unknown";
                    "OUTBOUND|4", -7.0, 1, NULL, NULL, "First";
                }),
        );
    let model = model.unit_test(
        UnitTest::new("a build begins where something changed, with what there was before")
            .incremental("2026-06-10 00:00:00")
            .given("stg_wms_allocation", rows! {
                allocation_id, item_id, allocation_date, created_date, valid_quantity, wms_loaded_at;
                1, 7, "2026-06-01", "2026-06-01 08:00:00.000000", 1, "2026-06-01 09:00:00.000000";
                2, 7, "2026-06-02", "2026-06-02 08:00:00.000000", 2, "2026-06-02 09:00:00.000000";
                4, 7, "2026-06-04", "2026-06-04 08:00:00.000000", 4, "2026-06-04 09:00:00.000000";
                5, 7, "2026-06-05", "2026-06-05 08:00:00.000000", 5, "2026-06-11 09:00:00.000000";
            })
            .given("before:stg_wms_allocation", rows! {
                allocation_id, item_id, allocation_date, created_date; 3, 7, "2026-06-03", "2026-06-03 08:00:00.000000";
            })
            .given("this", rows! {
                movement_key, movement_type, movement_id, item_id, moved_at, quantity, running_net_quantity,
                running_quantity, running_quantity_count, running_movement_count, previous_quantity, next_quantity,
                quantity_trend;
                "OUTBOUND|1", "OUTBOUND", 1, 7, "2026-06-01 08:00:00.000000", 1, -1.0, 1.0, 1, 1, NULL, 2, "First";
                "OUTBOUND|2", "OUTBOUND", 2, 7, "2026-06-02 08:00:00.000000", 2, -3.0, 3.0, 2, 2, 1, 3, "Increasing";
                "OUTBOUND|3", "OUTBOUND", 3, 7, "2026-06-03 08:00:00.000000", 3, -6.0, 6.0, 3, 3, 2, 4, "Increasing";
                "OUTBOUND|4", "OUTBOUND", 4, 7, "2026-06-04 08:00:00.000000", 4, -10.0, 10.0, 4, 4, 3, NULL, "Increasing";
            })
            .expect(rows! {
                movement_key, running_net_quantity, running_quantity, running_avg_quantity, running_movement_count,
                previous_quantity, next_quantity, quantity_trend;
                "OUTBOUND|2", -3.0, 3.0, NULL, 2, 1, 4, "Increasing";
                "OUTBOUND|4", -7.0, 7.0, 2.333_333_333_333, 3, 2, 5, "Increasing";
                "OUTBOUND|5", -12.0, 12.0, 3.0, 4, 4, NULL, "Increasing";
            }),
    );
    if site.receipts.is_none() {
        return model;
    }
    model.unit_test(
        UnitTest::new("what comes in and what leaves are compared apart and added up together")
            .given(
                "stg_wms_receipts",
                rows! {
                    receipt_id, item_id, receipt_date, received_date, valid_quantity;
                    9, 1, "2026-06-01", "2026-06-01 07:00:00.000000", 10;
                },
            )
            .given(
                "stg_wms_allocation",
                rows! {
                    allocation_id, item_id, allocation_date, created_date, valid_quantity;
                    1, 1, "2026-06-01", "2026-06-01 08:00:00.000000", 2;
                    2, 1, "2026-06-01", "2026-06-01 08:00:00.000000", 4;
                },
            )
            .expect(rows! {
                movement_key, running_net_quantity, running_movement_count, previous_quantity, next_quantity,
                quantity_trend;
                "INBOUND|9", 10.0, 1, NULL, NULL, "First";
                "OUTBOUND|1", 8.0, 2, NULL, 4, "First";
                "OUTBOUND|2", 4.0, 3, 2, NULL, "Increasing";
            }),
    )
}
