//! `stg_wms_order_lines`: one row per order line.

use super::{BY_CHANGE, changed_keys, versions};
use crate::site::Site;
use wmshost_plugin::models::{Model, UnitTest, at_least, columns::*, not_null, unique};
use wmshost_plugin::rows;

pub(super) fn model(site: &Site) -> Model {
    let sql = site.sql;
    let only = "\n  {when incremental} WHERE order_detail_id IN (SELECT order_detail_id FROM {changes}) {end}";
    Model::staging("stg_wms_order_lines")
        .summary("Order lines, the latest version of each. A table, because several models read them; it follows the changes.")
        .reads(reads(site))
        .replaced_by(["order_detail_id"], changed_keys(site, "order_dtl", "order_detail_id"))
        .sql(format!(
            "WITH numbered AS (
  {versions}
)
SELECT order_detail_id, order_id, item_id, {quantity} AS quantity_ordered, {price} AS unit_price,
  {total} AS line_total, last_updated
FROM numbered
WHERE version = 1 AND {is_there}",
            versions = versions(site, "order_dtl", "order_detail_id", BY_CHANGE, only),
            quantity = sql.number("quantity_ordered"),
            price = sql.number("unit_price"),
            total = sql.number("line_total"),
            is_there = site.is_there("order_dtl"),
        ))
        .columns([
            int64("order_detail_id", "The line."),
            int64("order_id", "Its order."),
            int64("item_id", "Its item."),
            decimal("quantity_ordered", 15, 3, "The quantity, in the item's unit."),
            decimal("unit_price", 15, 2, "The price of one."),
            decimal("line_total", 15, 2, "The price of all."),
            site.moment("last_updated", "When it last changed."),
        ])
        .index(["order_id", "item_id"])
        .index(["item_id"])
        .statistics()
        .test(not_null(["order_detail_id"]))
        .test(unique(["order_detail_id"]).says("Two versions of a line got through."))
        .test(at_least("unit_price", 0).warns())
        .unit_test(
            UnitTest::new("the latest version counts")
                .given(
                    site.rows("order_dtl"),
                    rows! {
                        order_detail_id, order_id, quantity_ordered, last_updated;
                        1, 7, 2, "2026-06-05 10:00:00.000000";
                        1, 7, 3, "2026-06-05 10:00:00.000001";
                    },
                )
                .expect(rows! { order_detail_id, order_id, quantity_ordered; 1, 7, 3 }),
        )
}

fn reads(site: &Site) -> Vec<&'static str> {
    match site.cloud {
        None => vec!["order_dtl"],
        Some(_) => vec![site.rows("order_dtl"), "order_dtl"],
    }
}
