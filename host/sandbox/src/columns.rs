//! A batch as plugins see it: named columns that can be read, written, renamed and dropped, and rows that can
//! be taken out. Everything that comes from a plugin is checked here before it becomes Arrow.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{ArrowPrimitiveType, Decimal128Type};
use arrow_array::{
    Array, ArrayRef, ArrowNativeTypeOp, BinaryArray, BooleanArray, Decimal128Array, PrimitiveArray, RecordBatch,
    RecordBatchOptions, StringArray,
};
use arrow_buffer::{BooleanBuffer, Buffer, NullBuffer, OffsetBuffer, ScalarBuffer};
use arrow_schema::{DataType, Field, FieldRef, Schema};
use arrow_select::filter::filter;
use wmshost_flow::{Batch, Cause, Failure, Origin, Rejected, Stage};

use crate::convert::check_name;
use crate::limits::Limits;

/// The rows of one batch while a plugin has a handle to it.
#[expect(unreachable_pub, reason = "the generated bindings re-export it")]
pub struct PluginBatch {
    columns: Vec<(FieldRef, ArrayRef)>,
    rows: usize,
    rejected: Vec<Rejected>,
    /// What the rows were made of.
    origin: Origin,
    /// Bytes of the rows that the plugin took out.
    rejected_bytes: usize,
    access: Access,
}

/// What may be done to a batch.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Access {
    /// Anything.
    Change,
    /// Reading it, and leaving out columns.
    Drop,
    /// Reading it.
    Read,
}

/// Why rows are taken out.
pub(crate) struct Because {
    /// The stage that takes them out.
    pub(crate) stage: Stage,
    /// The rule they broke.
    pub(crate) rule: String,
    /// The reason in words.
    pub(crate) reason: String,
    /// Who says so.
    pub(crate) by: String,
    /// The digest of the plugin's bytes.
    pub(crate) digest: Option<String>,
}

/// The most labels of a column that is written by them.
const LABELS: usize = 256;

impl PluginBatch {
    pub(crate) fn new(batch: Batch) -> Self {
        let Batch { rows, rejected, origin } = batch;
        let (schema, arrays, rows) = rows.into_parts();
        let columns = schema.fields().iter().cloned().zip(arrays).collect();
        Self { columns, rows, rejected, origin, rejected_bytes: 0, access: Access::Change }
    }

    /// A batch that a plugin can read and not change, but that it may leave out columns.
    pub(crate) fn fixed(rows: RecordBatch, may_drop: bool) -> Self {
        let access = if may_drop { Access::Drop } else { Access::Read };
        Self { access, ..Self::new(Batch::new(rows)) }
    }

    fn check_changeable(&self) -> Result<(), Failure> {
        if self.access != Access::Change {
            return Err(Failure::denied("a loader writes its batches as they are; to change them is for transforms"));
        }
        Ok(())
    }

    pub(crate) fn into_batch(self) -> Result<Batch, Failure> {
        Ok(Batch { rows: self.record_batch()?, rejected: self.rejected, origin: self.origin })
    }

