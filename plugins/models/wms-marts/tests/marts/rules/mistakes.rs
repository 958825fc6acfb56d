//! The mistakes of the models that these replace: the correct behaviour, one test each.

use super::{Built, DAY, HOUR, TEN, allocation, allocations, built, item, line, loaded, order, receipt};
use crate::moment::SECOND;
use crate::warehouse::{Allocation, CLOCKS_CHANGE, Item, Order, Receipt, Terms, Warehouse};

#[test]
fn mistake_01_a_processing_time_has_its_days() {
    let built = built(&allocations([Allocation { updated: Some(TEN + 25 * HOUR), ..allocation(1) }]));
    assert_eq!(built.shown("processing_time_seconds", "int_allocation_performance"), ["90000"]);
}

#[test]
fn mistake_02_a_days_rate_is_weighted_over_its_status_groups() {
    let active = Allocation { status: Some("ALLOCATED"), ..allocation(4) };
    let built = built(&allocations([allocation(1), allocation(2), allocation(3), active]));
    let facts = built.shown("status_group, fulfillment_rate_pct", "fact_allocation_performance ORDER BY 1");
    assert_eq!(facts, ["Active|0", "Fulfilled|100"], "the grain keeps the status group");
    assert_eq!(built.shown("fulfillment_rate_pct", "kpi_daily"), ["75"], "the day weighs them: not 50");
}

#[test]
fn mistake_03_the_key_has_all_eight_columns_of_the_grain() {
    let others = [
        Allocation { created: Some(TEN - DAY), ..allocation(2) },
        Allocation { location: Some(2), ..allocation(3) },
        Allocation { item: Some(2), ..allocation(4) },
        Allocation { user: Some("BOB"), ..allocation(5) },
        Allocation { status: Some("RESERVED"), ..allocation(6) },
        Allocation { quantity: Some(11_000), ..allocation(7) },
        Allocation { created: Some(TEN - 2 * DAY), ..allocation(8) },
        Allocation { created: Some(TEN + 9 * HOUR), ..allocation(9) },
    ];
    let built = built(&allocations([allocation(1), allocation(10)].into_iter().chain(others)));
    let keys = built.shown("performance_key, allocation_count", "fact_allocation_performance ORDER BY 1");
    assert_eq!(keys.len(), 9, "each of the eight makes a row of its own");
    assert!(keys.contains(&"2026-06-30|1|1|ANN|Fulfilled|Small|Weekday|Business Hours|2".to_owned()), "{keys:?}");
    assert_eq!(
        built.shown("performance_key", "(SELECT DISTINCT performance_key FROM fact_allocation_performance)").len(),
        9
    );
}

#[test]
fn mistake_04_turnover_sets_out_against_in() {
    let built = built(&Warehouse {
        terms: Terms { receipts: true, ..Terms::default() },
        allocations: vec![allocation(1), Allocation { location: Some(2), ..allocation(2) }],
        receipts: vec![receipt(1), Receipt { quantity: Some(30_000), ..receipt(2) }],
        ..Warehouse::default()
    });
    assert_eq!(
        built.shown("outbound_quantity_90d, inbound_quantity_90d, turnover_pct", "int_item_turnover"),
        ["10|40|25"]
    );
    let facts = built.shown("item_turnover_pct", "fact_inventory_movement");
    assert_eq!(facts, ["25"; 4], "every movement of the item has it");
}

#[test]
fn mistake_05_what_is_not_known_has_no_category() {
    let built = built(&Warehouse {
        items: vec![Item { cost: None, weight: None, volume: None, ..item(1) }],
        orders: vec![Order { amount: None, ..order(1) }],
        allocations: vec![Allocation { quantity: None, ..allocation(1) }],
        ..Warehouse::default()
    });
    assert_eq!(built.shown("value_category, size_category", "stg_wms_items"), ["UNKNOWN|UNKNOWN"]);
    assert_eq!(built.shown("value_category, size_category", "dim_items"), ["UNKNOWN|UNKNOWN"]);
    assert_eq!(built.shown("order_size_category", "stg_wms_orders"), ["UNKNOWN"]);
    assert_eq!(built.shown("quantity_tier", "stg_wms_allocation"), ["Unknown"]);
}

