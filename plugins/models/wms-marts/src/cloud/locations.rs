//! `stg_cloud_location`: locations in the warehouse's words.

use super::words::Words;
use crate::site::Site;
use wmshost_plugin::models::{Model, NULL, UnitTest, columns::*};
use wmshost_plugin::rows;

/// The streams that it reads.
pub(crate) const READS: [&str; 2] = ["location", "location_type"];

/// The types of locations that the models know.
const KINDS: &str = "('PICK', 'RESERVE', 'BULK', 'STAGE', 'FORWARD', 'DOCK', 'DAMAGED')";

pub(super) fn model(site: &Site, words: &Words) -> Model {
    Model::staging("stg_cloud_location")
        .summary(
            "WMS Cloud's locations in the warehouse's words. How full they are is not known there, nor temperature, security \
             or an active flag; a location is not judged by them.",
        )
        .reads(READS)
        .sql(statement(site, words))
        .columns(columns())
        .columns(site.own_columns("location"))
        .unit_test(
            UnitTest::new("a location is judged by what WMS Cloud has")
                .given("location", rows! {
                    id, barcode, locn_str, type_id, pick_zone, aisle, bay, level, max_volume, max_weight, pick_seq;
                    1, "A-01", "A01", 1, "A", "01", "02", "01", 10, 5, "000123";
                    2, "", "B02", 2, "", "", "", "", NULL, -1, "X1";
                    3, NULL, NULL, NULL, "C", "01", "02", "03", 0, 0, NULL;
                })
                .given("location_type", rows! { id, code, description; 1, "zz one", "one"; 2, NULL, "zz two" })
                .expect(rows! {
                    location_id, location_code, location_type_clean, zone_id_clean, level_no_clean, pick_sequence_clean,
                    utilization_status, operational_category, accessibility_rating, has_invalid_type, data_quality_score;
                    1, "A-01", "ZZ ONE", "A", "01", 123, NULL, "OTHER", "LOW_ACCESS", 1, "Poor";
                    2, "B02", "ZZ TWO", "UNKNOWN", "01", 999_999, "UNLIMITED", "OTHER", "LOW_ACCESS", 1, "Poor";
                    3, NULL, NULL, "C", "03", 999_999, "UNLIMITED", "OTHER", "LOW_ACCESS", 1, "Poor";
                }),
        )
}

