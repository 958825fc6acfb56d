//! `int_inventory_movements`: what leaves the stock and what comes in. What leaves are allocations. What comes in are
//! receipts, where the pipeline has a stream of them: none are made up where it has not.

use crate::following::Followed;
use crate::site::Site;
use wmshost_plugin::models::{Model, NULL, UnitTest, columns::*};
use wmshost_plugin::rows;

pub(super) fn model(site: &Site) -> Model {
    let inbound = site.receipts.as_ref().map(|_| format!("\nUNION ALL\n{INBOUND}"));
    Model::intermediate("int_inventory_movements")
        .ephemeral()
        .summary("Movements of stock: out by allocations, in by receipts where there is a stream of them.")
        .reads(sources(site))
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
    ELSE 40 END AS business_impact_score
FROM {stg_wms_allocation}
WHERE item_id IS NOT NULL AND allocation_date IS NOT NULL";

const INBOUND: &str = "SELECT 'INBOUND' AS movement_type, receipt_id AS movement_id, order_id, item_id, location_id,
  receipt_date AS movement_date, received_date AS moved_at, receipt_status AS movement_status,
  valid_quantity AS quantity, valid_quantity AS net_quantity, NULL AS processing_time_seconds,
  CASE WHEN receipt_status = 'RECEIVED' THEN 90 ELSE 40 END AS business_impact_score
FROM {stg_wms_receipts}
WHERE item_id IS NOT NULL AND receipt_date IS NOT NULL";

/// The models that movements are made of.
pub(crate) fn sources(site: &Site) -> Vec<&'static str> {
    let inbound = site.receipts.as_ref().map(|_| "stg_wms_receipts");
    ["stg_wms_allocation"].into_iter().chain(inbound).collect()
}

/// A SELECT of the items that movements of came or went.
pub(crate) fn items_moved(site: &Site) -> String {
    let days = [("stg_wms_allocation", "allocation_date"), ("stg_wms_receipts", "receipt_date")];
    let of = |(from, day): (&str, &str)| {
        let only = format!("item_id IS NOT NULL AND {day} IS NOT NULL");
        Followed { from, window: &[("item_id", "item_id")], only: &only }.windows()
    };
    days.into_iter().take(sources(site).len()).map(of).collect::<Vec<_>>().join("\nUNION ALL\n")
}
