//! The transform `locations`: cleans and validates the rows of the warehouse's location table.
//!
//! The columns of the source stay unchanged. After them it adds, in this order:
//!
//! | column | value |
//! |---|---|
//! | `location_type_clean` | the type, trimmed and in upper case; NULL where it is blank |
//! | `zone_id_clean`, `aisle_clean`, `bay_clean`, `level_no_clean`, `temperature_zone_clean`, `security_level_clean` | the text, trimmed; UNKNOWN, 00, 00, 01, AMBIENT, STANDARD where there is none |
//! | `capacity_volume_clean`, `capacity_weight_clean`, `current_volume_clean`, `current_weight_clean` | the number; 0 where there is none |
//! | `pick_sequence_clean` | the number; 999999 where there is none |
//! | `is_active_clean` | the flag, trimmed and in upper case; NULL where it is blank |
//! | `volume_utilization_pct`, `weight_utilization_pct` | 100 · current / capacity, to 2 decimals, half up; 0 without a capacity |
//! | `type_priority` | PICK 1, FORWARD 2, RESERVE 3, BULK 4, STAGE 5, any other 6 |
//! | `utilization_status` | by the greater percentage: FULL above 95, HIGH above 80, MEDIUM above 60, LOW above 20, otherwise EMPTY; UNLIMITED without capacities |
//! | `efficiency_status` | by the greater percentage: OPTIMAL for PICK from 40 to 80, RESERVE from 60 to 90, BULK above 70; otherwise SUBOPTIMAL |
//! | `operational_category` | PRIME_PICK (PICK up to 1,000 in the sequence), STANDARD_PICK, FORWARD_RESERVE, BULK_RESERVE, STAGING or OTHER |
//! | `accessibility_rating` | HIGH_ACCESS, MEDIUM_ACCESS, EQUIPMENT_ACCESS or LOW_ACCESS, by type and level |
//! | `has_invalid_code` | true if the code is NULL or blank |
//! | `has_invalid_type` | true if the type is not one of the seven |
//! | `has_invalid_capacity` | true if a capacity or its use is below zero |
//! | `has_invalid_active_flag` | true if the flag is neither Y nor N |
//! | `data_quality_score` | Poor if a flag is true; Good if zone, aisle, bay, level, a capacity or its use is NULL; otherwise Excellent |
//!
//! A row whose percentage has more than 16 digits before the point is rejected, because the column cannot hold it.

mod derive;
pub mod rules;

use wmshost_plugin::contract::types::{ColumnType, DecimalType, Schema};
use wmshost_plugin::{Description, Input, Labels, Mask, Quarantine, Result, Rows, Settings, Transform, Violation};

/// The rules whose rows can be rejected.
const INVALID_CODE: &str = "invalid-code";
const INVALID_TYPE: &str = "invalid-type";
const INVALID_CAPACITY: &str = "invalid-capacity";
const INVALID_ACTIVE_FLAG: &str = "invalid-active-flag";

/// The type of a percentage.
const PERCENT: DecimalType = DecimalType { precision: 18, scale: 2 };

const NUMBERS: [&str; 4] = ["capacity_volume", "capacity_weight", "current_volume", "current_weight"];

/// Columns without which a row is usable but incomplete.
const COMPLETE: [&str; 8] =
    ["zone_id", "aisle", "bay", "level_no", "capacity_volume", "capacity_weight", "current_volume", "current_weight"];

/// The transform.
#[derive(Debug)]
pub struct Locations {
    quarantine: Quarantine,
}

impl Transform for Locations {
    fn describe() -> Description {
        let description = Description::new("locations", env!("CARGO_PKG_VERSION"), "Cleans and judges locations.");
        let rules = [INVALID_CODE, INVALID_TYPE, INVALID_CAPACITY, INVALID_ACTIVE_FLAG];
        Quarantine::declare(description, "location_id", &rules)
    }

    fn new(settings: &Settings) -> Result<Self> {
        Ok(Self { quarantine: Quarantine::of(settings)? })
    }

