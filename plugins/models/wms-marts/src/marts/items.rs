//! `dim_items`: every item that a fact can refer to, with its recent orders and allocations. An item that is missing in
//! the master gets a row too, and inactive or deleted ones keep theirs: no fact is an orphan.

use crate::rating::{count_where, grade, ladder, ladder_up};
use crate::site::Site;
use wmshost_plugin::contract::modelling::ModelColumn;
use wmshost_plugin::models::{
    Delta, DeltaSource, Model, NULL, UnitTest, accepted, at_least, between, columns::*, days, holds, no_rows, not_null,
    unique,
};
use wmshost_plugin::rows;

pub(super) fn model(site: &Site) -> Model {
    let model = Model::mart("dim_items")
        .summary(
            "Items, with what was ordered and allocated of them today and in the 90 days before. Items of which any of it \
             changed are computed again; when a day went by, all.",
        )
        .reads([
            site.table("item_master", "item_id").0,
            "stg_wms_items",
            "stg_wms_order_lines",
            "stg_wms_order_headers",
            "stg_wms_allocation",
            "int_item_turnover",
        ])
        .replaced_by(["item_id"], changes(site))
        .sql(statement(site))
        .columns(columns(site))
        .index(["item_id"])
        .index(["item_key"])
        .statistics()
        .fresh(days(1), days(2));
    unit_tested(site, tested(model))
}

fn columns(site: &Site) -> Vec<ModelColumn> {
    vec![
        text("item_key", "The key of the item, alike in every build."),
        int64("item_id", "The item."),
        text("item_code", "The code; NULL where the master does not have the item."),
        text("item_description", "The description."),
        text("item_category", "The category; UNKNOWN where there is none."),
        text("unit_of_measure", "The unit of its quantities."),
        decimal("standard_cost", 15, 4, "What one costs."),
        boolean("is_active", "Whether it is in use; NULL where the source has no flag."),
        boolean("is_deleted", "Whether the source no longer has it."),
        boolean("is_in_master", "Whether the item master has it."),
        text("storage_type", "The storage type."),
        boolean("is_perishable", "Whether it goes bad."),
        boolean("is_hazmat", "Whether it is dangerous."),
        text("size_category", "OVERSIZED, LARGE, MEDIUM, SMALL or UNKNOWN."),
        text("value_category", "LOW_VALUE to PREMIUM_VALUE, by its cost; UNKNOWN without one."),
        text("handling_classification", "How it is handled; UNKNOWN where the master does not have the item."),
        int64("orders_count", "Recent orders with the item; recent is today and the 90 days before."),
        decimal("total_quantity_ordered", 15, 3, "What they asked for, in the item's unit."),
        float64("avg_unit_price", "The mean price of their lines; the standard cost where there is none."),
        site.moment("last_order_date", "The date of the last of them."),
        int64("days_since_last_order", "Midnights since then."),
        int64("allocations_count", "Recent allocations of the item."),
        decimal("total_quantity_allocated", 15, 3, "What they allocated, in the item's unit."),
        int64("shipped_allocations_count", "How many of them are shipped."),
        float64("avg_fulfillment_time_seconds", "How long those took, on average, in seconds."),
        float64("fulfillment_rate_pct", "How many of the allocations are shipped, in percent; NULL without any."),
        text("volume_category", "High from 30 orders, Medium from 10, Low from 1; No Activity without."),
        text(
            "fulfillment_performance",
            "Excellent from 95 %, Good from 85, Average from 70, else Poor; NULL without any.",
        ),
        text("velocity_category", "Fast Moving up to 7 days, Regular Moving to 30, Slow Moving to 90, else Dormant."),
    ]
}

/// Items that changed in the master or were removed from it, and those whose orders, lines, allocations or movements
/// changed.
fn changes(site: &Site) -> String {
    let window = ["item_id"];
    let of = |model, only| DeltaSource { model, window: &window, only };
    let tables = [
        of("stg_wms_order_lines", "item_id IS NOT NULL"),
        of("stg_wms_allocation", "item_id IS NOT NULL"),
        of("int_item_turnover", "1 = 1"),
    ];
    let (master, key) = site.table("item_master", "item_id");
    // A unit comes from a lookup, which may be loaded again without a change.
    let units = match site.cloud {
        None => "",
        Some(_) => {
            "
SELECT built.item_id FROM {this} built JOIN {stg_wms_items} staged ON staged.item_id = built.item_id
WHERE COALESCE(built.unit_of_measure, '~') <> COALESCE(staged.unit_of_measure, '~')
UNION ALL"
        }
    };
    format!(
        "SELECT came.{key} AS item_id FROM {{{master}}} came WHERE {is_new} AND came.{key} IS NOT NULL
UNION ALL
SELECT built.item_id FROM {{this}} built LEFT JOIN {{{master}}} found ON found.{key} = built.item_id
WHERE built.is_in_master = 1 AND found.{key} IS NULL
UNION ALL{units}
SELECT item_id FROM {{stg_wms_order_lines}} lines
WHERE item_id IS NOT NULL AND order_id IN (
  SELECT order_id FROM {{stg_wms_order_headers}} came WHERE wms_loaded_at > {{watermark:stg_wms_order_headers}}
  UNION ALL
  SELECT order_id FROM {{before:stg_wms_order_headers}} went
)
UNION ALL
{moved}
UNION ALL
SELECT item_id FROM {{this}} built WHERE {day_went_by}",
        is_new = site.is_new(master),
        moved = Delta { window: &window, tables: &tables }.windows(),
        day_went_by = site.day_went_by(),
    )
}