    /// The rows as they are; columns are shared, not copied.
    pub(crate) fn record_batch(&self) -> Result<RecordBatch, Failure> {
        let (fields, arrays): (Vec<_>, Vec<_>) = self.columns.iter().cloned().unzip();
        let options = RecordBatchOptions::new().with_row_count(Some(self.rows));
        RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), arrays, &options)
            .map_err(|e| Failure::permanent(format!("the batch does not hold together: {e}")))
    }

    pub(crate) fn rows(&self) -> usize {
        self.rows
    }

    pub(crate) fn fields(&self) -> impl Iterator<Item = &FieldRef> {
        self.columns.iter().map(|(field, _)| field)
    }

    fn position(&self, name: &str) -> Result<usize, Failure> {
        self.columns
            .iter()
            .position(|(field, _)| field.name() == name)
            .ok_or_else(|| Failure::permanent(format!("the batch has no column {name}")))
    }

    fn array(&self, name: &str) -> Result<&ArrayRef, Failure> {
        Ok(&self.columns[self.position(name)?].1)
    }

    pub(crate) fn primitive<T: ArrowPrimitiveType>(
        &self,
        name: &str,
        wanted: &str,
    ) -> Result<(&DataType, &PrimitiveArray<T>), Failure> {
        let array = self.array(name)?;
        let typed = array.as_primitive_opt().ok_or_else(|| wrong_type(name, array, wanted))?;
        Ok((array.data_type(), typed))
    }

    pub(crate) fn boolean(&self, name: &str) -> Result<&BooleanArray, Failure> {
        let array = self.array(name)?;
        array.as_boolean_opt().ok_or_else(|| wrong_type(name, array, "boolean"))
    }

    pub(crate) fn text(&self, name: &str) -> Result<&StringArray, Failure> {
        let array = self.array(name)?;
        array.as_string_opt().ok_or_else(|| wrong_type(name, array, "utf8"))
    }

    pub(crate) fn binary(&self, name: &str) -> Result<&BinaryArray, Failure> {
        let array = self.array(name)?;
        array.as_binary_opt().ok_or_else(|| wrong_type(name, array, "binary"))
    }

    /// Replaces the column of that name, or adds it as the last one.
    pub(crate) fn put(&mut self, name: &str, array: ArrayRef, limits: &Limits) -> Result<(), Failure> {
        self.check_changeable()?;
        check_name(name)?;
        if array.len() != self.rows {
            return Err(wrong_length(name, array.len(), self.rows));
        }
        let at = self.position(name).ok();
        let columns = self.columns.len() + usize::from(at.is_none());
        if columns > limits.batch_columns {
            return Err(Failure::limit("batch_columns", limits.batch_columns, columns));
        }
        let others = self.columns.iter().enumerate().filter(|(other, _)| Some(*other) != at);
        let bytes: usize = others.map(|(_, (_, array))| array.get_array_memory_size()).sum();
        let bytes = bytes + array.get_array_memory_size();
        if bytes > limits.batch_bytes {
            return Err(Failure::limit("batch_bytes", limits.batch_bytes, bytes));
        }
        let column = (Arc::new(Field::new(name, array.data_type().clone(), true)), array);
        match at {
            Some(at) => self.columns[at] = column,
            None => self.columns.push(column),
        }
        Ok(())
    }

    pub(crate) fn rename(&mut self, name: &str, to: &str) -> Result<(), Failure> {
        self.check_changeable()?;
        check_name(to)?;
        let at = self.position(name)?;
        if name != to && self.position(to).is_ok() {
            return Err(Failure::permanent(format!("the batch has a column {to} already")));
        }
        let field = self.columns[at].0.as_ref().clone().with_name(to);
        self.columns[at].0 = Arc::new(field);
        Ok(())
    }

    pub(crate) fn drop_columns(&mut self, names: &[String]) -> Result<(), Failure> {
        if self.access != Access::Drop {
            self.check_changeable()?;
        }
        if names.len() > self.columns.len() {
            return Err(Failure::permanent(format!(
                "{} columns to drop from a batch of {}",
                names.len(),
                self.columns.len()
            )));
        }
        names.iter().try_for_each(|name| self.position(name).map(drop))?;
        self.columns.retain(|(field, _)| !names.contains(field.name()));
        Ok(())
    }

    pub(crate) fn keep(&mut self, keep: Vec<u8>) -> Result<(), Failure> {
        self.check_changeable()?;
        let keep = BooleanArray::new(bitmap("filter", keep, self.rows)?, None);
        for (_, array) in &mut self.columns {
            *array = filter(array, &keep).map_err(|e| Failure::permanent(e.to_string()))?;
        }
        self.rows = keep.true_count();
        self.origin.keep(&keep);
        Ok(())
    }

    /// Takes rows out. All that is taken out of a batch may have `most` bytes.
    pub(crate) fn reject(&mut self, rows: &[u32], because: &Because, most: usize) -> Result<(), Failure> {
        self.check_changeable()?;
        let mut keep = vec![true; self.rows];
        for &row in rows {
            match keep.get_mut(row as usize) {
                Some(slot) => *slot = false,
                None => {
                    return Err(Failure::permanent(format!("reject: row {row} of a batch of {} rows", self.rows)));
                }
            }
        }
        let mut rejected = Vec::new();
        let mut bytes = self.rejected_bytes;
        for row in (0..self.rows).filter(|&row| !keep[row]) {
            let Because { stage, rule, reason, by, digest } = because;
            bytes += rule.len() + reason.len() + by.len();
            // In JSON a row is at least as long as its texts: what is too long is not made first.
            check_rejected(bytes + self.origin.text_bytes(row), most)?;
            let place = Some(self.origin.place(row));
            let row = self.origin.row_as_json(row);
            bytes += row.len();
            check_rejected(bytes, most)?;
            let (rule, reason, by, digest) = (rule.clone(), reason.clone(), by.clone(), digest.clone());
            rejected.push(Rejected { cause: Cause::Rule, rule, reason, stage: *stage, by, digest, row, place });
        }
        self.keep(BooleanBuffer::from(keep).sliced().to_vec())?;
        self.rejected.append(&mut rejected);
        self.rejected_bytes = bytes;
        Ok(())
    }
}

