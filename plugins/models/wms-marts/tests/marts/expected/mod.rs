//! The expected rows of the models, computed in plain Rust from the raw rows: no SQL, no transform, no model.
//!
//! | module | models |
//! |---|---|
//! | `arithmetic` | means, percentiles, shares, words for numbers |
//! | `allocations` | `stg_wms_allocation` |
//! | `orders` | `stg_wms_order_lines`, `stg_wms_order_headers`, `stg_wms_orders` |
//! | `masters` | `stg_wms_items`, `stg_wms_locations` |
//! | `performance` | `int_location_performance`, `int_user_*`, `int_allocation_performance` |
//! | `movements` | `stg_wms_receipts`, `int_inventory_movements`, `int_item_*`, `fact_inventory_movement` |
//! | `dimension` | `dim_items` |
//! | `facts` | `fact_allocation_performance`, `kpi_daily` |

mod allocations;
mod arithmetic;
mod dimension;
mod facts;
mod masters;
mod movements;
mod orders;
mod performance;

use std::cmp::Reverse;
use std::collections::BTreeMap;

use crate::cell::Row;
use crate::moment::{DAY, SECOND, moment_text};
use crate::warehouse::{CLOCKS_CHANGE, Mark, Terms, Warehouse};

/// A row from columns and values.
macro_rules! row {
    ($($name:ident: $value:expr),+ $(,)?) => {
        crate::cell::Row::from([$((stringify!($name).to_owned(), crate::cell::IntoCell::cell($value))),+])
    };
}
pub(crate) use row;

/// The key columns of a model, and its rows.
pub(crate) fn rows(model: &str, warehouse: &Warehouse) -> (&'static [&'static str], Vec<Row>) {
    let terms = &warehouse.terms;
    match model {
        "stg_wms_allocation" => (&["allocation_id"], allocations::rows(warehouse)),
        "stg_wms_order_lines" => (&["order_detail_id"], orders::line_rows(warehouse)),
        "stg_wms_order_headers" => (&["order_id"], orders::header_rows(warehouse)),
        "stg_wms_receipts" => (&["receipt_id"], movements::receipt_rows(warehouse)),
        "stg_wms_orders" => (&["order_id"], orders::rows(warehouse)),
        "stg_wms_items" => (&["item_id"], masters::item_rows(warehouse)),
        "stg_wms_locations" => (&["location_id"], masters::location_rows(warehouse)),
        "int_location_performance" => (&["location_id"], performance::location_rows(warehouse)),
        "int_user_days" => (&["allocated_by_user", "allocation_date"], performance::user_day_rows(warehouse)),
        "int_user_times" => (&["allocated_by_user", "processing_minute"], performance::user_time_rows(warehouse)),
        "int_user_performance" => (&["allocated_by_user"], performance::user_rows(warehouse)),
        "int_allocation_performance" => (&["allocation_id"], performance::allocation_rows(warehouse)),
        "int_inventory_movements" => (&["movement_key"], movements::own_rows(warehouse)),
        "int_item_quantities" => (&["item_id", "movement_type", "quantity"], movements::quantity_rows(warehouse)),
        "int_item_spread" => (&["item_id", "movement_type"], movements::spread_rows(warehouse)),
        "int_item_turnover" => (&["item_id"], movements::turnover_rows(warehouse)),
        "fact_inventory_movement" => (&["movement_key"], movements::rows(warehouse)),
        "dim_items" => (&["item_id"], dimension::rows(warehouse)),
        "fact_allocation_performance" => (&["performance_key"], facts::rows(warehouse)),
        "kpi_daily" => (&["allocation_date"], facts::kpi_rows(warehouse)),
        other => panic!("nothing is expected of {other} under {terms:?}"),
    }
}

/// The latest version of each key: by the change key, then by the load time.
fn latest<T>(
    rows: &[T],
    key: impl Fn(&T) -> i64,
    changed: impl Fn(&T) -> Option<i64>,
    mark: impl Fn(&T) -> Mark,
) -> Vec<&T> {
    let mut by_key: BTreeMap<i64, Vec<&T>> = BTreeMap::new();
    rows.iter().for_each(|row| by_key.entry(key(row)).or_default().push(row));
    let newest = |versions: Vec<&T>| -> usize {
        (0..versions.len())
            .min_by_key(|at| {
                let version = versions[*at];
                (changed(version).is_none(), Reverse(changed(version)), Reverse(mark(version).loaded))
            })
            .expect("a version")
    };
    let found = by_key.into_values().map(|versions| (newest(versions.clone()), versions));
    found.map(|(at, versions)| versions[at]).collect()
}

/// A time in the warehouse's local time.
fn local(terms: &Terms, moment: i64) -> i64 {
    match terms.zoned {
        false => moment,
        true if moment < CLOCKS_CHANGE => moment - 2 * 3_600 * SECOND,
        true => moment - 3 * 3_600 * SECOND,
    }
}

fn local_day(terms: &Terms, moment: i64) -> i64 {
    local(terms, moment).div_euclid(DAY)
}

/// A time as the tables have it.
fn shown(terms: &Terms, moment: Option<i64>) -> Option<String> {
    moment.map(|moment| moment_text(moment) + if terms.zoned { "Z" } else { "" })
}

/// True if a day is today or one of the 90 before.
fn is_recent(terms: &Terms, day: i64) -> bool {
    (0..=90).contains(&(terms.today - day))
}

/// The text without blanks around it, `None` where nothing is left.
fn clean(text: Option<&str>) -> Option<String> {
    text.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
}

fn upper(text: Option<&str>) -> Option<String> {
    clean(text).map(|text| text.to_uppercase())
}

fn or(text: Option<String>, otherwise: &str) -> String {
    text.unwrap_or_else(|| otherwise.to_owned())
}
