//! `stg_wms_order_lines`, `stg_wms_order_headers` and `stg_wms_orders`.

use std::collections::BTreeSet;

use super::arithmetic::{mean, scaled};
use super::{clean, latest, local_day, or, row, shown, upper};
use crate::cell::Row;
use crate::moment::DAY;
use crate::warehouse::{Line, Order, Warehouse};

/// The lines that are not deleted, the latest version of each.
pub(super) fn lines(warehouse: &Warehouse) -> Vec<&Line> {
    let rows = latest(&warehouse.lines, |row| row.id, |row| row.updated, |row| row.mark);
    rows.into_iter().filter(|row| !row.mark.deleted).collect()
}

/// The orders that are not deleted, the latest version of each.
pub(super) fn orders(warehouse: &Warehouse) -> Vec<&Order> {
    let rows = latest(&warehouse.orders, |row| row.id, |row| row.updated, |row| row.mark);
    rows.into_iter().filter(|row| !row.mark.deleted).collect()
}

pub(super) fn line_rows(warehouse: &Warehouse) -> Vec<Row> {
    let line = |line: &Line| {
        row! {
            order_detail_id: line.id,
            order_id: line.order,
            item_id: line.item,
            quantity_ordered: scaled(line.quantity, 3),
            unit_price: scaled(line.price, 2),
            line_total: scaled(line.total, 2),
            last_updated: shown(&warehouse.terms, line.updated),
        }
    };
    lines(warehouse).into_iter().map(line).collect()
}

/// The orders without their age.
pub(super) fn header_rows(warehouse: &Warehouse) -> Vec<Row> {
    let mut rows = rows(warehouse);
    rows.iter_mut().for_each(|row| drop(row.remove("days_since_order")));
    rows
}

pub(super) fn rows(warehouse: &Warehouse) -> Vec<Row> {
    let lines = lines(warehouse);
    let own = |order: &Order| lines.iter().copied().filter(|line| line.order == Some(order.id)).collect::<Vec<_>>();
    orders(warehouse).into_iter().map(|order| columns(warehouse, order, &own(order))).collect()
}

fn columns(warehouse: &Warehouse, order: &Order, lines: &[&Line]) -> Row {
    let terms = &warehouse.terms;
    let status = upper(order.status);
    let group = match status.as_deref() {
        Some("NEW" | "CONFIRMED") => "Open",
        Some("IN_PROGRESS") => "Processing",
        Some("COMPLETED") => "Completed",
        Some("CANCELLED") => "Cancelled",
        _ => "Unknown",
    };
    let priority = or(upper(order.priority), "NORMAL");
    let rank = ["URGENT", "HIGH", "NORMAL"].iter().position(|known| *known == priority).map_or(4, |at| at + 1);
    let size = match order.amount {
        None => "UNKNOWN",
        Some(..10_000) => "Small",
        Some(..100_000) => "Medium",
        Some(..1_000_000) => "Large",
        Some(_) => "Enterprise",
    };
    let calculated: i64 = lines.iter().filter_map(|line| line.total).sum();
    let prices: Vec<i64> = lines.iter().filter_map(|line| line.price).collect();
    let invalid_amount = order.amount.is_none_or(|amount| amount < 0);
    let variance = order.amount.is_none_or(|amount| (amount - calculated).abs() > 1);
    let numbers = [order.customer, order.date, order.requested, order.address, order.updated];
    let complete = !numbers.contains(&None) && clean(order.kind).is_some() && clean(order.priority).is_some();
    let items: BTreeSet<i64> = lines.iter().filter_map(|line| line.item).collect();
    let price = |cents: Option<i64>| scaled(cents, 2).unwrap_or(0.0);
    row! {
        order_id: order.id,
        customer_id: order.customer,
        order_date: shown(terms, order.date),
        order_status: status,
        status_group: group,
        total_amount: scaled(order.amount, 2),
        requested_ship_date: shown(terms, order.requested.or(order.date.map(|date| date + 7 * DAY))),
        order_type: or(upper(order.kind), "STANDARD"),
        priority_code: priority,
        priority_rank: rank,
        ship_to_address_id: order.address,
        last_updated: shown(terms, order.updated),
        days_since_order: order.date.map(|date| terms.today - local_day(terms, date)),
        line_count: lines.len(),
        total_quantity_ordered: scaled(Some(lines.iter().filter_map(|line| line.quantity).sum()), 3),
        calculated_total_amount: scaled(Some(calculated), 2),
        avg_unit_price: mean(&prices.iter().map(|price| *price as f64 / 100.0).collect::<Vec<_>>()).unwrap_or(0.0),
        min_unit_price: price(prices.iter().min().copied()),
        max_unit_price: price(prices.iter().max().copied()),
        unique_item_count: items.len(),
        order_size_category: size,
        has_invalid_amount: invalid_amount,
        has_invalid_status: group == "Unknown",
        has_amount_variance: variance,
        has_no_lines: lines.is_empty(),
        data_quality_score: if invalid_amount || group == "Unknown" || variance || lines.is_empty() {
            "Poor"
        } else if complete {
            "Excellent"
        } else {
            "Good"
        },
    }
}
