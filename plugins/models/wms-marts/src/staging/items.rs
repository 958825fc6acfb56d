//! `stg_wms_items`: one row per item, deleted and inactive ones included.

use super::{BY_LOAD, versions};
use crate::site::Site;
use wmshost_plugin::contract::modelling::ModelColumn;
use wmshost_plugin::models::{Model, NULL, UnitTest, accepted, columns::*, not_null, unique};
use wmshost_plugin::rows;

pub(super) fn model(site: &Site) -> Model {
    let sql = site.sql;
    let model = Model::staging("stg_wms_items")
        .summary(
            "Items, the latest version of each. Inactive and deleted ones are kept with a flag: facts refer to them.",
        )
        .reads([site.rows("item_master")])
        .sql(format!(
            "WITH numbered AS (
  {versions}
)
SELECT item_id, item_code_clean AS item_code, item_description, item_category_clean AS item_category,
  unit_of_measure, {cost} AS standard_cost, {is_active} AS is_active, {is_deleted} AS is_deleted,
  {weight} AS item_weight, {volume} AS item_volume, storage_type_clean AS storage_type, shelf_life_days,
  hazmat_class_clean AS hazmat_class, is_perishable, is_hazmat, size_category, value_category,
  handling_classification, has_invalid_code, has_invalid_description, has_invalid_cost, has_invalid_active_flag,
  data_quality_score
FROM numbered
WHERE version = 1",
            versions = versions(site, "item_master", "item_id", BY_LOAD, ""),
            cost = sql.number("standard_cost"),
            is_active = site.is_active(),
            is_deleted = site.is_deleted("item_master"),
            weight = sql.number("item_weight"),
            volume = sql.number("item_volume"),
        ))
        .columns(columns());
    model
        .test(not_null(["item_id"]))
        .test(unique(["item_id"]).says("Two versions of an item got through."))
        .test(not_null(["item_category", "storage_type", "hazmat_class", "size_category"]).named("defaults_set"))
        .test(accepted("size_category", ["OVERSIZED", "LARGE", "MEDIUM", "SMALL", "UNKNOWN"]))
        .test(accepted("value_category", ["LOW_VALUE", "MEDIUM_VALUE", "HIGH_VALUE", "PREMIUM_VALUE", "UNKNOWN"]))
        .test(accepted(
            "handling_classification",
            ["SPECIAL_HANDLING", "PERISHABLE", "HAZMAT", "OVERSIZED", "STANDARD"],
        ))
        .test(accepted("data_quality_score", ["Excellent", "Good", "Poor"]))
        .unit_test(
            UnitTest::new("inactive items stay, and one flag says so")
                .given(
                    site.rows("item_master"),
                    rows! {
                        item_id, is_active_clean; 1, "Y"; 2, "N"; 3, "X";
                    },
                )
                .expect(match site.cloud {
                    None => rows! { item_id, is_active, is_deleted; 1, 1, 0; 2, 0, 0; 3, 0, 0 },
                    Some(_) => rows! { item_id, is_active, is_deleted; 1, NULL, 0; 2, NULL, 0; 3, NULL, 0 },
                }),
        )
}

fn columns() -> Vec<ModelColumn> {
    vec![
        int64("item_id", "The item."),
        text("item_code", "The code, trimmed and in upper case."),
        text("item_description", "The description as the source has it."),
        text("item_category", "The category; UNKNOWN where there is none."),
        text("unit_of_measure", "The unit of its quantities."),
        decimal("standard_cost", 15, 4, "What one costs."),
        boolean("is_active", "Whether the flag is Y; NULL where the source has no flag."),
        boolean("is_deleted", "Whether the source no longer has it."),
        decimal("item_weight", 15, 3, "The weight of one."),
        decimal("item_volume", 15, 3, "The volume of one."),
        text("storage_type", "The storage type; STANDARD where there is none."),
        int64("shelf_life_days", "How long it keeps, in days."),
        text("hazmat_class", "The hazmat class; NONE where there is none."),
        boolean("is_perishable", "Whether it goes bad."),
        boolean("is_hazmat", "Whether it is dangerous."),
        text("size_category", "OVERSIZED, LARGE, MEDIUM or SMALL; UNKNOWN without weight and volume."),
        text("value_category", "LOW_VALUE to PREMIUM_VALUE; UNKNOWN without a cost."),
        text("handling_classification", "SPECIAL_HANDLING, PERISHABLE, HAZMAT, OVERSIZED or STANDARD."),
        boolean("has_invalid_code", "Whether the code is NULL or shorter than 3 characters."),
        boolean("has_invalid_description", "Whether the description is NULL or shorter than 5 characters."),
        boolean("has_invalid_cost", "Whether the cost is NULL or below zero."),
        boolean("has_invalid_active_flag", "Whether the flag is neither Y nor N."),
        text("data_quality_score", "Excellent, Good or Poor."),
    ]
}
