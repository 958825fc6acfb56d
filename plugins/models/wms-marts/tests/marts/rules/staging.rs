//! Rules of the staging models.

use super::{DAY, HOUR, TEN, allocation, allocations, built, item, line, loaded, location, order};
use crate::warehouse::{Allocation, Item, Line, Location, Mark, Order, Terms, Warehouse};

fn orders(orders: impl IntoIterator<Item = Order>) -> Warehouse {
    let orders: Vec<_> = orders.into_iter().collect();
    let lines = orders.iter().map(|order| line(order.id, order.id)).collect();
    Warehouse { orders, lines, ..Warehouse::default() }
}

#[test]
fn an_allocation_has_its_defaults() {
    let built = built(&allocations([Allocation { user: None, priority: None, ..allocation(1) }]));
    assert_eq!(built.shown("allocated_by_user, priority_level", "stg_wms_allocation"), ["SYSTEM|1"]);
}

#[test]
fn an_allocation_is_active_fulfilled_or_unknown() {
    let of = |(id, status)| Allocation { status, ..allocation(id) };
    let statuses = [Some("ALLOCATED"), Some("RESERVED"), Some("PICKED"), Some("SHIPPED"), Some("HOLD"), None];
    let built = built(&allocations((1..).zip(statuses).map(of)));
    let groups = built.shown("status_group", "stg_wms_allocation ORDER BY allocation_id");
    assert_eq!(groups, ["Active", "Active", "Fulfilled", "Fulfilled", "Unknown", "Unknown"]);
}

#[test]
fn an_allocation_is_poor_if_invalid_and_good_if_incomplete() {
    let built = built(&allocations([
        allocation(1),
        Allocation { location: None, ..allocation(2) },
        Allocation { quantity: None, ..allocation(3) },
        Allocation { status: Some("X"), location: None, ..allocation(4) },
    ]));
    let scores = built.shown("data_quality_score", "stg_wms_allocation ORDER BY allocation_id");
    assert_eq!(scores, ["Excellent", "Good", "Poor", "Poor"]);
}

#[test]
fn a_deleted_row_is_not_there() {
    let deleted = Mark { loaded: 9, deleted: true };
    let mut warehouse = orders([order(1), Order { mark: deleted, ..order(2) }]);
    warehouse.terms = Terms { soft_deletes: true, ..Terms::default() };
    warehouse.allocations = vec![allocation(1), Allocation { mark: deleted, ..allocation(2) }];
    warehouse.lines.push(Line { mark: deleted, ..line(9, 1) });
    let built = built(&warehouse);
    assert_eq!(built.shown("allocation_id", "stg_wms_allocation"), ["1"]);
    assert_eq!(built.shown("order_id, line_count", "stg_wms_orders"), ["1|1"]);
}

#[test]
fn a_deleted_master_stays_with_a_flag() {
    let deleted = Mark { loaded: 9, deleted: true };
    let built = built(&Warehouse {
        terms: Terms { soft_deletes: true, ..Terms::default() },
        items: vec![item(1), Item { mark: deleted, ..item(2) }],
        locations: vec![location(1), Location { mark: deleted, ..location(2) }],
        ..Warehouse::default()
    });
    assert_eq!(built.shown("item_id, is_deleted", "dim_items ORDER BY item_id"), ["1|0", "2|1"]);
    assert_eq!(built.shown("location_id, is_deleted", "stg_wms_locations ORDER BY location_id"), ["1|0", "2|1"]);
}

#[test]
fn an_order_has_its_defaults() {
    let plain = Order { requested: None, kind: None, priority: None, ..order(1) };
    let built = built(&orders([plain]));
    let found = built.shown("requested_ship_date, order_type, priority_code, priority_rank", "stg_wms_orders");
    assert_eq!(found, ["2026-07-07 10:00:00.000000|STANDARD|NORMAL|3"]);
}

#[test]
fn an_order_is_as_old_as_the_midnights_since() {
    let late = Order { date: Some(TEN - 11 * HOUR), ..order(2) };
    let built = built(&orders([order(1), late, Order { date: None, ..order(3) }]));
    assert_eq!(built.shown("days_since_order", "stg_wms_orders ORDER BY order_id"), ["0", "1", "-"]);
}

#[test]
fn an_order_adds_up_its_lines() {
    let mut warehouse = orders([order(1)]);
    let second = Line { item: Some(2), price: Some(1_00), total: Some(3_00), quantity: Some(500), ..line(2, 1) };
    warehouse.lines.extend([second, Line { price: None, total: None, quantity: None, ..line(3, 1) }]);
    let built = built(&warehouse);
    let counted =
        built.shown("line_count, total_quantity_ordered, calculated_total_amount, unique_item_count", "stg_wms_orders");
    assert_eq!(counted, ["3|2.5|13|2"]);
    assert_eq!(built.shown("avg_unit_price, min_unit_price, max_unit_price", "stg_wms_orders"), ["3|1|5"]);
}

