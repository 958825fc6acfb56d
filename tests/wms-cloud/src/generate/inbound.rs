//! Purchase orders, shipments that come in, and the keys of handheld terminals.

use super::{COMPANY, MAIN_FACILITY, local_date};
use crate::store::{Builder, Tables};
use crate::value::{DAY, HOUR, Value};

/// Allocations for one purchase order, and its lines.
const SHARE: u64 = 200;
const LINES: i64 = 3;

pub(super) fn fill(tables: &mut Tables, allocations: u64, now: i64) {
    let items: Vec<i64> = tables.of("item").rows().iter().map(|row| row.id).collect();
    for id in 1..=(allocations / SHARE) as i64 {
        let created = now - (id % 380 + 1) * DAY - id % 86_399 * 1_000_001;
        let changed = Value::Instant(created + 6 * HOUR + id);
        let order = format!("PO{id}");
        let row = Builder::new("purchase_order_hdr", id, order.clone()).text("po_nbr", order.clone());
        let row = row.relation("company_id", COMPANY).relation("facility_id", MAIN_FACILITY).facility(MAIN_FACILITY);
        let row = row.set("ord_date", local_date(created)).set("status_id", Value::Integer(90));
        tables.of_mut("purchase_order_hdr").insert(row.who(created, "IMPORT", changed.clone()).done());
        let shipment = format!("ASN{id}");
        let row = Builder::new("ib_shipment", id, shipment.clone()).text("shipment_nbr", shipment.clone());
        let row = row.relation("company_id", COMPANY).relation("facility_id", MAIN_FACILITY).facility(MAIN_FACILITY);
        let row = row.set("status_id", Value::Integer(90)).set("ib_shipment_dtl_set", Value::Set(LINES));
        tables.of_mut("ib_shipment").insert(row.who(created + DAY, "IMPORT", changed.clone()).done());
        for line in 0..LINES {
            let detail = id * LINES + line;
            let item = items[detail as usize % items.len()];
            let quantity = Value::Decimal(i128::from(detail % 400 + 1), 0);
            let row = Builder::new("purchase_order_dtl", detail, format!("{order},{}", line + 1));
            let row = row.relation("purchase_order_id", id).relation("item_id", item).set("ord_qty", quantity.clone());
            let row = row.set("unit_cost", Value::Decimal(i128::from(detail % 9_999), 4)).facility(MAIN_FACILITY);
            tables.of_mut("purchase_order_dtl").insert(row.who(created, "IMPORT", changed.clone()).done());
            let row = Builder::new("ib_shipment_dtl", detail, format!("{shipment},{}", line + 1));
            let row = row.relation("ib_shipment_id", id).relation("po_dtl_id", detail).relation("item_id", item);
            let row = row.set("received_qty", quantity.clone()).set("shipped_qty", quantity).facility(MAIN_FACILITY);
            tables.of_mut("ib_shipment_dtl").insert(row.who(created + DAY, "IMPORT", changed.clone()).done());
        }
    }
    for id in 1..=10 {
        let row = Builder::new("rf_key_map", id, id.to_string()).relation("facility_id", MAIN_FACILITY);
        let row =
            row.set("create_ts", Value::Instant(now - id * DAY)).set("mod_ts", Value::Instant(now - id * DAY + id));
        tables.of_mut("rf_key_map").insert(row.done());
    }
}
