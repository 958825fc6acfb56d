//! A batch as plugins see it: named columns that can be read, written, renamed and dropped, and rows that can
//! be taken out. Everything that comes from a plugin is checked here before it becomes Arrow.

use std::sync::Arc;

use arrow_array::cast::AsArray as _;
use arrow_array::types::{ArrowPrimitiveType, Decimal128Type};
use arrow_array::{
    Array, ArrayRef, BinaryArray, BooleanArray, PrimitiveArray, RecordBatch, RecordBatchOptions, StringArray,
};
use arrow_buffer::{BooleanBuffer, Buffer, NullBuffer, OffsetBuffer, ScalarBuffer};
use arrow_schema::{DataType, Field, FieldRef, Schema};
use arrow_select::filter::filter;
use wmshost_contract_rules as rules;
use wmshost_flow::{Batch, Cause, Failure, Limits, Rejected, RejectedRow, Stage, Transformed, row_as_json, type_name};

use crate::checks::{check_name, refused};

/// The rows of one batch while a plugin has a handle to it.
#[expect(unreachable_pub, reason = "the generated bindings re-export it")]
pub struct PluginBatch {
    columns: Vec<(FieldRef, ArrayRef)>,
    rows: usize,
    /// The batch as it was given.
    given: RecordBatch,
    /// For each row its position in the batch as it was given; `None` if every row is where it was.
    positions: Option<Vec<u32>>,
    /// Rows that were taken out before the plugin got the batch.
    before: Vec<Rejected>,
    /// Rows that the plugin took out.
    rejected: Vec<RejectedRow>,
    /// The stage that takes rows out.
    stage: Stage,
    /// Bytes of the rules and reasons of those rows.
    rejected_bytes: usize,
    access: Access,
}

/// The changes that a batch allows.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Access {
    /// Anything.
    Change,
    /// Reading it, and leaving out columns.
    Drop,
    /// Reading it.
    Read,
}

/// The reason why rows are taken out.
pub(crate) struct Rejection {
    /// The stage that takes them out.
    pub(crate) stage: Stage,
    /// The rule they broke.
    pub(crate) rule: String,
    /// The reason in words.
    pub(crate) reason: String,
    /// The plugin that took them out, with its version.
    pub(crate) by: String,
    /// The digest of the plugin's bytes.
    pub(crate) digest: Option<String>,
}

impl PluginBatch {
    pub(crate) fn new(batch: Batch) -> Self {
        let given = batch.rows;
        let columns = given.schema_ref().fields().iter().cloned().zip(given.columns().iter().cloned()).collect();
        Self {
            columns,
            rows: given.num_rows(),
            given,
            positions: None,
            before: batch.rejected,
            rejected: Vec::new(),
            stage: Stage::Transform,
            rejected_bytes: 0,
            access: Access::Change,
        }
    }

    /// A batch that a plugin can read and not change, except that it may leave out columns.
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

    /// The batch that an extractor made: rejected rows are kept as the source had them.
    pub(crate) fn into_batch(self) -> Result<Batch, Failure> {
        let rows = self.record_batch()?;
        let mut rejected = self.before;
        rejected.extend(self.rejected.into_iter().map(|row| {
            let RejectedRow { position, cause, rule, reason, by, digest } = row;
            let (row, place) = (row_as_json(&self.given, position as usize), Some(position as usize));
            Rejected { cause, rule, reason, value: None, stage: self.stage, by, digest, row, place }
        }));
        // From here on rows come back through the transforms: the extractor's rows are those that were read.
        Ok(Batch::read(rows, rejected))
    }

    /// The batch that a transform made.
    pub(crate) fn into_changed(self) -> Result<Transformed, Failure> {
        let rows = self.record_batch()?;
        Ok(Transformed { rows, positions: self.positions, rejected: self.rejected })
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
        rules::check_length(name, array.len(), self.rows).map_err(refused)?;
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
        let kept = keep.values().set_indices();
        self.positions = Some(match &self.positions {
            Some(positions) => kept.map(|row| positions[row]).collect(),
            None => kept.map(|row| u32::try_from(row).unwrap_or(u32::MAX)).collect(),
        });
        self.rows = keep.true_count();
        Ok(())
    }

