//! The five tables. Their types are declared with names that both Oracle and SQLite understand: `INTEGER` is a key,
//! `DECIMAL` and `TIMESTAMP` store numbers as numbers and text as text. Only columns that are never dirty are `NOT
//! NULL`.

use rusqlite::Connection;

/// Identifies a file as a sample warehouse ("WMSS" in ASCII), in the header of the database.
pub(crate) const APPLICATION_ID: i32 = 0x574D_5353;
/// Allocations of stock to order lines.
pub(crate) const ALLOCATION: &str = "allocation";
/// Orders.
pub(crate) const ORDER_HDR: &str = "order_hdr";
/// Lines of orders.
pub(crate) const ORDER_DTL: &str = "order_dtl";
/// Items.
pub(crate) const ITEM_MASTER: &str = "item_master";
/// Places in the warehouse.
pub(crate) const LOCATION: &str = "location";
/// All tables, in the order in which they are written.
pub(crate) const TABLES: [&str; 5] = [ITEM_MASTER, LOCATION, ORDER_HDR, ORDER_DTL, ALLOCATION];

const CREATE: &str = "
CREATE TABLE item_master (
  item_id INTEGER PRIMARY KEY,
  item_code VARCHAR2(50),
  item_description VARCHAR2(255),
  item_category VARCHAR2(50),
  unit_of_measure VARCHAR2(10),
  standard_cost DECIMAL(12,4),
  is_active VARCHAR2(1),
  item_weight DECIMAL(12,3),
  item_volume DECIMAL(12,3),
  storage_type VARCHAR2(30),
  shelf_life_days INTEGER,
  hazmat_class VARCHAR2(20)
);

CREATE TABLE location (
  location_id INTEGER PRIMARY KEY,
  location_code VARCHAR2(50),
  location_type VARCHAR2(20),
  zone_id VARCHAR2(20),
  aisle VARCHAR2(10),
  bay VARCHAR2(10),
  level_no VARCHAR2(10),
  is_active VARCHAR2(1),
  capacity_volume DECIMAL(12,3),
  capacity_weight DECIMAL(12,3),
  current_volume DECIMAL(12,3),
  current_weight DECIMAL(12,3),
  temperature_zone VARCHAR2(20),
  security_level VARCHAR2(20),
  pick_sequence INTEGER
);

CREATE TABLE order_hdr (
  order_id INTEGER PRIMARY KEY,
  customer_id INTEGER NOT NULL,
  order_date TIMESTAMP(6) NOT NULL,
  order_status VARCHAR2(20),
  total_amount DECIMAL(12,2),
  requested_ship_date TIMESTAMP(6),
  order_type VARCHAR2(20),
  priority_code VARCHAR2(20),
  ship_to_address_id INTEGER,
  last_updated TIMESTAMP(6)
);

CREATE TABLE order_dtl (
  order_detail_id INTEGER PRIMARY KEY,
  order_id INTEGER NOT NULL,
  item_id INTEGER NOT NULL,
  quantity_ordered DECIMAL(12,3),
  unit_price DECIMAL(12,2),
  line_total DECIMAL(12,2),
  last_updated TIMESTAMP(6)
);

CREATE TABLE allocation (
  allocation_id INTEGER PRIMARY KEY,
  order_id INTEGER NOT NULL,
  item_id INTEGER NOT NULL,
  location_id INTEGER NOT NULL,
  quantity_allocated DECIMAL(12,3),
  allocation_status VARCHAR2(20),
  allocated_by_user VARCHAR2(50),
  priority_level INTEGER,
  created_date TIMESTAMP(6) NOT NULL,
  last_updated TIMESTAMP(6)
);

";

/// Returns the tables in the order in which they are written, each with the statement that creates it in Oracle. A key is
/// `NUMBER(18)` there, since Oracle's `INTEGER` has 38 digits.
pub fn oracle_tables() -> Vec<(&'static str, String)> {
    let statements = CREATE.split(';').map(str::trim).filter(|statement| !statement.is_empty());
    TABLES.into_iter().zip(statements.map(|statement| statement.replace(" INTEGER", " NUMBER(18)"))).collect()
}

/// Creates the five tables, without their indexes, and marks the file.
pub(crate) fn create(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute_batch(CREATE)?;
    connection.pragma_update(None, "application_id", APPLICATION_ID)
}

/// Creates the index for reading a table by its change key; this is cheapest after the rows were inserted. The masters
/// have none.
pub(crate) fn create_index(connection: &Connection, table: &str) -> rusqlite::Result<()> {
    connection.execute_batch(match table {
        ALLOCATION => "CREATE INDEX allocation_changed ON allocation (last_updated, allocation_id)",
        ORDER_HDR => "CREATE INDEX order_hdr_changed ON order_hdr (last_updated, order_id)",
        ORDER_DTL => "CREATE INDEX order_dtl_changed ON order_dtl (last_updated, order_detail_id)",
        _ => "",
    })
}

/// Returns the reason why a file is not a sample warehouse; `None` if it is one.
pub(crate) fn missing(connection: &Connection) -> rusqlite::Result<Option<String>> {
    let id: i32 = connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
    if id != APPLICATION_ID {
        return Ok(Some("its header does not identify it as one".to_owned()));
    }
    for table in TABLES {
        let known: bool = connection.query_row(
            "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?1)",
            [table],
            |row| row.get(0),
        )?;
        if !known {
            return Ok(Some(format!("table {table} is missing")));
        }
    }
    Ok(None)
}
