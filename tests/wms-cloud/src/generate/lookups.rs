//! Statuses, types and units. The ids of orders' statuses are those seen in the field; the others are made up.

use crate::store::{Builder, Tables};

/// The statuses of allocations: id and description.
pub(crate) const ALLOCATION_STATUSES: [(i64, &str); 6] =
    [(0, "Created"), (10, "Allocated"), (20, "Reserved"), (50, "Picked"), (90, "Shipped"), (99, "Cancelled")];

/// The statuses of orders.
pub(crate) const ORDER_STATUSES: [(i64, &str); 10] = [
    (0, "Created"),
    (10, "Partly Allocated"),
    (20, "Allocated"),
    (25, "In Picking"),
    (27, "Picked"),
    (30, "In Packing"),
    (40, "Packed"),
    (50, "Loaded"),
    (90, "Shipped"),
    (99, "Cancelled"),
];

const OTHER_STATUSES: [(i64, &str); 4] = [(0, "Created"), (30, "In Progress"), (90, "Completed"), (99, "Cancelled")];
const STATUS_ENTITIES: [&str; 7] = [
    "container_status",
    "ib_shipment_status",
    "inventory_status",
    "load_status",
    "purchase_order_status",
    "task_status",
    "wave_status",
];

/// The types of orders, as the sample warehouse has them.
pub(super) const ORDER_TYPES: [&str; 4] = ["STANDARD", "EXPRESS", "BACKORDER", "TRANSFER"];
/// The types of locations.
pub(super) const LOCATION_TYPES: [&str; 8] = ["PICK", "RESERVE", "BULK", "STAGE", "FORWARD", "DOCK", "DAMAGED", "MEZZ"];
/// The units.
pub(super) const UNITS: [&str; 4] = ["EA", "CS", "PK", "KG"];

/// The id of a code in one of the lists, padded or not and in any case; `None` if it is not there.
pub(super) fn id_of(codes: &[&str], code: Option<&str>) -> Option<i64> {
    let code = code?.trim();
    codes.iter().position(|known| known.eq_ignore_ascii_case(code)).map(|at| at as i64 + 1)
}

pub(super) fn fill(tables: &mut Tables) {
    let mut statuses = |entity: &str, rows: &[(i64, &str)]| {
        for (id, description) in rows {
            let row = Builder::new(entity, *id, *description).text("description", *description).done();
            tables.of_mut(entity).insert(row);
        }
    };
    statuses("allocation_status", &ALLOCATION_STATUSES);
    statuses("order_status", &ORDER_STATUSES);
    statuses("order_dtl_status", &ORDER_STATUSES);
    for entity in STATUS_ENTITIES {
        statuses(entity, &OTHER_STATUSES);
    }
    let mut codes = |entity: &str, codes: &[&str]| {
        for (at, code) in codes.iter().enumerate() {
            let row = Builder::new(entity, at as i64 + 1, *code).text("code", *code);
            tables.of_mut(entity).insert(row.text("description", code.to_lowercase()).done());
        }
    };
    codes("allocation_type", &["NORMAL", "REPLENISH"]);
    codes("order_type", &ORDER_TYPES);
    codes("location_type", &LOCATION_TYPES);
    codes("uom", &UNITS);
}
