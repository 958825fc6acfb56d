//! Arrow columns to the values that SQLite stores. Everything that cannot be stored is found here, before the first row
//! is written: what is encoded can be stored.

use std::sync::Arc;

use arrow_array::cast::AsArray as _;
use arrow_array::types::{Date32Type, Decimal128Type, Float64Type, Int64Type, TimestampMicrosecondType};
use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_buffer::{BooleanBuffer, Buffer, NullBuffer, OffsetBuffer, ScalarBuffer};
use arrow_schema::DataType;
use wmshost_flow::Failure;

use crate::sqlite::decimal;
use crate::sqlite::decimal::{Number, power_of_ten};
use crate::sqlite::moment::MomentText;

/// A column of a batch, ready to be stored.
pub(crate) struct StoredColumn {
    values: StoredValues,
    nulls: Option<NullBuffer>,
}

enum StoredValues {
    Boolean(BooleanBuffer),
    Integer(ScalarBuffer<i64>),
    Real(ScalarBuffer<f64>),
    Number(Vec<Number>),
    Text(OffsetBuffer<i32>, Buffer),
    Blob(OffsetBuffer<i32>, Buffer),
    /// Texts of the same width, one after the other, a zero byte after each, with a placeholder for each NULL.
    Fixed(usize, Vec<u8>),
}

/// One value to store.
pub(crate) enum Stored<'a> {
    /// NULL.
    Null,
    /// A whole number.
    Integer(i64),
    /// A binary fraction.
    Real(f64),
    /// Text in UTF-8.
    Text(&'a [u8]),
    /// The same with a zero byte after it in memory: where the declared type has SQLite try to read a number, it need not
    /// copy the text first.
    Terminated(&'a [u8]),
    /// Bytes.
    Blob(&'a [u8]),
}

/// The rows of a batch, ready to be stored.
pub(crate) struct StoredRows {
    /// Their number.
    pub(crate) rows: usize,
    columns: Vec<StoredColumn>,
}

/// A value that cannot be stored.
struct Unstorable {
    row: usize,
    why: &'static str,
}

/// A row that cannot be stored.
pub(crate) struct UnstorableRow {
    /// Its place in the batch.
    pub(crate) row: usize,
    /// Why, with the column.
    pub(crate) why: String,
}

impl UnstorableRow {
    /// The failure of a batch that cannot be written without the row.
    pub(crate) fn failure(&self, table: &str) -> Failure {
        Failure::permanent(format!("table {table}, row {} of the batch: {}", self.row + 1, self.why))
    }
}

impl StoredRows {
    /// Encodes a batch. `as_text` says for each column whether its decimals are stored as text.
    pub(crate) fn encode(rows: &RecordBatch, as_text: &[bool]) -> Result<Arc<Self>, UnstorableRow> {
        let schema = rows.schema();
        let columns = rows.columns().iter().zip(as_text).enumerate().map(|(at, (column, as_text))| {
            StoredColumn::encode(column, *as_text).map_err(|Unstorable { row, why }| UnstorableRow {
                row,
                why: format!("column {}: {why}", schema.field(at).name()),
            })
        });
        let columns = columns.collect::<Result<Vec<_>, _>>()?;
        Ok(Arc::new(Self { rows: rows.num_rows(), columns }))
    }

    /// The number of columns.
    pub(crate) fn column_count(&self) -> usize {
        self.columns.len()
    }

    /// A cell. Both numbers must be in range.
    #[inline]
    pub(crate) fn get(&self, row: usize, column: usize) -> Stored<'_> {
        let column = &self.columns[column];
        if column.nulls.as_ref().is_some_and(|nulls| nulls.is_null(row)) {
            return Stored::Null;
        }
        match &column.values {
            StoredValues::Boolean(values) => Stored::Integer(i64::from(values.value(row))),
            StoredValues::Integer(values) => Stored::Integer(values[row]),
            StoredValues::Real(values) => Stored::Real(values[row]),
            StoredValues::Number(values) => match values[row] {
                Number::Whole(value) => Stored::Integer(value),
                Number::Real(value) => Stored::Real(value),
            },
            StoredValues::Text(offsets, bytes) => Stored::Text(slice_of(offsets, bytes, row)),
            StoredValues::Blob(offsets, bytes) => Stored::Blob(slice_of(offsets, bytes, row)),
            StoredValues::Fixed(width, bytes) => Stored::Terminated(&bytes[row * (width + 1)..][..*width]),
        }
    }
}

#[inline]
fn slice_of<'a>(offsets: &OffsetBuffer<i32>, bytes: &'a Buffer, row: usize) -> &'a [u8] {
    &bytes.as_slice()[offsets[row] as usize..offsets[row + 1] as usize]
}