fn check_rejected(bytes: usize, most: usize) -> Result<(), Failure> {
    if bytes > most {
        return Err(Failure::limit("batch_bytes of rejected rows", most, bytes));
    }
    Ok(())
}

fn wrong_type(name: &str, array: &ArrayRef, wanted: &str) -> Failure {
    Failure::permanent(format!("column {name} is {}, not {wanted}", array.data_type()))
}

fn wrong_length(name: &str, found: usize, wanted: usize) -> Failure {
    Failure::permanent(format!("column {name}: {found} values for {wanted} rows"))
}

fn bitmap(name: &str, bytes: Vec<u8>, rows: usize) -> Result<BooleanBuffer, Failure> {
    if bytes.len() != rows.div_ceil(8) {
        return Err(wrong_length(name, bytes.len() * 8, rows));
    }
    Ok(BooleanBuffer::new(Buffer::from_vec(bytes), 0, rows))
}

/// The validity that a plugin gave, for a column of so many rows.
pub(crate) fn validity(name: &str, bytes: Option<Vec<u8>>, rows: usize) -> Result<Option<NullBuffer>, Failure> {
    bytes.map(|bytes| bitmap(name, bytes, rows).map(NullBuffer::new)).transpose()
}

/// The validity of a column, as a plugin reads it.
pub(crate) fn validity_bytes(array: &dyn Array) -> Option<Vec<u8>> {
    array.nulls().filter(|n| n.null_count() > 0).map(|nulls| nulls.inner().sliced().to_vec())
}

pub(crate) fn boolean_array(
    name: &str,
    values: Vec<u8>,
    nulls: Option<Vec<u8>>,
    rows: usize,
) -> Result<ArrayRef, Failure> {
    let nulls = validity(name, nulls, rows)?;
    Ok(Arc::new(BooleanArray::new(bitmap(name, values, rows)?, nulls)))
}

pub(crate) fn primitive_array<T: ArrowPrimitiveType>(
    name: &str,
    values: Vec<T::Native>,
    nulls: Option<Vec<u8>>,
) -> Result<PrimitiveArray<T>, Failure> {
    let nulls = validity(name, nulls, values.len())?;
    Ok(PrimitiveArray::new(ScalarBuffer::from(values), nulls))
}

/// Decimals from their 16-byte form; each must keep to the precision.
pub(crate) fn decimal_array(
    name: &str,
    values: &[u8],
    nulls: Option<Vec<u8>>,
    (precision, scale): (u8, u8),
) -> Result<ArrayRef, Failure> {
    let (unscaled, rest) = values.as_chunks::<16>();
    if !rest.is_empty() {
        return Err(Failure::permanent(format!("column {name}: a decimal has 16 bytes")));
    }
    let unscaled: Vec<i128> = unscaled.iter().map(|bytes| i128::from_le_bytes(*bytes)).collect();
    let array: Decimal128Array = primitive_array::<Decimal128Type>(name, unscaled, nulls)?;
    let scale = i8::try_from(scale).unwrap_or(i8::MAX);
    let array = array
        .with_precision_and_scale(precision, scale)
        .map_err(|e| Failure::permanent(format!("column {name}: {e}")))?;
    let beyond = 10_i128.pow_wrapping(u32::from(precision));
    let fits = |value: i128| -beyond < value && value < beyond;
    if array.iter().flatten().all(fits) {
        return Ok(Arc::new(array));
    }
    Err(Failure::permanent(format!("column {name}: a value has more than {precision} digits")))
}

