//! `stg_wms_allocation`, also as the input of other models.

use super::arithmetic::scaled;
use super::{clean, latest, local, local_day, or, row, shown, upper};
use crate::cell::Row;
use crate::moment::{DAY, SECOND, date_text, iso_weekday};
use crate::warehouse::{Allocation, Warehouse};

/// An allocation with its computed flags and times.
#[derive(Clone, Debug)]
pub(super) struct Judged<'w> {
    pub(super) raw: &'w Allocation,
    pub(super) status: Option<String>,
    pub(super) group: &'static str,
    pub(super) user: String,
    pub(super) priority: i64,
    pub(super) invalid_quantity: bool,
    pub(super) invalid_status: bool,
    pub(super) quality: &'static str,
    pub(super) quantity: Option<f64>,
    pub(super) tier: &'static str,
    pub(super) day: Option<i64>,
    pub(super) day_type: &'static str,
    pub(super) time_type: &'static str,
    pub(super) seconds: Option<f64>,
}

impl Judged<'_> {
    pub(super) fn is_shipped(&self) -> bool {
        self.status.as_deref() == Some("SHIPPED")
    }

    pub(super) fn is_within(&self, seconds: f64) -> bool {
        self.seconds.is_some_and(|taken| taken <= seconds)
    }
}

/// The allocations that are not deleted, the latest version of each.
pub(super) fn all(warehouse: &Warehouse) -> Vec<Judged<'_>> {
    let rows = latest(&warehouse.allocations, |row| row.id, |row| row.updated, |row| row.mark);
    rows.into_iter().filter(|row| !row.mark.deleted).map(|row| judge(warehouse, row)).collect()
}

fn judge<'w>(warehouse: &Warehouse, raw: &'w Allocation) -> Judged<'w> {
    let status = upper(raw.status);
    let group = match status.as_deref() {
        Some("ALLOCATED" | "RESERVED") => "Active",
        Some("PICKED" | "SHIPPED") => "Fulfilled",
        _ => "Unknown",
    };
    let invalid_quantity = raw.quantity.is_none_or(|quantity| quantity <= 0);
    let ids = [raw.order, raw.item, raw.location, raw.priority, raw.created, raw.updated];
    let quality = match () {
        () if invalid_quantity || group == "Unknown" => "Poor",
        () if ids.contains(&None) => "Good",
        () => "Excellent",
    };
    let tier = match raw.quantity {
        _ if invalid_quantity => "Unknown",
        Some(..=10_000) => "Small",
        Some(..=100_000) => "Medium",
        Some(..=1_000_000) => "Large",
        _ => "Bulk",
    };
    let day = raw.created.map(|created| local_day(&warehouse.terms, created));
    let hour = raw.created.map(|created| local(&warehouse.terms, created).rem_euclid(DAY) / (3_600 * SECOND));
    Judged {
        raw,
        group,
        user: or(clean(raw.user), "SYSTEM"),
        priority: raw.priority.unwrap_or(1),
        invalid_quantity,
        invalid_status: group == "Unknown",
        quality,
        quantity: scaled(raw.quantity, 3).filter(|_| !invalid_quantity),
        tier,
        day,
        day_type: day.map_or("Unknown", |day| if iso_weekday(day) >= 6 { "Weekend" } else { "Weekday" }),
        time_type: hour
            .map_or("Unknown", |hour| if (8..18).contains(&hour) { "Business Hours" } else { "After Hours" }),
        seconds: raw.created.zip(raw.updated).map(|(created, updated)| (updated - created) as f64 / 1e6),
        status,
    }
}

pub(super) fn rows(warehouse: &Warehouse) -> Vec<Row> {
    all(warehouse).iter().map(|row| columns(warehouse, row)).collect()
}

/// A row in the columns of the model.
pub(super) fn columns(warehouse: &Warehouse, row: &Judged<'_>) -> Row {
    let (raw, terms) = (row.raw, &warehouse.terms);
    row! {
        allocation_id: raw.id,
        order_id: raw.order,
        item_id: raw.item,
        item_key: raw.item.map_or("~n".to_owned(), |item| item.to_string()),
        location_id: raw.location,
        quantity_allocated: scaled(raw.quantity, 3),
        valid_quantity: row.quantity,
        quantity_tier: row.tier,
        allocation_status: row.status.clone(),
        status_group: row.group,
        allocated_by_user: row.user.clone(),
        priority_level: row.priority,
        has_invalid_quantity: row.invalid_quantity,
        has_invalid_status: row.invalid_status,
        data_quality_score: row.quality,
        created_date: shown(terms, raw.created),
        last_updated: shown(terms, raw.updated),
        allocation_date: row.day.map(date_text),
        day_type: row.day_type,
        time_type: row.time_type,
        processing_time_seconds: row.seconds,
        fulfillment_time_seconds: row.seconds.filter(|_| row.is_shipped()),
    }
}
