//! The transform `items`: cleans and validates the rows of the warehouse's item master.
//!
//! The columns of the source stay unchanged. After them it adds, in this order:
//!
//! | column | value |
//! |---|---|
//! | `item_code_clean` | the code, trimmed and in upper case; NULL where it is blank |
//! | `item_category_clean` | the category, trimmed; UNKNOWN where there is none |
//! | `storage_type_clean` | the storage type, trimmed and in upper case; STANDARD where there is none |
//! | `hazmat_class_clean` | the hazmat class, trimmed and in upper case; NONE where there is none |
//! | `is_active_clean` | the flag, trimmed and in upper case; NULL where it is blank |
//! | `is_perishable` | true if it has a shelf life, or its description says PERISHABLE and not NON-PERISHABLE |
//! | `is_hazmat` | true if it has a hazmat class other than NONE |
//! | `size_category` | OVERSIZED, LARGE, MEDIUM or SMALL by the greater of weight and volume; UNKNOWN without both |
//! | `value_category` | LOW_VALUE below 10, MEDIUM_VALUE below 100, HIGH_VALUE below 1,000, otherwise PREMIUM_VALUE; UNKNOWN without a cost |
//! | `has_invalid_code` | true if the code is NULL or shorter than 3 characters |
//! | `has_invalid_description` | true if the description is NULL or shorter than 5 characters |
//! | `has_invalid_cost` | true if the cost is NULL or below zero |
//! | `has_invalid_active_flag` | true if the flag is neither Y nor N |
//! | `handling_classification` | SPECIAL_HANDLING if perishable and hazmat; PERISHABLE; HAZMAT; OVERSIZED; otherwise STANDARD |
//! | `data_quality_score` | Poor if a flag is true; Good if category, unit, weight, volume or storage type is NULL; otherwise Excellent |
//!
//! An item without shelf life or hazmat class is an ordinary one, not an incomplete one.

pub mod rules;

use wmshost_plugin::contract::types::{ColumnType, Schema};
use wmshost_plugin::{
    Description, Input, Labels, Mask, Quarantine, Result, Rows, Settings, TextWriter, Texts, Transform, Violation,
};

/// The rules whose rows can be rejected.
const INVALID_CODE: &str = "invalid-code";
const INVALID_DESCRIPTION: &str = "invalid-description";
const INVALID_COST: &str = "invalid-cost";
const INVALID_ACTIVE_FLAG: &str = "invalid-active-flag";

/// Columns without which a row is usable but incomplete.
const COMPLETE: [&str; 5] = ["item_category", "unit_of_measure", "item_weight", "item_volume", "storage_type"];

/// The transform.
#[derive(Debug)]
pub struct Items {
    quarantine: Quarantine,
}

/// The rows that break a rule, rule by rule.
struct Flags {
    code: Mask,
    description: Mask,
    cost: Mask,
    active: Mask,
}

impl Transform for Items {
    fn describe() -> Description {
        let description = Description::new("items", env!("CARGO_PKG_VERSION"), "Cleans and judges items.");
        let rules = [INVALID_CODE, INVALID_DESCRIPTION, INVALID_COST, INVALID_ACTIVE_FLAG];
        Quarantine::declare(description, "item_id", &rules)
    }

    fn new(settings: &Settings) -> Result<Self> {
        Ok(Self { quarantine: Quarantine::of(settings)? })
    }

    fn output_schema(&self, input: Schema) -> Result<Schema> {
        let mut expected = Input::of(&input);
        expected.any(&[self.quarantine.key(), "unit_of_measure"]);
        expected.text(&["item_code", "item_description", "item_category", "storage_type", "hazmat_class", "is_active"]);
        expected.number(&["standard_cost", "item_weight", "item_volume", "shelf_life_days"]);
        expected.with(&[
            ("item_code_clean", ColumnType::Utf8, true),
            ("item_category_clean", ColumnType::Utf8, false),
            ("storage_type_clean", ColumnType::Utf8, false),
            ("hazmat_class_clean", ColumnType::Utf8, false),
            ("is_active_clean", ColumnType::Utf8, true),
            ("is_perishable", ColumnType::Boolean, false),
            ("is_hazmat", ColumnType::Boolean, false),
            ("size_category", ColumnType::Utf8, false),
            ("value_category", ColumnType::Utf8, false),
            ("has_invalid_code", ColumnType::Boolean, false),
            ("has_invalid_description", ColumnType::Boolean, false),
            ("has_invalid_cost", ColumnType::Boolean, false),
            ("has_invalid_active_flag", ColumnType::Boolean, false),
            ("handling_classification", ColumnType::Utf8, false),
            ("data_quality_score", ColumnType::Utf8, false),
        ])
    }

