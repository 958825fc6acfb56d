//! Inventory, containers, allocations, tasks and the history of inventory.

use std::collections::HashMap;

use anyhow::Result;
use rusqlite::Connection;

use super::orders::wave_of;
use super::{COMPANY, MAIN_FACILITY, decimal, each, instant};
use crate::store::{Builder, Tables};
use crate::value::{DAY, HOUR, Value};

/// The first id of inventory rows.
const FIRST_INVENTORY: i64 = 40_000_001;
/// Allocations of one task, inventory rows of one container, and allocations of one row of the history.
const TASK: i64 = 20;
const CONTAINER: i64 = 10;
const HISTORY: i64 = 4;

pub(super) fn fill(tables: &mut Tables, sample: &Connection) -> Result<()> {
    let mut lines = HashMap::new();
    for row in tables.of("order_dtl").rows() {
        let table = tables.of("order_dtl");
        if let (Value::Relation(order), Value::Relation(item)) =
            (table.value(row.id, "order_id"), table.value(row.id, "item_id"))
        {
            lines.entry((order, item)).or_insert(row.id);
        }
    }
    let mut places: HashMap<(i64, i64), i64> = HashMap::new();
    let query = "SELECT *, CAST(quantity_allocated AS TEXT) quantity FROM allocation ORDER BY allocation_id";
    each(sample, query, |allocation| {
        let id: i64 = allocation.get("allocation_id")?;
        let (order, item, location): (i64, i64, i64) =
            (allocation.get("order_id")?, allocation.get("item_id")?, allocation.get("location_id")?);
        let created = instant(allocation, "created_date")?.unwrap_or_default();
        let changed = instant(allocation, "last_updated")?.map_or(Value::Null, Value::Instant);
        let next = FIRST_INVENTORY + places.len() as i64;
        let inventory = *places.entry((location, item)).or_insert(next);
        if inventory == next {
            stock(tables, inventory, location, item, created - DAY);
        }
        let status: Option<String> = allocation.get("allocation_status")?;
        let user: String = allocation.get::<_, Option<String>>("allocated_by_user")?.unwrap_or_default();
        let facility = tables.of("inventory").get(inventory).map_or(MAIN_FACILITY, |row| row.facility);
        let row = Builder::new("allocation", id, id.to_string())
            .set("order_dtl_id", lines.get(&(order, item)).map_or(Value::Null, |line| Value::Relation(*line)))
            .relation("from_inventory_id", inventory)
            .set("alloc_qty", decimal(allocation, "quantity")?)
            .set("packed_qty", Value::Decimal(0, 0))
            .set("status_id", status_id(status.as_deref()))
            .set("alloc_uom_id", tables.of("item").value(item, "primary_uom_id"))
            .relation("type_id", 1)
            .relation("wave_id", wave_of(order))
            .relation("task_id", id / TASK)
            .set("task_seq_nbr", Value::Integer(id % TASK + 1))
            .facility(facility);
        tables.of_mut("allocation").insert(row.who(created, &user, changed.clone()).done());
        work(tables, id, created, &user, changed);
        Ok(())
    })
}

/// A status as its id. Of those that the sample warehouse calls unknown some are cancelled, others have no row in the lookup.
fn status_id(status: Option<&str>) -> Value {
    let Some(status) = status else { return Value::Null };
    Value::Integer(match status.trim().to_uppercase().as_str() {
        "ALLOCATED" => 10,
        "RESERVED" => 20,
        "PICKED" => 50,
        "SHIPPED" => 90,
        "?" => 77,
        _ => 99,
    })
}

fn stock(tables: &mut Tables, id: i64, location: i64, item: i64, created: i64) {
    let facility = tables.of("location").get(location).map_or(MAIN_FACILITY, |row| row.facility);
    let container = id / CONTAINER;
    let row = Builder::new("inventory", id, id.to_string())
        .relation("location_id", location)
        .relation("item_id", item)
        .relation("facility_id", facility)
        .relation("container_id", container)
        .set("curr_qty", Value::Decimal(i128::from(id % 977) * 10, 1))
        .set("orig_qty", Value::Decimal(i128::from(id % 977 + 500), 0))
        .set("status_id", Value::Integer(30))
        .set("uom_id", tables.of("item").value(item, "primary_uom_id"))
        .facility(facility);
    let row = row.who(created, "RECEIVING", Value::Instant(created + id % 86_400 * 1_000_003)).done();
    tables.of_mut("inventory").insert(row);
    if tables.of("container").get(container).is_none() {
        let number = format!("LPN{container}");
        let row = Builder::new("container", container, number.clone()).text("container_nbr", number).text("type", "I");
        let row = row.relation("curr_location_id", location).set("status_id", Value::Integer(30)).facility(facility);
        let row = row.set("weight", Value::Decimal(i128::from(container % 5_000), 2));
        tables.of_mut("container").insert(row.who(created, "RECEIVING", Value::Instant(created + HOUR)).done());
    }
}

/// The task of an allocation, and now and then a row of the history, both at the first allocation of theirs.
fn work(tables: &mut Tables, allocation: i64, created: i64, user: &str, changed: Value) {
    let task = allocation / TASK;
    if tables.of("task").get(task).is_none() {
        let number = format!("T{task}");
        let row = Builder::new("task", task, number.clone()).text("task_nbr", number).relation("company_id", COMPANY);
        let row =
            row.relation("facility_id", MAIN_FACILITY).set("status_id", Value::Integer(90)).facility(MAIN_FACILITY);
        tables.of_mut("task").insert(row.who(created, user, changed.clone()).done());
    }
    if allocation % HISTORY == 0 {
        let id = allocation / HISTORY;
        let row = Builder::new("inventory_history", id, id.to_string())
            .relation("company_id", COMPANY)
            .relation("facility_id", MAIN_FACILITY)
            .set("group_nbr", Value::Integer(allocation / 100))
            .set("adj_qty", Value::Decimal(-1, 0))
            .set("orig_qty", Value::Decimal(100, 0))
            .set("status_id", Value::Integer(90))
            .facility(MAIN_FACILITY);
        tables.of_mut("inventory_history").insert(row.who(created, user, changed).done());
    }
}
