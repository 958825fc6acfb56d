//! `stg_wms_receipts`: one row per receipt of goods, if the pipeline has a stream of them. No transform cleans that
//! stream, so it is cleaned here.

use super::{BY_LOAD, changed_keys, versions};
use crate::site::Site;
use wmshost_plugin::models::{Model, NULL, UnitTest, columns::*, holds, hours, not_null, unique};
use wmshost_plugin::rows;

pub(super) fn model(site: &Site, stream: &str) -> Model {
    let sql = site.sql;
    let only = "\n  {when incremental} WHERE receipt_id IN (SELECT receipt_id FROM {changes}) {end}";
    let quantity = sql.number("quantity_received");
    let model = Model::staging("stg_wms_receipts")
        .summary("Receipts of goods, the latest version of each. A table; it follows the changes.")
        .reads([stream])
        .replaced_by(["receipt_id"], changed_keys(site, stream, "receipt_id"))
        .sql(format!(
            "WITH numbered AS (
  {versions}
)
SELECT receipt_id, order_id, item_id, location_id, CASE WHEN {quantity} > 0 THEN {quantity} END AS valid_quantity,
  {status} AS receipt_status, received_date, {day} AS receipt_date
FROM numbered
WHERE version = 1 AND {is_there}",
            versions = versions(site, stream, "receipt_id", BY_LOAD, only),
            status = sql.trimmed_upper("receipt_status"),
            day = sql.day(&site.local("received_date")),
            is_there = site.is_there(stream),
        ))
        .columns([
            int64("receipt_id", "The receipt."),
            int64("order_id", "Its order."),
            int64("item_id", "Its item."),
            int64("location_id", "Where to."),
            decimal("valid_quantity", 15, 3, "The quantity where it is valid, else NULL, in the item's unit."),
            text("receipt_status", "The status, trimmed and in upper case."),
            site.moment("received_date", "When it was received."),
            date("receipt_date", "The day it was received, by the warehouse's clocks."),
        ])
        .index(["item_id"])
        .statistics()
        .fresh(hours(24), hours(48));
    model
        .test(not_null(["receipt_id"]))
        .test(unique(["receipt_id"]).says("Two versions of a receipt got through."))
        .test(holds("a_valid_quantity_is_above_zero", "valid_quantity IS NULL OR valid_quantity > 0"))
        .unit_test(
            UnitTest::new("the latest version counts, cleaned")
                .given(
                    stream,
                    rows! {
                        receipt_id, quantity_received, receipt_status, received_date, wms_loaded_at;
                        1, 5, "NEW", "2026-06-05 10:00:00.000000", "2026-06-05 11:00:00.000000";
                        1, 0, " received ", "2026-06-05 10:00:00.000000", "2026-06-05 12:00:00.000000";
                    },
                )
                .expect(rows! {
                    receipt_id, valid_quantity, receipt_status, receipt_date; 1, NULL, "RECEIVED", "2026-06-05";
                }),
        )
}