    fn process(&mut self, rows: Rows<'_>) -> Result<()> {
        let flags = derive(&rows)?;
        let poor = flags.code.clone().or(&flags.description).or(&flags.cost).or(&flags.active);
        let incomplete = rows.missing_any(&COMPLETE)?;
        rows.write("data_quality_score", Labels::first_of(&[("Poor", &poor), ("Good", &incomplete)], "Excellent"))?;
        let rules = [
            Violation { rule: INVALID_CODE, reason: "the code is NULL or too short", rows: &flags.code },
            Violation {
                rule: INVALID_DESCRIPTION,
                reason: "the description is NULL or too short",
                rows: &flags.description,
            },
            Violation { rule: INVALID_COST, reason: "the cost is NULL or below zero", rows: &flags.cost },
            Violation { rule: INVALID_ACTIVE_FLAG, reason: "the active flag is neither Y nor N", rows: &flags.active },
        ];
        self.quarantine.reject(rows, &[], &rules)
    }
}

/// Derives all columns except the score.
fn derive(rows: &Rows<'_>) -> Result<Flags> {
    let (codes, descriptions) = (rows.texts("item_code")?, rows.texts("item_description")?);
    rows.write("item_code_clean", TextWriter::upper(&codes))?;
    rows.write("item_category_clean", TextWriter::cleaned_or(&rows.texts("item_category")?, rules::NO_CATEGORY))?;
    rows.write("storage_type_clean", TextWriter::upper_or(&rows.texts("storage_type")?, rules::USUAL_STORAGE))?;
    let classes = rows.texts("hazmat_class")?;
    rows.write("hazmat_class_clean", TextWriter::upper_or(&classes, rules::HARMLESS))?;
    let active = derive_active(rows)?;

    let (perishable, hazmat) = derive_nature(rows, &descriptions, &classes)?;
    let sizes = sizes(rows)?;
    rows.write("size_category", Labels::of_codes(&rules::SIZES, sizes.clone()))?;
    let cost = derive_value(rows)?;

    let invalid_text =
        |texts: &Texts, rule: fn(Option<&str>) -> bool| Mask::where_row(rows.count(), |row| rule(texts.get(row)));
    let code = invalid_text(&codes, rules::is_invalid_code);
    let description = invalid_text(&descriptions, rules::is_invalid_description);
    rows.write("has_invalid_code", code.clone())?;
    rows.write("has_invalid_description", description.clone())?;
    rows.write("has_invalid_cost", cost.clone())?;
    rows.write("has_invalid_active_flag", active.clone())?;

    let handlings = sizes.iter().enumerate();
    let handlings = handlings.map(|(row, size)| rules::handling(perishable.contains(row), hazmat.contains(row), *size));
    rows.write("handling_classification", Labels::of_codes(&rules::HANDLINGS, handlings.collect()))?;
    Ok(Flags { code, description, cost, active })
}

/// Derives the clean flag, and returns the rows where it is neither Y nor N.
fn derive_active(rows: &Rows<'_>) -> Result<Mask> {
    let texts = rows.texts("is_active")?;
    rows.write("is_active_clean", Labels::upper(&texts, &["Y", "N"], |row| rules::active_flag(texts.get(row))))?;
    Ok(Mask::where_row(rows.count(), |row| rules::active_flag(texts.get(row)).is_none()))
}

/// Derives whether an item is perishable or hazardous, and returns the rows of both.
fn derive_nature(rows: &Rows<'_>, descriptions: &Texts, classes: &Texts) -> Result<(Mask, Mask)> {
    let shelf_lives = rows.numbers("shelf_life_days")?;
    let is_perishable = |row| rules::is_perishable(shelf_lives.get(row), descriptions.get(row));
    let perishable = Mask::where_row(rows.count(), is_perishable);
    let hazmat = Mask::where_row(rows.count(), |row| rules::is_hazmat(classes.get(row)));
    rows.write("is_perishable", perishable.clone())?;
    rows.write("is_hazmat", hazmat.clone())?;
    Ok((perishable, hazmat))
}

fn sizes(rows: &Rows<'_>) -> Result<Vec<u8>> {
    let (weights, volumes) = (rows.numbers("item_weight")?, rows.numbers("item_volume")?);
    Ok(weights.iter().zip(volumes.iter()).map(|(weight, volume)| rules::size(weight, volume)).collect())
}

/// Derives the value category, and returns the rows whose cost is invalid.
fn derive_value(rows: &Rows<'_>) -> Result<Mask> {
    let costs = rows.numbers("standard_cost")?;
    let values = costs.iter().map(rules::value).collect();
    rows.write("value_category", Labels::of_codes(&rules::VALUES, values))?;
    Ok(Mask::where_row(rows.count(), |row| rules::is_invalid_cost(costs.get(row))))
}

wmshost_plugin::export_transform!(Items);
