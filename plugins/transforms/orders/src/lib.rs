//! The transform `orders`: cleans and validates the rows of the warehouse's order header table.
//!
//! The columns of the source stay unchanged. After them it adds, in this order:
//!
//! | column | value |
//! |---|---|
//! | `order_status_clean` | the status, trimmed and in upper case; NULL where it is blank |
//! | `status_group` | Open, Processing, Completed, Cancelled or Unknown |
//! | `requested_ship_date_clean` | the requested date; 7 days after the order date where there is none |
//! | `order_type_clean` | the type, trimmed and in upper case; STANDARD where there is none |
//! | `priority_code_clean` | the priority, trimmed and in upper case; NORMAL where there is none |
//! | `priority_rank` | URGENT 1, HIGH 2, NORMAL 3, any other 4 |
//! | `order_size_category` | Small below 100, Medium below 1,000, Large below 10,000, otherwise Enterprise; UNKNOWN without an amount |
//! | `has_invalid_amount` | true if the amount is NULL or below zero |
//! | `has_invalid_status` | true if the status is not one of the five |
//!
//! The quality of an order depends on its lines too, which a transform does not see: that is left to the models.

pub mod rules;

use rules::Status;
use wmshost_plugin::contract::types::{ColumnType, Schema};
use wmshost_plugin::{
    Column, Description, Input, Labels, Mask, Quarantine, Result, Rows, Settings, TextWriter, Times, Transform,
    Violation,
};

/// The rules whose rows can be rejected.
const INVALID_AMOUNT: &str = "invalid-amount";
const INVALID_STATUS: &str = "invalid-status";

/// The transform.
#[derive(Debug)]
pub struct Orders {
    quarantine: Quarantine,
}

impl Transform for Orders {
    fn describe() -> Description {
        let description = Description::new("orders", env!("CARGO_PKG_VERSION"), "Cleans and judges order headers.");
        Quarantine::declare(description, "order_id", &[INVALID_AMOUNT, INVALID_STATUS])
    }

    fn new(settings: &Settings) -> Result<Self> {
        Ok(Self { quarantine: Quarantine::of(settings)? })
    }

    fn output_schema(&self, input: Schema) -> Result<Schema> {
        let mut expected = Input::of(&input);
        expected.any(&[self.quarantine.key()]).number(&["total_amount"]);
        expected.text(&["order_status", "order_type", "priority_code"]);
        expected.timestamp(&["order_date", "requested_ship_date"]);
        if expected.kind("order_date") != expected.kind("requested_ship_date") {
            expected.mistake("columns order_date and requested_ship_date must be of one type");
        }
        let date = expected.kind("requested_ship_date").unwrap_or(ColumnType::Date);
        expected.with(&[
            ("order_status_clean", ColumnType::Utf8, true),
            ("status_group", ColumnType::Utf8, false),
            ("requested_ship_date_clean", date, true),
            ("order_type_clean", ColumnType::Utf8, false),
            ("priority_code_clean", ColumnType::Utf8, false),
            ("priority_rank", ColumnType::Int64, false),
            ("order_size_category", ColumnType::Utf8, false),
            ("has_invalid_amount", ColumnType::Boolean, false),
            ("has_invalid_status", ColumnType::Boolean, false),
        ])
    }

    fn process(&mut self, rows: Rows<'_>) -> Result<()> {
        let invalid_status = derive_status(&rows)?;
        derive_ship_date(&rows)?;
        derive_type_and_priority(&rows)?;

        let amounts = rows.numbers("total_amount")?;
        let sizes = amounts.iter().map(rules::size).collect();
        rows.write("order_size_category", Labels::of_codes(&rules::SIZES, sizes))?;
        let invalid_amount = Mask::where_row(rows.count(), |row| rules::is_invalid_amount(amounts.get(row)));
        rows.write("has_invalid_amount", invalid_amount.clone())?;
        rows.write("has_invalid_status", invalid_status.clone())?;

        let rules = [
            Violation { rule: INVALID_AMOUNT, reason: "the amount is NULL or below zero", rows: &invalid_amount },
            Violation { rule: INVALID_STATUS, reason: "the status is none of the known ones", rows: &invalid_status },
        ];
        self.quarantine.reject(rows, &[], &rules)
    }
}

/// Derives the clean status and its group, and returns the rows whose status is invalid.
fn derive_status(rows: &Rows<'_>) -> Result<Mask> {
    let texts = rows.texts("order_status")?;
    let statuses: Vec<Status> = texts.iter().map(Status::of).collect();
    let known = |row: usize| statuses[row].is_valid().then_some(statuses[row] as u8);
    rows.write("order_status_clean", Labels::upper(&texts, &rules::STATUSES, known))?;
    let groups = statuses.iter().map(|status| status.group()).collect();
    rows.write("status_group", Labels::of_codes(&rules::GROUPS, groups))?;
    Ok(Mask::where_item(&statuses, |status| !status.is_valid()))
}

fn derive_ship_date(rows: &Rows<'_>) -> Result<()> {
    let Times { zone, column: requested } = rows.timestamps("requested_ship_date")?;
    let ordered = rows.timestamps("order_date")?.column;
    let due = (0..rows.count()).map(|row| rules::requested_ship_date(requested.get(row), ordered.get(row)));
    rows.write("requested_ship_date_clean", Times { zone, column: due.collect() })
}

fn derive_type_and_priority(rows: &Rows<'_>) -> Result<()> {
    let priorities = rows.texts("priority_code")?;
    rows.write("order_type_clean", TextWriter::upper_or(&rows.texts("order_type")?, rules::USUAL_TYPE))?;
    rows.write("priority_code_clean", TextWriter::upper_or(&priorities, rules::USUAL_PRIORITY))?;
    let ranks: Vec<i64> = priorities.iter().map(rules::priority_rank).collect();
    rows.write("priority_rank", Column::from(ranks))
}

wmshost_plugin::export_transform!(Orders);
