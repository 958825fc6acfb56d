//! Decimals of more than 15 digits: a new table stores numbers where they are exact, and text elsewhere; a table that
//! stores only text goes on to do so, whatever builds it again.

use std::sync::Arc;

use arrow_array::types::Decimal128Type;
use arrow_array::{ArrayRef, Int64Array, PrimitiveArray, RecordBatch};
use arrow_schema::SchemaRef;
use wmshost_databases::sqlite;
use wmshost_flow::{MergeRule, TableDefinition, TargetSession, WriteStats};

use crate::warehouse::{Warehouse, counts, grant, in_transaction, read_all};

/// Unscaled numbers with ten digits after the point.
const VALUES: [i128; 8] = [
    0,
    995_000_000_000,
    -20_000_000_000,
    2_500_002_500_000_000,
    1_234_567_890_123_456,
    12_345_678_901_234_567_890_000_000_000,
    -10_000_000_000_000_000_000_500_000_000,
    99_999_999_999_999_999_999_999_999_999_999_999_999,
];

/// A batch of ids and decimals; one that is 0 is NULL.
fn batch(values: &[i128], precision: u8, scale: i8) -> RecordBatch {
    let ids: ArrayRef = Arc::new(Int64Array::from_iter_values(0..values.len() as i64));
    let values = values.iter().map(|value| (*value != 0).then_some(*value));
    let amounts = PrimitiveArray::<Decimal128Type>::from_iter(values);
    let amounts: ArrayRef = Arc::new(amounts.with_precision_and_scale(precision, scale).expect("in range"));
    RecordBatch::try_from_iter_with_nullable([("id", ids, false), ("amount", amounts, true)]).expect("a batch")
}

fn definition(rows: &RecordBatch) -> TableDefinition {
    TableDefinition { name: "T".to_owned(), columns: rows.schema(), key: vec!["id".to_owned()] }
}

fn merge(writer: &mut dyn TargetSession, rows: &RecordBatch) -> WriteStats {
    let rule = MergeRule { key: vec!["id".to_owned()], version: None };
    in_transaction(writer, |writer| writer.merge("T", rows, &rule))
}

fn replace(writer: &mut dyn TargetSession, rows: &RecordBatch) -> WriteStats {
    in_transaction(writer, |writer| {
        let staged = writer.stage(&definition(rows), false)?;
        writer.insert(&staged, rows)?;
        writer.swap("T")
    })
}

/// The column of decimals.
fn amount(rows: &RecordBatch) -> SchemaRef {
    rows.project(&[1]).expect("a column").schema()
}

fn stored(warehouse: &Warehouse) -> Vec<String> {
    warehouse.target_rows("SELECT amount FROM T ORDER BY id")
}

/// Returns whether the target has exactly these rows.
fn holds(warehouse: &Warehouse, rows: &RecordBatch) -> bool {
    let source = sqlite::open_source(&warehouse.target_path(), 1, "ana").expect("a source");
    let mut reader = source.session(&grant(&["T"])).expect("a session");
    let read = read_all(reader.as_mut(), "SELECT id, amount FROM T ORDER BY id", &[]);
    read.rejected.is_empty() && read.rows.columns() == rows.columns()
}

#[test]
fn a_new_table_stores_numbers_where_they_are_exact() {
    let warehouse = Warehouse::new("");
    let mut writer = warehouse.writer();
    let rows = batch(&VALUES, 38, 10);
    in_transaction(writer.as_mut(), |writer| writer.create(&definition(&rows)));
    assert_eq!(merge(writer.as_mut(), &rows), counts(8, 0, 0));
    let expected = [
        "NULL",
        "99.5",
        "-2",
        "250000.25",
        "'123456.7890123456'",
        "1234567890123456789",
        "'-1000000000000000000.05'",
        "'9999999999999999999999999999.9999999999'",
    ];
    assert_eq!(stored(&warehouse), expected);
    assert_eq!(merge(writer.as_mut(), &rows), counts(0, 0, 8));
    assert_eq!(replace(writer.as_mut(), &rows).unchanged, 8);
    assert!(holds(&warehouse, &rows));
    // With fewer digits after the point the same values are the same cells.
    merge(writer.as_mut(), &batch(&[995], 20, 1));
    assert_eq!(stored(&warehouse)[0], "99.5");
}

/// The table as it was created before there were numbers in such columns.
fn create_as_before(warehouse: &Warehouse, rows: &RecordBatch, declared: &str) {
    let mut writer = warehouse.writer();
    in_transaction(writer.as_mut(), |writer| writer.create(&definition(rows)));
    drop(writer);
    let text = format!(
        "DROP TABLE T; CREATE TABLE T (id INTEGER PRIMARY KEY, amount {declared}, wms_run_id TEXT, wms_loaded_at TIMESTAMP(6))"
    );
    warehouse.target_connection().execute_batch(&text).expect("a table");
}

#[test]
fn a_table_with_texts_keeps_texts() {
    let warehouse = Warehouse::new("");
    let rows = batch(&VALUES, 38, 10);
    create_as_before(&warehouse, &rows, "DECIMAL_TEXT(38,10)");
    let mut writer = warehouse.writer();
    assert_eq!(merge(writer.as_mut(), &rows), counts(8, 0, 0));
    assert_eq!(stored(&warehouse)[..3], ["NULL", "'99.5000000000'", "'-2.0000000000'"]);
    assert_eq!(replace(writer.as_mut(), &rows), WriteStats { unchanged: 8, ..WriteStats::default() });
    let changed = batch(&[30_000_000_000, 995_000_000_000], 38, 10);
    let expected = WriteStats { updated: 1, unchanged: 1, deleted: 6, ..WriteStats::default() };
    assert_eq!(replace(writer.as_mut(), &changed), expected);
    assert_eq!(stored(&warehouse), ["'3.0000000000'", "'99.5000000000'"]);
    assert!(holds(&warehouse, &changed));
}

#[test]
fn a_wider_column_keeps_its_texts() {
    let warehouse = Warehouse::new("");
    let narrow = batch(&[0, 150], 20, 2);
    create_as_before(&warehouse, &narrow, "DECIMAL_TEXT(20,2)");
    let mut writer = warehouse.writer();
    merge(writer.as_mut(), &narrow);
    let wide = batch(&[0, 15_000_000_000], 38, 10);
    in_transaction(writer.as_mut(), |writer| writer.widen_columns("T", &amount(&wide)));
    assert_eq!(stored(&warehouse), ["NULL", "'1.5000000000'"]);
    assert_eq!(merge(writer.as_mut(), &wide), counts(0, 0, 2));
}

#[test]
fn a_wider_column_keeps_its_numbers() {
    let warehouse = Warehouse::new("");
    let mut writer = warehouse.writer();
    let narrow = batch(&[0, 150, -225], 10, 2);
    in_transaction(writer.as_mut(), |writer| writer.create(&definition(&narrow)));
    merge(writer.as_mut(), &narrow);
    for (precision, scale, unit) in [(20, 4, 100), (38, 10, 100_000_000)] {
        let wide = batch(&[0, 150 * unit, -225 * unit], precision, scale);
        in_transaction(writer.as_mut(), |writer| writer.widen_columns("T", &amount(&wide)));
        assert_eq!(stored(&warehouse), ["NULL", "1.5", "-2.25"]);
        assert_eq!(merge(writer.as_mut(), &wide), counts(0, 0, 3));
        assert!(holds(&warehouse, &wide));
    }
}
