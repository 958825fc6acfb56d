//! Declarations and tests of the tables that the streams write. Some dirty rows are normal in a warehouse: such tests
//! warn from 1 % of the rows on and fail from 5 % on. Tests of what would break the models fail at the first row.

use crate::site::{OWNER, Site};
use wmshost_plugin::contract::modelling::ModelColumn;
use wmshost_plugin::models::{
    SourceTable, Test, accepted, at_least, columns::*, days, exists_in, hours, not_null, unique,
};

/// All source tables.
pub(crate) fn all(site: &Site) -> Vec<SourceTable> {
    let mut sources = vec![allocation(site), order_hdr(site), order_dtl(site), item_master(site), location(site)];
    sources.extend(site.receipts.as_deref().map(|stream| receipts(site, stream)));
    sources.into_iter().map(|source| source.tags(["wms", "source"]).owner(OWNER)).collect()
}

/// A test that tolerates some dirty rows.
pub(crate) fn mostly(test: Test) -> Test {
    test.warn_above_percent(1.0).error_above_percent(5.0)
}

/// The columns that the host adds to every row.
pub(crate) fn marks(site: &Site, stream: &str) -> Vec<ModelColumn> {
    site.own_columns(stream)
}

/// Asserts that columns are filled, except for some dirty rows.
pub(crate) fn filled(source: SourceTable, columns: &[&str]) -> SourceTable {
    columns.iter().fold(source, |source, column| source.test(mostly(not_null([*column]))))
}

/// Asserts that columns are always filled: keys, and columns that the transforms derive.
fn always_filled(source: SourceTable, columns: &[&str]) -> SourceTable {
    columns.iter().fold(source, |source, column| source.test(not_null([*column])))
}

fn allocation(site: &Site) -> SourceTable {
    let source = SourceTable::of("allocation")
        .summary("Allocations of stock to order lines.")
        .columns([
            int64("allocation_id", "The allocation."),
            int64("order_id", "Its order."),
            int64("item_id", "Its item."),
            int64("location_id", "Where its stock lies."),
            decimal("quantity_allocated", 12, 3, "The quantity, in the item's unit."),
            text("allocation_status", "The status as it was typed."),
            text("allocated_by_user", "Who allocated."),
            int64("priority_level", "The priority."),
            site.moment("created_date", "When it was made."),
            site.moment("last_updated", "When it last changed."),
            text("allocation_status_clean", "The status, trimmed and in upper case."),
            text("status_group", "Active, Fulfilled or Unknown."),
            text("allocated_by_user_clean", "Who allocated, or SYSTEM."),
            int64("priority_level_clean", "The priority, or 1."),
            boolean("has_invalid_quantity", "Whether the quantity is NULL, zero or less."),
            boolean("has_invalid_status", "Whether the status is none of the four."),
            text("data_quality_score", "Excellent, Good or Poor."),
        ])
        .columns(marks(site, "allocation"));
    let source = always_filled(
        source,
        &["allocation_id", "status_group", "has_invalid_quantity", "has_invalid_status", "data_quality_score"],
    );
    filled(source, &["order_id", "item_id", "location_id", "quantity_allocated", "created_date", "last_updated"])
        .test(unique(["allocation_id"]))
        .test(mostly(at_least("quantity_allocated", 0)))
        .test(mostly(accepted("allocation_status_clean", ["ALLOCATED", "RESERVED", "PICKED", "SHIPPED"])))
        .test(mostly(exists_in("order_id", "order_hdr", "order_id")))
        .test(mostly(exists_in("item_id", "item_master", "item_id")))
        .test(mostly(exists_in("location_id", "location", "location_id")))
        .fresh(hours(2), hours(4))
}

