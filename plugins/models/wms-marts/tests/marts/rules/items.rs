//! Rules of the dimension of items, of movements and of turnover.

use super::{Built, DAY, HOUR, TEN, allocation, allocations, built, item, line, order, receipt};
use crate::warehouse::{Allocation, Item, Line, Order, Receipt, Terms, Warehouse};

/// A warehouse with `count` orders of item 1, the last one `days_ago` days ago.
fn ordered(count: i64, days_ago: i64) -> Built {
    let at = |id| Some(TEN - days_ago * DAY - id);
    built(&Warehouse {
        items: vec![item(1)],
        orders: (0..count).map(|id| Order { date: at(id), ..order(id) }).collect(),
        lines: (0..count).map(|id| line(id, id)).collect(),
        ..Warehouse::default()
    })
}

#[test]
fn volume_is_high_from_30_orders_medium_from_10_low_from_1() {
    let volume = |count| ordered(count, 0).shown("volume_category", "dim_items").remove(0);
    assert_eq!([30, 29, 10, 9, 1, 0].map(volume), ["High", "Medium", "Medium", "Low", "Low", "No Activity"]);
}

#[test]
fn velocity_goes_by_the_last_order() {
    let velocity = |days| ordered(1, days).shown("velocity_category", "dim_items").remove(0);
    let found = [0, 7, 8, 30, 31, 90, 91].map(velocity);
    let (fast, regular, slow) = ("Fast Moving", "Regular Moving", "Slow Moving");
    assert_eq!(found, [fast, fast, regular, regular, slow, slow, "Dormant"]);
}

#[test]
fn items_count_what_happened_in_the_last_90_days() {
    let old = TEN - 91 * DAY;
    let built = built(&Warehouse {
        items: vec![item(1)],
        orders: vec![order(1), Order { date: Some(old), ..order(2) }],
        lines: vec![line(1, 1), Line { price: Some(7_00), ..line(2, 1) }, line(3, 2)],
        allocations: vec![allocation(1), Allocation { created: Some(old), ..allocation(2) }],
        ..Warehouse::default()
    });
    let found = built.shown("orders_count, total_quantity_ordered, avg_unit_price, last_order_date", "dim_items");
    assert_eq!(found, ["1|4|6|2026-06-30 10:00:00.000000"]);
    let found = built.shown(
        "allocations_count, total_quantity_allocated, shipped_allocations_count, avg_fulfillment_time_seconds",
        "dim_items",
    );
    assert_eq!(found, ["1|5|1|3600"]);
}

#[test]
fn an_item_without_orders_has_its_standard_cost_as_price() {
    assert_eq!(ordered(0, 0).shown("avg_unit_price", "dim_items"), ["9.9999"]);
}

#[test]
fn items_are_rated_by_what_is_shipped() {
    let performance = |shipped: i64| {
        let of = |id| Allocation { status: Some(if id < shipped { "SHIPPED" } else { "PICKED" }), ..allocation(id) };
        built(&allocations((0..100).map(of))).shown("fulfillment_performance", "dim_items").remove(0)
    };
    assert_eq!([95, 94, 85, 84, 70, 69].map(performance), ["Excellent", "Good", "Good", "Average", "Average", "Poor"]);
    assert_eq!(ordered(1, 0).shown("fulfillment_performance", "dim_items"), ["-"], "without allocations there is none");
}

#[test]
fn movements_have_an_impact() {
    let built = built(&Warehouse {
        terms: Terms { receipts: true, ..Terms::default() },
        allocations: vec![
            allocation(1),
            Allocation { updated: Some(TEN + HOUR + 1), ..allocation(2) },
            Allocation { status: Some("PICKED"), ..allocation(3) },
            Allocation { status: Some("RESERVED"), ..allocation(4) },
            Allocation { updated: None, ..allocation(5) },
        ],
        receipts: vec![receipt(6), Receipt { status: Some("EXPECTED"), ..receipt(7) }],
        ..Warehouse::default()
    });
    let scores = built.shown("business_impact_score", "fact_inventory_movement ORDER BY movement_id");
    assert_eq!(scores, ["100", "80", "60", "40", "80", "90", "40"]);
}

