//! `int_item_turnover`: the movements of each item in the last 90 days, outgoing and incoming together.

use super::movement::{items_moved, sources};
use crate::rating::{count_where, ladder};
use crate::site::{RECENT_DAYS, Site};
use wmshost_plugin::models::{Model, NULL, UnitTest, accepted, at_least, columns::*, not_null, unique};
use wmshost_plugin::rows;

pub(super) fn model(site: &Site) -> Model {
    Model::intermediate("int_item_turnover")
        .summary("What moved of each item in the 90 days up to today. It follows the items that something moved of, and the day.")
        .reads(["int_inventory_movements"].into_iter().chain(sources(site)))
        .replaced_by(["item_id"], changes(site))
        .sql(statement(site))
        .columns([
            int64("item_id", "The item."),
            int64("movements", "How many movements, of all time."),
            int64("movements_90d", "How many in today and the 90 days before, as the following."),
            float64("outbound_quantity_90d", "What left, in the item's unit."),
            float64("inbound_quantity_90d", "What came in, in the item's unit."),
            float64("avg_daily_movements", "Movements per day of the 90."),
            float64("avg_daily_outbound_quantity", "What left per day of the 90."),
            float64("turnover_pct", "What left, in percent of what came in; NULL where nothing came in."),
            text("velocity_category", "HIGH from 5 movements a day, MEDIUM from 1, LOW from 0.1, else DORMANT."),
        ])
        .index(["item_id"])
        .test(not_null(["item_id", "movements", "movements_90d", "velocity_category"]))
        .test(unique(["item_id"]))
        .test(at_least("outbound_quantity_90d", 0))
        .test(at_least("inbound_quantity_90d", 0))
        .test(accepted("velocity_category", ["HIGH", "MEDIUM", "LOW", "DORMANT"]))
        .unit_test(
            UnitTest::new("out and in of an item are set against each other")
                .now("2026-06-30 12:00:00")
                .given(
                    "int_inventory_movements",
                    rows! {
                        movement_type, item_id, movement_date, quantity;
                        "OUTBOUND", 1, "2026-06-30", 30;
                        "OUTBOUND", 1, "2026-04-01", 20;
                        "OUTBOUND", 1, "2026-03-31", 1_000;
                        "OUTBOUND", 1, "2026-07-01", 1_000;
                        "INBOUND", 1, "2026-06-01", 200;
                        "OUTBOUND", 2, "2026-06-01", 5;
                    },
                )
                .expect(rows! {
                    item_id, movements, movements_90d, outbound_quantity_90d, inbound_quantity_90d, turnover_pct,
                    velocity_category;
                    1, 5, 3, 50.0, 200.0, 25.0, "DORMANT";
                    2, 1, 1, 5.0, 0.0, NULL, "DORMANT";
                }),
        )
}

fn changes(site: &Site) -> String {
    format!(
        "{moved}
UNION ALL
SELECT item_id FROM {{this}} built WHERE {day_went_by}",
        moved = items_moved(site),
        day_went_by = site.day_went_by(),
    )
}

fn statement(site: &Site) -> String {
    let sql = site.sql;
    let recent = site.is_recent("movement_date");
    let moved = |kind: &str| {
        let quantity = format!("CASE WHEN {recent} AND movement_type = '{kind}' THEN quantity END");
        format!("COALESCE(SUM({quantity}), 0)")
    };
    format!(
        "WITH summed AS (
  SELECT item_id, COUNT(*) AS movements, {movements} AS movements_90d, {outbound} AS outbound_quantity_90d, {inbound} AS inbound_quantity_90d
  FROM {{int_inventory_movements}} movements
  {{when incremental}} WHERE item_id IN (SELECT item_id FROM {{changes}}) {{end}}
  GROUP BY item_id
),
averaged AS (
  SELECT summed.*, {per_day} AS avg_daily_movements, {out_per_day} AS avg_daily_outbound_quantity
  FROM summed
)
SELECT item_id, movements, movements_90d, outbound_quantity_90d, inbound_quantity_90d, avg_daily_movements,
  avg_daily_outbound_quantity, {turnover} AS turnover_pct, {velocity} AS velocity_category
FROM averaged",
        movements = count_where(&recent),
        outbound = moved("OUTBOUND"),
        inbound = moved("INBOUND"),
        per_day = sql.ratio("movements_90d", &RECENT_DAYS.to_string()),
        out_per_day = sql.ratio("outbound_quantity_90d", &RECENT_DAYS.to_string()),
        turnover = sql.percentage("outbound_quantity_90d", "inbound_quantity_90d"),
        velocity =
            ladder("avg_daily_movements", "'DORMANT'", &[("5", "HIGH"), ("1", "MEDIUM"), ("0.1", "LOW")], "DORMANT"),
    )
}
