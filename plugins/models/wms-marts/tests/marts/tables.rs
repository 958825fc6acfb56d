//! A warehouse in SQLite: every stream's rows pass through its transform, then into a table as the loader creates it.

use rusqlite::Connection;
use rusqlite::types::Value as Stored;
use wmshost_plugin::contract::types::{Column, ColumnType, Value, Zone};
use wmshost_plugin::{Batch, Rows, Transform, run_transform};
use wmshost_transform_allocation::Allocation as AllocationTransform;
use wmshost_transform_items::Items as ItemsTransform;
use wmshost_transform_locations::Locations as LocationsTransform;
use wmshost_transform_orders::Orders as OrdersTransform;

use crate::build::{execute, stored};
use crate::moment::moment_text;
use crate::warehouse::{Mark, Warehouse};

/// A database with the tables of a warehouse. They have no keys, so that they can hold several versions of a row.
pub(crate) fn database_of(warehouse: &Warehouse) -> Connection {
    let database = Connection::open_in_memory().expect("a database");
    load(&database, warehouse);
    database
}

/// Replaces the tables of a warehouse by those of another.
pub(crate) fn load(database: &Connection, warehouse: &Warehouse) {
    let stream = |batch: Batch, table: &str, moments: &[&str], marks: Vec<Mark>| {
        write(database, warehouse, &batch, table, moments, &marks);
    };
    let batch =
        transformed::<AllocationTransform>(allocations(warehouse), warehouse, &["created_date", "last_updated"]);
    stream(batch, "WMS_ALLOCATION", &[], warehouse.allocations.iter().map(|row| row.mark).collect());
    let moments = ["order_date", "requested_ship_date", "last_updated"];
    let batch = transformed::<OrdersTransform>(orders(warehouse), warehouse, &moments);
    stream(batch, "WMS_ORDER_HDR", &[], warehouse.orders.iter().map(|row| row.mark).collect());
    stream(lines(warehouse), "WMS_ORDER_DTL", &["last_updated"], warehouse.lines.iter().map(|row| row.mark).collect());
    let batch = transformed::<ItemsTransform>(items(warehouse), warehouse, &[]);
    stream(batch, "WMS_ITEM_MASTER", &[], warehouse.items.iter().map(|row| row.mark).collect());
    let batch = transformed::<LocationsTransform>(locations(warehouse), warehouse, &[]);
    stream(batch, "WMS_LOCATION", &[], warehouse.locations.iter().map(|row| row.mark).collect());
    let marks = warehouse.receipts.iter().map(|row| row.mark).collect();
    stream(receipts(warehouse), "WMS_RECEIPT", &["received_date"], marks);
}

fn transformed<T: Transform>(batch: Batch, warehouse: &Warehouse, moments: &[&str]) -> Batch {
    zoned(&batch, warehouse, moments);
    run_transform::<T>(&[], &batch).expect("the transform keeps its word");
    batch
}

fn zoned(batch: &Batch, warehouse: &Warehouse, moments: &[&str]) {
    for name in moments.iter().filter(|_| warehouse.terms.zoned) {
        let mut instants = batch.read_timestamps(name).expect("moments");
        instants.zone = Zone::Utc;
        batch.write_timestamps(name, &instants).expect("instants");
    }
}

fn allocations(warehouse: &Warehouse) -> Batch {
    let rows = &warehouse.allocations;
    Batch::with_rows(rows.len())
        .int64s("allocation_id", &column(rows, |row| Some(row.id)))
        .int64s("order_id", &column(rows, |row| row.order))
        .int64s("item_id", &column(rows, |row| row.item))
        .int64s("location_id", &column(rows, |row| row.location))
        .decimals("quantity_allocated", 12, 3, &column(rows, |row| row.quantity.map(i128::from)))
        .texts("allocation_status", &column(rows, |row| row.status))
        .texts("allocated_by_user", &column(rows, |row| row.user))
        .int64s("priority_level", &column(rows, |row| row.priority))
        .timestamps("created_date", &column(rows, |row| row.created))
        .timestamps("last_updated", &column(rows, |row| row.updated))
}

fn orders(warehouse: &Warehouse) -> Batch {
    let rows = &warehouse.orders;
    Batch::with_rows(rows.len())
        .int64s("order_id", &column(rows, |row| Some(row.id)))
        .int64s("customer_id", &column(rows, |row| row.customer))
        .timestamps("order_date", &column(rows, |row| row.date))
        .texts("order_status", &column(rows, |row| row.status))
        .decimals("total_amount", 12, 2, &column(rows, |row| row.amount.map(i128::from)))
        .timestamps("requested_ship_date", &column(rows, |row| row.requested))
        .texts("order_type", &column(rows, |row| row.kind))
        .texts("priority_code", &column(rows, |row| row.priority))
        .int64s("ship_to_address_id", &column(rows, |row| row.address))
        .timestamps("last_updated", &column(rows, |row| row.updated))
}

fn lines(warehouse: &Warehouse) -> Batch {
    let rows = &warehouse.lines;
    Batch::with_rows(rows.len())
        .int64s("order_detail_id", &column(rows, |row| Some(row.id)))
        .int64s("order_id", &column(rows, |row| row.order))
        .int64s("item_id", &column(rows, |row| row.item))
        .decimals("quantity_ordered", 12, 3, &column(rows, |row| row.quantity.map(i128::from)))
        .decimals("unit_price", 12, 2, &column(rows, |row| row.price.map(i128::from)))
        .decimals("line_total", 12, 2, &column(rows, |row| row.total.map(i128::from)))
        .timestamps("last_updated", &column(rows, |row| row.updated))
}

