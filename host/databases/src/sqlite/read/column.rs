//! Cells to Arrow columns. A column takes cell after cell, each by its own type; a cell that does not fit it is
//! refused and leaves the column as it was.

use std::sync::Arc;

use arrow_array::types::{Date32Type, Decimal128Type, Float64Type, Int64Type, TimestampMicrosecondType};
use arrow_array::{ArrayRef, BinaryArray, BooleanArray, PrimitiveArray, StringArray};
use arrow_buffer::{BooleanBufferBuilder, Buffer, NullBufferBuilder, OffsetBuffer, ScalarBuffer};
use arrow_schema::{ArrowError, DataType};
use wmshost_flow::SourceForm;

use crate::forms::{self, Conversion, Stored};
use crate::sqlite::moment::{parse_date, parse_timestamp};
use crate::sqlite::statement::Cell;

/// A whole number beyond this is not exact as a binary fraction.
pub(super) const EXACT_AS_REAL: u64 = 1 << 53;

/// The cell does not fit the column.
pub(crate) struct BadCell;

/// A column under construction.
pub(crate) struct ColumnBuilder {
    conversion: Conversion,
    values: Values,
    nulls: NullBufferBuilder,
    /// Bytes of text or binary in the previous batch, as an estimate for the next one.
    last_bytes: usize,
}

enum Values {
    Boolean(BooleanBufferBuilder),
    Int64(Vec<i64>),
    Float64(Vec<f64>),
    Decimal { values: Vec<i128>, precision: u8, scale: u8 },
    Text(Bytes),
    Binary(Bytes),
    Date(Vec<i32>),
    Timestamp { values: Vec<i64>, zoned: bool },
}

/// Values of any length one after the other.
#[derive(Default)]
struct Bytes {
    offsets: Vec<i32>,
    bytes: Vec<u8>,
}

impl Bytes {
    #[inline]
    fn push(&mut self, value: &[u8]) {
        self.bytes.extend_from_slice(value);
        // A batch ends long before 2 GiB.
        self.offsets.push(self.bytes.len() as i32);
    }

    fn truncate(&mut self, rows: usize) {
        self.offsets.truncate(rows + 1);
        self.bytes.truncate(self.offsets.last().map_or(0, |end| *end as usize));
    }

    /// Empties it into Arrow's buffers.
    fn take(&mut self) -> (OffsetBuffer<i32>, Buffer) {
        let offsets = OffsetBuffer::new(ScalarBuffer::from(std::mem::take(&mut self.offsets)));
        (offsets, Buffer::from_vec(std::mem::take(&mut self.bytes)))
    }
}

impl ColumnBuilder {
    /// A column of one of the types that `types` returns.
    pub(crate) fn new(conversion: Conversion) -> Self {
        let values = match &conversion.kind {
            DataType::Boolean => Values::Boolean(BooleanBufferBuilder::new(0)),
            DataType::Int64 => Values::Int64(Vec::new()),
            DataType::Float64 => Values::Float64(Vec::new()),
            DataType::Decimal128(precision, scale) => {
                Values::Decimal { values: Vec::new(), precision: *precision, scale: scale.unsigned_abs() }
            }
            DataType::Binary => Values::Binary(Bytes::default()),
            DataType::Date32 => Values::Date(Vec::new()),
            DataType::Timestamp(_, zone) => Values::Timestamp { values: Vec::new(), zoned: zone.is_some() },
            _ => Values::Text(Bytes::default()),
        };
        Self { conversion, values, nulls: NullBufferBuilder::new(0), last_bytes: 0 }
    }

    /// Its type.
    pub(crate) fn data_type(&self) -> &DataType {
        &self.conversion.kind
    }

    /// Its type, and the form of its cells.
    pub(crate) fn conversion(&self) -> &Conversion {
        &self.conversion
    }

    /// Bytes of a cell besides its text or bytes.
    pub(crate) fn fixed_bytes(&self) -> usize {
        match &self.values {
            Values::Boolean(_) => 1,
            Values::Date(_) | Values::Text(_) | Values::Binary(_) => 5,
            Values::Int64(_) | Values::Float64(_) | Values::Timestamp { .. } => 9,
            Values::Decimal { .. } => 17,
        }
    }

    /// Reserves memory for a batch of up to this number of rows; must be called before its first cell.
    pub(crate) fn begin(&mut self, rows: usize) {
        self.nulls = NullBufferBuilder::new(rows);
        match &mut self.values {
            Values::Boolean(values) => *values = BooleanBufferBuilder::new(rows),
            Values::Int64(values) | Values::Timestamp { values, .. } => values.reserve_exact(rows),
            Values::Float64(values) => values.reserve_exact(rows),
            Values::Decimal { values, .. } => values.reserve_exact(rows),
            Values::Date(values) => values.reserve_exact(rows),
            Values::Text(values) | Values::Binary(values) => {
                values.offsets.reserve_exact(rows + 1);
                values.offsets.push(0);
                values.bytes.reserve(self.last_bytes + self.last_bytes / 8);
            }
        }
    }