impl StoredColumn {
    fn encode(column: &ArrayRef, as_text: bool) -> Result<Self, Unstorable> {
        let values = match column.data_type() {
            DataType::Boolean => StoredValues::Boolean(column.as_boolean().values().clone()),
            DataType::Int64 => StoredValues::Integer(column.as_primitive::<Int64Type>().values().clone()),
            DataType::Float64 => reals(column)?,
            DataType::Decimal128(_, scale) if as_text => decimal_texts(column, scale.unsigned_abs())?,
            DataType::Decimal128(_, scale) => numbers(column, scale.unsigned_abs())?,
            DataType::Utf8 => {
                let texts = column.as_string::<i32>();
                StoredValues::Text(texts.offsets().clone(), texts.values().clone())
            }
            DataType::Binary => {
                let bytes = column.as_binary::<i32>();
                StoredValues::Blob(bytes.offsets().clone(), bytes.values().clone())
            }
            DataType::Date32 => dates(column)?,
            DataType::Timestamp(_, zone) => timestamps(column, zone.is_some())?,
            _ => return Err(Unstorable { row: 0, why: "SQLite cannot store values of this type" }),
        };
        Ok(Self { values, nulls: column.nulls().cloned().filter(|nulls| nulls.null_count() > 0) })
    }
}

/// Refuses NaN, which SQLite would store as NULL.
fn reals(column: &ArrayRef) -> Result<StoredValues, Unstorable> {
    let values = column.as_primitive::<Float64Type>().values();
    match (0..values.len()).find(|row| values[*row].is_nan() && column.is_valid(*row)) {
        Some(row) => Err(Unstorable { row, why: "SQLite cannot store NaN" }),
        None => Ok(StoredValues::Real(values.clone())),
    }
}

fn numbers(column: &ArrayRef, scale: u8) -> Result<StoredValues, Unstorable> {
    let why = "the column stores decimals as numbers, which keep 15 digits; declare it DECIMAL_TEXT";
    let decimals = column.as_primitive::<Decimal128Type>();
    let numbers =
        decimals.values().iter().enumerate().map(|(row, unscaled)| match decimal::to_number(*unscaled, scale) {
            None if column.is_null(row) => Ok(Number::Whole(0)),
            None => Err(Unstorable { row, why }),
            Some(number) => Ok(number),
        });
    Ok(StoredValues::Number(numbers.collect::<Result<_, _>>()?))
}

fn decimal_texts(column: &ArrayRef, scale: u8) -> Result<StoredValues, Unstorable> {
    let decimals = column.as_primitive::<Decimal128Type>();
    let beyond = power_of_ten(decimals.precision());
    let mut bytes = Vec::with_capacity(decimals.len() * 20);
    let mut offsets = Vec::with_capacity(decimals.len() + 1);
    offsets.push(0);
    for (row, unscaled) in decimals.values().iter().enumerate() {
        if column.is_valid(row) {
            if unscaled.unsigned_abs() >= beyond.unsigned_abs() {
                return Err(Unstorable { row, why: "the decimal has more digits than its type" });
            }
            decimal::put_text(*unscaled, scale, &mut bytes);
        }
        offsets.push(bytes.len() as i32);
    }
    Ok(StoredValues::Text(OffsetBuffer::new(offsets.into()), Buffer::from_vec(bytes)))
}

fn dates(column: &ArrayRef) -> Result<StoredValues, Unstorable> {
    let values = column.as_primitive::<Date32Type>().values();
    let mut text = MomentText::default();
    moments(column, 10, |row, out| text.date(i64::from(values[row]), out))
}

fn timestamps(column: &ArrayRef, zoned: bool) -> Result<StoredValues, Unstorable> {
    let values = column.as_primitive::<TimestampMicrosecondType>().values();
    let mut text = MomentText::default();
    let width = 26 + usize::from(zoned);
    moments(column, width, |row, out| text.timestamp(values[row], zoned, out))
}

fn moments(
    column: &ArrayRef,
    width: usize,
    mut put: impl FnMut(usize, &mut Vec<u8>) -> Option<()>,
) -> Result<StoredValues, Unstorable> {
    let mut bytes = Vec::with_capacity(column.len() * (width + 1));
    for row in 0..column.len() {
        if column.is_null(row) {
            bytes.resize(bytes.len() + width, b'-');
        } else if put(row, &mut bytes).is_none() {
            let why = "the moment lies outside of the years 0000 to 9999, whose text would not sort";
            return Err(Unstorable { row, why });
        }
        bytes.push(0);
    }
    Ok(StoredValues::Fixed(width, bytes))
}
