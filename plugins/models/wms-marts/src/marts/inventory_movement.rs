//! `fact_inventory_movement`: every movement of stock beside the other movements of its item.

use crate::following::Followed;
use crate::intermediate::{items_moved, movement_sources};
use crate::rating::UNKNOWN;
use crate::site::Site;
use wmshost_plugin::contract::modelling::ModelColumn;
use wmshost_plugin::models::{
    Model, NULL, UnitTest, accepted, at_least, between, columns::*, exists_in, hours, not_null, unique,
};
use wmshost_plugin::rows;

const PERCENTILES: [(&str, f64); 4] =
    [("quantity_p25", 0.25), ("quantity_p50", 0.5), ("quantity_p75", 0.75), ("quantity_p90", 0.9)];
const TRENDS: [&str; 5] = ["First", "Increasing", "Decreasing", "Stable", UNKNOWN];

pub(super) fn model(site: &Site) -> Model {
    let model = Model::mart("fact_inventory_movement")
        .summary(
            "Movements of stock with running totals, neighbours and percentiles within their item. Items of which \
             something moved, or whose last 90 days are others than before, are computed again.",
        )
        .reads(["int_inventory_movements", "int_item_turnover"].into_iter().chain(movement_sources(site)))
        .replaced_by(["item_id"], changes(site))
        .sql(statement(site))
        .columns(columns(site))
        .index(["item_id"])
        .index(["movement_key"])
        .index(["movement_date"])
        .partition_by_month("movement_date")
        .statistics()
        .fresh(hours(4), hours(8));
    unit_tested(site, tested(model))
}

/// Items that something moved of, or whose last 90 days are others than before.
fn changes(site: &Site) -> String {
    let turnover = Followed { from: "int_item_turnover", window: &[("item_id", "item_id")], only: "1 = 1" };
    format!("{}\nUNION ALL\n{}", items_moved(site), turnover.windows())
}

fn statement(site: &Site) -> String {
    let sql = site.sql;
    // Where nothing comes in, all movements are of one kind, and one order of rows does for both.
    let kind: &[&str] = if site.receipts.is_some() { &["item_id", "movement_type"] } else { &["item_id"] };
    let by_item =
        if site.receipts.is_some() { "moved_at, movement_type, movement_id" } else { "moved_at, movement_id" };
    let of_item = |aggregate: &str| sql.running(aggregate, "item_id", by_item);
    let of_kind = kind.join(", ");
    let same_kind =
        |alias: &str| kind.iter().map(|name| format!("{alias}.{name} = s.{name}")).collect::<Vec<_>>().join(" AND ");
    let percentiles: Vec<_> = PERCENTILES
        .iter()
        .map(|(name, fraction)| format!("{} AS {name}", sql.percentile_distributed("quantity", *fraction)))
        .collect();
    format!(
        "WITH moved AS (
  SELECT movement_type, movement_id, order_id, item_id, location_id, movement_date, moved_at, movement_status,
    quantity, net_quantity, processing_time_seconds, business_impact_score
  FROM {{int_inventory_movements}} movements
  {{when incremental}} WHERE item_id IN (SELECT item_id FROM {{changes}}) {{end}}
),
counted AS (
  {counted}
),
spread AS (
  SELECT {of_kind}, {percentiles} FROM counted GROUP BY {of_kind}
),
sequenced AS (
  SELECT moved.*,
    {running_net} AS running_net_quantity, {running_avg} AS running_avg_quantity, {running_count} AS running_movement_count,
    {previous} AS previous_quantity, {next} AS next_quantity, {place} AS place_in_kind
  FROM moved
)
SELECT {key} AS movement_key, s.movement_type, s.movement_id, s.order_id, s.item_id, s.location_id, s.movement_date,
  s.moved_at, s.movement_status, s.quantity, s.net_quantity, s.processing_time_seconds, s.business_impact_score,
  s.running_net_quantity, s.running_avg_quantity, s.running_movement_count, s.previous_quantity, s.next_quantity,
  CASE WHEN s.place_in_kind = 1 THEN 'First'
    WHEN s.quantity IS NULL OR s.previous_quantity IS NULL THEN 'Unknown'
    WHEN s.quantity > s.previous_quantity THEN 'Increasing'
    WHEN s.quantity < s.previous_quantity THEN 'Decreasing'
    ELSE 'Stable' END AS quantity_trend,
  spread.quantity_p25, spread.quantity_p50, spread.quantity_p75, spread.quantity_p90,
  {percent_rank} AS quantity_percent_rank,
  t.movements_90d AS item_movements_90d,
  t.outbound_quantity_90d AS item_outbound_quantity_90d,
  t.inbound_quantity_90d AS item_inbound_quantity_90d,
  t.avg_daily_movements AS item_avg_daily_movements,
  t.avg_daily_outbound_quantity AS item_avg_daily_outbound_quantity,
  t.turnover_pct AS item_turnover_pct,
  t.velocity_category AS item_velocity_category
FROM sequenced s
LEFT JOIN spread ON {same_spread}
LEFT JOIN counted ON {same_counted} AND counted.quantity = s.quantity
LEFT JOIN {{int_item_turnover}} t ON t.item_id = s.item_id",
        counted = sql.distribution("moved", kind, "quantity"),
        percentiles = percentiles.join(", "),
        same_spread = same_kind("spread"),
        same_counted = same_kind("counted"),
        running_net = of_item("SUM(net_quantity)"),
        running_avg = of_item("AVG(quantity)"),
        running_count = of_item("COUNT(*)"),
        previous = sql.previous("quantity", &of_kind, "moved_at, movement_id"),
        next = sql.next("quantity", &of_kind, "moved_at, movement_id"),
        place = sql.running("COUNT(*)", &of_kind, "moved_at, movement_id"),
        percent_rank = sql.rank_distributed("s.quantity", "counted.wms_below", "counted.wms_total"),
        key = sql.surrogate_key(&["s.movement_type", "s.movement_id"]),
    )
}

