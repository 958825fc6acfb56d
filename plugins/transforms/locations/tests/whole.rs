//! The whole transform over batches in memory.

use wmshost_plugin::{Batch, Setting, run_transform, shown};
use wmshost_transform_locations::Locations;

/// Row by row: good; all defaults; broken; a percentage that does not fit.
fn batch() -> Batch {
    Batch::with_rows(4)
        .int64s("location_id", &[Some(1), Some(2), Some(3), Some(4)])
        .texts("location_code", &[Some("A-01"), Some("B-01"), None, Some("D-01")])
        .texts("location_type", &[Some("pick"), Some("BULK"), Some("ROOF"), Some("DOCK")])
        .texts("zone_id", &[Some(" Z1 "), None, Some("Z"), Some("Z")])
        .texts("aisle", &[Some("11"), None, Some("1"), Some("1")])
        .texts("bay", &[Some("12"), Some(" "), Some("1"), Some("1")])
        .texts("level_no", &[Some("02"), None, Some("1"), Some("1")])
        .texts("is_active", &[Some("Y"), Some("N"), None, Some("Y")])
        .decimals("capacity_volume", 38, 20, &[Some(3_00000000000000000000), None, Some(1), Some(1)])
        .int64s("capacity_weight", &[Some(800), None, Some(-1), Some(1)])
        .int64s("current_volume", &[Some(2), None, Some(0), Some(i64::MAX)])
        .decimals("current_weight", 12, 2, &[Some(100), None, Some(0), Some(0)])
        .texts("temperature_zone", &[Some("COLD"), None, None, None])
        .texts("security_level", &[Some("HIGH"), None, None, None])
        .int64s("pick_sequence", &[Some(1_001), None, None, None])
}

fn column(batch: &Batch, name: &str) -> Vec<String> {
    shown(batch, name).expect("a column")
}

#[test]
fn rows_are_cleaned_and_judged() {
    let batch = batch();
    run_transform::<Locations>(&[], &batch).expect("the transform keeps its word");
    for (name, expected) in [
        ("location_id", ["1", "2", "3"]),
        ("location_type_clean", ["PICK", "BULK", "ROOF"]),
        ("zone_id_clean", ["Z1", "UNKNOWN", "Z"]),
        ("aisle_clean", ["11", "00", "1"]),
        ("bay_clean", ["12", "00", "1"]),
        ("level_no_clean", ["02", "01", "1"]),
        ("temperature_zone_clean", ["COLD", "AMBIENT", "AMBIENT"]),
        ("security_level_clean", ["HIGH", "STANDARD", "STANDARD"]),
        ("capacity_weight_clean", ["800", "0", "-1"]),
        ("current_weight_clean", ["1.00", "0.00", "0.00"]),
        ("pick_sequence_clean", ["1001", "999999", "999999"]),
        ("is_active_clean", ["Y", "N", "NULL"]),
        ("volume_utilization_pct", ["66.67", "0.00", "0.00"]),
        ("weight_utilization_pct", ["0.13", "0.00", "0.00"]),
        ("type_priority", ["1", "4", "6"]),
        ("utilization_status", ["MEDIUM", "UNLIMITED", "EMPTY"]),
        ("efficiency_status", ["OPTIMAL", "SUBOPTIMAL", "SUBOPTIMAL"]),
        ("operational_category", ["STANDARD_PICK", "OTHER", "OTHER"]),
        ("accessibility_rating", ["MEDIUM_ACCESS", "EQUIPMENT_ACCESS", "LOW_ACCESS"]),
        ("has_invalid_code", ["false", "false", "true"]),
        ("has_invalid_type", ["false", "false", "true"]),
        ("has_invalid_capacity", ["false", "false", "true"]),
        ("has_invalid_active_flag", ["false", "false", "true"]),
        ("data_quality_score", ["Excellent", "Good", "Poor"]),
    ] {
        assert_eq!(column(&batch, name), expected, "{name}");
    }
}

#[test]
fn a_percentage_that_cannot_be_kept_rejects_its_row() {
    let batch = batch();
    run_transform::<Locations>(&[], &batch).expect("transformed");
    let rejected: Vec<_> = batch.rejected().into_iter().map(|rejected| (rejected.rule, rejected.rows)).collect();
    assert_eq!(rejected, [("utilization-out-of-range".to_owned(), 1)]);
}

#[test]
fn rules_that_are_named_reject() {
    let batch = batch();
    run_transform::<Locations>(&[("reject", Setting::Texts(vec!["invalid-type".into()]))], &batch)
        .expect("transformed");
    assert_eq!(column(&batch, "location_id"), ["1", "2"]);
}
