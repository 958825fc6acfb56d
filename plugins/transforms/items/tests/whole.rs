//! The whole transform over batches in memory.

use wmshost_plugin::{Batch, Setting, run_transform, shown};
use wmshost_transform_items::Items;

/// Row by row: good; perishable hazmat without measures; small and broken; blank category, half measured.
fn batch() -> Batch {
    Batch::with_rows(4)
        .decimals("item_id", 20, 0, &[Some(1), Some(2), Some(3), Some(4)])
        .texts("item_code", &[Some(" ab-1 "), Some("XYZ"), Some("A"), Some("ITEM4")])
        .texts("item_description", &[Some("A lamp"), Some("Perishable acid"), None, Some("A long rope")])
        .texts("item_category", &[Some("Light "), None, Some("X"), Some(" ")])
        .texts("unit_of_measure", &[Some("EA"), Some("EA"), Some("EA"), Some("EA")])
        .decimals("standard_cost", 10, 2, &[Some(9_99), None, Some(-1), Some(100_00)])
        .texts("is_active", &[Some("Y"), Some(" n"), Some("?"), Some("y")])
        .decimals("item_weight", 10, 3, &[Some(60_000), None, Some(1), None])
        .int64s("item_volume", &[Some(1), None, Some(1), Some(101)])
        .texts("storage_type", &[Some("cold"), None, Some("COLD"), Some("DRY")])
        .int64s("shelf_life_days", &[None, Some(10), Some(0), None])
        .texts("hazmat_class", &[Some("none"), Some("8"), None, None])
}

fn column(batch: &Batch, name: &str) -> Vec<String> {
    shown(batch, name).expect("a column")
}

#[test]
fn rows_are_cleaned_and_judged() {
    let batch = batch();
    run_transform::<Items>(&[], &batch).expect("the transform keeps its word");
    for (name, expected) in [
        ("item_code_clean", ["AB-1", "XYZ", "A", "ITEM4"]),
        ("item_category_clean", ["Light", "UNKNOWN", "X", "UNKNOWN"]),
        ("storage_type_clean", ["COLD", "STANDARD", "COLD", "DRY"]),
        ("hazmat_class_clean", ["NONE", "8", "NONE", "NONE"]),
        ("is_active_clean", ["Y", "N", "?", "Y"]),
        ("is_perishable", ["false", "true", "false", "false"]),
        ("is_hazmat", ["false", "true", "false", "false"]),
        ("size_category", ["OVERSIZED", "UNKNOWN", "SMALL", "MEDIUM"]),
        ("value_category", ["LOW_VALUE", "UNKNOWN", "LOW_VALUE", "HIGH_VALUE"]),
        ("has_invalid_code", ["false", "false", "true", "false"]),
        ("has_invalid_description", ["false", "false", "true", "false"]),
        ("has_invalid_cost", ["false", "true", "true", "false"]),
        ("has_invalid_active_flag", ["false", "false", "true", "false"]),
        ("handling_classification", ["OVERSIZED", "SPECIAL_HANDLING", "STANDARD", "STANDARD"]),
        ("data_quality_score", ["Excellent", "Poor", "Poor", "Good"]),
    ] {
        assert_eq!(column(&batch, name), expected, "{name}");
    }
}

#[test]
fn rules_that_are_named_reject() {
    let batch = batch();
    let reject = Setting::Texts(vec!["invalid-cost".into(), "invalid-code".into()]);
    run_transform::<Items>(&[("reject", reject)], &batch).expect("transformed");
    assert_eq!(column(&batch, "item_id"), ["1", "4"]);
}
