//! The border as any bytes cross it: they are taken for what a guest passes to the host, call by call. For tests that try
//! bytes at random; what gets across must be whole.

use std::sync::Arc;

use arrow_array::types::{Date32Type, Float64Type, Int64Type, TimestampMicrosecondType};
use arrow_array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use wmshost_flow::{Batch, Failure, Limits, Stage};

use crate::bindings::types::{Column, ColumnType, DecimalType, Position, Value, Zone};
use crate::checks::check_key;
use crate::columns::{self, PluginBatch, Rejection};
use crate::convert::{bookmark_from_wit, columns_from_wit, failure_from_wit, timestamp_type};
use crate::text::sanitize;

/// The rows of the batch that a guest is given.
const ROWS: i64 = 9;
/// The most calls.
const CALLS: usize = 64;

/// Makes the calls that these bytes say, over one batch, and panics if anything gets across that is not whole. Returns the
/// number of calls that were not refused.
pub fn cross_border(bytes: &[u8]) -> usize {
    let mut from = Bytes(bytes);
    let names: Vec<String> = (0..ROWS).map(|row| format!("row {row}")).collect();
    let given: [(&str, ArrayRef); 2] =
        [("id", Arc::new(Int64Array::from_iter_values(0..ROWS))), ("name", Arc::new(StringArray::from(names)))];
    let Ok(rows) = RecordBatch::try_from_iter(given) else { return 0 };
    let mut batch = PluginBatch::new(Batch::new(rows));
    let limits = Limits { batch_bytes: 64 << 10, batch_columns: 12, ..Limits::default() };
    let mut passed = 0;
    for _ in 0..CALLS {
        if from.0.is_empty() {
            break;
        }
        passed += usize::from(call(&mut from, &mut batch, &limits).is_ok());
        check_whole(&batch);
    }
    let Ok(changed) = batch.into_changed() else { return passed };
    let positions = changed.positions.unwrap_or_else(|| (0..ROWS as u32).collect());
    assert_eq!(positions.len(), changed.rows.num_rows(), "positions {positions:?}");
    // Each row is there once at most, whether it was kept or taken out.
    let taken_out = changed.rejected.iter().map(|row| row.position);
    let mut all: Vec<u32> = positions.into_iter().chain(taken_out).collect();
    let count = all.len();
    all.sort_unstable();
    all.dedup();
    assert!(all.len() == count && all.last().is_none_or(|last| *last < ROWS as u32), "positions {all:?}");
    passed
}

/// Panics if a column is not what its type says.
fn check_whole(batch: &PluginBatch) {
    match batch.record_batch() {
        Ok(rows) => {
            for (field, column) in rows.schema().fields().iter().zip(rows.columns()) {
                let is_whole = column.to_data().validate_full();
                assert!(is_whole.is_ok(), "column {:?}: {is_whole:?}", field.name());
            }
        }
        Err(failure) => panic!("{failure}"),
    }
}