fn order_hdr(site: &Site) -> SourceTable {
    let source = SourceTable::of("order_hdr")
        .summary("Order headers.")
        .columns([
            int64("order_id", "The order."),
            int64("customer_id", "Who ordered."),
            site.moment("order_date", "When it was ordered."),
            text("order_status", "The status as it was typed."),
            decimal("total_amount", 12, 2, "The amount of all lines."),
            site.moment("requested_ship_date", "When it is to be shipped."),
            text("order_type", "The type."),
            text("priority_code", "The priority."),
            int64("ship_to_address_id", "Where to."),
            site.moment("last_updated", "When it last changed."),
            text("order_status_clean", "The status, trimmed and in upper case."),
            text("status_group", "Open, Processing, Completed, Cancelled or Unknown."),
            site.moment("requested_ship_date_clean", "When it is to be shipped, or 7 days after its date."),
            text("order_type_clean", "The type, or STANDARD."),
            text("priority_code_clean", "The priority, or NORMAL."),
            int64("priority_rank", "URGENT 1, HIGH 2, NORMAL 3, another 4."),
            text("order_size_category", "Small, Medium, Large, Enterprise or UNKNOWN."),
            boolean("has_invalid_amount", "Whether the amount is NULL or below zero."),
            boolean("has_invalid_status", "Whether the status is none of the five."),
        ])
        .columns(marks(site, "order_hdr"));
    let source = always_filled(source, &["order_id", "status_group", "has_invalid_amount", "has_invalid_status"]);
    filled(source, &["customer_id", "order_date", "order_status", "total_amount", "last_updated"])
        .test(unique(["order_id"]))
        .test(mostly(at_least("total_amount", 0)))
        .test(mostly(accepted("order_status_clean", ["NEW", "CONFIRMED", "IN_PROGRESS", "COMPLETED", "CANCELLED"])))
        .fresh(days(1), days(2))
}

fn order_dtl(site: &Site) -> SourceTable {
    let source = SourceTable::of("order_dtl")
        .summary("Order lines.")
        .columns([
            int64("order_detail_id", "The line."),
            int64("order_id", "Its order."),
            int64("item_id", "Its item."),
            decimal("quantity_ordered", 12, 3, "The quantity, in the item's unit."),
            decimal("unit_price", 12, 2, "The price of one."),
            decimal("line_total", 12, 2, "The price of all."),
            site.moment("last_updated", "When it last changed."),
        ])
        .columns(marks(site, "order_dtl"));
    let source = always_filled(source, &["order_detail_id"]);
    filled(source, &["order_id", "item_id", "quantity_ordered", "unit_price", "line_total", "last_updated"])
        .test(unique(["order_detail_id"]))
        .test(mostly(at_least("quantity_ordered", 0)))
        .test(mostly(at_least("unit_price", 0)))
        .test(mostly(exists_in("order_id", "order_hdr", "order_id")))
        .test(mostly(exists_in("item_id", "item_master", "item_id")))
        .fresh(days(1), days(2))
}

fn item_master(site: &Site) -> SourceTable {
    let source = SourceTable::of("item_master")
        .summary("Items.")
        .columns([
            int64("item_id", "The item."),
            text("item_code", "The code."),
            text("item_description", "The description."),
            text("item_category", "The category."),
            text("unit_of_measure", "The unit of its quantities."),
            decimal("standard_cost", 12, 4, "What one costs."),
            text("is_active", "Y or N."),
            decimal("item_weight", 12, 3, "The weight of one."),
            decimal("item_volume", 12, 3, "The volume of one."),
            text("storage_type", "The storage type."),
            int64("shelf_life_days", "How long it keeps, in days."),
            text("hazmat_class", "The hazmat class."),
            text("item_code_clean", "The code, trimmed and in upper case."),
            text("item_category_clean", "The category, or UNKNOWN."),
            text("storage_type_clean", "The storage type, or STANDARD."),
            text("hazmat_class_clean", "The hazmat class, or NONE."),
            text("is_active_clean", "The flag, trimmed and in upper case."),
            boolean("is_perishable", "Whether it goes bad."),
            boolean("is_hazmat", "Whether it is dangerous."),
            text("size_category", "OVERSIZED, LARGE, MEDIUM, SMALL or UNKNOWN."),
            text("value_category", "LOW_VALUE to PREMIUM_VALUE, or UNKNOWN."),
            boolean("has_invalid_code", "Whether the code is NULL or shorter than 3 characters."),
            boolean("has_invalid_description", "Whether the description is NULL or shorter than 5 characters."),
            boolean("has_invalid_cost", "Whether the cost is NULL or below zero."),
            boolean("has_invalid_active_flag", "Whether the flag is neither Y nor N."),
            text("handling_classification", "How it is handled."),
            text("data_quality_score", "Excellent, Good or Poor."),
        ])
        .columns(marks(site, "item_master"));
    let source = always_filled(source, &["item_id", "size_category", "value_category"]);
    filled(source, &["item_code", "item_description", "unit_of_measure", "standard_cost", "is_active"])
        .test(unique(["item_id"]))
        .test(mostly(unique(["item_code_clean"])))
        .test(mostly(at_least("standard_cost", 0)))
        .test(mostly(accepted("is_active_clean", ["Y", "N"])))
        .fresh(days(7), days(14))
}