#[test]
fn mistake_06_null_is_invalid() {
    let built = built(&Warehouse {
        allocations: vec![Allocation { quantity: None, status: None, ..allocation(1) }],
        orders: vec![Order { amount: None, status: None, ..order(1) }],
        lines: vec![line(1, 1)],
        items: vec![Item { code: None, description: None, cost: None, active: None, ..item(1) }],
        ..Warehouse::default()
    });
    assert_eq!(built.shown("has_invalid_quantity, has_invalid_status", "stg_wms_allocation"), ["1|1"]);
    let order =
        built.shown("has_invalid_amount, has_invalid_status, has_amount_variance, has_no_lines", "stg_wms_orders");
    assert_eq!(order, ["1|1|1|0"]);
    let flags = "has_invalid_code, has_invalid_description, has_invalid_cost, has_invalid_active_flag";
    assert_eq!(built.shown(flags, "stg_wms_items"), ["1|1|1|1"]);
}

#[test]
fn mistake_07_all_rules_go_by_the_clean_status() {
    let built = built(&allocations([Allocation { status: Some(" shipped\t"), ..allocation(1) }]));
    let found =
        built.shown("allocation_status, status_group, has_invalid_status, data_quality_score", "stg_wms_allocation");
    assert_eq!(found, ["SHIPPED|Fulfilled|0|Excellent"]);
    assert_eq!(built.shown("shipped_count, fulfillment_rate_pct", "kpi_daily"), ["1|100"]);
}

#[test]
fn mistake_08_rows_of_the_system_can_be_excellent() {
    let built = built(&allocations([Allocation { user: None, ..allocation(1) }]));
    assert_eq!(built.shown("allocated_by_user, data_quality_score", "stg_wms_allocation"), ["SYSTEM|Excellent"]);
}

#[test]
fn mistake_09_an_order_without_lines_is_seen() {
    let free = Order { amount: Some(0), ..order(2) };
    let built = built(&Warehouse { orders: vec![order(1), free], ..Warehouse::default() });
    let found = built.shown(
        "line_count, calculated_total_amount, has_no_lines, has_amount_variance, data_quality_score",
        "stg_wms_orders ORDER BY order_id",
    );
    assert_eq!(found, ["0|0|1|1|Poor", "0|0|1|0|Poor"]);
}

#[test]
fn mistake_10_the_latest_version_of_a_row_counts_and_no_other() {
    let version = |status, updated, at| Allocation { status: Some(status), updated, mark: loaded(at), ..allocation(1) };
    let built = built(&Warehouse {
        allocations: vec![
            version("PICKED", Some(TEN + HOUR), 3),
            version("SHIPPED", Some(TEN + 2 * HOUR), 1),
            version("ALLOCATED", None, 4),
            version("RESERVED", Some(TEN + 2 * HOUR), 0),
        ],
        orders: vec![
            Order { status: Some("NEW"), ..order(1) },
            Order { status: Some("COMPLETED"), updated: Some(TEN + HOUR), ..order(1) },
        ],
        items: vec![Item { mark: loaded(2), ..item(1) }, Item { active: Some("N"), mark: loaded(1), ..item(1) }],
        ..Warehouse::default()
    });
    assert_eq!(built.shown("allocation_status", "stg_wms_allocation"), ["SHIPPED"]);
    assert_eq!(built.shown("allocation_count", "fact_allocation_performance"), ["1"]);
    assert_eq!(built.shown("order_status", "stg_wms_orders"), ["COMPLETED"]);
    assert_eq!(built.shown("is_active", "dim_items"), ["1"]);
}

/// An instant in the night from Sunday to Monday, and two around a change of the clocks.
#[test]
fn mistake_11_weekdays_are_isos_and_days_are_those_of_the_warehouse() {
    let instants = |zoned| {
        let at = |id, created, updated| Allocation { created: Some(created), updated: Some(updated), ..allocation(id) };
        let mut warehouse = allocations([
            at(1, CLOCKS_CHANGE - 2 * HOUR, CLOCKS_CHANGE + HOUR),
            at(2, CLOCKS_CHANGE - SECOND, CLOCKS_CHANGE),
            at(3, CLOCKS_CHANGE + 2 * HOUR, CLOCKS_CHANGE + 3 * HOUR),
        ]);
        warehouse.terms.zoned = zoned;
        let built = built(&warehouse);
        built.shown("allocation_date, day_type, processing_time_seconds", "stg_wms_allocation ORDER BY allocation_id")
    };
    // 2026-06-29 is a Monday. The local time was UTC−2 until 02:00 UTC of that day, then UTC−3.
    assert_eq!(instants(false), ["2026-06-29|Weekday|10800", "2026-06-29|Weekday|1", "2026-06-29|Weekday|3600"]);
    assert_eq!(instants(true), ["2026-06-28|Weekend|10800", "2026-06-28|Weekend|1", "2026-06-29|Weekday|3600"]);
    let sunday = allocations([Allocation { created: Some(TEN - 2 * DAY), ..allocation(1) }]);
    assert_eq!(built(&sunday).shown("allocation_iso_weekday", "fact_allocation_performance"), ["7"]);
}

