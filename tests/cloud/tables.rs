//! The mock's truth as tables of a source: its entities, and the same rows in the warehouse's words, computed in plain SQL
//! that shares nothing with the plugins.

use rusqlite::Connection;
use wmshost_wms_cloud_mock::Mock;

/// The entities that the models read, with the columns and their types.
pub(crate) const ENTITIES: [(&str, &str); 11] = [
    (
        "allocation",
        "order_dtl_id INTEGER, from_inventory_id INTEGER, alloc_qty DECIMAL(15,4), status_id INTEGER, create_user TEXT, \
         create_ts TIMESTAMPTZ, mod_ts TIMESTAMPTZ",
    ),
    (
        "order_hdr",
        "cust_nbr TEXT, ord_date DATE_ONLY, req_ship_date DATE_ONLY, status_id INTEGER, order_type_id INTEGER, \
         priority INTEGER, mod_ts TIMESTAMPTZ",
    ),
    (
        "order_dtl",
        "order_id INTEGER, item_id INTEGER, ord_qty DECIMAL(15,4), sale_price DECIMAL(15,4), mod_ts TIMESTAMPTZ",
    ),
    (
        "item",
        "code TEXT, description TEXT, primary_uom_id INTEGER, unit_cost DECIMAL(15,4), unit_weight DECIMAL(15,4), \
         unit_volume DECIMAL(15,4), hazmat BOOLEAN, mod_ts TIMESTAMPTZ",
    ),
    (
        "location",
        "barcode TEXT, locn_str TEXT, type_id INTEGER, pick_zone TEXT, aisle TEXT, bay TEXT, level TEXT, \
         max_volume DECIMAL(15,4), max_weight DECIMAL(15,4), pick_seq TEXT, mod_ts TIMESTAMPTZ",
    ),
    ("inventory", "location_id INTEGER, item_id INTEGER, mod_ts TIMESTAMPTZ"),
    ("allocation_status", "description TEXT"),
    ("order_status", "description TEXT"),
    ("order_type", "code TEXT, description TEXT"),
    ("location_type", "code TEXT, description TEXT"),
    ("uom", "code TEXT, description TEXT"),
];

/// Writes the truth of the entities into the tables of a source, which it creates.
pub(crate) fn write_entities(source: &Connection, mock: &Mock) {
    for (entity, columns) in ENTITIES {
        let create =
            format!("DROP TABLE IF EXISTS {entity}; CREATE TABLE {entity} (id INTEGER PRIMARY KEY, {columns})");
        source.execute_batch(&create).expect("a table");
        let columns: Vec<(&str, bool)> = std::iter::once(("id", false))
            .chain(
                columns
                    .split(", ")
                    .map(|column| (column.split(' ').next().unwrap_or_default(), column.ends_with("TIMESTAMPTZ"))),
            )
            .collect();
        let places = vec!["?"; columns.len()].join(", ");
        let mut insert = source.prepare(&format!("INSERT INTO {entity} VALUES ({places})")).expect("an insert");
        source.execute_batch("BEGIN").expect("a transaction");
        for row in mock.truth(entity) {
            let cell = |(name, is_instant): &(&str, bool)| {
                let text = row.values[name].clone();
                if *is_instant { text.map(|text| format!("{text}Z")) } else { text }
            };
            insert.execute(rusqlite::params_from_iter(columns.iter().map(cell))).expect("a row");
        }
        source.execute_batch("COMMIT").expect("a commit");
    }
}

/// A time of an entity by the warehouse's clocks.
macro_rules! local {
    ($column:literal) => {
        concat!(
            "strftime('%Y-%m-%d %H:%M:%S', substr(",
            $column,
            ", 1, 19), '-3 hours') || substr(",
            $column,
            ", 20, 7)"
        )
    };
}

/// The same rows in the tables of the sample warehouse, which another file has; `cloud` is that of the entities.
const IN_WORDS: &str = concat!(
    "DELETE FROM allocation; DELETE FROM order_hdr; DELETE FROM order_dtl; DELETE FROM item_master; DELETE FROM location;
INSERT INTO order_dtl SELECT id, order_id, item_id, ord_qty, sale_price, round(ord_qty * sale_price, 2), ",
    local!("mod_ts"),
    " FROM cloud.order_dtl;
INSERT INTO order_hdr SELECT h.id, CAST(h.cust_nbr AS INTEGER), h.ord_date || ' 00:00:00.000000',
  CASE WHEN h.status_id = 0 THEN 'NEW' WHEN h.status_id IN (10, 20) THEN 'CONFIRMED'
    WHEN h.status_id IN (25, 27, 30, 40, 50) THEN 'IN_PROGRESS' WHEN h.status_id = 90 THEN 'COMPLETED'
    WHEN h.status_id = 99 THEN 'CANCELLED' ELSE CAST(h.status_id AS TEXT) END,
  (SELECT round(coalesce(sum(line_total), 0), 2) FROM order_dtl d WHERE d.order_id = h.id),
  h.req_ship_date || ' 00:00:00.000000', t.code,
  CASE h.priority WHEN 1 THEN 'LOW' WHEN 2 THEN 'NORMAL' WHEN 4 THEN 'HIGH' WHEN 5 THEN 'URGENT' END, 1, ",
    local!("h.mod_ts"),
    " FROM cloud.order_hdr h LEFT JOIN cloud.order_type t ON t.id = h.order_type_id;
INSERT INTO allocation SELECT a.id, d.order_id, d.item_id, i.location_id, a.alloc_qty,
  CASE a.status_id WHEN 0 THEN 'ALLOCATED' WHEN 10 THEN 'ALLOCATED' WHEN 20 THEN 'RESERVED' WHEN 50 THEN 'PICKED'
    WHEN 90 THEN 'SHIPPED' WHEN 99 THEN 'CANCELLED' ELSE CAST(a.status_id AS TEXT) END,
  nullif(a.create_user, ''), h.priority, ",
    local!("a.create_ts"),
    ", ",
    local!("a.mod_ts"),
    " FROM cloud.allocation a LEFT JOIN cloud.order_dtl d ON d.id = a.order_dtl_id
  LEFT JOIN cloud.order_hdr h ON h.id = d.order_id LEFT JOIN cloud.inventory i ON i.id = a.from_inventory_id;
INSERT INTO item_master SELECT i.id, i.code, i.description, NULL, u.code, i.unit_cost, 'Y', i.unit_weight, i.unit_volume,
  NULL, NULL, CASE WHEN i.hazmat = 1 THEN 'UNKNOWN' END
  FROM cloud.item i LEFT JOIN cloud.uom u ON u.id = i.primary_uom_id;
INSERT INTO location SELECT l.id, l.barcode, t.code, nullif(l.pick_zone, ''), nullif(l.aisle, ''), nullif(l.bay, ''),
  nullif(l.level, ''), 'Y', l.max_volume, l.max_weight, NULL, NULL, NULL, NULL, CAST(nullif(l.pick_seq, '') AS INTEGER)
  FROM cloud.location l LEFT JOIN cloud.location_type t ON t.id = l.type_id;"
);

/// Replaces the rows of a sample warehouse by those of the entities, in its words.
pub(crate) fn write_in_words(warehouse: &Connection, entities: &str) {
    warehouse.execute("ATTACH ?1 AS cloud", [entities]).expect("the entities");
    warehouse.execute_batch(&format!("BEGIN; {IN_WORDS} COMMIT")).expect("the rows");
    warehouse.execute_batch("DETACH cloud").expect("the entities");
}
