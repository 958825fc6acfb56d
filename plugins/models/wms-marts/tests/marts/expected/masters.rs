//! `stg_wms_items` and `stg_wms_locations`.

use super::arithmetic::scaled;
use super::{clean, latest, or, row, upper};
use crate::cell::{Cell, IntoCell, Row};
use crate::warehouse::{Item, Location, Warehouse};

/// The items, the latest version of each, deleted ones included.
pub(super) fn items(warehouse: &Warehouse) -> Vec<&Item> {
    latest(&warehouse.items, |row| row.id, |_| None, |row| row.mark)
}

pub(super) fn item_rows(warehouse: &Warehouse) -> Vec<Row> {
    items(warehouse).into_iter().map(item).collect()
}

/// An item in the columns of the model.
pub(super) fn item(item: &Item) -> Row {
    let code = upper(item.code);
    let active = upper(item.active);
    let hazmat = or(upper(item.hazmat), "NONE");
    let description = item.description.unwrap_or_default().to_uppercase();
    let perishable = item.shelf_life.is_some_and(|days| days > 0)
        || description.replace("NON-PERISHABLE", "").contains("PERISHABLE");
    let passed =
        |value: Option<i64>, bounds: [i64; 3]| value.map(|value| bounds.iter().filter(|b| value > **b).count());
    let size = passed(item.weight, [5_000, 20_000, 50_000]).max(passed(item.volume, [100_000, 500_000, 1_000_000]));
    let size = size.map_or("UNKNOWN", |at| ["SMALL", "MEDIUM", "LARGE", "OVERSIZED"][at]);
    let value = match item.cost {
        None => "UNKNOWN",
        Some(..100_000) => "LOW_VALUE",
        Some(..1_000_000) => "MEDIUM_VALUE",
        Some(..10_000_000) => "HIGH_VALUE",
        Some(_) => "PREMIUM_VALUE",
    };
    let is_hazmat = hazmat != "NONE";
    let invalid = [
        code.as_ref().is_none_or(|code| code.chars().count() < 3),
        clean(item.description).is_none_or(|description| description.chars().count() < 5),
        item.cost.is_none_or(|cost| cost < 0),
        !matches!(active.as_deref(), Some("Y" | "N")),
    ];
    let incomplete = clean(item.category).is_none()
        || clean(item.unit).is_none()
        || item.weight.is_none()
        || item.volume.is_none()
        || clean(item.storage).is_none();
    row! {
        item_id: item.id,
        item_code: code,
        item_description: item.description,
        item_category: or(clean(item.category), "UNKNOWN"),
        unit_of_measure: item.unit,
        standard_cost: scaled(item.cost, 4),
        is_active: active.as_deref() == Some("Y"),
        is_deleted: item.mark.deleted,
        item_weight: scaled(item.weight, 3),
        item_volume: scaled(item.volume, 3),
        storage_type: or(upper(item.storage), "STANDARD"),
        shelf_life_days: item.shelf_life,
        hazmat_class: hazmat,
        is_perishable: perishable,
        is_hazmat: is_hazmat,
        size_category: size,
        value_category: value,
        handling_classification: match (perishable, is_hazmat) {
            (true, true) => "SPECIAL_HANDLING",
            (true, false) => "PERISHABLE",
            (false, true) => "HAZMAT",
            (false, false) if size == "OVERSIZED" => "OVERSIZED",
            (false, false) => "STANDARD",
        },
        has_invalid_code: invalid[0],
        has_invalid_description: invalid[1],
        has_invalid_cost: invalid[2],
        has_invalid_active_flag: invalid[3],
        data_quality_score: quality(invalid.contains(&true), incomplete),
    }
}

fn quality(invalid: bool, incomplete: bool) -> Cell {
    if invalid {
        "Poor"
    } else if incomplete {
        "Good"
    } else {
        "Excellent"
    }
    .cell()
}

pub(super) fn location_rows(warehouse: &Warehouse) -> Vec<Row> {
    let rows = latest(&warehouse.locations, |row| row.id, |_| None, |row| row.mark);
    rows.into_iter().map(location).collect()
}