    /// Takes rows out. The rules and reasons of all that are taken out of a batch may have `most` bytes.
    pub(crate) fn reject(&mut self, rows: &[u32], rejection: &Rejection, most: usize) -> Result<(), Failure> {
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
        let Rejection { stage, rule, reason, by, digest } = rejection;
        let taken = keep.iter().filter(|keep| !**keep).count();
        let said = taken.saturating_mul(rule.len() + reason.len() + by.len());
        let bytes = self.rejected_bytes.saturating_add(said);
        if bytes > most {
            return Err(Failure::limit("batch_bytes of rejected rows", most, bytes));
        }
        let positions = self.positions.as_ref();
        let rejected: Vec<_> = (0_u32..)
            .zip(&keep)
            .filter(|(_, keep)| !**keep)
            .map(|(row, _)| RejectedRow {
                position: positions.map_or(row, |positions| positions[row as usize]),
                cause: Cause::Rule,
                rule: rule.clone(),
                reason: reason.clone(),
                by: by.clone(),
                digest: digest.clone(),
            })
            .collect();
        self.keep(BooleanBuffer::from(keep).sliced().to_vec())?;
        self.rejected.extend(rejected);
        self.stage = *stage;
        self.rejected_bytes = bytes;
        Ok(())
    }
}

fn wrong_type(name: &str, array: &ArrayRef, wanted: &str) -> Failure {
    Failure::permanent(format!("column {name} is {}, not {wanted}", type_name(array.data_type())))
}

fn bitmap(name: &str, bytes: Vec<u8>, rows: usize) -> Result<BooleanBuffer, Failure> {
    rules::check_bitmap(name, bytes.len(), rows).map_err(refused)?;
    Ok(BooleanBuffer::new(Buffer::from_vec(bytes), 0, rows))
}

/// The validity that a plugin passed, for a column with this number of rows.
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

/// Decimals from their 16-byte form; each must fit the precision.
pub(crate) fn decimal_array(
    name: &str,
    values: &[u8],
    nulls: Option<Vec<u8>>,
    (precision, scale): (u8, u8),
) -> Result<ArrayRef, Failure> {
    let rows = values.len() / 16;
    let nulls = validity(name, nulls, rows)?;
    let is_null = |row| nulls.as_ref().is_some_and(|nulls| nulls.is_null(row));
    rules::check_decimals(name, values, is_null, precision, scale).map_err(refused)?;
    let unscaled: Vec<i128> = values.as_chunks::<16>().0.iter().map(|bytes| i128::from_le_bytes(*bytes)).collect();
    let array = PrimitiveArray::<Decimal128Type>::new(ScalarBuffer::from(unscaled), nulls)
        .with_precision_and_scale(precision, i8::try_from(scale).unwrap_or(i8::MAX))
        .map_err(|e| Failure::permanent(format!("column {name}: {e}")))?;
    Ok(Arc::new(array))
}

fn offsets(name: &str, offsets: Vec<i32>, bytes: usize, rows: usize) -> Result<OffsetBuffer<i32>, Failure> {
    rules::check_offsets(name, &offsets, bytes, rows).map_err(refused)?;
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
    let array =
        StringArray::try_new(starts, Buffer::from_vec(values), nulls).map_err(|_| refused(rules::not_utf8(name)))?;
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

/// Text from a few labels: the host writes out the labels that the plugin only numbered, up to `most` bytes.
pub(crate) fn category_array(
    name: &str,
    labels: &[String],
    codes: &[u8],
    nulls: Option<Vec<u8>>,
    rows: usize,
    most: usize,
) -> Result<ArrayRef, Failure> {
    let nulls = validity(name, nulls, rows)?;
    let is_null = |row| nulls.as_ref().is_some_and(|nulls: &NullBuffer| nulls.is_null(row));
    rules::check_labels(name, labels.len(), codes, is_null, rows).map_err(refused)?;
    let label = |(row, code): (usize, &u8)| if is_null(row) { "" } else { labels[usize::from(*code)].as_str() };
    let spelled: Vec<&str> = codes.iter().enumerate().map(label).collect();
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
