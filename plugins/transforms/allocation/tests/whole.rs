//! The whole transform over batches in memory.

use wmshost_plugin::{Batch, Setting, run_transform, shown};
use wmshost_transform_allocation::Allocation;

/// Row by row: good; system and padded; without quantity; unknown status; NULL status and zero; without order; without key.
fn batch() -> Batch {
    let day = Some(86_400_000_000);
    Batch::with_rows(7)
        .int64s("allocation_id", &[Some(1), Some(2), Some(3), Some(4), Some(5), Some(6), None])
        .int64s("order_id", &[Some(1), Some(1), Some(1), Some(1), Some(1), None, Some(1)])
        .decimals("item_id", 20, 0, &[Some(1); 7])
        .texts("location_id", &[Some("A"); 7])
        .decimals("quantity_allocated", 12, 3, &[Some(5000), Some(1), None, Some(9), Some(0), Some(1), Some(1)])
        .texts(
            "allocation_status",
            &[
                Some("ALLOCATED"),
                Some(" picked "),
                Some("SHIPPED"),
                Some("lost"),
                None,
                Some("RESERVED"),
                Some("PICKED"),
            ],
        )
        .texts(
            "allocated_by_user",
            &[Some(" ann "), None, Some("bob"), Some("bob"), Some("  "), Some("bob"), Some("bob")],
        )
        .int64s("priority_level", &[Some(3), Some(1), None, Some(1), Some(1), Some(1), Some(1)])
        .timestamps("created_date", &[day; 7])
        .timestamps("last_updated", &[day; 7])
}

fn column(batch: &Batch, name: &str) -> Vec<String> {
    shown(batch, name).expect("a column")
}

#[test]
fn rows_are_cleaned_and_judged() {
    let batch = batch();
    run_transform::<Allocation>(&[], &batch).expect("the transform keeps its word");
    assert_eq!(column(&batch, "allocation_id"), ["1", "2", "3", "4", "5", "6"], "without a key: rejected");
    assert_eq!(
        column(&batch, "allocation_status_clean"),
        ["ALLOCATED", "PICKED", "SHIPPED", "LOST", "NULL", "RESERVED"]
    );
    assert_eq!(column(&batch, "status_group"), ["Active", "Fulfilled", "Fulfilled", "Unknown", "Unknown", "Active"]);
    assert_eq!(column(&batch, "allocated_by_user_clean"), ["ann", "SYSTEM", "bob", "bob", "SYSTEM", "bob"]);
    assert_eq!(column(&batch, "priority_level_clean"), ["3", "1", "1", "1", "1", "1"]);
    assert_eq!(column(&batch, "has_invalid_quantity"), ["false", "false", "true", "false", "true", "false"]);
    assert_eq!(column(&batch, "has_invalid_status"), ["false", "false", "false", "true", "true", "false"]);
    assert_eq!(
        column(&batch, "data_quality_score"),
        ["Excellent", "Excellent", "Poor", "Poor", "Poor", "Good"],
        "a missing user does not lower the score, a missing order does"
    );
}

#[test]
fn the_columns_of_the_source_stay_as_they_are() {
    let (before, after) = (batch(), batch());
    run_transform::<Allocation>(&[("key", Setting::Text("location_id".into()))], &after).expect("transformed");
    for column_of_source in before.schema() {
        assert_eq!(column(&before, &column_of_source.name), column(&after, &column_of_source.name));
    }
}

#[test]
fn a_rule_that_is_named_rejects() {
    let batch = batch();
    let reject = Setting::Texts(vec!["invalid-quantity".into()]);
    run_transform::<Allocation>(&[("reject", reject)], &batch).expect("transformed");
    assert_eq!(column(&batch, "allocation_id"), ["1", "2", "4", "6"]);
    let rejected: Vec<_> = batch.rejected().into_iter().map(|rejected| (rejected.rule, rejected.rows)).collect();
    assert_eq!(rejected, [("missing-key".to_owned(), 1), ("invalid-quantity".to_owned(), 2)]);
}

#[test]
fn a_batch_without_rows_is_fine() {
    let empty = Batch::with_rows(0)
        .int64s("allocation_id", &[])
        .int64s("order_id", &[])
        .int64s("item_id", &[])
        .int64s("location_id", &[])
        .int64s("quantity_allocated", &[])
        .texts("allocation_status", &[])
        .texts("allocated_by_user", &[])
        .decimals("priority_level", 3, 0, &[])
        .timestamps("created_date", &[])
        .timestamps("last_updated", &[]);
    run_transform::<Allocation>(&[], &empty).expect("transformed");
}

#[test]
fn all_columns_that_do_not_fit_are_reported_at_once() {
    let batch = Batch::with_rows(1).int64s("allocation_id", &[Some(1)]).int64s("allocation_status", &[Some(1)]);
    let message = run_transform::<Allocation>(&[], &batch).expect_err("columns are missing").to_string();
    for part in ["allocation_status is int64, must be utf8", "quantity_allocated", "last_updated"] {
        assert!(message.contains(part), "{part:?} is not in {message}");
    }
}
