//! `stg_wms_locations`: one row per location, deleted and inactive ones included.

use super::{BY_LOAD, versions};
use crate::site::Site;
use wmshost_plugin::contract::modelling::ModelColumn;
use wmshost_plugin::models::{Model, NULL, UnitTest, accepted, at_least, between, columns::*, not_null, unique};
use wmshost_plugin::rows;

pub(super) fn model(site: &Site) -> Model {
    let model = Model::staging("stg_wms_locations")
        .summary("Locations, the latest version of each, with how full they are. Deleted ones are kept with a flag.")
        .reads([site.rows("location")])
        .sql(statement(site))
        .columns(columns());
    model
        .test(not_null(["location_id"]))
        .test(unique(["location_id"]).says("Two versions of a location got through."))
        .test(not_null(["zone_id", "aisle", "bay", "level_no", "pick_sequence"]).named("defaults_set"))
        .test(between("type_priority", 1, 6))
        .test(at_least("volume_utilization_pct", 0).only_where("has_invalid_capacity = 0"))
        .test(at_least("weight_utilization_pct", 0).only_where("has_invalid_capacity = 0"))
        .test(accepted("utilization_status", ["UNLIMITED", "FULL", "HIGH", "MEDIUM", "LOW", "EMPTY"]))
        .test(accepted("efficiency_status", ["OPTIMAL", "SUBOPTIMAL"]))
        .test(accepted(
            "operational_category",
            ["PRIME_PICK", "STANDARD_PICK", "FORWARD_RESERVE", "BULK_RESERVE", "STAGING", "OTHER"],
        ))
        .test(accepted("accessibility_rating", ["HIGH_ACCESS", "MEDIUM_ACCESS", "EQUIPMENT_ACCESS", "LOW_ACCESS"]))
        .test(accepted("data_quality_score", ["Excellent", "Good", "Poor"]))
        .unit_test(
            UnitTest::new("the location that was loaded last counts")
                .given(
                    site.rows("location"),
                    rows! {
                        location_id, zone_id_clean, is_active_clean, wms_loaded_at;
                        1, "A", "Y", "2026-06-01 00:00:00.000000";
                        1, "B", "N", "2026-06-02 00:00:00.000000";
                    },
                )
                .expect(match site.cloud {
                    None => rows! { location_id, zone_id, is_active, is_deleted; 1, "B", 0, 0 },
                    Some(_) => rows! { location_id, zone_id, is_active, is_deleted; 1, "B", NULL, 0 },
                }),
        )
}

fn statement(site: &Site) -> String {
    let sql = site.sql;
    format!(
        "WITH numbered AS (
  {versions}
)
SELECT location_id, location_code, location_type_clean AS location_type, zone_id_clean AS zone_id,
  aisle_clean AS aisle, bay_clean AS bay, level_no_clean AS level_no,
  {is_active} AS is_active, {is_deleted} AS is_deleted,
  {capacity_volume} AS capacity_volume, {capacity_weight} AS capacity_weight,
  {current_volume} AS current_volume, {current_weight} AS current_weight,
  temperature_zone_clean AS temperature_zone, security_level_clean AS security_level,
  pick_sequence_clean AS pick_sequence,
  {volume_pct} AS volume_utilization_pct, {weight_pct} AS weight_utilization_pct,
  type_priority, utilization_status, efficiency_status, operational_category, accessibility_rating,
  has_invalid_code, has_invalid_type, has_invalid_capacity, has_invalid_active_flag, data_quality_score
FROM numbered
WHERE version = 1",
        versions = versions(site, "location", "location_id", BY_LOAD, ""),
        is_active = site.is_active(),
        is_deleted = site.is_deleted("location"),
        capacity_volume = sql.number("capacity_volume_clean"),
        capacity_weight = sql.number("capacity_weight_clean"),
        current_volume = sql.number("current_volume_clean"),
        current_weight = sql.number("current_weight_clean"),
        // Stored as text in SQLite, because they have 18 digits.
        volume_pct = sql.number("volume_utilization_pct"),
        weight_pct = sql.number("weight_utilization_pct"),
    )
}

fn columns() -> Vec<ModelColumn> {
    vec![
        int64("location_id", "The location."),
        text("location_code", "The code as the source has it."),
        text("location_type", "The type, trimmed and in upper case."),
        text("zone_id", "The zone; UNKNOWN where there is none."),
        text("aisle", "The aisle; 00 where there is none."),
        text("bay", "The bay; 00 where there is none."),
        text("level_no", "The level; 01 where there is none."),
        boolean("is_active", "Whether the flag is Y; NULL where the source has no flag."),
        boolean("is_deleted", "Whether the source no longer has it."),
        decimal("capacity_volume", 15, 3, "The volume that fits; 0 where nothing is said, as the following."),
        decimal("capacity_weight", 15, 3, "The weight that fits."),
        decimal("current_volume", 15, 3, "The volume that lies there."),
        decimal("current_weight", 15, 3, "The weight that lies there."),
        text("temperature_zone", "The temperature zone; AMBIENT where there is none."),
        text("security_level", "The security level; STANDARD where there is none."),
        int64("pick_sequence", "The place in the pick sequence; 999999 where there is none."),
        float64("volume_utilization_pct", "The volume used, in percent to 2 decimals; 0 without a capacity."),
        float64("weight_utilization_pct", "The weight used, in percent to 2 decimals; 0 without a capacity."),
        int64("type_priority", "PICK 1, FORWARD 2, RESERVE 3, BULK 4, STAGE 5, another 6."),
        text("utilization_status", "UNLIMITED, FULL, HIGH, MEDIUM, LOW or EMPTY, by the greater percentage."),
        text("efficiency_status", "OPTIMAL or SUBOPTIMAL, by type and percentage."),
        text("operational_category", "PRIME_PICK, STANDARD_PICK, FORWARD_RESERVE, BULK_RESERVE, STAGING or OTHER."),
        text("accessibility_rating", "HIGH_ACCESS, MEDIUM_ACCESS, EQUIPMENT_ACCESS or LOW_ACCESS."),
        boolean("has_invalid_code", "Whether the code is NULL or blank."),
        boolean("has_invalid_type", "Whether the type is none of the seven."),
        boolean("has_invalid_capacity", "Whether a capacity or its use is below zero."),
        boolean("has_invalid_active_flag", "Whether the flag is neither Y nor N."),
        text("data_quality_score", "Excellent, Good or Poor."),
    ]
}
