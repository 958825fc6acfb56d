//! `int_inventory_movements`: what leaves the stock and what comes in. What leaves are allocations. What comes in are
//! receipts, where the pipeline has a stream of them: none are made up where it has not.

use crate::site::Site;
use wmshost_plugin::models::{Model, NULL, UnitTest, columns::*};
use wmshost_plugin::rows;

pub(super) fn model(site: &Site) -> Model {
    let streams = ["stg_wms_allocation"].into_iter().chain(site.receipts.as_deref());
    let inbound = site.receipts.as_deref().map(|stream| format!("\nUNION ALL\n{}", inbound(site, stream)));
    Model::intermediate("int_inventory_movements")
        .ephemeral()
        .summary("Movements of stock: out by allocations, in by receipts where there is a stream of them.")
        .reads(streams)
        .sql(OUTBOUND.to_owned() + &inbound.unwrap_or_default())
        .columns([
            text("movement_type", "OUTBOUND or INBOUND."),
            int64("movement_id", "The allocation or the receipt."),
            int64("order_id", "Its order."),
            int64("item_id", "Its item; movements without one are left out."),
            int64("location_id", "Where from or where to."),
            date("movement_date", "The day of the movement; movements without one are left out."),
            site.moment("moved_at", "When it was allocated or received."),
            text("movement_status", "The status of the allocation or the receipt."),
            decimal("quantity", 15, 3, "How much, where it is valid."),
            decimal("net_quantity", 15, 3, "The same, below zero where it leaves."),
            float64("processing_time_seconds", "How long an allocation took, in seconds."),
            int64("business_impact_score", "Shipped within an hour 100, received 90, shipped 80, picked 60, else 40."),
            timestamp("changed_at", "When the row was last loaded."),
        ])
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
}

const OUTBOUND: &str =
    "SELECT 'OUTBOUND' AS movement_type, allocation_id AS movement_id, order_id, item_id, location_id,
  allocation_date AS movement_date, created_date AS moved_at, allocation_status AS movement_status,
  valid_quantity AS quantity, -valid_quantity AS net_quantity, processing_time_seconds,
  CASE WHEN allocation_status = 'SHIPPED' AND processing_time_seconds <= 3600 THEN 100
    WHEN allocation_status = 'SHIPPED' THEN 80
    WHEN allocation_status = 'PICKED' THEN 60
    ELSE 40 END AS business_impact_score,
  wms_loaded_at AS changed_at
FROM {stg_wms_allocation}
WHERE item_id IS NOT NULL AND allocation_date IS NOT NULL";

fn inbound(site: &Site, stream: &str) -> String {
    let sql = site.sql;
    format!(
        "SELECT 'INBOUND' AS movement_type, receipt_id AS movement_id, order_id, item_id, location_id,
  {day} AS movement_date, received_date AS moved_at, {status} AS movement_status,
  CASE WHEN {quantity} > 0 THEN {quantity} END AS quantity,
  CASE WHEN {quantity} > 0 THEN {quantity} END AS net_quantity, NULL AS processing_time_seconds,
  CASE WHEN {status} = 'RECEIVED' THEN 90 ELSE 40 END AS business_impact_score,
  wms_loaded_at AS changed_at
FROM (
  SELECT receipts.*, ROW_NUMBER() OVER (PARTITION BY receipt_id ORDER BY wms_loaded_at DESC NULLS LAST) AS version
  FROM {{{stream}}} receipts
) latest
WHERE version = 1 AND {is_there} AND item_id IS NOT NULL AND received_date IS NOT NULL",
        day = sql.day(&site.local("received_date")),
        status = sql.cleaned("receipt_status"),
        quantity = sql.number("quantity_received"),
        is_there = site.is_there(stream),
    )
}
