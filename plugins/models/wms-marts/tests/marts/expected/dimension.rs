//! `dim_items`.

use std::collections::{BTreeMap, BTreeSet};

use super::arithmetic::{grade, mean, percent};
use super::{allocations, is_recent, local_day, masters, movements, orders, row, shown};
use crate::cell::{Cell, IntoCell, Row};
use crate::warehouse::Warehouse;

pub(super) fn rows(warehouse: &Warehouse) -> Vec<Row> {
    let masters: BTreeMap<i64, Row> =
        masters::items(warehouse).into_iter().map(|item| (item.id, masters::item(item))).collect();
    let allocated = allocations::all(warehouse);
    let lines = orders::lines(warehouse).into_iter().filter_map(|line| line.item);
    let is_ordered = |item: &i64| matches!(ordered(warehouse, *item, &Cell::Null)["orders_count"], Cell::Number(count) if count > 0.0);
    let known: BTreeSet<i64> =
        (masters.keys().copied()).chain(movements::items(warehouse)).chain(lines.filter(is_ordered)).collect();
    let row = |item: i64| {
        let mut row = of_master(masters.get(&item));
        row.insert("item_id".to_owned(), item.cell());
        row.insert("item_key".to_owned(), item.to_string().cell());
        row.extend(ordered(warehouse, item, &row["standard_cost"]));
        row.extend(allocated_lately(warehouse, item, &allocated));
        row
    };
    known.into_iter().map(row).collect()
}

fn of_master(master: Option<&Row>) -> Row {
    let value = |column: &str, otherwise: Cell| master.map_or(otherwise, |master| master[column].clone());
    let unknown = |column: &str| value(column, "UNKNOWN".cell());
    let flag = |column: &str| value(column, false.cell());
    row! {
        item_code: value("item_code", Cell::Null),
        item_description: value("item_description", Cell::Null),
        item_category: unknown("item_category"),
        unit_of_measure: value("unit_of_measure", Cell::Null),
        standard_cost: value("standard_cost", Cell::Null),
        is_active: flag("is_active"),
        is_deleted: flag("is_deleted"),
        is_in_master: master.is_some(),
        storage_type: unknown("storage_type"),
        is_perishable: value("is_perishable", Cell::Null),
        is_hazmat: value("is_hazmat", Cell::Null),
        size_category: unknown("size_category"),
        value_category: unknown("value_category"),
        handling_classification: unknown("handling_classification"),
    }
}

fn ordered(warehouse: &Warehouse, item: i64, standard_cost: &Cell) -> Row {
    let terms = &warehouse.terms;
    let orders = orders::orders(warehouse);
    let date_of = |id: i64| orders.iter().find(|order| order.id == id).and_then(|order| order.date);
    let lines = orders::lines(warehouse).into_iter().filter(|line| line.item == Some(item));
    let recent: Vec<_> = lines
        .filter_map(|line| Some((line, line.order?, date_of(line.order?)?)))
        .filter(|(_, _, date)| is_recent(terms, local_day(terms, *date)))
        .collect();
    let prices: Vec<f64> =
        recent.iter().filter_map(|(line, ..)| line.price).map(|price| price as f64 / 100.0).collect();
    let count = recent.iter().map(|(_, order, _)| order).collect::<BTreeSet<_>>().len();
    let last = recent.iter().map(|(_, _, date)| *date).max();
    let days = last.map(|last| terms.today - local_day(terms, last));
    row! {
        orders_count: count,
        total_quantity_ordered: recent.iter().filter_map(|(line, ..)| line.quantity).sum::<i64>() as f64 / 1_000.0,
        avg_unit_price: mean(&prices).map_or(standard_cost.clone(), IntoCell::cell),
        last_order_date: shown(terms, last),
        days_since_last_order: days,
        volume_category: match count {
            30.. => "High",
            10.. => "Medium",
            1.. => "Low",
            0 => "No Activity",
        },
        velocity_category: match days {
            Some(..=7) => "Fast Moving",
            Some(..=30) => "Regular Moving",
            Some(..=90) => "Slow Moving",
            _ => "Dormant",
        },
    }
}

fn allocated_lately(warehouse: &Warehouse, item: i64, allocated: &[allocations::Judged<'_>]) -> Row {
    let is_lately = |row: &&allocations::Judged<'_>| {
        row.raw.item == Some(item) && row.day.is_some_and(|day| is_recent(&warehouse.terms, day))
    };
    let recent: Vec<_> = allocated.iter().filter(is_lately).collect();
    let shipped: Vec<_> = recent.iter().filter(|row| row.is_shipped()).collect();
    let rate = percent(shipped.len(), recent.len());
    row! {
        allocations_count: recent.len(),
        total_quantity_allocated: recent.iter().filter_map(|row| row.quantity).sum::<f64>(),
        shipped_allocations_count: shipped.len(),
        avg_fulfillment_time_seconds: mean(&shipped.iter().filter_map(|row| row.seconds).collect::<Vec<_>>()),
        fulfillment_rate_pct: rate,
        fulfillment_performance: rate.map(|rate| grade(rate, [95.0, 85.0, 70.0])),
    }
}
