//! The whole transform over batches in memory.

use wmshost_plugin::{Batch, Setting, run_transform, shown};
use wmshost_transform_orders::Orders;

/// Row by row: good; defaults and padded; without an amount and a date; below zero and an unknown status.
fn batch() -> Batch {
    Batch::with_rows(4)
        .int64s("order_id", &[Some(1), Some(2), Some(3), Some(4)])
        .texts("order_status", &[Some("NEW"), Some(" in_progress"), Some("CANCELLED"), Some("ROT")])
        .decimals("total_amount", 12, 2, &[Some(99_99), Some(10_000_00), None, Some(-1)])
        .timestamps("order_date", &[Some(0), Some(1), None, Some(3)])
        .timestamps("requested_ship_date", &[Some(5), None, None, Some(6)])
        .texts("order_type", &[Some(" rush"), None, Some(""), Some("STANDARD")])
        .texts("priority_code", &[Some("urgent"), None, Some("LOW"), Some("HIGH")])
}

fn column(batch: &Batch, name: &str) -> Vec<String> {
    shown(batch, name).expect("a column")
}

#[test]
fn rows_are_cleaned_and_judged() {
    let batch = batch();
    run_transform::<Orders>(&[], &batch).expect("the transform keeps its word");
    assert_eq!(column(&batch, "order_status_clean"), ["NEW", "IN_PROGRESS", "CANCELLED", "ROT"]);
    assert_eq!(column(&batch, "status_group"), ["Open", "Processing", "Cancelled", "Unknown"]);
    assert_eq!(column(&batch, "requested_ship_date_clean"), ["5", "604800000001", "NULL", "6"]);
    assert_eq!(column(&batch, "order_type_clean"), ["RUSH", "STANDARD", "STANDARD", "STANDARD"]);
    assert_eq!(column(&batch, "priority_code_clean"), ["URGENT", "NORMAL", "LOW", "HIGH"]);
    assert_eq!(column(&batch, "priority_rank"), ["1", "3", "4", "2"]);
    assert_eq!(column(&batch, "order_size_category"), ["Small", "Enterprise", "UNKNOWN", "Small"]);
    assert_eq!(column(&batch, "has_invalid_amount"), ["false", "false", "true", "true"]);
    assert_eq!(column(&batch, "has_invalid_status"), ["false", "false", "false", "true"]);
}

#[test]
fn rules_that_are_named_reject() {
    let batch = batch();
    let reject = Setting::Texts(vec!["invalid-amount".into(), "invalid-status".into()]);
    run_transform::<Orders>(&[("reject", reject)], &batch).expect("transformed");
    assert_eq!(column(&batch, "order_id"), ["1", "2"]);
    let rejected: Vec<_> = batch.rejected().into_iter().map(|rejected| (rejected.rule, rejected.rows)).collect();
    assert_eq!(rejected, [("invalid-amount".to_owned(), 2)], "a row is rejected once");
}

#[test]
fn both_dates_must_be_of_one_type() {
    let batch = Batch::with_rows(1)
        .int64s("order_id", &[Some(1)])
        .texts("order_status", &[None])
        .int64s("total_amount", &[Some(1)])
        .dates("order_date", &[Some(1)])
        .timestamps("requested_ship_date", &[Some(1)])
        .texts("order_type", &[None])
        .texts("priority_code", &[None]);
    let message = run_transform::<Orders>(&[], &batch).expect_err("two types").to_string();
    assert!(message.contains("must be of one type"), "{message}");
}
