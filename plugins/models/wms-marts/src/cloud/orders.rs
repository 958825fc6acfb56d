//! `stg_cloud_order_dtl` and `stg_cloud_order_hdr`: orders and their lines in the warehouse's words.

use super::words::Words;
use crate::site::Site;
use wmshost_plugin::models::{Model, NULL, UnitTest, columns::*};
use wmshost_plugin::rows;

/// The streams that headers read.
pub(crate) const READS: [&str; 3] = ["order_hdr", "order_status", "order_type"];

/// The lookups of an order `h`.
const LOOKUPS: &str = "LEFT JOIN {order_status} status ON status.id = h.status_id
  LEFT JOIN {order_type} kind ON kind.id = h.order_type_id";

pub(super) fn lines(site: &Site) -> Model {
    let sql = site.sql;
    let (quantity, price) = (sql.number("d.ord_qty"), sql.number("d.sale_price"));
    Model::staging("stg_cloud_order_dtl")
        .summary("WMS Cloud's order lines in the warehouse's words. The total is quantity times price.")
        .reads(["order_dtl"])
        .sql(format!(
            "SELECT d.id AS order_detail_id, d.order_id AS order_id, d.item_id AS item_id, {quantity} AS quantity_ordered,
  {price} AS unit_price, ROUND({quantity} * {price}, 2) AS line_total, d.mod_ts AS last_updated,
  d.wms_loaded_at AS wms_loaded_at{deleted}
FROM {{order_dtl}} d",
            deleted = site.deleted_at("order_dtl", "d"),
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
        .columns(site.own_columns("order_dtl"))
        .unit_test(
            UnitTest::new("a line's total is quantity times price")
                .given("order_dtl", rows! { id, order_id, ord_qty, sale_price; 1, 7, 3, 2.5; 2, 7, 3, NULL })
                .expect(rows! { order_detail_id, order_id, line_total; 1, 7, 7.5; 2, 7, NULL }),
        )
}

pub(super) fn headers(site: &Site, words: &Words) -> Model {
    Model::staging("stg_cloud_order_hdr")
        .summary(
            "WMS Cloud's orders in the warehouse's words: status and type by the lookups, the amount is that of the lines. \
             There is no address.",
        )
        .reads(READS.into_iter().chain(["stg_wms_order_lines"]))
        .sql(statement(site, words))
        .columns([
            int64("order_id", "The order."),
            int64("customer_id", "The customer's number; NULL where it is not made of digits."),
            site.moment("order_date", "The start of the day when it was ordered, by the warehouse's clocks."),
            text("order_status_clean", "The word for its status."),
            decimal("total_amount", 15, 2, "The amount of its lines; 0 without any."),
            site.moment("requested_ship_date", "The start of the day when it is to be shipped."),
            site.moment("requested_ship_date_clean", "The same, or 7 days after its date."),
            text("order_type", "The word for its type."),
            text("priority_code", "The word for its priority."),
            int64("ship_to_address_id", "NULL: WMS Cloud has the address as texts."),
            site.moment("last_updated", "When it last changed."),
            text("order_type_clean", "The type, or STANDARD."),
            text("priority_code_clean", "The priority, or NORMAL."),
            int64("priority_rank", "URGENT 1, HIGH 2, NORMAL 3, another 4."),
            text("status_group", "Open, Processing, Completed, Cancelled or Unknown."),
            text("order_size_category", "Small, Medium, Large or Enterprise."),
            boolean("has_invalid_amount", "Whether the amount is below zero."),
            boolean("has_invalid_status", "Whether the status is none of the five."),
        ])
        .columns(site.own_columns("order_hdr"))
        .unit_test(
            UnitTest::new("an order has the words of its lookups and the amount of its lines")
                .given("order_hdr", rows! {
                    id, cust_nbr, ord_date, status_id, order_type_id, priority;
                    1, "300", "2026-06-01", 25, 2, 987_654;
                    2, "C300", NULL, 77, NULL, NULL;
                })
                .given("order_status", rows! { id, description; 25, "zz odd" })
                .given("order_type", rows! { id, code; 2, "zz kind" })
                .given("stg_wms_order_lines", rows! { order_id, line_total; 1, 60.5; 1, 60 })
                .expect(rows! {
                    order_id, customer_id, order_status_clean, status_group, order_type_clean, priority_code_clean,
                    priority_rank, total_amount, order_size_category, has_invalid_status;
                    1, 300, "ZZ ODD", "Unknown", "ZZ KIND", "987654", 4, 120.5, "Medium", 1;
                    2, NULL, "77", "Unknown", "STANDARD", "NORMAL", 3, 0, "Small", 1;
                }),
        )
}

/// The SELECT of headers.
fn statement(site: &Site, words: &Words) -> String {
    let sql = site.sql;
    let status = words.status(sql, "order_status", "h.status_id", "status");
    let (ordered, requested) = (site.start_of_day("h.ord_date"), site.start_of_day("h.req_ship_date"));
    let usual = site.start_of_day(&sql.plus_days("h.ord_date", 7));
    let known = "('NEW', 'CONFIRMED', 'IN_PROGRESS', 'COMPLETED', 'CANCELLED')";
    let invalid_status = format!("order_status_clean IS NULL OR order_status_clean NOT IN {known}");
    format!(
        "SELECT joined.*, COALESCE(order_type, 'STANDARD') AS order_type_clean,
  COALESCE(priority_code, 'NORMAL') AS priority_code_clean,
  CASE COALESCE(priority_code, 'NORMAL') WHEN 'URGENT' THEN 1 WHEN 'HIGH' THEN 2 WHEN 'NORMAL' THEN 3 ELSE 4 END
    AS priority_rank,
  CASE order_status_clean WHEN 'NEW' THEN 'Open' WHEN 'CONFIRMED' THEN 'Open' WHEN 'IN_PROGRESS' THEN 'Processing'
    WHEN 'COMPLETED' THEN 'Completed' WHEN 'CANCELLED' THEN 'Cancelled' ELSE 'Unknown' END AS status_group,
  CASE WHEN total_amount < 100 THEN 'Small' WHEN total_amount < 1000 THEN 'Medium' WHEN total_amount < 10000 THEN 'Large'
    ELSE 'Enterprise' END AS order_size_category,
  {amount_flag} AS has_invalid_amount, {status_flag} AS has_invalid_status
FROM (
  SELECT h.id AS order_id, {customer} AS customer_id, {ordered} AS order_date, {status} AS order_status_clean,
    (SELECT COALESCE(SUM(lines.line_total), 0) FROM {{stg_wms_order_lines}} lines WHERE lines.order_id = h.id)
      AS total_amount,
    {requested} AS requested_ship_date, COALESCE({requested}, {usual}) AS requested_ship_date_clean,
    {kind} AS order_type, {priority} AS priority_code, {nowhere} AS ship_to_address_id, h.mod_ts AS last_updated,
    h.wms_loaded_at AS wms_loaded_at{deleted}
  FROM {{order_hdr}} h
  {LOOKUPS}
) joined",
        amount_flag = sql.flag("total_amount < 0"),
        status_flag = sql.flag(&invalid_status),
        customer = site.digits("h.cust_nbr"),
        kind = kind(site, words),
        priority = words.word(sql, "priority", &sql.as_text("h.priority")),
        nowhere = sql.whole("NULL"),
        deleted = site.deleted_at("order_hdr", "h"),
    )
}

/// The word for an order's type.
fn kind(site: &Site, words: &Words) -> String {
    let sql = site.sql;
    let named = format!("COALESCE({}, {})", sql.trimmed("kind.code"), sql.trimmed("kind.description"));
    words.word(sql, "order_type", &named)
}

/// The orders whose lookups have other words than those that were built, as a part of `changes`.
pub(crate) fn changes(site: &Site, words: &Words) -> String {
    format!(
        "SELECT built.order_id
FROM {{this}} built JOIN {{order_hdr}} h ON h.id = built.order_id
  {LOOKUPS}
WHERE COALESCE(built.order_status, '~') <> COALESCE({status}, '~')
  OR built.order_type <> COALESCE({kind}, 'STANDARD')",
        status = words.status(site.sql, "order_status", "h.status_id", "status"),
        kind = kind(site, words),
    )
}