fn items(warehouse: &Warehouse) -> Batch {
    let rows = &warehouse.items;
    Batch::with_rows(rows.len())
        .int64s("item_id", &column(rows, |row| Some(row.id)))
        .texts("item_code", &column(rows, |row| row.code))
        .texts("item_description", &column(rows, |row| row.description))
        .texts("item_category", &column(rows, |row| row.category))
        .texts("unit_of_measure", &column(rows, |row| row.unit))
        .decimals("standard_cost", 12, 4, &column(rows, |row| row.cost.map(i128::from)))
        .texts("is_active", &column(rows, |row| row.active))
        .decimals("item_weight", 12, 3, &column(rows, |row| row.weight.map(i128::from)))
        .decimals("item_volume", 12, 3, &column(rows, |row| row.volume.map(i128::from)))
        .texts("storage_type", &column(rows, |row| row.storage))
        .int64s("shelf_life_days", &column(rows, |row| row.shelf_life))
        .texts("hazmat_class", &column(rows, |row| row.hazmat))
}

fn locations(warehouse: &Warehouse) -> Batch {
    let rows = &warehouse.locations;
    let nothing = vec![None; rows.len()];
    let batch = Batch::with_rows(rows.len())
        .int64s("location_id", &column(rows, |row| Some(row.id)))
        .texts("location_code", &column(rows, |row| row.code))
        .texts("location_type", &column(rows, |row| row.kind))
        .texts("zone_id", &column(rows, |row| row.zone))
        .texts("aisle", &column(rows, |row| row.aisle))
        .texts("bay", &nothing)
        .texts("level_no", &column(rows, |row| row.level))
        .texts("is_active", &column(rows, |row| row.active))
        .texts("temperature_zone", &nothing)
        .texts("security_level", &nothing)
        .int64s("pick_sequence", &column(rows, |row| row.sequence));
    let names = ["capacity_volume", "capacity_weight", "current_volume", "current_weight"];
    names.iter().enumerate().fold(batch, |batch, (at, name)| {
        batch.decimals(name, 12, 3, &column(rows, |row| row.measures[at].map(i128::from)))
    })
}

fn receipts(warehouse: &Warehouse) -> Batch {
    let rows = &warehouse.receipts;
    Batch::with_rows(rows.len())
        .int64s("receipt_id", &column(rows, |row| Some(row.id)))
        .int64s("order_id", &vec![None; rows.len()])
        .int64s("item_id", &column(rows, |row| row.item))
        .int64s("location_id", &vec![None; rows.len()])
        .decimals("quantity_received", 12, 3, &column(rows, |row| row.quantity.map(i128::from)))
        .texts("receipt_status", &column(rows, |row| row.status))
        .timestamps("received_date", &column(rows, |row| row.received))
}

fn column<R, T>(rows: &[R], value: impl Fn(&R) -> T) -> Vec<T> {
    rows.iter().map(value).collect()
}

/// Creates the table and writes the rows into it, as the SQLite driver stores them.
fn write(database: &Connection, warehouse: &Warehouse, batch: &Batch, table: &str, moments: &[&str], marks: &[Mark]) {
    zoned(batch, warehouse, moments);
    let schema = batch.schema();
    let mut columns: Vec<_> = schema.iter().map(declared).collect();
    columns.extend(["wms_run_id TEXT".to_owned(), "wms_loaded_at TIMESTAMP(6)".to_owned()]);
    if warehouse.terms.soft_deletes {
        columns.push("wms_deleted_at TIMESTAMP(6)".to_owned());
    }
    execute(database, &format!("DROP TABLE IF EXISTS {table}; CREATE TABLE {table} ({})", columns.join(", ")));
    let places = vec!["?"; columns.len()].join(", ");
    let mut insert = database.prepare(&format!("INSERT INTO {table} VALUES ({places})")).expect("an insert");
    let rows = Rows::of(batch);
    let values: Vec<_> = schema.iter().map(|column| rows.any(&column.name).expect("a column")).collect();
    for (row, mark) in marks.iter().enumerate() {
        let cell = |(at, column): (usize, &Column)| {
            values[at].value(row).map_or(Stored::Null, |value| as_stored(&value, column))
        };
        let mut cells: Vec<Stored> = schema.iter().enumerate().map(cell).collect();
        cells.extend([Stored::Text("run".to_owned()), Stored::Text(moment_text(mark.loaded))]);
        if warehouse.terms.soft_deletes {
            cells.push(if mark.deleted { Stored::Text(moment_text(mark.loaded)) } else { Stored::Null });
        }
        insert.execute(rusqlite::params_from_iter(cells)).expect("inserted");
    }
}

fn declared(column: &Column) -> String {
    let kind = match column.kind {
        ColumnType::Boolean => "BOOLEAN".to_owned(),
        ColumnType::Int64 => "INTEGER".to_owned(),
        ColumnType::Decimal(kind) if kind.precision > 15 => format!("DECIMAL_TEXT({},{})", kind.precision, kind.scale),
        ColumnType::Decimal(kind) => format!("DECIMAL({},{})", kind.precision, kind.scale),
        ColumnType::Utf8 => "TEXT".to_owned(),
        ColumnType::Timestamp(Zone::None) => "TIMESTAMP(6)".to_owned(),
        ColumnType::Timestamp(Zone::Utc) => "TIMESTAMPTZ(6)".to_owned(),
        other => panic!("no stream has {other:?}"),
    };
    format!("{} {kind}", column.name)
}

fn as_stored(value: &Value, column: &Column) -> Stored {
    match (value, column.kind) {
        (Value::Decimal(text), ColumnType::Decimal(kind)) if kind.precision > 15 => Stored::Text(text.clone()),
        (Value::Timestamp(micros), ColumnType::Timestamp(Zone::Utc)) => Stored::Text(moment_text(*micros) + "Z"),
        _ => stored(value),
    }
}
