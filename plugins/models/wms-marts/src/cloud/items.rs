//! `stg_cloud_item`: items in the warehouse's words.

use crate::site::Site;
use wmshost_plugin::models::{Model, NULL, UnitTest, columns::*};
use wmshost_plugin::rows;

/// The streams that it reads.
pub(crate) const READS: [&str; 2] = ["item", "uom"];

/// A condition: the description has the word PERISHABLE, and not as NON-PERISHABLE.
fn says_perishable(description: &str) -> String {
    let spaced = format!("' ' || UPPER({description})");
    let denials = [" NON-PERISHABLE", " NON PERISHABLE", " NONPERISHABLE"];
    let rest = denials.iter().fold(spaced, |text, denial| format!("REPLACE({text}, '{denial}', ' ')"));
    format!("{rest} LIKE '%PERISHABLE%'")
}

/// A condition: a text is NULL or shorter than this.
fn is_short(site: &Site, text: &str, least: u8) -> String {
    let trimmed = site.sql.trimmed(text);
    format!("{trimmed} IS NULL OR LENGTH({trimmed}) < {least}")
}

pub(super) fn model(site: &Site) -> Model {
    Model::staging("stg_cloud_item")
        .summary(
            "WMS Cloud's items in the warehouse's words. There is no category, storage type, shelf life or active flag, and of \
             hazardous items no class; an item is not judged by them.",
        )
        .reads(READS)
        .sql(statement(site))
        .columns(columns())
        .columns(site.own_columns("item"))
        .unit_test(
            UnitTest::new("an item is judged by what WMS Cloud has")
                .given("item", rows! {
                    id, code, description, primary_uom_id, unit_cost, unit_weight, unit_volume, hazmat;
                    1, " abc-1 ", "PERISHABLE box", 1, 12.5, 60, 1, 1;
                    2, "ab", "Rice, non-perishable", NULL, NULL, NULL, NULL, 0;
                    3, "abc-3", "Canon perishable", 1, 1, 6, NULL, NULL;
                })
                .given("uom", rows! { id, code; 1, "EA" })
                .expect(rows! {
                    item_id, item_code_clean, unit_of_measure, is_perishable, is_hazmat, size_category, value_category,
                    handling_classification, has_invalid_code, has_invalid_cost, data_quality_score;
                    1, "ABC-1", "EA", 1, 1, "OVERSIZED", "MEDIUM_VALUE", "SPECIAL_HANDLING", 0, 0, "Excellent";
                    2, "AB", NULL, 0, 0, "UNKNOWN", "UNKNOWN", "STANDARD", 1, 1, "Poor";
                    3, "ABC-3", "EA", 1, 0, "MEDIUM", "LOW_VALUE", "PERISHABLE", 0, 0, "Good";
                }),
        )
}