fn offsets(name: &str, offsets: Vec<i32>, bytes: usize, rows: usize) -> Result<OffsetBuffer<i32>, Failure> {
    if offsets.len() != rows + 1 {
        return Err(wrong_length(name, offsets.len().saturating_sub(1), rows));
    }
    let ascending = offsets.windows(2).all(|pair| pair[0] <= pair[1]);
    let inside = offsets[0] >= 0 && offsets[rows] as usize <= bytes;
    if !ascending || !inside {
        return Err(Failure::permanent(format!("column {name}: the offsets do not ascend within its bytes")));
    }
    Ok(OffsetBuffer::new(ScalarBuffer::from(offsets)))
}

pub(crate) fn text_array(
    name: &str,
    starts: Vec<i32>,
    values: Vec<u8>,
    nulls: Option<Vec<u8>>,
    rows: usize,
) -> Result<ArrayRef, Failure> {
    let starts = offsets(name, starts, values.len(), rows)?;
    let nulls = validity(name, nulls, rows)?;
    let array = StringArray::try_new(starts, Buffer::from_vec(values), nulls)
        .map_err(|e| Failure::permanent(format!("column {name}: {e}")))?;
    Ok(Arc::new(array))
}

pub(crate) fn binary_array(
    name: &str,
    starts: Vec<i32>,
    values: Vec<u8>,
    nulls: Option<Vec<u8>>,
    rows: usize,
) -> Result<ArrayRef, Failure> {
    let starts = offsets(name, starts, values.len(), rows)?;
    let nulls = validity(name, nulls, rows)?;
    let array = BinaryArray::try_new(starts, Buffer::from_vec(values), nulls)
        .map_err(|e| Failure::permanent(format!("column {name}: {e}")))?;
    Ok(Arc::new(array))
}

/// Text from a few labels: the host spells out what the plugin only numbered, up to `most` bytes.
pub(crate) fn category_array(
    name: &str,
    labels: &[String],
    codes: &[u8],
    nulls: Option<Vec<u8>>,
    rows: usize,
    most: usize,
) -> Result<ArrayRef, Failure> {
    if labels.len() > LABELS {
        return Err(Failure::limit("labels", LABELS, labels.len()));
    }
    if codes.len() != rows {
        return Err(wrong_length(name, codes.len(), rows));
    }
    let nulls = validity(name, nulls, rows)?;
    let is_null = |row| nulls.as_ref().is_some_and(|nulls: &NullBuffer| nulls.is_null(row));
    let label = |(row, &code): (usize, &u8)| match labels.get(usize::from(code)) {
        _ if is_null(row) => Ok(""),
        Some(label) => Ok(label.as_str()),
        None => Err(Failure::permanent(format!("column {name}: no label has the code {code}"))),
    };
    let spelled = codes.iter().enumerate().map(label).collect::<Result<Vec<_>, _>>()?;
    let bytes: usize = spelled.iter().map(|label| label.len()).sum();
    if bytes > most.min(i32::MAX as usize) {
        return Err(Failure::limit("batch_bytes", most, bytes).within(format_args!("column {name}")));
    }
    let mut starts = Vec::with_capacity(rows + 1);
    let mut values = Vec::with_capacity(bytes);
    starts.push(0);
    for label in spelled {
        values.extend_from_slice(label.as_bytes());
        starts.push(values.len() as i32);
    }
    let starts = OffsetBuffer::new(ScalarBuffer::from(starts));
    let array = StringArray::try_new(starts, Buffer::from_vec(values), nulls)
        .map_err(|e| Failure::permanent(format!("column {name}: {e}")))?;
    Ok(Arc::new(array))
}