fn statement(site: &Site) -> String {
    let sql = site.sql;
    format!(
        "WITH {lately},
known AS (
  SELECT item_id FROM {{stg_wms_items}} {changed}
  UNION
  SELECT item_id FROM {{int_item_turnover}} {changed}
  UNION
  SELECT item_id FROM ordered
),
gathered AS (
  SELECT known.item_id, items.item_code, items.item_description,
    COALESCE(items.item_category, 'UNKNOWN') AS item_category, items.unit_of_measure, items.standard_cost,
    {is_active} AS is_active, COALESCE(items.is_deleted, 0) AS is_deleted,
    {is_in_master} AS is_in_master,
    COALESCE(items.storage_type, 'UNKNOWN') AS storage_type, items.is_perishable, items.is_hazmat,
    COALESCE(items.size_category, 'UNKNOWN') AS size_category,
    COALESCE(items.value_category, 'UNKNOWN') AS value_category,
    COALESCE(items.handling_classification, 'UNKNOWN') AS handling_classification,
    COALESCE(ordered.orders_count, 0) AS orders_count,
    COALESCE(ordered.total_quantity_ordered, 0) AS total_quantity_ordered,
    COALESCE(ordered.avg_unit_price, items.standard_cost) AS avg_unit_price, ordered.last_order_date,
    {days_since_order} AS days_since_last_order,
    COALESCE(allocated.allocations_count, 0) AS allocations_count,
    COALESCE(allocated.total_quantity_allocated, 0) AS total_quantity_allocated,
    COALESCE(allocated.shipped_allocations_count, 0) AS shipped_allocations_count,
    allocated.avg_fulfillment_time_seconds,
    {fulfillment} AS fulfillment_rate_pct
  FROM known
  LEFT JOIN {{stg_wms_items}} items ON items.item_id = known.item_id
  LEFT JOIN ordered ON ordered.item_id = known.item_id
  LEFT JOIN allocated ON allocated.item_id = known.item_id
)
SELECT {key} AS item_key, gathered.*,
  {volume} AS volume_category,
  {performance} AS fulfillment_performance,
  {velocity} AS velocity_category
FROM gathered",
        lately = lately(site),
        changed = "{when incremental} WHERE item_id IN (SELECT item_id FROM {changes}) {end}",
        is_in_master = sql.flag("items.item_id IS NOT NULL"),
        is_active = match site.cloud {
            None => "COALESCE(items.is_active, 0)",
            // There is no flag.
            Some(_) => "CASE WHEN items.item_id IS NULL THEN 0 ELSE items.is_active END",
        },
        days_since_order = sql.days_between(&site.local("ordered.last_order_date"), &site.today),
        fulfillment = sql.percentage("allocated.shipped_allocations_count", "allocated.allocations_count"),
        key = sql.surrogate_key(&["item_id"]),
        volume =
            ladder("orders_count", "'No Activity'", &[("30", "High"), ("10", "Medium"), ("1", "Low")], "No Activity"),
        performance = grade("fulfillment_rate_pct", "NULL", ["95", "85", "70"]),
        velocity = ladder_up(
            "days_since_last_order",
            "'Dormant'",
            &[("7", "Fast Moving"), ("30", "Regular Moving"), ("90", "Slow Moving")],
            "Dormant"
        ),
    )
}

