//! Declarations and tests of the tables of WMS Cloud's entities: the columns that the models read.

use crate::site::{OWNER, Site};
use crate::sources::{filled, marks, mostly};
use wmshost_plugin::contract::modelling::ModelColumn;
use wmshost_plugin::models::{SourceTable, at_least, columns::*, days, exists_in, hours, not_null, unique};

/// All source tables.
pub(crate) fn all(site: &Site) -> Vec<SourceTable> {
    let mut sources =
        vec![allocation(site), order_hdr(site), order_dtl(site), item(site), location(site), inventory(site)];
    let names = ["allocation_status", "order_status", "order_type", "location_type", "uom"];
    sources.extend(names.map(|name| lookup(site, name)));
    sources.into_iter().map(|source| source.tags(["wms", "cloud", "source"]).owner(OWNER)).collect()
}

/// An entity with its own columns, and those of the host.
fn entity(site: &Site, name: &str, summary: &str, columns: Vec<ModelColumn>) -> SourceTable {
    let source = SourceTable::of(name).summary(summary).columns([int64("id", "The key.")]).columns(columns);
    source.columns(marks(site, name)).test(not_null(["id"])).test(unique(["id"]))
}

fn allocation(site: &Site) -> SourceTable {
    let columns = vec![
        int64("order_dtl_id", "Its order line."),
        int64("from_inventory_id", "The inventory that it is taken from."),
        decimal("alloc_qty", 38, 10, "The quantity, in the item's unit."),
        int64("status_id", "Its status."),
        text("create_user", "Who made it."),
        site.moment("create_ts", "When it was made."),
        site.moment("mod_ts", "When it last changed."),
    ];
    let source = entity(site, "allocation", "Allocations of stock to order lines.", columns);
    filled(source, &["order_dtl_id", "from_inventory_id", "alloc_qty", "status_id", "create_ts"])
        .test(mostly(at_least("alloc_qty", 0)))
        .test(mostly(exists_in("order_dtl_id", "order_dtl", "id")))
        .test(mostly(exists_in("from_inventory_id", "inventory", "id")))
        .test(mostly(exists_in("status_id", "allocation_status", "id")))
        .fresh(hours(2), hours(4))
}

fn order_hdr(site: &Site) -> SourceTable {
    let columns = vec![
        text("cust_nbr", "The customer's number."),
        date("ord_date", "When it was ordered."),
        date("req_ship_date", "When it is to be shipped."),
        int64("status_id", "Its status."),
        int64("order_type_id", "Its type."),
        int64("priority", "Its priority."),
        site.moment("mod_ts", "When it last changed."),
    ];
    let source = entity(site, "order_hdr", "Order headers.", columns);
    filled(source, &["ord_date", "status_id"])
        .test(mostly(exists_in("status_id", "order_status", "id")))
        .fresh(days(1), days(2))
}

fn order_dtl(site: &Site) -> SourceTable {
    let columns = vec![
        int64("order_id", "Its order."),
        int64("item_id", "Its item."),
        decimal("ord_qty", 38, 10, "The quantity, in the item's unit."),
        decimal("sale_price", 38, 10, "The price of one."),
        site.moment("mod_ts", "When it last changed."),
    ];
    let source = entity(site, "order_dtl", "Order lines.", columns);
    filled(source, &["order_id", "item_id", "ord_qty"])
        .test(mostly(at_least("ord_qty", 0)))
        .test(mostly(exists_in("order_id", "order_hdr", "id")))
        .test(mostly(exists_in("item_id", "item", "id")))
        .fresh(days(1), days(2))
}

fn item(site: &Site) -> SourceTable {
    let columns = vec![
        text("code", "The code."),
        text("description", "The description."),
        int64("primary_uom_id", "The unit of its quantities."),
        decimal("unit_cost", 38, 10, "What one costs."),
        decimal("unit_weight", 38, 10, "The weight of one."),
        decimal("unit_volume", 38, 10, "The volume of one."),
        boolean("hazmat", "Whether it is dangerous."),
    ];
    let source = entity(site, "item", "Items.", columns);
    filled(source, &["code", "description"]).test(mostly(at_least("unit_cost", 0))).fresh(days(7), days(14))
}

fn location(site: &Site) -> SourceTable {
    let texts = ["barcode", "locn_str", "pick_zone", "aisle", "bay", "level", "pick_seq"];
    let mut columns: Vec<ModelColumn> = texts.map(|name| text(name, "As the entity has it.")).into();
    columns.push(int64("type_id", "Its type."));
    columns.push(decimal("max_volume", 38, 10, "The volume that fits."));
    columns.push(decimal("max_weight", 38, 10, "The weight that fits."));
    let source = entity(site, "location", "Places in the warehouse.", columns);
    filled(source, &["barcode"])
        .test(mostly(at_least("max_volume", 0)))
        .test(mostly(exists_in("type_id", "location_type", "id")))
        .fresh(days(7), days(14))
}

fn inventory(site: &Site) -> SourceTable {
    let columns = vec![int64("location_id", "Where it lies."), int64("item_id", "Its item.")];
    let source = entity(site, "inventory", "Stock.", columns);
    source.test(mostly(exists_in("location_id", "location", "id"))).fresh(hours(2), hours(4))
}

fn lookup(site: &Site, name: &str) -> SourceTable {
    let mut columns = vec![text("description", "The description.")];
    if !name.ends_with("_status") {
        columns.push(text("code", "The code."));
    }
    entity(site, name, "A lookup.", columns)
}
