//! `stg_cloud_allocation`: allocations in the warehouse's words.

use super::words::Words;
use crate::site::Site;
use wmshost_plugin::models::{Model, NULL, UnitTest, columns::*};
use wmshost_plugin::rows;

/// The rows that an allocation `a` refers to.
const REFERENCES: &str = "LEFT JOIN {order_dtl} line ON line.id = a.order_dtl_id
  LEFT JOIN {order_hdr} header ON header.id = line.order_id
  LEFT JOIN {inventory} stock ON stock.id = a.from_inventory_id
  LEFT JOIN {allocation_status} status ON status.id = a.status_id";

/// The streams that it reads.
pub(crate) const READS: [&str; 5] = ["allocation", "order_dtl", "order_hdr", "inventory", "allocation_status"];

pub(super) fn model(site: &Site, words: &Words) -> Model {
    let model = Model::staging("stg_cloud_allocation")
        .summary(
            "WMS Cloud's allocations in the warehouse's words: order and item by the order line, location by the inventory \
             that it is taken from, priority by the order, status by the lookup.",
        )
        .reads(READS)
        .sql(statement(site, words))
        .columns([
            int64("allocation_id", "The allocation."),
            int64("order_id", "The order of its line."),
            int64("item_id", "The item of its line."),
            int64("location_id", "The location of its inventory."),
            decimal("quantity_allocated", 15, 3, "The quantity, in the item's unit."),
            text("allocation_status_clean", "The word for its status."),
            text("allocated_by_user_clean", "Who made it, or SYSTEM."),
            int64("priority_level", "The priority of its order."),
            site.moment("created_date", "When it was made."),
            site.moment("last_updated", "When it last changed."),
            text("status_group", "Active, Fulfilled or Unknown."),
            int64("priority_level_clean", "The priority, or 1."),
            boolean("has_invalid_quantity", "Whether the quantity is NULL, zero or less."),
            boolean("has_invalid_status", "Whether the status is none of the four."),
            text("data_quality_score", "Excellent, Good or Poor."),
        ])
        .columns(site.own_columns("allocation"));
    model.unit_test(
        UnitTest::new("an allocation has the words of the rows that it refers to")
            .given("allocation", rows! {
                id, order_dtl_id, from_inventory_id, alloc_qty, status_id, create_user;
                1, 11, 21, 5, 50, " OPERATOR01 ";
                2, 12, 22, 0, 99, "";
                3, 13, NULL, 7, 77, NULL;
            })
            .given("order_dtl", rows! { id, order_id, item_id; 11, 31, 41; 12, 32, 42 })
            .given("order_hdr", rows! { id, priority; 31, 4; 32, NULL })
            .given("inventory", rows! { id, location_id; 21, 51; 22, 52 })
            .given("allocation_status", rows! { id, description; 50, " zz odd "; 99, "" })
            .expect(rows! {
                allocation_id, order_id, item_id, location_id, allocation_status_clean, status_group,
                allocated_by_user_clean, priority_level_clean, has_invalid_quantity, has_invalid_status, data_quality_score;
                1, 31, 41, 51, "ZZ ODD", "Unknown", "OPERATOR01", 4, 0, 1, "Poor";
                2, 32, 42, 52, NULL, "Unknown", "SYSTEM", 1, 1, 1, "Poor";
                3, NULL, NULL, NULL, "77", "Unknown", "SYSTEM", 1, 0, 1, "Poor";
            }),
    )
}

/// The SELECT of the model.
fn statement(site: &Site, words: &Words) -> String {
    let sql = site.sql;
    let groups = "CASE WHEN allocation_status_clean IN ('ALLOCATED', 'RESERVED') THEN 'Active' \
        WHEN allocation_status_clean IN ('PICKED', 'SHIPPED') THEN 'Fulfilled' ELSE 'Unknown' END";
    let invalid_status = "allocation_status_clean IS NULL OR \
        allocation_status_clean NOT IN ('ALLOCATED', 'RESERVED', 'PICKED', 'SHIPPED')";
    let invalid_quantity = "quantity_allocated IS NULL OR quantity_allocated <= 0";
    let incomplete = "order_id IS NULL OR item_id IS NULL OR location_id IS NULL OR priority_level IS NULL \
        OR created_date IS NULL OR last_updated IS NULL";
    format!(
        "SELECT joined.*, {groups} AS status_group, COALESCE(priority_level, 1) AS priority_level_clean,
  {quantity_flag} AS has_invalid_quantity, {status_flag} AS has_invalid_status,
  CASE WHEN {invalid_status} OR {invalid_quantity} THEN 'Poor' WHEN {incomplete} THEN 'Good' ELSE 'Excellent' END
    AS data_quality_score
FROM (
  SELECT a.id AS allocation_id, line.order_id AS order_id, line.item_id AS item_id, stock.location_id AS location_id,
    {quantity} AS quantity_allocated, {status} AS allocation_status_clean,
    COALESCE({user}, 'SYSTEM') AS allocated_by_user_clean, header.priority AS priority_level,
    a.create_ts AS created_date, a.mod_ts AS last_updated, a.wms_loaded_at AS wms_loaded_at{deleted}
  FROM {{allocation}} a
  {REFERENCES}
) joined",
        quantity_flag = sql.flag(invalid_quantity),
        status_flag = sql.flag(invalid_status),
        quantity = sql.number("a.alloc_qty"),
        status = words.status(sql, "allocation_status", "a.status_id", "status"),
        user = sql.trimmed("a.create_user"),
        deleted = site.deleted_at("allocation", "a"),
    )
}

/// The allocations that refer to other values than those that were built, as a part of `changes`. The rows that they refer
/// to are compared and not followed: a lookup that is loaded again, and a line that is deleted, are no changes by time.
pub(crate) fn changes(site: &Site, words: &Words) -> String {
    let sql = site.sql;
    let differs = |built: &str, found: &str| format!("COALESCE(built.{built}, -1) <> COALESCE({found}, -1)");
    format!(
        "SELECT built.allocation_id
FROM {{this}} built JOIN {{allocation}} a ON a.id = built.allocation_id
  {REFERENCES}
WHERE {order} OR {item} OR {location} OR built.priority_level <> COALESCE(header.priority, 1)
  OR COALESCE(built.allocation_status, '~') <> COALESCE({status}, '~')",
        order = differs("order_id", "line.order_id"),
        item = differs("item_id", "line.item_id"),
        location = differs("location_id", "stock.location_id"),
        status = words.status(sql, "allocation_status", "a.status_id", "status"),
    )
}
