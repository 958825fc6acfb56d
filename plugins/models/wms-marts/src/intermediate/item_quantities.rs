//! `int_item_quantities` and `int_item_spread`: the distribution of the quantities of each item's movements. Quantities
//! repeat often, so the rank of one among the others is computed from counts, without sorting all movements.

use super::movement::{KINDS, followed_by_kind, sources};
use crate::site::Site;
use wmshost_plugin::models::{
    Model, Sum, UnitTest, accepted, and_changed, at_least, columns::*, holds, not_null, unique,
};
use wmshost_plugin::rows;

const QUANTITY: [&str; 3] = ["item_id", "movement_type", "quantity"];
const KIND: [&str; 2] = ["item_id", "movement_type"];
const PERCENTILES: [(&str, f64); 4] =
    [("quantity_p25", 0.25), ("quantity_p50", 0.5), ("quantity_p75", 0.75), ("quantity_p90", 0.9)];

pub(super) fn quantities(site: &Site) -> Model {
    let (changes, sums) = followed_by_kind(site, &QUANTITY, |followed| {
        (followed.windows(), followed.sums(&[Sum::of("movement_count", "1")]))
    });
    Model::intermediate("int_item_quantities")
        .summary("How often each quantity was moved of each item, out and in.")
        .reads(sources(site))
        .replaced_by(QUANTITY, changes)
        .sql(sums)
        .columns([
            int64("item_id", "The item."),
            text("movement_type", "OUTBOUND or INBOUND."),
            decimal("quantity", 15, 3, "The quantity, in the item's unit."),
            int64("movement_count", "How many movements of the item have it."),
        ])
        .index([QUANTITY[0], QUANTITY[1], QUANTITY[2], "movement_count"])
        .statistics()
        .test(not_null(QUANTITY))
        .test(unique(QUANTITY))
        .test(accepted("movement_type", KINDS))
        .test(holds("counts_and_quantities_are_above_zero", "movement_count > 0 AND quantity > 0"))
        .unit_test(
            UnitTest::new("movements that change their quantity are counted again")
                .incremental("2026-06-01 00:00:00")
                .given(
                    "stg_wms_allocation",
                    rows! {
                        item_id, allocation_date, valid_quantity, wms_loaded_at;
                        1, "2026-06-01", 2.5, "2026-06-02 00:00:00.000000";
                    },
                )
                .given(
                    "before:stg_wms_allocation",
                    rows! { item_id, allocation_date, valid_quantity; 1, "2026-06-01", 4 },
                )
                .given(
                    "this",
                    rows! {
                        item_id, movement_type, quantity, movement_count;
                        1, "OUTBOUND", 2.5, 3; 1, "OUTBOUND", 4, 1; 2, "OUTBOUND", 4, 1;
                    },
                )
                .expect(rows! { item_id, movement_type, quantity, movement_count; 1, "OUTBOUND", 2.5, 4 }),
        )
}

pub(super) fn spread(site: &Site) -> Model {
    let percentiles: Vec<_> = PERCENTILES
        .iter()
        .map(|(name, fraction)| format!("{} AS {name}", site.sql.percentile_distributed("quantity", *fraction)))
        .collect();
    let model = Model::intermediate("int_item_spread")
        .summary("The percentiles of each item's quantities, out and in.")
        .reads(["int_item_quantities"].into_iter().chain(sources(site)))
        .replaced_by(KIND, followed_by_kind(site, &KIND, |followed| followed.windows()))
        .sql(format!(
            "WITH counted AS (
  {counted}
)
SELECT item_id, movement_type, MAX(wms_total) AS quantity_count, {percentiles}
FROM counted
GROUP BY item_id, movement_type",
            counted = site.sql.distribution_counted(
                &format!("{{int_item_quantities}} quantities WHERE 1 = 1 {}", and_changed(&KIND, &KIND)),
                &KIND,
                "quantity",
                "movement_count",
            ),
            percentiles = percentiles.join(", "),
        ))
        .columns([
            int64("item_id", "The item."),
            text("movement_type", "OUTBOUND or INBOUND."),
            int64("quantity_count", "How many movements of this type have a quantity."),
        ])
        .columns(percentile_columns())
        .index(KIND);
    model
        .test(not_null(KIND))
        .test(unique(KIND))
        .test(at_least("quantity_count", 1))
        .test(holds(
            "percentiles_ascend",
            "quantity_p25 <= quantity_p50 AND quantity_p50 <= quantity_p75 AND quantity_p75 <= quantity_p90",
        ))
        .unit_test(
            UnitTest::new("percentiles lie in proportion between two quantities")
                .given(
                    "int_item_quantities",
                    rows! {
                        item_id, movement_type, quantity, movement_count;
                        1, "OUTBOUND", 2, 2; 1, "OUTBOUND", 4, 1; 1, "OUTBOUND", 8, 1; 1, "INBOUND", 5, 1;
                    },
                )
                .expect(rows! {
                    item_id, movement_type, quantity_count, quantity_p25, quantity_p50, quantity_p75, quantity_p90;
                    1, "OUTBOUND", 4, 2.0, 3.0, 5.0, 6.8; 1, "INBOUND", 1, 5.0, 5.0, 5.0, 5.0;
                }),
        )
}

/// The columns of the percentiles.
pub(crate) fn percentile_columns() -> [wmshost_plugin::contract::modelling::ModelColumn; 4] {
    [
        float64("quantity_p25", "The lower quartile of the item's quantities of this type."),
        float64("quantity_p50", "Their median."),
        float64("quantity_p75", "Their upper quartile."),
        float64("quantity_p90", "What nine in ten of them do not exceed."),
    ]
}
