//! The transform `allocation`: cleans and validates the rows of the warehouse's allocation table.
//!
//! The columns of the source stay unchanged. After them it adds, in this order:
//!
//! | column | value |
//! |---|---|
//! | `allocation_status_clean` | the status, trimmed and in upper case; NULL where it is blank |
//! | `status_group` | Active, Fulfilled or Unknown |
//! | `allocated_by_user_clean` | the user, trimmed; SYSTEM where there is none |
//! | `priority_level_clean` | the priority; 1 where there is none |
//! | `has_invalid_quantity` | true if the quantity is NULL, zero or less |
//! | `has_invalid_status` | true if the status is not one of the four |
//! | `data_quality_score` | Poor if a flag is true; Good if a value that matters is NULL; otherwise Excellent |
//!
//! A missing user says where a row comes from, not how good it is: it does not lower the score.

pub mod rules;

use rules::Status;
use wmshost_plugin::contract::types::{ColumnType, Schema};
use wmshost_plugin::{
    Description, Input, Labels, Mask, Quarantine, Result, Rows, Settings, TextWriter, Transform, Violation,
};

/// The rules whose rows can be rejected.
const INVALID_QUANTITY: &str = "invalid-quantity";
const INVALID_STATUS: &str = "invalid-status";

/// Columns without which a row is usable but incomplete.
const COMPLETE: [&str; 6] = ["order_id", "item_id", "location_id", "priority_level", "created_date", "last_updated"];

/// The transform.
#[derive(Debug)]
pub struct Allocation {
    quarantine: Quarantine,
}

impl Transform for Allocation {
    fn describe() -> Description {
        let description = Description::new("allocation", env!("CARGO_PKG_VERSION"), "Cleans and judges allocations.");
        Quarantine::declare(description, "allocation_id", &[INVALID_QUANTITY, INVALID_STATUS])
    }

    fn new(settings: &Settings) -> Result<Self> {
        Ok(Self { quarantine: Quarantine::of(settings)? })
    }

    fn output_schema(&self, input: Schema) -> Result<Schema> {
        let mut expected = Input::of(&input);
        expected.any(&[self.quarantine.key(), "order_id", "item_id", "location_id", "created_date", "last_updated"]);
        expected.text(&["allocation_status", "allocated_by_user"]).number(&["quantity_allocated", "priority_level"]);
        let priority = expected.kind("priority_level").unwrap_or(ColumnType::Int64);
        expected.with(&[
            ("allocation_status_clean", ColumnType::Utf8, true),
            ("status_group", ColumnType::Utf8, false),
            ("allocated_by_user_clean", ColumnType::Utf8, false),
            ("priority_level_clean", priority, false),
            ("has_invalid_quantity", ColumnType::Boolean, false),
            ("has_invalid_status", ColumnType::Boolean, false),
            ("data_quality_score", ColumnType::Utf8, false),
        ])
    }

    fn process(&mut self, rows: Rows<'_>) -> Result<()> {
        let invalid_status = derive_status(&rows)?;
        let users = rows.texts("allocated_by_user")?;
        rows.write("allocated_by_user_clean", TextWriter::cleaned_or(&users, rules::NOBODY))?;
        rows.write("priority_level_clean", rows.numbers("priority_level")?.filled(rules::USUAL_PRIORITY)?)?;

        let quantities = rows.numbers("quantity_allocated")?;
        let invalid_quantity = Mask::where_row(rows.count(), |row| rules::is_invalid_quantity(quantities.get(row)));
        rows.write("has_invalid_quantity", invalid_quantity.clone())?;
        rows.write("has_invalid_status", invalid_status.clone())?;

        let poor = invalid_status.clone().or(&invalid_quantity);
        let incomplete = rows.missing_any(&COMPLETE)?;
        rows.write("data_quality_score", Labels::first_of(&[("Poor", &poor), ("Good", &incomplete)], "Excellent"))?;

        let rules = [
            Violation { rule: INVALID_QUANTITY, reason: "the quantity is NULL, zero or less", rows: &invalid_quantity },
            Violation { rule: INVALID_STATUS, reason: "the status is none of the known ones", rows: &invalid_status },
        ];
        self.quarantine.reject(rows, &[], &rules)
    }
}

/// Derives the clean status and its group, and returns the rows whose status is invalid.
fn derive_status(rows: &Rows<'_>) -> Result<Mask> {
    let texts = rows.texts("allocation_status")?;
    let statuses: Vec<Status> = texts.iter().map(Status::of).collect();
    let known = |row: usize| statuses[row].is_valid().then_some(statuses[row] as u8);
    rows.write("allocation_status_clean", Labels::upper(&texts, &rules::STATUSES, known))?;
    let groups = statuses.iter().map(|status| status.group()).collect();
    rows.write("status_group", Labels::of_codes(&rules::GROUPS, groups))?;
    Ok(Mask::where_item(&statuses, |status| !status.is_valid()))
}

wmshost_plugin::export_transform!(Allocation);
