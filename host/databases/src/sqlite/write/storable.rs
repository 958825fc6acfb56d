//! The rows of a batch that can be stored, and those that cannot, with the reason.

use std::collections::HashSet;
use std::sync::Arc;

use arrow_array::{Array as _, BooleanArray, RecordBatch};
use arrow_schema::SchemaRef;
use arrow_select::filter::filter_record_batch;
use wmshost_flow::{Failure, Refused};

use super::encode::{StoredRows, UnstorableRow};

/// A batch and the properties of its table.
pub(crate) struct Batch<'a> {
    pub(crate) rows: &'a RecordBatch,
    pub(crate) columns: &'a SchemaRef,
    /// The positions of the columns that must not be NULL.
    pub(crate) key: &'a [usize],
    /// For each column, whether its decimals are stored as text.
    pub(crate) as_text: &'a [bool],
}

/// Rows that can be stored, and those that cannot.
pub(crate) struct Storable {
    pub(crate) rows: Arc<StoredRows>,
    /// Their positions in the batch; `None` for all of it, in order.
    pub(crate) places: Option<Vec<usize>>,
    pub(crate) refused: Vec<Refused>,
}

impl Storable {
    pub(crate) fn of(batch: &Batch<'_>) -> Result<Self, Failure> {
        let (rows, as_text) = (batch.rows, batch.as_text);
        let mut refused = null_keys(batch);
        if refused.is_empty()
            && let Ok(rows) = StoredRows::encode(rows, as_text)
        {
            return Ok(Self { rows, places: None, refused });
        }
        unstorable(rows, as_text, 0, &mut refused);
        let out: HashSet<usize> = refused.iter().map(|refused| refused.row).collect();
        let places: Vec<usize> = (0..rows.num_rows()).filter(|row| !out.contains(row)).collect();
        let mask: BooleanArray = (0..rows.num_rows()).map(|row| Some(!out.contains(&row))).collect();
        let rows = filter_record_batch(rows, &mask)
            .map_err(|error| Failure::permanent(format!("splitting a batch: {error}")))?;
        let rows = StoredRows::encode(&rows, as_text).map_err(|row| Failure::permanent(row.why))?;
        refused.sort_by_key(|refused| refused.row);
        Ok(Self { rows, places: Some(places), refused })
    }
}

/// Finds the rows that cannot be stored, by halving the batch.
fn unstorable(rows: &RecordBatch, as_text: &[bool], offset: usize, refused: &mut Vec<Refused>) {
    let Err(UnstorableRow { why, .. }) = StoredRows::encode(rows, as_text) else { return };
    match rows.num_rows() {
        0 => {}
        1 if refused.iter().any(|known| known.row == offset) => {}
        1 => refused.push(Refused { row: offset, rule: "no-place".to_owned(), reason: why }),
        count => {
            unstorable(&rows.slice(0, count / 2), as_text, offset, refused);
            unstorable(&rows.slice(count / 2, count - count / 2), as_text, offset + count / 2, refused);
        }
    }
}

/// Rows whose key is NULL: it identifies nothing, and SQLite would make up a row number for some.
fn null_keys(batch: &Batch<'_>) -> Vec<Refused> {
    let rows = batch.rows;
    let columns = batch.key.iter().map(|at| (*at, rows.column(*at))).filter(|(_, column)| column.null_count() > 0);
    let columns: Vec<_> = columns.collect();
    let null = |row: usize| columns.iter().find(|(_, column)| column.is_null(row));
    let refused = |row: usize| {
        let (at, _) = null(row)?;
        let reason = format!("the key column {} is NULL", batch.columns.field(*at).name());
        Some(Refused { row, rule: "null-key".to_owned(), reason })
    };
    if columns.is_empty() { Vec::new() } else { (0..rows.num_rows()).filter_map(refused).collect() }
}
