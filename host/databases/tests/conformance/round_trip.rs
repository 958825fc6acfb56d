//! Values are read as they were written: through a table that the driver created, and through the driver's reading.

use std::sync::Arc;

use arrow_array::types::Decimal128Type;
use arrow_array::{
    Array as _, ArrayRef, BinaryArray, BooleanArray, Date32Array, Float64Array, Int64Array, PrimitiveArray,
    RecordBatch, StringArray, TimestampMicrosecondArray,
};

use crate::world::{in_transaction, worlds};

fn decimal(values: Vec<Option<i128>>, precision: u8, scale: i8) -> ArrayRef {
    let values = PrimitiveArray::<Decimal128Type>::from(values);
    Arc::new(values.with_precision_and_scale(precision, scale).expect("a decimal"))
}

/// Every type of the contract, with its ends.
fn everything() -> RecordBatch {
    let most = 10_i128.pow(38) - 1;
    let columns: Vec<(&str, ArrayRef, bool)> = vec![
        ("id", Arc::new(Int64Array::from(vec![1, 2, 3])), false),
        ("whole", Arc::new(Int64Array::from(vec![Some(i64::MAX), Some(i64::MIN), None])), true),
        ("price", decimal(vec![Some(1_250), Some(-5), None], 12, 2), true),
        ("most", decimal(vec![Some(most), Some(-most), Some(0)], 38, 0), true),
        ("fine", decimal(vec![Some(1), Some(-most), None], 38, 10), true),
        ("one", decimal(vec![Some(9), Some(-9), None], 1, 0), true),
        ("ratio", Arc::new(Float64Array::from(vec![Some(0.1 + 0.2), Some(-1e300), None])), true),
        ("text", Arc::new(StringArray::from(vec![Some(" ä€𝄞 'x' "), Some("line\nline"), None])), true),
        ("flag", Arc::new(BooleanArray::from(vec![Some(true), Some(false), None])), true),
        ("bytes", Arc::new(BinaryArray::from(vec![Some(&[0_u8, 255][..]), Some(&[1]), None])), true),
        ("day", Arc::new(Date32Array::from(vec![Some(0), Some(-719_162), Some(2_932_896)])), true),
        (
            "at",
            Arc::new(TimestampMicrosecondArray::from(vec![
                Some(1_769_853_600_123_456),
                Some(-62_135_596_800_000_000),
                Some(253_402_300_799_999_999),
            ])),
            true,
        ),
        (
            "instant",
            Arc::new(
                TimestampMicrosecondArray::from(vec![Some(1_769_853_600_000_000), Some(-1), None]).with_timezone("UTC"),
            ),
            true,
        ),
    ];
    RecordBatch::try_from_iter_with_nullable(columns).expect("a batch")
}

#[test]
fn a_table_is_described_as_it_was_asked_for() {
    for world in worlds() {
        let rows = everything();
        let mut writer = world.writer();
        in_transaction(writer.as_mut(), |writer| writer.create(&world.definition_of(&rows, &["id"])));
        let found = writer.describe(&world.table).expect("granted").expect("there");
        for (asked, found) in rows.schema().fields().iter().zip(found.columns.fields()) {
            assert_eq!(found.name(), asked.name(), "{}", world.driver());
            // A decimal of one digit is stored in a type of two, to be distinguished from a flag.
            let wider = asked.name() == "one" && world.is_oracle();
            assert!(wider || found.data_type() == asked.data_type(), "{}: {found} for {asked}", world.driver());
            assert_eq!(found.is_nullable(), asked.name() != "id", "{}: {}", world.driver(), asked.name());
        }
    }
}

#[test]
fn every_value_comes_back() {
    for world in worlds() {
        let rows = everything();
        let mut writer = world.writer();
        in_transaction(writer.as_mut(), |writer| writer.create(&world.definition_of(&rows, &["id"])));
        in_transaction(writer.as_mut(), |writer| writer.insert(&world.table, &rows));
        // Merging the same rows finds nothing to do: they are equal in the database, too.
        let rule = wmshost_flow::MergeRule { key: vec!["id".to_owned()], version: None };
        let counted = in_transaction(writer.as_mut(), |writer| writer.merge(&world.table, &rows, &rule));
        assert_eq!(counted.unchanged, 3, "{}: {counted:?}", world.driver());
        let names: Vec<_> = rows.schema().fields().iter().map(|field| field.name().clone()).collect();
        let spelled = |name: &String| if world.is_oracle() { name.to_uppercase() } else { name.clone() };
        let selected: Vec<_> = names.iter().map(|name| format!("\"{}\" AS \"{name}\"", spelled(name))).collect();
        let query = format!("SELECT {} FROM {} ORDER BY \"{}\"", selected.join(", "), world.table, spelled(&names[0]));
        let mut reader = world.reader();
        let mut cursor = reader.query(&query, &[]).expect("a cursor");
        let found = cursor.next(10).expect("rows").expect("three of them");
        assert!(found.rejected.is_empty(), "{}: {:?}", world.driver(), found.rejected);
        for (at, name) in names.iter().enumerate() {
            let (given, found) = (rows.column(at), found.rows.column(at));
            // A source may read a type as another one that holds the same values.
            let same = given.data_type() == found.data_type();
            let shown = |values: &ArrayRef| -> Vec<String> {
                let one =
                    RecordBatch::try_from_iter_with_nullable([("v", Arc::clone(values), true)]).expect("a column");
                (0..one.num_rows()).map(|row| normal(&wmshost_flow::row_as_json(&one, row))).collect()
            };
            assert!(
                same && given == found || shown(given) == shown(found),
                "{}, column {name}: {given:?} came back as {found:?}",
                world.driver()
            );
        }
    }
}

/// A value in one form, whatever type holds it.
fn normal(json: &str) -> String {
    let json = json.replace(" 00:00:00.000000", "");
    match json.as_str() {
        r#"{"v":true}"# => r#"{"v":1}"#.to_owned(),
        r#"{"v":false}"# => r#"{"v":0}"#.to_owned(),
        _ => json.replace('"', ""),
    }
    .replace('"', "")
}