#[test]
fn mistake_12_keys_are_stable_and_ties_are_ordered() {
    let forward: Vec<_> = (1..=5).map(|id| Allocation { quantity: Some(id * 1_000), ..allocation(id) }).collect();
    let backward: Vec<_> = forward.iter().rev().cloned().collect();
    let shown = |built: &Built| {
        let facts = built.shown("performance_key, allocation_count", "fact_allocation_performance ORDER BY 1");
        let movements =
            built.shown("movement_key, running_net_quantity, previous_quantity", "fact_inventory_movement ORDER BY 1");
        (facts, movements, built.shown("item_key, item_id", "dim_items ORDER BY 1"))
    };
    let first = shown(&built(&allocations(forward)));
    assert_eq!(first, shown(&built(&allocations(backward))), "the order of the rows in the table does not matter");
    assert_eq!(first.1[..2], ["OUTBOUND|1|-1|-", "OUTBOUND|2|-3|1"], "rows of the same moment go by their number");
}

#[test]
fn mistake_13_inactive_and_unknown_items_keep_their_facts() {
    let items = vec![item(1), Item { active: Some("N"), ..item(2) }];
    let rows = [1, 2, 3].map(|id| Allocation { item: Some(id), ..allocation(id) });
    let built = built(&Warehouse { items, ..allocations(rows) });
    let found = built.shown("item_id, is_active, is_in_master", "dim_items ORDER BY item_id");
    assert_eq!(found, ["1|1|1", "2|0|1", "3|0|0"]);
    for fact in ["fact_allocation_performance", "fact_inventory_movement"] {
        let orphans = format!("{fact} WHERE item_id NOT IN (SELECT item_id FROM dim_items)");
        assert!(built.shown("item_id", &orphans).is_empty(), "{fact} has no orphans");
    }
}

#[test]
fn mistake_14_receipts_are_real_or_there_are_none() {
    let orders = vec![Order { status: Some("COMPLETED"), ..order(1) }];
    let warehouse =
        Warehouse { orders, lines: vec![line(1, 1)], receipts: vec![receipt(1)], ..allocations([allocation(1)]) };
    let without = built(&warehouse);
    assert_eq!(without.shown("movement_type", "fact_inventory_movement"), ["OUTBOUND"], "none are made up from orders");
    assert_eq!(without.shown("inbound_quantity_90d, turnover_pct", "int_item_turnover"), ["0|-"]);
    let with = built(&Warehouse { terms: Terms { receipts: true, ..Terms::default() }, ..warehouse });
    assert_eq!(with.shown("movement_key", "fact_inventory_movement ORDER BY 1"), ["INBOUND|1", "OUTBOUND|1"]);
}

#[test]
fn mistake_15_a_quantity_of_zero_is_invalid_in_every_rule() {
    let built = built(&allocations([allocation(1), Allocation { quantity: Some(0), ..allocation(2) }]));
    let judged = built.shown(
        "has_invalid_quantity, quantity_tier, valid_quantity, data_quality_score",
        "stg_wms_allocation ORDER BY allocation_id",
    );
    assert_eq!(judged, ["0|Small|5|Excellent", "1|Unknown|-|Poor"]);
    let facts = built.shown(
        "quantity_tier, total_quantity_allocated, avg_quantity_allocated",
        "fact_allocation_performance ORDER BY 1",
    );
    assert_eq!(facts, ["Small|5|5", "Unknown|0|-"]);
    assert_eq!(built.shown("quantity", "fact_inventory_movement ORDER BY movement_id"), ["5", "-"]);
}