/// The recent orders and allocations of each item: the tables `ordered` and `allocated`. The join and the `+` make
/// SQLite go from recent orders to their lines: a few items may have most of all lines that ever existed.
fn lately(site: &Site) -> String {
    format!(
        "ordered AS (
  SELECT lines.item_id, COUNT(DISTINCT lines.order_id) AS orders_count,
    SUM(lines.quantity_ordered) AS total_quantity_ordered, AVG(lines.unit_price) AS avg_unit_price,
    MAX(orders.order_date) AS last_order_date
  FROM {{stg_wms_order_headers}} orders CROSS JOIN {{stg_wms_order_lines}} lines
  WHERE lines.order_id = orders.order_id AND {order_is_recent} AND lines.item_id IS NOT NULL
    {{when incremental}} AND +lines.item_id IN (SELECT item_id FROM {{changes}}) {{end}}
  GROUP BY lines.item_id
),
allocated AS (
  SELECT item_id, COUNT(*) AS allocations_count, SUM(valid_quantity) AS total_quantity_allocated,
    {shipped} AS shipped_allocations_count, AVG(fulfillment_time_seconds) AS avg_fulfillment_time_seconds
  FROM {{stg_wms_allocation}}
  WHERE {allocation_is_recent} {{when incremental}} AND item_id IN (SELECT item_id FROM {{changes}}) {{end}}
  GROUP BY item_id
)",
        order_is_recent = site.is_recent(&site.local("orders.order_date")),
        shipped = count_where("allocation_status = 'SHIPPED'"),
        allocation_is_recent = site.is_recent("allocation_date"),
    )
}

fn tested(model: Model) -> Model {
    model
        .test(not_null(["item_key", "item_id"]))
        .test(unique(["item_id"]).says("An item of the master is there twice."))
        .test(unique(["item_key"]))
        .test(
            no_rows(
                "facts_find_their_item",
                "SELECT item_id FROM {int_item_turnover} WHERE item_id NOT IN (SELECT item_id FROM {this})",
            )
            .says("An item that something moved of has no row: facts would be orphans."),
        )
        .test(accepted("volume_category", ["High", "Medium", "Low", "No Activity"]))
        .test(accepted("fulfillment_performance", ["Excellent", "Good", "Average", "Poor"]))
        .test(accepted("velocity_category", ["Fast Moving", "Regular Moving", "Slow Moving", "Dormant"]))
        .test(between("fulfillment_rate_pct", 0, 100))
        .test(at_least("orders_count", 0))
        .test(at_least("total_quantity_allocated", 0))
        .test(holds("shipped_are_some_of_all", "shipped_allocations_count <= allocations_count"))
        .test(
            holds("the_master_has_it", "is_in_master = 1")
                .says("Orders or allocations have an item that the master does not have.")
                .warns(),
        )
}

fn unit_tested(site: &Site, model: Model) -> Model {
    model
        .unit_test(
            UnitTest::new("items that are inactive or not in the master have a row")
                .given("stg_wms_items", rows! { item_id, is_active, standard_cost; 1, 0, 2.5 })
                .given("int_item_turnover", rows! { item_id; 2 })
                .expect(rows! {
                    item_key, item_id, is_active, is_in_master, avg_unit_price, volume_category, velocity_category,
                    fulfillment_performance;
                    "1", 1, 0, 1, 2.5, "No Activity", "Dormant", NULL;
                    "2", 2, 0, 0, NULL, "No Activity", "Dormant", NULL;
                }),
        )
        .unit_test(
            UnitTest::new("only what is recent counts")
                .now("2026-06-30 12:00:00")
                .given("stg_wms_items", rows! { item_id, is_active; 1, 1 })
                .given(
                    "stg_wms_order_headers",
                    match site.shows_stored_times() {
                        true => rows! {
                            order_id, order_date;
                            1, "2026-03-31 23:59:59.999999";
                            2, "2026-06-23 00:00:00.000000";
                            3, "2026-07-01 00:00:00.000000";
                        },
                        false => rows! {
                            order_id, order_date;
                            1, "2026-03-31 12:00:00.000000";
                            2, "2026-06-23 12:00:00.000000";
                            3, "2026-07-01 12:00:00.000000";
                        },
                    },
                )
                .given(
                    "stg_wms_order_lines",
                    rows! {
                        order_id, item_id, quantity_ordered, unit_price;
                        1, 1, 100, 1.0; 2, 1, 3, 2.0; 2, 1, 4, 4.0; 3, 1, 100, 1.0;
                    },
                )
                .given(
                    "stg_wms_allocation",
                    rows! {
                        item_id, allocation_date, allocation_status, valid_quantity, fulfillment_time_seconds;
                        1, "2026-04-01", "SHIPPED", 2, 60.0;
                        1, "2026-06-30", "PICKED", NULL, NULL;
                        1, "2026-03-31", "SHIPPED", 9, 9.0;
                    },
                )
                .expect(rows! {
                    item_id, orders_count, total_quantity_ordered, avg_unit_price, days_since_last_order,
                    allocations_count, total_quantity_allocated, shipped_allocations_count, fulfillment_rate_pct,
                    volume_category, velocity_category, fulfillment_performance;
                    1, 1, 7, 3.0, 7, 2, 2, 1, 50.0, "Low", "Fast Moving", "Poor";
                }),
        )
}
