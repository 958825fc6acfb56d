//! What is written is read back the same, whatever the values.

use std::sync::Arc;

use arrow_array::types::Decimal128Type;
use arrow_array::{
    ArrayRef, BinaryArray, BooleanArray, Date32Array, Float64Array, Int64Array, PrimitiveArray, RecordBatch,
    StringArray, TimestampMicrosecondArray,
};
use proptest::prelude::*;
use wmshost_databases::sqlite;
use wmshost_flow::{MergeRule, TableDefinition};

use crate::warehouse::{Warehouse, counts, grant, in_transaction, read_all};

const ROWS: usize = 5;

fn column<T: std::fmt::Debug>(value: impl Strategy<Value = T>) -> impl Strategy<Value = Vec<Option<T>>> {
    prop::collection::vec(prop::option::weighted(0.8, value), ROWS)
}

/// 0000-01-01 to 9999-12-31.
fn any_moment() -> impl Strategy<Value = i64> {
    -62_167_219_200_000_000_i64..253_402_300_800_000_000
}

fn decimals(precision: u8, scale: i8) -> impl Strategy<Value = ArrayRef> {
    let most = 10_i128.pow(u32::from(precision)) - 1;
    column(-most..=most).prop_map(move |values| {
        let array = PrimitiveArray::<Decimal128Type>::from_iter(values);
        Arc::new(array.with_precision_and_scale(precision, scale).expect("in range")) as ArrayRef
    })
}

fn any_decimals() -> impl Strategy<Value = ArrayRef> {
    (1_u8..=38).prop_flat_map(|precision| (0..=precision as i8).prop_flat_map(move |scale| decimals(precision, scale)))
}

fn any_column() -> impl Strategy<Value = ArrayRef> {
    prop_oneof![
        column(any::<bool>()).prop_map(|v| Arc::new(BooleanArray::from_iter(v)) as ArrayRef),
        column(any::<i64>()).prop_map(|v| Arc::new(Int64Array::from_iter(v)) as ArrayRef),
        // SQLite does not keep the sign of zero.
        column(any::<f64>().prop_filter("a number", |v| !v.is_nan()).prop_map(|v| v + 0.0))
            .prop_map(|v| Arc::new(Float64Array::from_iter(v)) as ArrayRef),
        any_decimals(),
        // In places SQLite ends a text at its first zero character, but stores it whole.
        column(any::<String>()).prop_map(|v| Arc::new(StringArray::from_iter(v)) as ArrayRef),
        column(any::<Vec<u8>>()).prop_map(|v| Arc::new(BinaryArray::from_iter(v)) as ArrayRef),
        column(-719_528_i32..2_932_897).prop_map(|v| Arc::new(Date32Array::from_iter(v)) as ArrayRef),
        column(any_moment()).prop_map(|v| Arc::new(TimestampMicrosecondArray::from_iter(v)) as ArrayRef),
        column(any_moment())
            .prop_map(|v| { Arc::new(TimestampMicrosecondArray::from_iter(v).with_timezone("UTC")) as ArrayRef }),
    ]
}

/// Rows with a key and some columns.
fn any_rows() -> impl Strategy<Value = RecordBatch> {
    prop::collection::vec(any_column(), 1..6).prop_map(|columns| {
        let ids: ArrayRef = Arc::new(Int64Array::from_iter_values(0..ROWS as i64));
        let named = columns.into_iter().enumerate().map(|(at, column)| (format!("c{at}"), column, true));
        let named = std::iter::once(("id".to_owned(), ids, true)).chain(named);
        RecordBatch::try_from_iter_with_nullable(named).expect("columns of one length")
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn rows_come_back(rows in any_rows()) {
        let warehouse = Warehouse::new("");
        let mut writer = warehouse.writer();
        let key = vec!["id".to_owned()];
        let table = TableDefinition { name: "T".to_owned(), columns: rows.schema(), key: key.clone() };
        in_transaction(writer.as_mut(), |writer| writer.create(&table));
        let described = writer.describe("T").expect("granted").expect("there");
        for (written, found) in rows.schema().fields().iter().zip(described.columns.fields()) {
            prop_assert_eq!((written.name(), written.data_type()), (found.name(), found.data_type()));
        }
        let rule = MergeRule { key, version: None };
        let merged = in_transaction(writer.as_mut(), |writer| writer.merge("T", &rows, &rule));
        prop_assert_eq!(merged, counts(ROWS as u64, 0, 0));
        // The very same rows again are the same.
        let merged = in_transaction(writer.as_mut(), |writer| writer.merge("T", &rows, &rule));
        prop_assert_eq!(merged, counts(0, 0, ROWS as u64));
        drop(writer);
        let source = sqlite::open_source(&warehouse.target_path(), 1, "ana").expect("a source");
        let mut reader = source.session(&grant(&["T"])).expect("a session");
        let names: Vec<_> = rows.schema().fields().iter().map(|field| field.name().clone()).collect();
        let query = format!("SELECT {} FROM T ORDER BY id", names.join(", "));
        let read = read_all(reader.as_mut(), &query, &[]);
        prop_assert_eq!(&read.rejected, &[]);
        prop_assert_eq!(read.rows.columns(), rows.columns());
    }
}