/// The SELECT of the model.
fn statement(site: &Site) -> String {
    let sql = site.sql;
    let invalid = [
        is_short(site, "item_code", 3),
        is_short(site, "item_description", 5),
        "standard_cost IS NULL OR standard_cost < 0".to_owned(),
    ];
    let [code, description, cost] = &invalid;
    format!(
        "SELECT named.*, {upper_code} AS item_code_clean, 'UNKNOWN' AS item_category_clean, 'STANDARD' AS storage_type_clean,
  CASE WHEN is_hazmat = 1 THEN 'UNKNOWN' ELSE 'NONE' END AS hazmat_class_clean, {none} AS shelf_life_days, {no_flag} AS is_active_clean,
  CASE WHEN item_weight > 50 OR item_volume > 1000 THEN 'OVERSIZED' WHEN item_weight > 20 OR item_volume > 500 THEN 'LARGE'
    WHEN item_weight > 5 OR item_volume > 100 THEN 'MEDIUM' WHEN item_weight IS NULL AND item_volume IS NULL THEN 'UNKNOWN'
    ELSE 'SMALL' END AS size_category,
  CASE WHEN standard_cost IS NULL THEN 'UNKNOWN' WHEN standard_cost < 10 THEN 'LOW_VALUE' WHEN standard_cost < 100
    THEN 'MEDIUM_VALUE' WHEN standard_cost < 1000 THEN 'HIGH_VALUE' ELSE 'PREMIUM_VALUE' END AS value_category,
  CASE WHEN is_perishable = 1 AND is_hazmat = 1 THEN 'SPECIAL_HANDLING' WHEN is_perishable = 1 THEN 'PERISHABLE'
    WHEN is_hazmat = 1 THEN 'HAZMAT' WHEN item_weight > 50 OR item_volume > 1000 THEN 'OVERSIZED' ELSE 'STANDARD' END
    AS handling_classification,
  {code_flag} AS has_invalid_code, {description_flag} AS has_invalid_description, {cost_flag} AS has_invalid_cost,
  0 AS has_invalid_active_flag,
  CASE WHEN {code} OR {description} OR {cost} THEN 'Poor'
    WHEN unit_of_measure IS NULL OR item_weight IS NULL OR item_volume IS NULL THEN 'Good' ELSE 'Excellent' END
    AS data_quality_score
FROM (
  SELECT i.id AS item_id, i.code AS item_code, i.description AS item_description,
    COALESCE({unit_code}, {unit_description}) AS unit_of_measure, {unit_cost} AS standard_cost,
    {weight} AS item_weight, {volume} AS item_volume, COALESCE(i.hazmat, 0) AS is_hazmat,
    {perishable} AS is_perishable, i.wms_loaded_at AS wms_loaded_at{deleted}
  FROM {{item}} i LEFT JOIN {{uom}} unit ON unit.id = i.primary_uom_id
) named",
        upper_code = sql.trimmed_upper("item_code"),
        none = sql.whole("NULL"),
        no_flag = sql.as_text("NULL"),
        code_flag = sql.flag(code),
        description_flag = sql.flag(description),
        cost_flag = sql.flag(cost),
        unit_code = sql.trimmed("unit.code"),
        unit_description = sql.trimmed("unit.description"),
        unit_cost = sql.number("i.unit_cost"),
        weight = sql.number("i.unit_weight"),
        volume = sql.number("i.unit_volume"),
        perishable = sql.flag(&says_perishable("i.description")),
        deleted = site.deleted_at("item", "i"),
    )
}

fn columns() -> Vec<wmshost_plugin::contract::modelling::ModelColumn> {
    vec![
        int64("item_id", "The item."),
        text("item_code", "The code."),
        text("item_description", "The description."),
        text("unit_of_measure", "The code of its primary unit."),
        decimal("standard_cost", 15, 4, "What one costs."),
        decimal("item_weight", 15, 3, "The weight of one."),
        decimal("item_volume", 15, 3, "The volume of one."),
        boolean("is_hazmat", "Whether it is dangerous."),
        boolean("is_perishable", "Whether its description says so: there is no shelf life."),
        text("item_code_clean", "The code, trimmed and in upper case."),
        text("item_category_clean", "UNKNOWN: there is none."),
        text("storage_type_clean", "STANDARD: there is none."),
        text("hazmat_class_clean", "NONE, or UNKNOWN where it is dangerous."),
        int64("shelf_life_days", "NULL: there is none."),
        text("is_active_clean", "NULL: there is no flag."),
        text("size_category", "OVERSIZED, LARGE, MEDIUM, SMALL or UNKNOWN."),
        text("value_category", "LOW_VALUE to PREMIUM_VALUE, or UNKNOWN."),
        text("handling_classification", "How it is handled."),
        boolean("has_invalid_code", "Whether the code is NULL or shorter than 3 characters."),
        boolean("has_invalid_description", "Whether the description is NULL or shorter than 5 characters."),
        boolean("has_invalid_cost", "Whether the cost is NULL or below zero."),
        boolean("has_invalid_active_flag", "0: there is no flag."),
        text("data_quality_score", "Excellent, Good or Poor."),
    ]
}
