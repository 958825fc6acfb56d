//! The promises that the host enforces for a transform: its columns in name, type and order; no NULL in a column that
//! is promised not to have any; each row once and in order; unchanged columns for a row's key and version.

use std::sync::Arc;

use arrow_array::{Array, ArrayRef, RecordBatch, RecordBatchOptions, UInt32Array};
use arrow_schema::{DataType, Schema, SchemaRef, TimeUnit};
use arrow_select::take::take;
use wmshost_contract_rules::{Column, ColumnType, null_mistake, shape_mistakes};

use crate::failure::Failure;
use crate::ports::transform::Transformed;
use crate::rows::cell_json::key_in_words;

/// Returns a column's type in the contract's terms.
fn kind_of(kind: &DataType) -> Option<ColumnType> {
    Some(match kind {
        DataType::Boolean => ColumnType::Boolean,
        DataType::Int64 => ColumnType::Int64,
        DataType::Float64 => ColumnType::Float64,
        DataType::Decimal128(precision, scale) => {
            ColumnType::Decimal { precision: *precision, scale: u8::try_from(*scale).ok()? }
        }
        DataType::Utf8 => ColumnType::Utf8,
        DataType::Binary => ColumnType::Binary,
        DataType::Date32 => ColumnType::Date,
        DataType::Timestamp(TimeUnit::Microsecond, zone) => ColumnType::Timestamp { utc: zone.is_some() },
        _ => return None,
    })
}

/// Returns the name of a column's type in the contract's terms, such as `decimal(10, 2)` or `utf8`.
pub fn type_name(kind: &DataType) -> String {
    kind_of(kind).map_or_else(|| kind.to_string(), |kind| kind.to_string())
}

fn columns_of(schema: &Schema) -> Vec<Column<'_>> {
    schema.fields().iter().map(|field| Column { name: field.name(), kind: kind_of(field.data_type()) }).collect()
}

/// Fails if the columns are not those that were promised.
pub(super) fn check_shape(promised: &Schema, made: &Schema) -> Result<(), Failure> {
    let mut pairs = promised.fields().iter().zip(made.fields());
    let same_length = promised.fields().len() == made.fields().len();
    if same_length && pairs.all(|(a, b)| a.name() == b.name() && a.data_type() == b.data_type()) {
        return Ok(());
    }
    Err(Failure::permanent(shape_mistakes(&columns_of(promised), &columns_of(made)).join("; ")))
}

/// Returns the rows with the promised schema; fails unless names, types and order are as promised, and no column has a
/// NULL that it must not have.
pub fn hold_to_promise(promised: &SchemaRef, rows: RecordBatch, key: &[String]) -> Result<RecordBatch, Failure> {
    check_shape(promised, rows.schema_ref())?;
    for (field, column) in promised.fields().iter().zip(rows.columns()) {
        if !field.is_nullable() && column.null_count() > 0 {
            let row = (0..column.len()).find(|row| column.is_null(*row)).unwrap_or_default();
            let place = format!("row {} of the batch{}", row + 1, key_in_words(&rows, row, key));
            return Err(Failure::permanent(null_mistake(field.name(), place)));
        }
    }
    let options = RecordBatchOptions::new().with_row_count(Some(rows.num_rows()));
    RecordBatch::try_new_with_options(SchemaRef::clone(promised), rows.columns().to_vec(), &options)
        .map_err(|error| Failure::permanent(format!("the batch is inconsistent: {error}")))
}

/// Fails if a schema lacks a column which identifies a row or its version, or has it with another type.
pub(crate) fn check_stable_columns(
    before: &Schema,
    after: &Schema,
    key: &[String],
    version: Option<&str>,
) -> Result<(), Failure> {
    for name in stable(key, version) {
        let Ok(field) = before.field_with_name(name) else { continue };
        match after.field_with_name(name) {
            Err(_) => {
                return Err(Failure::permanent(format!(
                    "column {name} identifies {} and is missing from what the transform makes; a transform must leave \
                     it unchanged",
                    identifies(key, name)
                )));
            }
            Ok(made) if made.data_type() != field.data_type() => {
                return Err(Failure::permanent(format!(
                    "column {name} identifies {} and was {}; a transform must leave it unchanged, and this one makes \
                     it {}",
                    identifies(key, name),
                    type_name(field.data_type()),
                    type_name(made.data_type())
                )));
            }
            Ok(_) => {}
        }
    }
    Ok(())
}