/// In hundredths of a percent, half away from zero; 0 without a capacity.
fn used(there: i64, fits: i64) -> i64 {
    if fits <= 0 { 0 } else { (10_000.0 * there as f64 / fits as f64).round() as i64 }
}

fn operation(kind: Option<&str>, sequence: i64) -> &'static str {
    match kind {
        Some("PICK") if sequence <= 1_000 => "PRIME_PICK",
        Some("PICK") => "STANDARD_PICK",
        Some("FORWARD") => "FORWARD_RESERVE",
        Some("RESERVE") => "BULK_RESERVE",
        Some("STAGE") => "STAGING",
        _ => "OTHER",
    }
}

fn access(kind: Option<&str>, level: &str) -> &'static str {
    match (kind, level) {
        (Some("PICK"), "01") => "HIGH_ACCESS",
        (Some("PICK" | "FORWARD"), "01" | "02") => "MEDIUM_ACCESS",
        (Some("BULK"), _) => "EQUIPMENT_ACCESS",
        _ => "LOW_ACCESS",
    }
}

fn location(location: &Location) -> Row {
    let kind = upper(location.kind);
    let is = |name: &str| kind.as_deref() == Some(name);
    let level = or(clean(location.level), "01");
    let active = upper(location.active);
    let [fits_volume, fits_weight, volume, weight] = location.measures.map(|measure| measure.unwrap_or(0));
    let percents = [used(volume, fits_volume), used(weight, fits_weight)];
    let fullest = percents[0].max(percents[1]);
    let limited = fits_volume > 0 || fits_weight > 0;
    let sequence = location.sequence.unwrap_or(999_999);
    let kinds = ["PICK", "FORWARD", "RESERVE", "BULK", "STAGE"];
    let known = kinds.iter().chain(&["DOCK", "DAMAGED"]).any(|name| is(name));
    let invalid = [
        clean(location.code).is_none(),
        !known,
        location.measures.iter().flatten().any(|measure| *measure < 0),
        !matches!(active.as_deref(), Some("Y" | "N")),
    ];
    row! {
        location_id: location.id,
        location_code: location.code,
        location_type: kind.clone(),
        zone_id: or(clean(location.zone), "UNKNOWN"),
        aisle: or(clean(location.aisle), "00"),
        bay: "00",
        level_no: level.clone(),
        is_active: active.as_deref() == Some("Y"),
        is_deleted: location.mark.deleted,
        capacity_volume: scaled(Some(fits_volume), 3),
        capacity_weight: scaled(Some(fits_weight), 3),
        current_volume: scaled(Some(volume), 3),
        current_weight: scaled(Some(weight), 3),
        temperature_zone: "AMBIENT",
        security_level: "STANDARD",
        pick_sequence: sequence,
        volume_utilization_pct: scaled(Some(percents[0]), 2),
        weight_utilization_pct: scaled(Some(percents[1]), 2),
        type_priority: kinds.iter().position(|name| is(name)).map_or(6, |at| at + 1),
        utilization_status: match fullest {
            _ if !limited => "UNLIMITED",
            9_501.. => "FULL",
            8_001.. => "HIGH",
            6_001.. => "MEDIUM",
            2_001.. => "LOW",
            _ => "EMPTY",
        },
        efficiency_status: match fullest {
            4_000..=8_000 if is("PICK") => "OPTIMAL",
            6_000..=9_000 if is("RESERVE") => "OPTIMAL",
            7_001.. if is("BULK") => "OPTIMAL",
            _ => "SUBOPTIMAL",
        },
        operational_category: operation(kind.as_deref(), sequence),
        accessibility_rating: access(kind.as_deref(), &level),
        has_invalid_code: invalid[0],
        has_invalid_type: invalid[1],
        has_invalid_capacity: invalid[2],
        has_invalid_active_flag: invalid[3],
        // The bay is always missing here.
        data_quality_score: quality(invalid.contains(&true), true),
    }
}