#[test]
fn amounts_differ_from_a_cent_on() {
    let of = |(id, amount)| Order { amount: Some(amount), ..order(id) };
    let built = built(&orders((1..).zip([10_00, 10_01, 9_99, 10_02, 9_98]).map(of)));
    let variances = built.shown("has_amount_variance", "stg_wms_orders ORDER BY order_id");
    assert_eq!(variances, ["0", "0", "0", "1", "1"], "a cent is none");
}

#[test]
fn an_order_has_a_size_and_a_rank() {
    let amounts = [99_99, 100_00, 1_000_00, 10_000_00];
    let priorities = ["URGENT", "HIGH", "NORMAL", "LOW"];
    let of = |(id, (amount, priority))| Order { amount: Some(amount), priority: Some(priority), ..order(id) };
    let built = built(&orders((1..).zip(amounts.into_iter().zip(priorities)).map(of)));
    let found = built.shown("order_size_category, priority_rank", "stg_wms_orders ORDER BY order_id");
    assert_eq!(found, ["Small|1", "Medium|2", "Large|3", "Enterprise|4"]);
}

#[test]
fn an_order_is_poor_if_a_flag_is_up_and_excellent_if_complete() {
    let built = built(&orders([
        order(1),
        Order { address: None, ..order(2) },
        Order { kind: Some(" "), ..order(3) },
        Order { status: None, ..order(4) },
        Order { amount: Some(-1), ..order(5) },
        Order { amount: Some(11_00), ..order(6) },
    ]));
    let scores = built.shown("data_quality_score", "stg_wms_orders ORDER BY order_id");
    assert_eq!(scores, ["Excellent", "Good", "Good", "Poor", "Poor", "Poor"]);
}

#[test]
fn an_order_that_lacks_anything_that_matters_is_good() {
    let complete = order(1);
    let lacking = [
        Order { customer: None, ..complete.clone() },
        Order { date: None, ..complete.clone() },
        Order { requested: None, ..complete.clone() },
        Order { kind: None, ..complete.clone() },
        Order { priority: Some(" \t"), ..complete.clone() },
        Order { address: None, ..complete.clone() },
        Order { updated: None, ..complete },
    ];
    let built = built(&orders((1..).zip(lacking).map(|(id, order)| Order { id, ..order })));
    assert_eq!(built.shown("data_quality_score", "stg_wms_orders"), ["Good"; 7]);
}

#[test]
fn an_item_is_handled_by_what_it_is() {
    let heavy = Some(60_000);
    let built = built(&Warehouse {
        items: vec![
            Item { shelf_life: Some(3), hazmat: Some("3"), ..item(1) },
            Item { description: Some("Perishable"), ..item(2) },
            Item { hazmat: Some("3"), weight: heavy, ..item(3) },
            Item { weight: heavy, ..item(4) },
            item(5),
        ],
        ..Warehouse::default()
    });
    let found = built.shown("handling_classification", "stg_wms_items ORDER BY item_id");
    assert_eq!(found, ["SPECIAL_HANDLING", "PERISHABLE", "HAZMAT", "OVERSIZED", "STANDARD"]);
}

#[test]
fn a_location_has_its_defaults_and_its_place() {
    let bare = Location { zone: None, aisle: None, level: None, sequence: None, measures: [None; 4], ..location(1) };
    let built = built(&Warehouse { locations: vec![bare, location(2)], ..Warehouse::default() });
    let place = "zone_id, aisle, bay, level_no, pick_sequence, operational_category, accessibility_rating";
    let found = built.shown(place, "stg_wms_locations ORDER BY location_id");
    assert_eq!(found, ["UNKNOWN|00|00|01|999999|STANDARD_PICK|HIGH_ACCESS", "Z|01|00|01|1|PRIME_PICK|HIGH_ACCESS"]);
    let full = "volume_utilization_pct, weight_utilization_pct, utilization_status, efficiency_status";
    let found = built.shown(full, "stg_wms_locations ORDER BY location_id");
    assert_eq!(found, ["0|0|UNLIMITED|SUBOPTIMAL", "50|10|LOW|OPTIMAL"]);
}

#[test]
fn a_line_counts_in_its_latest_version() {
    let mut warehouse = orders([order(1)]);
    warehouse.lines = vec![
        Line { total: Some(1_00), updated: Some(TEN + DAY), mark: loaded(1), ..line(1, 1) },
        Line { total: Some(2_00), updated: Some(TEN), mark: loaded(2), ..line(1, 1) },
    ];
    assert_eq!(built(&warehouse).shown("line_count, calculated_total_amount", "stg_wms_orders"), ["1|1"]);
}
