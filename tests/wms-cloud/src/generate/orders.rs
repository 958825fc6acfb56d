//! Orders, their lines, waves and loads.

use anyhow::Result;
use rusqlite::Connection;

use super::lookups::{ORDER_TYPES, id_of};
use super::{COMPANY, MAIN_FACILITY, decimal, each, instant, local_date};
use crate::store::{Builder, Tables};
use crate::value::{HOUR, Value};

/// Orders of one wave, and waves of one load.
const WAVE: i64 = 50;
const LOAD: i64 = 4;
/// The priorities of orders by the sample warehouse's words.
const PRIORITIES: [(&str, i64); 4] = [("LOW", 1), ("NORMAL", 2), ("HIGH", 4), ("URGENT", 5)];

/// The wave of an order.
pub(super) fn wave_of(order: i64) -> i64 {
    order / WAVE
}

pub(super) fn fill(tables: &mut Tables, sample: &Connection) -> Result<()> {
    each(sample, "SELECT * FROM order_hdr ORDER BY order_id", |order| {
        let id: i64 = order.get("order_id")?;
        let ordered = instant(order, "order_date")?.unwrap_or_default();
        let changed = instant(order, "last_updated")?.map_or(Value::Null, Value::Instant);
        let status: Option<String> = order.get("order_status")?;
        let kind: Option<String> = order.get("order_type")?;
        let priority: Option<String> = order.get("priority_code")?;
        let priority = PRIORITIES.iter().find(|(word, _)| Some(*word) == priority.as_deref());
        let number = format!("SO{id}");
        let row = Builder::new("order_hdr", id, number.clone())
            .text("order_nbr", number)
            .text("cust_nbr", order.get::<_, i64>("customer_id")?.to_string())
            .text("cust_name", format!("Customer {}", order.get::<_, i64>("customer_id")?))
            .text("currency_code", "BRL")
            .set("ord_date", local_date(ordered))
            .set("req_ship_date", instant(order, "requested_ship_date")?.map_or(Value::Null, local_date))
            .set("status_id", status_id(status.as_deref(), id))
            .set("order_type_id", id_of(&ORDER_TYPES, kind.as_deref()).map_or(Value::Null, Value::Relation))
            .set("priority", priority.map_or(Value::Null, |(_, level)| Value::Integer(*level)));
        tables.of_mut("order_hdr").insert(row.who(ordered, "IMPORT", changed).done());
        wave(tables, id, ordered);
        Ok(())
    })?;
    lines(tables, sample)
}

/// A status as its id. Those that the sample warehouse calls unknown have an id without a row in the lookup.
fn status_id(status: Option<&str>, order: i64) -> Value {
    let Some(status) = status else { return Value::Null };
    Value::Integer(match status.trim().to_uppercase().as_str() {
        "NEW" => 0,
        "CONFIRMED" => [10, 20][order as usize % 2],
        "IN_PROGRESS" => [25, 27, 30, 40, 50][order as usize % 5],
        "COMPLETED" => 90,
        "CANCELLED" => 99,
        _ => 77,
    })
}

fn wave(tables: &mut Tables, order: i64, ordered: i64) {
    let id = wave_of(order);
    if tables.of("wave").get(id).is_some() {
        return;
    }
    let number = format!("W{id}");
    let row = Builder::new("wave", id, number.clone()).text("run_nbr", number).relation("facility_id", MAIN_FACILITY);
    let row = row.set("status_id", Value::Integer(90)).facility(MAIN_FACILITY);
    tables.of_mut("wave").insert(row.who(ordered, "PLANNER", Value::Instant(ordered + HOUR)).done());
    let load = id / LOAD;
    let number = format!("LD{load}");
    let row =
        Builder::new("load", load, number.clone()).text("load_nbr", number).relation("facility_id", MAIN_FACILITY);
    let row = row.relation("company_id", COMPANY).set("status_id", Value::Integer(90)).facility(MAIN_FACILITY);
    tables.of_mut("load").insert(row.who(ordered, "PLANNER", Value::Instant(ordered + 9 * HOUR)).done());
}

fn lines(tables: &mut Tables, sample: &Connection) -> Result<()> {
    let query = "SELECT *, CAST(quantity_ordered AS TEXT) quantity, CAST(unit_price AS TEXT) price FROM order_dtl \
        ORDER BY order_detail_id";
    let (mut last, mut sequence) = (0, 0);
    each(sample, query, |line| {
        let (id, order): (i64, i64) = (line.get("order_detail_id")?, line.get("order_id")?);
        sequence = if order == last { sequence + 1 } else { 1 };
        last = order;
        let item: i64 = line.get("item_id")?;
        let header = tables.of("order_hdr");
        let created = match header.value(order, "create_ts") {
            Value::Instant(created) => created,
            _ => 0,
        };
        let changed = instant(line, "last_updated")?.map_or(Value::Null, Value::Instant);
        let row = Builder::new("order_dtl", id, format!("SO{order},{sequence}"))
            .relation("order_id", order)
            .relation("item_id", item)
            .set("seq_nbr", Value::Integer(sequence))
            .set("order_dtl_original_seq_nbr", Value::Integer(sequence))
            .set("ord_qty", decimal(line, "quantity")?)
            .set("orig_ord_qty", decimal(line, "quantity")?)
            .set("sale_price", decimal(line, "price")?)
            .set("uom_id", tables.of("item").value(item, "primary_uom_id"))
            .set("status_id", header.value(order, "status_id"));
        tables.of_mut("order_dtl").insert(row.who(created, "IMPORT", changed).done());
        Ok(())
    })
}
