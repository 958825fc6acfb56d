//! Companies, facilities, users, items and locations.

use anyhow::Result;
use rusqlite::Connection;

use super::lookups::{LOCATION_TYPES, UNITS, id_of};
use super::{COMPANY, MAIN_FACILITY, OTHER_FACILITY, decimal, each, text};
use crate::store::{Builder, Tables};
use crate::value::{DAY, HOUR, Value};

/// One location in seven belongs to the other facility.
const OTHER_LOCATIONS: i64 = 7;

pub(super) fn fill(tables: &mut Tables, sample: &Connection, now: i64) -> Result<()> {
    companies(tables, now);
    items(tables, sample, now)?;
    locations(tables, sample, now)
}

fn companies(tables: &mut Tables, now: i64) {
    let created = now - 900 * DAY;
    for (id, code) in [(COMPANY, "CO1"), (2, "CO2")] {
        let row = Builder::new("company", id, code).text("code", code).text("name", format!("Company {id}"));
        let row = row.set("active_flg", Value::Boolean(true)).set("max_allowed_qty_decimal_scale", Value::Integer(0));
        let row = row.set("max_allowed_wt_vol_dim_decimal_scale", Value::Integer(5));
        tables.of_mut("company").insert(row.who(created, "SETUP", Value::Instant(created)).done());
    }
    for (id, code) in [(MAIN_FACILITY, "FAC1"), (OTHER_FACILITY, "FAC2")] {
        let row = Builder::new("facility", id, code).text("code", code).text("name", format!("Facility {id}"));
        let row = row.relation("parent_company_id", COMPANY).set("wms_managed_flg", Value::Boolean(true)).facility(id);
        tables.of_mut("facility").insert(row.who(created, "SETUP", Value::Instant(created)).done());
    }
    for id in 1..=12 {
        let row = Builder::new("user", id, format!("OPERATOR{id:02}")).relation("company_id", COMPANY);
        let row = row.relation("facility_id", MAIN_FACILITY).set("rows_per_page", Value::Integer(125));
        tables.of_mut("user").insert(row.who(created, "SETUP", Value::Instant(created)).done());
    }
}

fn items(tables: &mut Tables, sample: &Connection, now: i64) -> Result<()> {
    let query = "SELECT *, CAST(standard_cost AS TEXT) cost, CAST(item_weight AS TEXT) weight, CAST(item_volume AS TEXT) \
        volume FROM item_master ORDER BY item_id";
    each(sample, query, |item| {
        let id: i64 = item.get("item_id")?;
        let code: String = item.get("item_code")?;
        let unit = id_of(&UNITS, Some(item.get::<_, String>("unit_of_measure")?.as_str())).unwrap_or(1);
        let hazmat: Option<String> = item.get("hazmat_class")?;
        let created = now - (id % 800 + 30) * DAY;
        let changed = Value::Instant(created + id % 25 * DAY + id % 977 * HOUR / 1_000 + id % 7);
        let row = Builder::new("item", id, code.clone())
            .text("code", code.clone())
            .text("barcode", format!("B{id:012}"))
            .set("description", text(item, "item_description")?)
            .text("part_a", code.clone())
            .relation("company_id", COMPANY)
            .relation("primary_uom_id", unit)
            .set("unit_cost", decimal(item, "cost")?)
            .set("unit_weight", decimal(item, "weight")?)
            .set("unit_volume", decimal(item, "volume")?)
            .set("hazmat", Value::Boolean(hazmat.is_some_and(|class| class != "NONE")));
        tables.of_mut("item").insert(row.who(created, "MASTERDATA", changed.clone()).done());
        let barcode = Builder::new("item_barcode", id, format!("B{id:012}")).text("barcode", format!("B{id:012}"));
        let barcode = barcode.relation("item_id", id).set("qty_per_uom", Value::Decimal(1, 0)).relation("uom_id", unit);
        tables.of_mut("item_barcode").insert(barcode.who(created, "MASTERDATA", changed.clone()).done());
        let local = Builder::new("item_facility", id, format!("FAC1,{code}")).relation("item_id", id);
        let local =
            local.relation("facility_id", MAIN_FACILITY).text("velocity_code", ["A", "B", "C"][id as usize % 3]);
        let local = local.facility(MAIN_FACILITY).who(created, "MASTERDATA", changed.clone()).done();
        tables.of_mut("item_facility").insert(local);
        if id % 5 == 0 {
            let batch = Builder::new("batch_number", id, format!("L{id}")).text("batch_nbr", format!("L{id}"));
            let batch = batch.relation("item_id", id).relation("company_id", COMPANY);
            let batch = batch.relation("facility_id", MAIN_FACILITY).facility(MAIN_FACILITY);
            tables.of_mut("batch_number").insert(batch.who(created, "MASTERDATA", changed).done());
        }
        Ok(())
    })
}

fn locations(tables: &mut Tables, sample: &Connection, now: i64) -> Result<()> {
    let query = "SELECT *, CAST(capacity_volume AS TEXT) volume, CAST(capacity_weight AS TEXT) weight FROM location \
        ORDER BY location_id";
    each(sample, query, |location| {
        let id: i64 = location.get("location_id")?;
        let code: String = location.get("location_code")?;
        let kind: Option<String> = location.get("location_type")?;
        let facility = if id % OTHER_LOCATIONS == 0 { OTHER_FACILITY } else { MAIN_FACILITY };
        let created = now - 700 * DAY + id % 50 * HOUR;
        let changed = Value::Instant(created + id % 600 * DAY + id % 1_009);
        let sequence: Option<i64> = location.get("pick_sequence")?;
        let row = Builder::new("location", id, code.clone())
            .text("barcode", code.clone())
            .text("locn_str", code.replace('-', ""))
            .set("aisle", text(location, "aisle")?)
            .set("bay", text(location, "bay")?)
            .set("level", text(location, "level_no")?)
            .set("pick_zone", text(location, "zone_id")?)
            .text("pick_seq", sequence.map(|sequence| format!("{sequence:06}")).unwrap_or_default())
            .set("max_volume", decimal(location, "volume")?)
            .set("max_weight", decimal(location, "weight")?)
            .set("type_id", id_of(&LOCATION_TYPES, kind.as_deref()).map_or(Value::Null, Value::Relation))
            .relation("facility_id", facility)
            .facility(facility);
        tables.of_mut("location").insert(row.who(created, "MASTERDATA", changed).done());
        Ok(())
    })
}