#[test]
fn movements_add_up_within_their_item() {
    let built = built(&Warehouse {
        terms: Terms { receipts: true, ..Terms::default() },
        allocations: vec![
            allocation(1),
            Allocation { created: Some(TEN + HOUR), quantity: Some(1_000), ..allocation(2) },
            Allocation { item: Some(2), ..allocation(3) },
        ],
        receipts: vec![receipt(9)],
        ..Warehouse::default()
    });
    let running = "movement_key, running_net_quantity, running_avg_quantity, running_movement_count";
    let found = built.shown(running, "fact_inventory_movement WHERE item_id = 1 ORDER BY running_movement_count");
    assert_eq!(found, ["INBOUND|9|10|10|1", "OUTBOUND|1|5|7.5|2", "OUTBOUND|2|4|5.333333333333333|3"]);
}

#[test]
fn what_comes_in_at_the_same_moment_comes_first() {
    let built = built(&Warehouse {
        terms: Terms { receipts: true, ..Terms::default() },
        allocations: vec![allocation(1)],
        receipts: vec![Receipt { received: Some(TEN), ..receipt(9) }],
        ..Warehouse::default()
    });
    let found = built.shown("movement_key, running_net_quantity", "fact_inventory_movement ORDER BY 1");
    assert_eq!(found, ["INBOUND|9|10", "OUTBOUND|1|5"]);
}

#[test]
fn movements_know_their_neighbours() {
    let quantities = [3_000, 5_000, 5_000, 1_000];
    let of = |(id, quantity)| Allocation { created: Some(TEN + id), quantity: Some(quantity), ..allocation(id) };
    let built = built(&allocations((1..).zip(quantities).map(of)));
    let found =
        built.shown("previous_quantity, next_quantity, quantity_trend", "fact_inventory_movement ORDER BY movement_id");
    assert_eq!(found, ["-|5|First", "3|5|Increasing", "5|1|Stable", "5|-|Decreasing"]);
}

#[test]
fn quantities_are_ranked_within_their_item() {
    let of = |id: i64| Allocation { quantity: Some(id * 1_000), ..allocation(id) };
    let unknown = Allocation { quantity: None, ..allocation(9) };
    let built = built(&allocations((1..=5).map(of).chain([unknown])));
    let spread = "quantity_p25, quantity_p50, quantity_p75, quantity_p90";
    assert_eq!(built.shown(spread, "fact_inventory_movement WHERE movement_id = 1"), ["2|3|4|4.6"]);
    let ranks = built.shown("quantity_percent_rank", "fact_inventory_movement ORDER BY movement_id");
    assert_eq!(ranks, ["0", "0.25", "0.5", "0.75", "1", "-"]);
}

#[test]
fn items_move_fast_from_5_a_day() {
    let velocity = |count| {
        let of = |id| Allocation { created: Some(TEN - id), ..allocation(id) };
        built(&allocations((0..count).map(of))).shown("velocity_category", "int_item_turnover").remove(0)
    };
    assert_eq!([450, 449, 90, 89, 9, 8].map(velocity), ["HIGH", "MEDIUM", "MEDIUM", "LOW", "LOW", "DORMANT"]);
    let last = built(&allocations([Allocation { created: Some(TEN - 91 * DAY), ..allocation(1) }]));
    assert_eq!(last.shown("movements, movements_90d, velocity_category", "int_item_turnover"), ["1|0|DORMANT"]);
}

#[test]
fn the_day_that_comes_has_not_been() {
    let built = built(&Warehouse {
        items: vec![Item { active: None, ..item(1) }],
        ..allocations([Allocation { created: Some(TEN + DAY), ..allocation(1) }])
    });
    assert_eq!(built.shown("allocations_count", "dim_items"), ["0"]);
    assert_eq!(built.shown("movements_90d", "int_item_turnover"), ["0"]);
}
