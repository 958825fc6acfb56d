//! Values survive the way into a guest and back: `echo` reads whatever the host writes and writes it back, equal.

use std::sync::{Arc, LazyLock, Mutex};

use arrow_array::types::Decimal128Type;
use arrow_array::{
    ArrayRef, BinaryArray, BooleanArray, Date32Array, Float64Array, Int64Array, PrimitiveArray, RecordBatch,
    RecordBatchOptions, StringArray, TimestampMicrosecondArray,
};
use arrow_schema::{Field, Schema};
use proptest::prelude::*;
use wmshost_flow::{Call, Transform};
use wmshost_sandbox::Limits;

use crate::world::{identity, plugin};

/// One instance for all batches, as in a stream.
static ECHO: LazyLock<Mutex<Box<dyn Transform>>> = LazyLock::new(|| {
    let echo = plugin("hostile_echo").transform(identity("echo", "none"), Limits::default());
    Mutex::new(echo.expect("an instance"))
});

fn echoed(rows: &RecordBatch) -> RecordBatch {
    let mut echo = ECHO.lock().expect("unharmed");
    let promised = echo.output_schema(&rows.schema()).expect("a schema");
    assert_eq!(promised, rows.schema());
    let call = Call { batch: 1, time: echo.call_time(), is_probe: false };
    let made = echo.process(rows.clone(), &call).expect("a batch");
    assert!(made.rejected.is_empty() && made.positions.is_none());
    made.rows
}

fn values<T: std::fmt::Debug>(value: impl Strategy<Value = T>, rows: usize) -> impl Strategy<Value = Vec<Option<T>>> {
    prop::collection::vec(prop::option::weighted(0.8, value), rows)
}

fn decimals(rows: usize) -> impl Strategy<Value = ArrayRef> {
    let kinds = prop_oneof![
        (1_u8..=38).prop_flat_map(|precision| (Just(precision), 0..=precision as i8)),
        Just((38, 0)),
        Just((38, 38)),
    ];
    kinds.prop_flat_map(move |(precision, scale)| {
        let most = 10_i128.pow(u32::from(precision)) - 1;
        let value = prop_oneof![-most..=most, Just(most), Just(-most), Just(0)];
        values(value, rows).prop_map(move |values| {
            let array = PrimitiveArray::<Decimal128Type>::from_iter(values);
            Arc::new(array.with_precision_and_scale(precision, scale).expect("in range")) as ArrayRef
        })
    })
}

fn texts() -> impl Strategy<Value = String> {
    prop_oneof![any::<String>(), Just(String::new()), Just("é\0\u{10ffff}".to_owned()), Just("x".repeat(10_000))]
}

/// A column of any type that the contract has.
fn column(rows: usize) -> impl Strategy<Value = ArrayRef> {
    let instants = || prop_oneof![any::<i64>(), Just(i64::MIN), Just(i64::MAX), Just(-1), Just(0)];
    prop_oneof![
        values(any::<bool>(), rows).prop_map(|v| Arc::new(BooleanArray::from_iter(v)) as ArrayRef),
        values(instants(), rows).prop_map(|v| Arc::new(Int64Array::from_iter(v)) as ArrayRef),
        values(prop::num::f64::ANY, rows).prop_map(|v| Arc::new(Float64Array::from_iter(v)) as ArrayRef),
        decimals(rows),
        values(texts(), rows).prop_map(|v| Arc::new(StringArray::from_iter(v)) as ArrayRef),
        values(any::<Vec<u8>>(), rows).prop_map(|v| Arc::new(BinaryArray::from_iter(v)) as ArrayRef),
        values(any::<i32>(), rows).prop_map(|v| Arc::new(Date32Array::from_iter(v)) as ArrayRef),
        values(instants(), rows).prop_map(|v| Arc::new(TimestampMicrosecondArray::from_iter(v)) as ArrayRef),
        values(instants(), rows)
            .prop_map(|v| Arc::new(TimestampMicrosecondArray::from_iter(v).with_timezone("UTC")) as ArrayRef),
    ]
}

fn batch(columns: Vec<ArrayRef>, rows: usize) -> RecordBatch {
    let field = |(at, column): (usize, &ArrayRef)| Field::new(format!("c{at}"), column.data_type().clone(), true);
    let fields: Vec<_> = columns.iter().enumerate().map(field).collect();
    let options = RecordBatchOptions::new().with_row_count(Some(rows));
    RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), columns, &options).expect("a batch")
}

/// A batch, and the part of it that is sent: a part of a batch begins within its buffers.
fn any_batch() -> impl Strategy<Value = RecordBatch> {
    let sizes = prop_oneof![Just(0_usize), Just(1), 2_usize..40];
    sizes.prop_flat_map(|rows| {
        let columns = prop::collection::vec(column(rows), 0..6);
        (columns, 0..=rows).prop_flat_map(move |(columns, from)| {
            (0..=rows - from).prop_map(move |length| batch(columns.clone(), rows).slice(from, length))
        })
    })
}

/// Bits, not numbers: NaN is equal to itself and -0 is not 0.
fn shown(rows: &RecordBatch) -> Vec<String> {
    let floats = |array: &ArrayRef| {
        let floats = array.as_any().downcast_ref::<Float64Array>()?;
        Some(format!("{:?}", floats.iter().map(|value| value.map(f64::to_bits)).collect::<Vec<_>>()))
    };
    rows.columns().iter().filter_map(floats).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]
    #[test]
    fn batches_come_back_equal(rows in any_batch()) {
        let back = echoed(&rows);
        prop_assert_eq!(back.schema(), rows.schema());
        prop_assert_eq!(back.num_rows(), rows.num_rows());
        for (sent, found) in rows.columns().iter().zip(back.columns()) {
            match sent.as_any().downcast_ref::<Float64Array>() {
                None => prop_assert_eq!(sent, found),
                Some(_) => prop_assert_eq!(shown(&rows), shown(&back)),
            }
        }
    }
}