/// The SELECT of the model.
fn statement(site: &Site, words: &Words) -> String {
    let sql = site.sql;
    let named = format!("COALESCE({}, {})", sql.trimmed("kind.code"), sql.trimmed("kind.description"));
    let or = |column: &str, usual: &str| format!("COALESCE({}, '{usual}')", sql.trimmed(&format!("l.{column}")));
    let invalid_type = format!("location_type_clean IS NULL OR location_type_clean NOT IN {KINDS}");
    let invalid_capacity = "capacity_volume_clean < 0 OR capacity_weight_clean < 0";
    let incomplete = "max_volume IS NULL OR max_weight IS NULL OR zone_id_clean = 'UNKNOWN' OR is_somewhere = 0";
    let missing = |column: &str| format!("{} IS NULL", sql.trimmed(&format!("l.{column}")));
    let nowhere = [missing("aisle"), missing("bay"), missing("level")].join(" OR ");
    let none = sql.whole("NULL");
    format!(
        "SELECT placed.*, {none} AS volume_utilization_pct, {none} AS weight_utilization_pct,
  0 AS current_volume_clean, 0 AS current_weight_clean,
  CASE location_type_clean WHEN 'PICK' THEN 1 WHEN 'FORWARD' THEN 2 WHEN 'RESERVE' THEN 3 WHEN 'BULK' THEN 4
    WHEN 'STAGE' THEN 5 ELSE 6 END AS type_priority,
  CASE WHEN capacity_volume_clean <= 0 AND capacity_weight_clean <= 0 THEN 'UNLIMITED' END AS utilization_status,
  {unknown} AS efficiency_status, {unknown} AS is_active_clean,
  CASE location_type_clean WHEN 'PICK' THEN CASE WHEN pick_sequence_clean <= 1000 THEN 'PRIME_PICK' ELSE 'STANDARD_PICK' END
    WHEN 'FORWARD' THEN 'FORWARD_RESERVE' WHEN 'RESERVE' THEN 'BULK_RESERVE' WHEN 'STAGE' THEN 'STAGING' ELSE 'OTHER' END
    AS operational_category,
  CASE WHEN location_type_clean = 'PICK' AND level_no_clean = '01' THEN 'HIGH_ACCESS'
    WHEN location_type_clean IN ('PICK', 'FORWARD') AND level_no_clean IN ('01', '02') THEN 'MEDIUM_ACCESS'
    WHEN location_type_clean = 'BULK' THEN 'EQUIPMENT_ACCESS' ELSE 'LOW_ACCESS' END AS accessibility_rating,
  {code_flag} AS has_invalid_code, {type_flag} AS has_invalid_type, {capacity_flag} AS has_invalid_capacity,
  0 AS has_invalid_active_flag,
  CASE WHEN {code} OR {invalid_type} OR {invalid_capacity} THEN 'Poor' WHEN {incomplete} THEN 'Good' ELSE 'Excellent' END
    AS data_quality_score
FROM (
  SELECT l.id AS location_id, COALESCE({barcode}, {place}) AS location_code, {kind} AS location_type_clean,
    {zone} AS zone_id_clean, {aisle} AS aisle_clean, {bay} AS bay_clean, {level} AS level_no_clean,
    'AMBIENT' AS temperature_zone_clean, 'STANDARD' AS security_level_clean,
    {volume} AS max_volume, {weight} AS max_weight,
    COALESCE({volume}, 0) AS capacity_volume_clean, COALESCE({weight}, 0) AS capacity_weight_clean,
    COALESCE({sequence}, 999999) AS pick_sequence_clean, {is_somewhere} AS is_somewhere,
    l.wms_loaded_at AS wms_loaded_at{deleted}
  FROM {{location}} l LEFT JOIN {{location_type}} kind ON kind.id = l.type_id
) placed",
        unknown = sql.as_text("NULL"),
        code = "location_code IS NULL",
        code_flag = sql.flag("location_code IS NULL"),
        type_flag = sql.flag(&invalid_type),
        capacity_flag = sql.flag(invalid_capacity),
        barcode = sql.trimmed("l.barcode"),
        place = sql.trimmed("l.locn_str"),
        kind = words.word(sql, "location_type", &named),
        zone = or("pick_zone", "UNKNOWN"),
        aisle = or("aisle", "00"),
        bay = or("bay", "00"),
        level = or("level", "01"),
        volume = sql.number("l.max_volume"),
        weight = sql.number("l.max_weight"),
        sequence = site.digits("l.pick_seq"),
        is_somewhere = sql.flag(&format!("NOT ({nowhere})")),
        deleted = site.deleted_at("location", "l"),
    )
}

fn columns() -> Vec<wmshost_plugin::contract::modelling::ModelColumn> {
    vec![
        int64("location_id", "The location."),
        text("location_code", "The barcode, or the location as one text."),
        text("location_type_clean", "The word for its type."),
        text("zone_id_clean", "The pick zone, or UNKNOWN."),
        text("aisle_clean", "The aisle, or 00."),
        text("bay_clean", "The bay, or 00."),
        text("level_no_clean", "The level, or 01."),
        text("temperature_zone_clean", "AMBIENT: there is none."),
        text("security_level_clean", "STANDARD: there is none."),
        decimal("max_volume", 15, 3, "The volume that fits."),
        decimal("max_weight", 15, 3, "The weight that fits."),
        decimal("capacity_volume_clean", 15, 3, "The volume that fits, or 0."),
        decimal("capacity_weight_clean", 15, 3, "The weight that fits, or 0."),
        int64("pick_sequence_clean", "The place in the pick sequence; 999999 where it is not made of digits."),
        boolean("is_somewhere", "Whether aisle, bay and level are known."),
        decimal("volume_utilization_pct", 18, 2, "NULL: how full it is, is not known."),
        decimal("weight_utilization_pct", 18, 2, "NULL: how full it is, is not known."),
        decimal("current_volume_clean", 15, 3, "0: it is not known."),
        decimal("current_weight_clean", 15, 3, "0: it is not known."),
        int64("type_priority", "PICK 1, FORWARD 2, RESERVE 3, BULK 4, STAGE 5, another 6."),
        text("utilization_status", "UNLIMITED without a capacity, else NULL."),
        text("efficiency_status", "NULL: how full it is, is not known."),
        text("is_active_clean", "NULL: there is no flag."),
        text("operational_category", "What operations see in it."),
        text("accessibility_rating", "How easily it is reached."),
        boolean("has_invalid_code", "Whether the code is NULL or blank."),
        boolean("has_invalid_type", "Whether the type is none of the seven."),
        boolean("has_invalid_capacity", "Whether a capacity is below zero."),
        boolean("has_invalid_active_flag", "0: there is no flag."),
        text("data_quality_score", "Excellent, Good or Poor."),
    ]
}
