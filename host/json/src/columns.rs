//! The columns of a batch while they grow.

use std::sync::Arc;

use arrow_array::builder::{
    BinaryBuilder, BooleanBuilder, Date32Builder, Decimal128Builder, Float64Builder, Int64Builder, StringBuilder,
    TimestampMicrosecondBuilder,
};
use arrow_array::{ArrayRef, RecordBatch, RecordBatchOptions};
use arrow_schema::{DataType, Field, Schema, TimeUnit};
use wmshost_flow::{Failure, JsonColumn};

use super::cell::Cell;

/// One growing column.
enum Growing {
    Boolean(BooleanBuilder),
    Int64(Int64Builder),
    Float64(Float64Builder),
    Decimal(Decimal128Builder),
    Text(StringBuilder),
    Binary(BinaryBuilder),
    Date(Date32Builder),
    Timestamp(TimestampMicrosecondBuilder),
}

/// The columns of a batch while they grow.
pub(super) struct GrowingColumns {
    columns: Vec<Growing>,
    rows: usize,
}

impl GrowingColumns {
    /// No rows yet; fails if JSON has no values of a column's type.
    pub(super) fn new(columns: &[JsonColumn]) -> Result<Self, Failure> {
        let growing = |column: &JsonColumn| {
            let kind = column.field.data_type();
            Ok(match kind {
                DataType::Boolean => Growing::Boolean(BooleanBuilder::new()),
                DataType::Int64 => Growing::Int64(Int64Builder::new()),
                DataType::Float64 => Growing::Float64(Float64Builder::new()),
                DataType::Decimal128(..) => Growing::Decimal(Decimal128Builder::new().with_data_type(kind.clone())),
                DataType::Utf8 => Growing::Text(StringBuilder::new()),
                DataType::Binary => Growing::Binary(BinaryBuilder::new()),
                DataType::Date32 => Growing::Date(Date32Builder::new()),
                DataType::Timestamp(TimeUnit::Microsecond, _) => {
                    Growing::Timestamp(TimestampMicrosecondBuilder::new().with_data_type(kind.clone()))
                }
                _ => {
                    let name = column.field.name();
                    return Err(Failure::permanent(format!("column {name}: JSON has no values of the type {kind}")));
                }
            })
        };
        Ok(Self { columns: columns.iter().map(growing).collect::<Result<_, _>>()?, rows: 0 })
    }

    /// Adds a row: a value for each column, of the column's type or NULL.
    pub(super) fn push(&mut self, cells: &[Cell<'_>]) {
        self.rows += 1;
        for (column, cell) in self.columns.iter_mut().zip(cells) {
            match (column, cell) {
                (Growing::Boolean(column), Cell::Boolean(value)) => column.append_value(*value),
                (Growing::Boolean(column), _) => column.append_null(),
                (Growing::Int64(column), Cell::Int64(value)) => column.append_value(*value),
                (Growing::Int64(column), _) => column.append_null(),
                (Growing::Float64(column), Cell::Float64(value)) => column.append_value(*value),
                (Growing::Float64(column), _) => column.append_null(),
                (Growing::Decimal(column), Cell::Decimal(value)) => column.append_value(*value),
                (Growing::Decimal(column), _) => column.append_null(),
                (Growing::Text(column), Cell::Text(value)) => column.append_value(value),
                (Growing::Text(column), _) => column.append_null(),
                (Growing::Binary(column), Cell::Binary(value)) => column.append_value(value),
                (Growing::Binary(column), _) => column.append_null(),
                (Growing::Date(column), Cell::Int64(value)) => column.append_option(i32::try_from(*value).ok()),
                (Growing::Date(column), _) => column.append_null(),
                (Growing::Timestamp(column), Cell::Int64(value)) => column.append_value(*value),
                (Growing::Timestamp(column), _) => column.append_null(),
            }
        }
    }

    /// The rows as a batch.
    pub(super) fn finish(self, columns: &[JsonColumn]) -> Result<RecordBatch, Failure> {
        let finish = |column: Growing| -> ArrayRef {
            match column {
                Growing::Boolean(mut column) => Arc::new(column.finish()),
                Growing::Int64(mut column) => Arc::new(column.finish()),
                Growing::Float64(mut column) => Arc::new(column.finish()),
                Growing::Decimal(mut column) => Arc::new(column.finish()),
                Growing::Text(mut column) => Arc::new(column.finish()),
                Growing::Binary(mut column) => Arc::new(column.finish()),
                Growing::Date(mut column) => Arc::new(column.finish()),
                Growing::Timestamp(mut column) => Arc::new(column.finish()),
            }
        };
        let fields: Vec<Arc<Field>> = columns.iter().map(|column| Arc::clone(&column.field)).collect();
        let options = RecordBatchOptions::new().with_row_count(Some(self.rows));
        let arrays = self.columns.into_iter().map(finish).collect();
        RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), arrays, &options)
            .map_err(|error| Failure::permanent(format!("the rows do not fit their columns: {error}")))
    }
}
