//! `fact_inventory_movement`: every movement of stock with the other movements of its item. It is a view over tables,
//! because a single movement changes columns of all others of its item: the percentiles, the rank, the last 90 days.
//! The tables that it reads are tested row by row.

use crate::intermediate::{movement_columns, percentile_columns};
use crate::site::Site;
use wmshost_plugin::models::{Model, NULL, UnitTest, columns::*, hours};
use wmshost_plugin::rows;

pub(super) fn model(site: &Site) -> Model {
    let model = Model::mart("fact_inventory_movement")
        .view()
        .summary("Movements of stock with running totals, neighbours, percentiles and the last 90 days of their item.")
        .reads(["int_inventory_movements", "int_item_quantities", "int_item_spread", "int_item_turnover"])
        .sql(statement(site))
        .columns(movement_columns(site))
        .columns(percentile_columns())
        .columns([
            float64("quantity_percent_rank", "The share of the others of its type that is below this one, 0 to 1."),
            int64("item_movements_90d", "The item's movements today and in the 90 days before."),
            float64("item_outbound_quantity_90d", "What left in these days."),
            float64("item_inbound_quantity_90d", "What came in in these days."),
            float64("item_avg_daily_movements", "Movements per day of these."),
            float64("item_avg_daily_outbound_quantity", "What left per day of these."),
            float64("item_turnover_pct", "What left, in percent of what came in; NULL where nothing came in."),
            text("item_velocity_category", "HIGH, MEDIUM, LOW or DORMANT."),
        ])
        .fresh(hours(4), hours(8));
    unit_tested(model)
}

fn statement(site: &Site) -> String {
    let below = "(
    SELECT COALESCE(SUM(q.movement_count), 0) FROM {int_item_quantities} q
    WHERE q.item_id = m.item_id AND q.movement_type = m.movement_type AND q.quantity < m.quantity
  )";
    let own: Vec<_> = movement_columns(site).iter().map(|column| format!("m.{}", column.name)).collect();
    let percentiles = percentile_columns().map(|column| format!("s.{}", column.name));
    format!(
        "SELECT {own},
  {percentiles},
  {percent_rank} AS quantity_percent_rank,
  t.movements_90d AS item_movements_90d,
  t.outbound_quantity_90d AS item_outbound_quantity_90d,
  t.inbound_quantity_90d AS item_inbound_quantity_90d,
  t.avg_daily_movements AS item_avg_daily_movements,
  t.avg_daily_outbound_quantity AS item_avg_daily_outbound_quantity,
  t.turnover_pct AS item_turnover_pct,
  t.velocity_category AS item_velocity_category
FROM {{int_inventory_movements}} m
LEFT JOIN {{int_item_spread}} s ON s.item_id = m.item_id AND s.movement_type = m.movement_type
LEFT JOIN {{int_item_turnover}} t ON t.item_id = m.item_id",
        own = own.join(", "),
        percentiles = percentiles.join(", "),
        percent_rank = site.sql.rank_distributed("m.quantity", below, "s.quantity_count"),
    )
}

fn unit_tested(model: Model) -> Model {
    model.unit_test(
        UnitTest::new("a movement is ranked among those of its item and type")
            .given(
                "int_inventory_movements",
                rows! {
                    movement_key, movement_type, item_id, quantity;
                    "OUTBOUND|1", "OUTBOUND", 1, 2; "OUTBOUND|2", "OUTBOUND", 1, 4; "OUTBOUND|3", "OUTBOUND", 1, NULL;
                    "OUTBOUND|4", "OUTBOUND", 2, 7; "INBOUND|1", "INBOUND", 1, 3;
                },
            )
            .given(
                "int_item_quantities",
                rows! {
                    item_id, movement_type, quantity, movement_count;
                    1, "OUTBOUND", 2, 1; 1, "OUTBOUND", 4, 1; 2, "OUTBOUND", 7, 1; 1, "INBOUND", 3, 1;
                },
            )
            .given(
                "int_item_spread",
                rows! {
                    item_id, movement_type, quantity_count, quantity_p50; 1, "OUTBOUND", 2, 3.0; 2, "OUTBOUND", 1, 7.0;
                    1, "INBOUND", 1, 3.0;
                },
            )
            .given("int_item_turnover", rows! { item_id, movements_90d, velocity_category; 1, 4, "LOW" })
            .expect(rows! {
                movement_key, quantity_p50, quantity_percent_rank, item_movements_90d, item_velocity_category;
                "OUTBOUND|1", 3.0, 0.0, 4, "LOW";
                "OUTBOUND|2", 3.0, 1.0, 4, "LOW";
                "OUTBOUND|3", 3.0, NULL, 4, "LOW";
                "OUTBOUND|4", 7.0, 0.0, NULL, NULL;
                "INBOUND|1", 3.0, 0.0, 4, "LOW";
            }),
    )
}
