//! `int_inventory_movements`: what leaves the stock and what comes in, each beside the movements of its item before and
//! behind it. What leaves are allocations. What comes in are receipts, where the pipeline has a stream of them: none are
//! made up where it has not.

use super::movement::{KINDS, followed_by_item, sources};
use crate::rating::UNKNOWN;
use crate::site::Site;
use wmshost_plugin::contract::modelling::ModelColumn;
use wmshost_plugin::models::{
    Model, NULL, UnitTest, accepted, and_changed, at_least, columns::*, exists_in, not_null, unique,
};
use wmshost_plugin::rows;

const TRENDS: [&str; 5] = ["First", "Increasing", "Decreasing", "Stable", UNKNOWN];

pub(super) fn model(site: &Site) -> Model {
    let model = Model::intermediate("int_inventory_movements")
        .summary(
            "Movements of stock with running totals and neighbours within their item: out by allocations, in by receipts \
             where there is a stream of them. Items of which something moved are computed again; rows that come out as \
             they were stay.",
        )
        .reads(sources(site))
        .replaced_by(["item_id"], followed_by_item(site))
        .sql(statement(site))
        .columns(columns(site))
        .index(["item_id", "movement_date", "movement_type", "quantity"])
        .index(["movement_key"])
        .index(["movement_date"])
        .partition_by_month("movement_date")
        .statistics();
    unit_tested(site, tested(model))
}

/// What moved, of the items that changed.
fn moved(site: &Site) -> String {
    let only_changed = and_changed(&["item_id"], &["item_id"]);
    let outbound = format!(
        "SELECT 'OUTBOUND' AS movement_type, allocation_id AS movement_id, order_id, item_id, location_id,
    allocation_date AS movement_date, created_date AS moved_at, allocation_status AS movement_status,
    valid_quantity AS quantity, -valid_quantity AS net_quantity, processing_time_seconds,
    CASE WHEN allocation_status = 'SHIPPED' AND processing_time_seconds <= 3600 THEN 100
      WHEN allocation_status = 'SHIPPED' THEN 80
      WHEN allocation_status = 'PICKED' THEN 60
      ELSE 40 END AS business_impact_score
  FROM {{stg_wms_allocation}} allocations
  WHERE item_id IS NOT NULL AND allocation_date IS NOT NULL {only_changed}"
    );
    let inbound = format!(
        "SELECT 'INBOUND' AS movement_type, receipt_id AS movement_id, order_id, item_id, location_id,
    receipt_date AS movement_date, received_date AS moved_at, receipt_status AS movement_status,
    valid_quantity AS quantity, valid_quantity AS net_quantity, NULL AS processing_time_seconds,
    CASE WHEN receipt_status = 'RECEIVED' THEN 90 ELSE 40 END AS business_impact_score
  FROM {{stg_wms_receipts}} receipts
  WHERE item_id IS NOT NULL AND receipt_date IS NOT NULL {only_changed}"
    );
    match site.receipts {
        Some(_) => format!("{outbound}\n  UNION ALL\n  {inbound}"),
        None => outbound,
    }
}

fn statement(site: &Site) -> String {
    let sql = site.sql;
    // Where nothing comes in, all movements are of one kind, and one order of rows does for both.
    let (of_kind, by_item) = match site.receipts {
        Some(_) => ("item_id, movement_type", "moved_at, movement_type, movement_id"),
        None => ("item_id", "moved_at, movement_id"),
    };
    let of_item = |aggregate: &str| sql.running(aggregate, "item_id", by_item);
    format!(
        "WITH moved AS (
  {moved}
),
sequenced AS (
  SELECT moved.*,
    {running_net} AS running_net_quantity, {running_avg} AS running_avg_quantity, {running_count} AS running_movement_count,
    {previous} AS previous_quantity, {next} AS next_quantity, {place} AS place_in_kind
  FROM moved
)
SELECT {key} AS movement_key, movement_type, movement_id, order_id, item_id, location_id, movement_date,
  moved_at, movement_status, quantity, net_quantity, processing_time_seconds, business_impact_score,
  running_net_quantity, running_avg_quantity, running_movement_count, previous_quantity, next_quantity,
  CASE WHEN place_in_kind = 1 THEN 'First'
    WHEN quantity IS NULL OR previous_quantity IS NULL THEN 'Unknown'
    WHEN quantity > previous_quantity THEN 'Increasing'
    WHEN quantity < previous_quantity THEN 'Decreasing'
    ELSE 'Stable' END AS quantity_trend
FROM sequenced",
        moved = moved(site),
        running_net = of_item("SUM(net_quantity)"),
        running_avg = of_item("AVG(quantity)"),
        running_count = of_item("COUNT(*)"),
        previous = sql.previous("quantity", of_kind, "moved_at, movement_id"),
        next = sql.next("quantity", of_kind, "moved_at, movement_id"),
        place = sql.running("COUNT(*)", of_kind, "moved_at, movement_id"),
        key = sql.surrogate_key(&["movement_type", "movement_id"]),
    )
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
        float64("running_avg_quantity", "The mean quantity of the item's movements up to this one."),
        int64("running_movement_count", "How many movements of the item there were up to this one."),
        decimal("previous_quantity", 15, 3, "The quantity of the item's movement of this type before this one."),
        decimal("next_quantity", 15, 3, "The quantity of the one behind it."),
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