fn location(site: &Site) -> SourceTable {
    let source = SourceTable::of("location")
        .summary("Places in the warehouse.")
        .columns(location_columns())
        .columns(marks(site, "location"));
    let source = always_filled(source, &["location_id", "utilization_status", "type_priority"]);
    filled(source, &["location_code", "location_type", "is_active"])
        .test(unique(["location_id"]))
        .test(mostly(unique(["location_code"])))
        .test(mostly(at_least("capacity_volume", 0)))
        .test(mostly(at_least("capacity_weight", 0)))
        .test(mostly(accepted(
            "location_type_clean",
            ["PICK", "RESERVE", "BULK", "STAGE", "FORWARD", "DOCK", "DAMAGED"],
        )))
        .test(mostly(accepted("is_active_clean", ["Y", "N"])))
        .fresh(days(7), days(14))
}

fn location_columns() -> Vec<ModelColumn> {
    vec![
        int64("location_id", "The location."),
        text("location_code", "The code."),
        text("location_type", "The type as it was typed."),
        text("is_active", "Y or N."),
        decimal("capacity_volume", 12, 3, "The volume that fits."),
        decimal("capacity_weight", 12, 3, "The weight that fits."),
        text("location_type_clean", "The type, trimmed and in upper case."),
        text("zone_id_clean", "The zone, or UNKNOWN."),
        text("aisle_clean", "The aisle, or 00."),
        text("bay_clean", "The bay, or 00."),
        text("level_no_clean", "The level, or 01."),
        text("temperature_zone_clean", "The temperature zone, or AMBIENT."),
        text("security_level_clean", "The security level, or STANDARD."),
        decimal("capacity_volume_clean", 12, 3, "The volume that fits, or 0."),
        decimal("capacity_weight_clean", 12, 3, "The weight that fits, or 0."),
        decimal("current_volume_clean", 12, 3, "The volume that lies there, or 0."),
        decimal("current_weight_clean", 12, 3, "The weight that lies there, or 0."),
        int64("pick_sequence_clean", "The place in the pick sequence, or 999999."),
        text("is_active_clean", "The flag, trimmed and in upper case."),
        decimal("volume_utilization_pct", 18, 2, "The volume used, in percent."),
        decimal("weight_utilization_pct", 18, 2, "The weight used, in percent."),
        int64("type_priority", "PICK 1, FORWARD 2, RESERVE 3, BULK 4, STAGE 5, another 6."),
        text("utilization_status", "How full it is."),
        text("efficiency_status", "OPTIMAL or SUBOPTIMAL."),
        text("operational_category", "What operations see in it."),
        text("accessibility_rating", "How easily it is reached."),
        boolean("has_invalid_code", "Whether the code is NULL or blank."),
        boolean("has_invalid_type", "Whether the type is none of the seven."),
        boolean("has_invalid_capacity", "Whether a capacity or its use is below zero."),
        boolean("has_invalid_active_flag", "Whether the flag is neither Y nor N."),
        text("data_quality_score", "Excellent, Good or Poor."),
    ]
}

fn receipts(site: &Site, stream: &str) -> SourceTable {
    let source = SourceTable::of(stream)
        .summary("Goods received.")
        .columns([
            int64("receipt_id", "The receipt."),
            int64("order_id", "The order that it came in for."),
            int64("item_id", "Its item."),
            int64("location_id", "Where it was put."),
            decimal("quantity_received", 12, 3, "The quantity, in the item's unit."),
            text("receipt_status", "RECEIVED, or how far it is."),
            site.moment("received_date", "When it came in."),
        ])
        .columns(marks(site, stream));
    let source = always_filled(source, &["receipt_id"]);
    filled(source, &["item_id", "quantity_received", "received_date"])
        .test(unique(["receipt_id"]))
        .fresh(days(1), days(2))
}