fn columns(site: &Site) -> Vec<ModelColumn> {
    vec![
        text("movement_key", "The key of the movement, alike in every build."),
        text("movement_type", "OUTBOUND or INBOUND."),
        int64("movement_id", "The allocation or the receipt."),
        int64("order_id", "Its order."),
        int64("item_id", "Its item."),
        int64("location_id", "Where from or where to."),
        date("movement_date", "The day it was allocated or received."),
        site.moment("moved_at", "When exactly."),
        text("movement_status", "The status of the allocation or the receipt."),
        decimal("quantity", 15, 3, "How much, where it is valid, in the item's unit."),
        decimal("net_quantity", 15, 3, "The same, below zero where it leaves."),
        float64("processing_time_seconds", "How long an allocation took, in seconds."),
        int64("business_impact_score", "Shipped within an hour 100, received 90, shipped 80, picked 60, else 40."),
        float64("running_net_quantity", "What the item's movements up to this one add up to, in minus out."),
        float64("running_avg_quantity", "The mean quantity of the item's movements up to this one."),
        int64("running_movement_count", "How many movements of the item there were up to this one."),
        decimal("previous_quantity", 15, 3, "The quantity of the item's movement of this type before this one."),
        decimal("next_quantity", 15, 3, "The quantity of the one behind it."),
        text("quantity_trend", "First, Increasing, Decreasing or Stable against the one before; Unknown."),
        float64("quantity_p25", "The lower quartile of the item's quantities of this type."),
        float64("quantity_p50", "Their median."),
        float64("quantity_p75", "Their upper quartile."),
        float64("quantity_p90", "What nine in ten of them do not exceed."),
        float64("quantity_percent_rank", "The share of them that is below this one, 0 to 1."),
        int64("item_movements_90d", "The item's movements today and in the 90 days before."),
        float64("item_outbound_quantity_90d", "What left in these days."),
        float64("item_inbound_quantity_90d", "What came in in these days."),
        float64("item_avg_daily_movements", "Movements per day of these."),
        float64("item_avg_daily_outbound_quantity", "What left per day of these."),
        float64("item_turnover_pct", "What left, in percent of what came in; NULL where nothing came in."),
        text("item_velocity_category", "HIGH, MEDIUM, LOW or DORMANT."),
    ]
}

fn tested(model: Model) -> Model {
    model
        .test(not_null(["movement_key", "item_id", "movement_date", "business_impact_score"]))
        .test(unique(["movement_key"]))
        .test(exists_in("item_id", "dim_items", "item_id").says("A movement whose item has no row in dim_items."))
        .test(accepted("movement_type", ["OUTBOUND", "INBOUND"]))
        .test(accepted("business_impact_score", [100, 90, 80, 60, 40]))
        .test(accepted("quantity_trend", TRENDS))
        .test(accepted("item_velocity_category", ["HIGH", "MEDIUM", "LOW", "DORMANT"]))
        .test(at_least("quantity", 0))
        .test(at_least("running_movement_count", 1))
        .test(between("quantity_percent_rank", 0, 1))
}

fn unit_tested(site: &Site, model: Model) -> Model {
    let model = model.unit_test(
        UnitTest::new("movements follow each other within their item, ties by their number")
            .given(
                "int_inventory_movements",
                rows! {
                    movement_type, movement_id, item_id, moved_at, quantity, net_quantity;
                    "OUTBOUND", 2, 1, "2026-06-01 08:00:00.000000", 4, -4;
                    "OUTBOUND", 1, 1, "2026-06-01 08:00:00.000000", 2, -2;
                    "OUTBOUND", 3, 1, "2026-06-02 08:00:00.000000", NULL, NULL;
                    "OUTBOUND", 4, 2, "2026-06-02 08:00:00.000000", 7, -7;
                },
            )
            .expect(rows! {
                movement_key, running_net_quantity, running_movement_count, previous_quantity, next_quantity,
                quantity_trend, quantity_p50, quantity_percent_rank;
                "OUTBOUND|1", -2.0, 1, NULL, 4, "First", 3.0, 0.0;
                "OUTBOUND|2", -6.0, 2, 2, NULL, "Increasing", 3.0, 1.0;
                "OUTBOUND|3", -6.0, 3, 4, NULL, "Unknown", 3.0, NULL;
                "OUTBOUND|4", -7.0, 1, NULL, NULL, "First", 7.0, 0.0;
            }),
    );
    if site.receipts.is_none() {
        return model;
    }
    model.unit_test(
        UnitTest::new("what comes in and what leaves are compared apart and added up together")
            .given(
                "int_inventory_movements",
                rows! {
                    movement_type, movement_id, item_id, moved_at, quantity, net_quantity;
                    "INBOUND", 9, 1, "2026-06-01 07:00:00.000000", 10, 10;
                    "OUTBOUND", 1, 1, "2026-06-01 08:00:00.000000", 2, -2;
                    "OUTBOUND", 2, 1, "2026-06-01 08:00:00.000000", 4, -4;
                },
            )
            .expect(rows! {
                movement_key, running_net_quantity, running_movement_count, previous_quantity, next_quantity,
                quantity_trend, quantity_p50, quantity_percent_rank;
                "INBOUND|9", 10.0, 1, NULL, NULL, "First", 10.0, 0.0;
                "OUTBOUND|1", 8.0, 2, NULL, 4, "First", 3.0, 0.0;
                "OUTBOUND|2", 4.0, 3, 2, NULL, "Increasing", 3.0, 1.0;
            }),
    )
}