    /// Takes one cell; returns the number of its bytes of text or binary.
    #[inline]
    pub(crate) fn push(&mut self, cell: Cell<'_>) -> Result<usize, BadCell> {
        if matches!(cell, Cell::Null) {
            self.push_null();
            return Ok(0);
        }
        if let Some(form) = self.conversion.form {
            return self.push_form(form, cell);
        }
        let mut bytes = 0;
        match (&mut self.values, cell) {
            (Values::Int64(values), Cell::Integer(value)) => values.push(value),
            (Values::Text(values), Cell::Text(text)) => {
                std::str::from_utf8(text).map_err(|_| BadCell)?;
                values.push(text);
                bytes = text.len();
            }
            (Values::Timestamp { values, zoned }, Cell::Text(text)) => {
                values.push(parse_timestamp(text, *zoned).ok_or(BadCell)?);
            }
            (Values::Decimal { values, precision, scale }, cell) => {
                values
                    .push(cell.stored().and_then(|stored| forms::decimal(stored, *precision, *scale)).ok_or(BadCell)?);
            }
            (Values::Float64(values), Cell::Real(value)) => values.push(value),
            (Values::Float64(values), Cell::Integer(value)) if value.unsigned_abs() <= EXACT_AS_REAL => {
                values.push(value as f64);
            }
            (Values::Boolean(values), Cell::Integer(value @ 0..=1)) => values.append(value == 1),
            (Values::Binary(values), Cell::Blob(value)) => {
                values.push(value);
                bytes = value.len();
            }
            (Values::Date(values), Cell::Text(text)) => values.push(parse_date(text).ok_or(BadCell)?),
            // A number in a column without a type, or with a type that no rule covers.
            (Values::Text(values), Cell::Integer(value)) => values.push(value.to_string().as_bytes()),
            (Values::Text(values), Cell::Real(value)) => values.push(text_of_real(value).as_bytes()),
            _ => return Err(BadCell),
        }
        self.nulls.append_non_null();
        Ok(bytes)
    }

    /// Takes a cell of a form that the pipeline declares.
    fn push_form(&mut self, form: SourceForm, cell: Cell<'_>) -> Result<usize, BadCell> {
        let stored: Stored<'_> = cell.stored().ok_or(BadCell)?;
        let fitting = match &mut self.values {
            Values::Timestamp { values, zoned } => forms::micros(form, *zoned, stored).map(|value| values.push(value)),
            Values::Date(values) => forms::days(form, stored).map(|value| values.push(value)),
            Values::Int64(values) => forms::whole(stored).map(|value| values.push(value)),
            Values::Decimal { values, precision, scale } => {
                forms::decimal(stored, *precision, *scale).map(|value| values.push(value))
            }
            Values::Float64(values) => forms::real(stored).map(|value| values.push(value)),
            Values::Boolean(values) => forms::word(stored).map(|value| values.append(value)),
            // No form has these types.
            Values::Text(_) | Values::Binary(_) => None,
        };
        fitting.ok_or(BadCell)?;
        self.nulls.append_non_null();
        Ok(0)
    }

    fn push_null(&mut self) {
        match &mut self.values {
            Values::Boolean(values) => values.append(false),
            Values::Int64(values) | Values::Timestamp { values, .. } => values.push(0),
            Values::Float64(values) => values.push(0.0),
            Values::Decimal { values, .. } => values.push(0),
            Values::Date(values) => values.push(0),
            Values::Text(values) | Values::Binary(values) => values.push(&[]),
        }
        self.nulls.append_null();
    }

    /// Removes everything after the first `rows` cells.
    pub(crate) fn truncate(&mut self, rows: usize) {
        match &mut self.values {
            Values::Boolean(values) => values.truncate(rows),
            Values::Int64(values) | Values::Timestamp { values, .. } => values.truncate(rows),
            Values::Float64(values) => values.truncate(rows),
            Values::Decimal { values, .. } => values.truncate(rows),
            Values::Date(values) => values.truncate(rows),
            Values::Text(values) | Values::Binary(values) => values.truncate(rows),
        }
        self.nulls.truncate(rows);
    }

    /// The batch's column; the builder is empty afterwards.
    pub(crate) fn finish(&mut self) -> Result<ArrayRef, ArrowError> {
        let nulls = self.nulls.finish();
        if let Values::Text(values) | Values::Binary(values) = &self.values {
            self.last_bytes = values.bytes.len();
        }
        Ok(match &mut self.values {
            Values::Boolean(values) => Arc::new(BooleanArray::new(values.finish(), nulls)),
            Values::Int64(values) => {
                Arc::new(PrimitiveArray::<Int64Type>::try_new(std::mem::take(values).into(), nulls)?)
            }
            Values::Float64(values) => {
                Arc::new(PrimitiveArray::<Float64Type>::try_new(std::mem::take(values).into(), nulls)?)
            }
            Values::Decimal { values, precision, scale } => {
                let values = std::mem::take(values).into();
                let array = PrimitiveArray::<Decimal128Type>::try_new(values, nulls)?;
                Arc::new(array.with_precision_and_scale(*precision, *scale as i8)?)
            }
            Values::Text(values) => {
                let (offsets, bytes) = values.take();
                Arc::new(StringArray::try_new(offsets, bytes, nulls)?)
            }
            Values::Binary(values) => {
                let (offsets, bytes) = values.take();
                Arc::new(BinaryArray::try_new(offsets, bytes, nulls)?)
            }
            Values::Date(values) => {
                Arc::new(PrimitiveArray::<Date32Type>::try_new(std::mem::take(values).into(), nulls)?)
            }
            Values::Timestamp { values, .. } => {
                let values = std::mem::take(values).into();
                let array = PrimitiveArray::<TimestampMicrosecondType>::try_new(values, nulls)?;
                Arc::new(array.with_data_type(self.conversion.kind.clone()))
            }
        })
    }
}

/// A binary fraction as text, as it is read and compared.
pub(crate) fn text_of_real(value: f64) -> String {
    format!("{value:?}")
}