    fn output_schema(&self, input: Schema) -> Result<Schema> {
        let mut expected = Input::of(&input);
        expected.any(&[self.quarantine.key(), "location_code"]).text(&["location_type", "is_active"]);
        expected.text(&rules::USUAL_TEXTS.map(|(name, _)| name));
        expected.number(&NUMBERS).number(&["pick_sequence"]);
        let kind = |name| expected.kind(name).unwrap_or(ColumnType::Int64);
        let derived = [
            ("location_type_clean", ColumnType::Utf8, true),
            ("zone_id_clean", ColumnType::Utf8, false),
            ("aisle_clean", ColumnType::Utf8, false),
            ("bay_clean", ColumnType::Utf8, false),
            ("level_no_clean", ColumnType::Utf8, false),
            ("temperature_zone_clean", ColumnType::Utf8, false),
            ("security_level_clean", ColumnType::Utf8, false),
            ("capacity_volume_clean", kind("capacity_volume"), false),
            ("capacity_weight_clean", kind("capacity_weight"), false),
            ("current_volume_clean", kind("current_volume"), false),
            ("current_weight_clean", kind("current_weight"), false),
            ("pick_sequence_clean", kind("pick_sequence"), false),
            ("is_active_clean", ColumnType::Utf8, true),
            ("volume_utilization_pct", ColumnType::Decimal(PERCENT), true),
            ("weight_utilization_pct", ColumnType::Decimal(PERCENT), true),
            ("type_priority", ColumnType::Int64, false),
            ("utilization_status", ColumnType::Utf8, false),
            ("efficiency_status", ColumnType::Utf8, false),
            ("operational_category", ColumnType::Utf8, false),
            ("accessibility_rating", ColumnType::Utf8, false),
            ("has_invalid_code", ColumnType::Boolean, false),
            ("has_invalid_type", ColumnType::Boolean, false),
            ("has_invalid_capacity", ColumnType::Boolean, false),
            ("has_invalid_active_flag", ColumnType::Boolean, false),
            ("data_quality_score", ColumnType::Utf8, false),
        ];
        expected.with(&derived)
    }

    fn process(&mut self, rows: Rows<'_>) -> Result<()> {
        let kinds = derive::place(&rows)?;
        let measures = derive::measures(&rows)?;
        let active = derive::active(&rows)?;
        let out_of_range = derive::utilization(&rows, &kinds, &measures)?;
        derive::operation(&rows, &kinds)?;

        let code = rows.missing("location_code")?;
        let kind = Mask::where_item(&kinds, |kind| !kind.is_valid());
        let capacity = measures.invalid;
        let flags = [
            ("has_invalid_code", &code),
            ("has_invalid_type", &kind),
            ("has_invalid_capacity", &capacity),
            ("has_invalid_active_flag", &active),
        ];
        let mut poor = Mask::none(rows.count());
        for (name, flag) in flags {
            rows.write(name, flag.clone())?;
            poor = poor.or(flag);
        }
        let incomplete = rows.missing_any(&COMPLETE)?;
        rows.write("data_quality_score", Labels::first_of(&[("Poor", &poor), ("Good", &incomplete)], "Excellent"))?;

        let reason = "a percentage has more digits than can be kept";
        let always = [Violation { rule: "utilization-out-of-range", reason, rows: &out_of_range }];
        let rules = [
            Violation { rule: INVALID_CODE, reason: "the code is NULL or blank", rows: &code },
            Violation { rule: INVALID_TYPE, reason: "the type is none of the known ones", rows: &kind },
            Violation { rule: INVALID_CAPACITY, reason: "a capacity or its use is below zero", rows: &capacity },
            Violation { rule: INVALID_ACTIVE_FLAG, reason: "the active flag is neither Y nor N", rows: &active },
        ];
        self.quarantine.reject(rows, &always, &rules)
    }
}

wmshost_plugin::export_transform!(Locations);