/// One call of a guest.
fn call(from: &mut Bytes<'_>, batch: &mut PluginBatch, limits: &Limits) -> Result<(), Failure> {
    let rows = batch.rows();
    let name = from.name();
    let array: ArrayRef = match from.below(16) {
        0 => columns::boolean_array(&name, from.bytes(), from.validity(), rows)?,
        1 => Arc::new(columns::primitive_array::<Int64Type>(&name, from.numbers(), from.validity())?),
        2 => {
            let values = from.numbers().into_iter().map(|bits| f64::from_bits(bits as u64)).collect();
            Arc::new(columns::primitive_array::<Float64Type>(&name, values, from.validity())?)
        }
        3 => {
            let values = from.numbers().into_iter().map(|value| value as i32).collect();
            Arc::new(columns::primitive_array::<Date32Type>(&name, values, from.validity())?)
        }
        4 => {
            let array = columns::primitive_array::<TimestampMicrosecondType>(&name, from.numbers(), from.validity())?;
            Arc::new(array.with_data_type(timestamp_type(from.zone())))
        }
        5 => columns::decimal_array(&name, &from.bytes(), from.validity(), (from.byte(), from.byte()))?,
        6 => columns::text_array(&name, from.offsets(), from.bytes(), from.validity(), rows)?,
        7 => columns::binary_array(&name, from.offsets(), from.bytes(), from.validity(), rows)?,
        8 => {
            let labels: Vec<String> = (0..from.below(4)).map(|_| from.name()).collect();
            columns::category_array(&name, &labels, &from.bytes(), from.validity(), rows, limits.batch_bytes)?
        }
        9 => return batch.keep(from.bytes()),
        10 => {
            let rule = sanitize(from.name(), 16);
            let rejection =
                Rejection { stage: Stage::Transform, rule, reason: from.name(), by: String::new(), digest: None };
            let rows: Vec<u32> = from.bytes().into_iter().map(u32::from).collect();
            return batch.reject(&rows, &rejection, limits.batch_bytes);
        }
        11 => return batch.rename(&name, &from.name()),
        12 => return batch.drop_columns(&[name]),
        13 => {
            let position = |from: &mut Bytes<'_>| Position { name: from.name(), value: from.value() };
            return bookmark_from_wit((0..from.below(20)).map(|_| position(from)).collect()).map(|_| ());
        }
        14 => {
            let column = |from: &mut Bytes<'_>| Column { name: from.name(), kind: from.kind(), nullable: true };
            let schema = columns_from_wit((0..from.below(14)).map(|_| column(from)).collect(), limits.batch_columns)?;
            return check_key(&[name], &schema);
        }
        _ => return Err(failure_from_wit(crate::bindings::types::Failure::Limit(name))),
    };
    batch.put(&name, array, limits)
}

/// Bytes, read as what a guest passes; there are zeros after their end.
struct Bytes<'b>(&'b [u8]);

impl Bytes<'_> {
    fn byte(&mut self) -> u8 {
        let (first, rest) = self.0.split_first().unwrap_or((&0, &[]));
        self.0 = rest;
        *first
    }

    fn below(&mut self, end: u8) -> u8 {
        self.byte() % end
    }

    fn bytes(&mut self) -> Vec<u8> {
        let length = usize::from(self.byte()).min(self.0.len());
        let (taken, rest) = self.0.split_at(length);
        self.0 = rest;
        taken.to_vec()
    }

    fn numbers(&mut self) -> Vec<i64> {
        let number = |from: &mut Self| match from.byte() {
            0xff => i64::MAX,
            0xfe => i64::MIN,
            0xfd => i64::from(from.byte()) << 40,
            small => i64::from(small),
        };
        (0..self.below(16)).map(|_| number(self)).collect()
    }

    fn offsets(&mut self) -> Vec<i32> {
        self.numbers().into_iter().map(|value| value as i32).collect()
    }

    fn validity(&mut self) -> Option<Vec<u8>> {
        (self.below(2) == 1).then(|| self.bytes())
    }

    fn name(&mut self) -> String {
        match self.below(8) {
            0 => "id".to_owned(),
            1 => "name".to_owned(),
            2 => String::new(),
            3 => "long ".repeat(usize::from(self.byte())),
            _ => String::from_utf8_lossy(&self.bytes()).into_owned(),
        }
    }

    fn zone(&mut self) -> Zone {
        if self.below(2) == 0 { Zone::None } else { Zone::Utc }
    }

    fn kind(&mut self) -> ColumnType {
        match self.below(8) {
            0 => ColumnType::Boolean,
            1 => ColumnType::Int64,
            2 => ColumnType::Float64,
            3 => ColumnType::Decimal(DecimalType { precision: self.byte(), scale: self.byte() }),
            4 => ColumnType::Utf8,
            5 => ColumnType::Binary,
            6 => ColumnType::Date,
            _ => ColumnType::Timestamp(self.zone()),
        }
    }

    fn value(&mut self) -> Value {
        match self.below(6) {
            0 => Value::Null,
            1 => Value::Decimal(self.name()),
            2 => Value::Text(self.name()),
            3 => Value::Binary(self.bytes()),
            4 => Value::Float64(f64::NAN),
            _ => Value::Timestamp(self.numbers().first().copied().unwrap_or_default()),
        }
    }
}