fn stable<'n>(key: &'n [String], version: Option<&'n str>) -> impl Iterator<Item = &'n str> {
    let version = version.filter(move |version| !key.iter().any(|name| name == version));
    key.iter().map(String::as_str).chain(version)
}

fn identifies(key: &[String], name: &str) -> &'static str {
    if key.iter().any(|key| key == name) { "a row" } else { "the version of a row" }
}

/// The promises of one transform.
pub(super) struct Promise<'a> {
    /// The columns that it promised; `None` if it was not asked.
    pub(super) columns: Option<SchemaRef>,
    pub(super) key: &'a [String],
    pub(super) version: Option<&'a str>,
}

impl Promise<'_> {
    /// Returns the transform's output for these rows if it kept its promises.
    pub(super) fn check(&self, before: &RecordBatch, made: Transformed) -> Result<Transformed, Failure> {
        check_rows(before, &made)?;
        check_stable_columns(before.schema_ref(), made.rows.schema_ref(), self.key, self.version)?;
        for name in stable(self.key, self.version) {
            self.check_untouched(before, &made, name)?;
        }
        let Some(columns) = &self.columns else { return Ok(made) };
        let Transformed { rows, positions, rejected } = made;
        Ok(Transformed { rows: hold_to_promise(columns, rows, self.key)?, positions, rejected })
    }

    /// Fails unless each remaining row has the same value in this column as before. A column that was not written is
    /// the very same array, so that this check costs nothing.
    fn check_untouched(&self, before: &RecordBatch, made: &Transformed, name: &str) -> Result<(), Failure> {
        let (Some(old), Some(new)) = (before.column_by_name(name), made.rows.column_by_name(name)) else {
            return Ok(());
        };
        let expected: ArrayRef = match &made.positions {
            None if Arc::ptr_eq(old, new) => return Ok(()),
            None => ArrayRef::clone(old),
            Some(positions) => take(old, &UInt32Array::from(positions.clone()), None)
                .map_err(|error| Failure::permanent(error.to_string()))?,
        };
        if expected.as_ref() == new.as_ref() {
            return Ok(());
        }
        let row = (0..new.len()).find(|row| *expected.slice(*row, 1) != *new.slice(*row, 1)).unwrap_or_default();
        let source = made.positions.as_ref().map_or(row, |positions| positions[row] as usize);
        Err(Failure::permanent(format!(
            "column {name} identifies {}, and the transform changed it in row {} of the batch{}; a transform must \
             leave it unchanged; derive another column instead",
            identifies(self.key, name),
            source + 1,
            key_in_words(before, source, self.key)
        )))
    }
}

/// Fails unless every remaining or rejected row was there before, once, and the remaining ones are in order.
fn check_rows(before: &RecordBatch, made: &Transformed) -> Result<(), Failure> {
    let rows = before.num_rows();
    let fails =
        |why: String| Err(Failure::permanent(format!("{why}; a transform must not add, duplicate or reorder rows")));
    let mut gone = vec![false; if made.rejected.is_empty() { 0 } else { rows }];
    for row in &made.rejected {
        match gone.get_mut(row.position as usize) {
            Some(gone) if !*gone => *gone = true,
            _ => return fails(format!("row {} was rejected twice, or is not in the batch", row.position + 1)),
        }
    }
    let Some(positions) = &made.positions else {
        if made.rows.num_rows() != rows || !made.rejected.is_empty() {
            return fails(format!("{rows} rows became {}, {} rejected", made.rows.num_rows(), made.rejected.len()));
        }
        return Ok(());
    };
    let ascending = positions.windows(2).all(|pair| pair[0] < pair[1]);
    let inside = positions.last().is_none_or(|last| (*last as usize) < rows);
    if made.rows.num_rows() != positions.len() || !ascending || !inside {
        return fails(format!("{} rows became {}", rows, made.rows.num_rows()));
    }
    if !gone.is_empty()
        && let Some(row) = positions.iter().find(|row| gone[**row as usize])
    {
        return fails(format!("row {} was rejected and kept", row + 1));
    }
    Ok(())
}
