//! What differs in a range of keys.

use std::collections::HashMap;

use arrow_array::{BooleanArray, RecordBatch};
use arrow_select::concat::concat_batches;
use arrow_select::filter::filter_record_batch;

use super::hash::{Hashing, row_hashes};
use crate::batch::row_as_json;
use crate::failure::Failure;

/// How a row differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DifferenceKind {
    /// The source has it, the target does not.
    Missing,
    /// The target has it, the source does not.
    Extra,
    /// Both have it, with other values.
    Different,
}

impl DifferenceKind {
    /// The kind's name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Extra => "extra",
            Self::Different => "different",
        }
    }
}

/// A row that differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// How.
    pub kind: DifferenceKind,
    /// Its key as a JSON object.
    pub key: String,
}

/// One side of a range: its rows and their numbers.
pub(super) struct Side {
    pub(super) rows: Vec<RecordBatch>,
    hashes: Vec<Vec<u64>>,
}

impl Side {
    pub(super) fn of(rows: Vec<RecordBatch>, columns: &[String], hashing: Hashing) -> Result<Self, Failure> {
        let hashes = rows.iter().map(|batch| row_hashes(batch, columns, hashing)).collect::<Result<_, _>>()?;
        Ok(Self { rows, hashes })
    }

    /// How many rows it has, and a number that is the same for the same rows in any order.
    pub(super) fn digest(&self) -> (u64, u64) {
        let hashes = self.hashes.iter().flatten();
        hashes.fold((0, 0), |(count, sum), hash| (count + 1, sum.wrapping_add(*hash)))
    }

    pub(super) fn count(&self) -> u64 {
        self.rows.iter().map(|rows| rows.num_rows() as u64).sum()
    }

    /// The rows by key; of several with one key the last, as a merge leaves it.
    fn by_key(&self, key: &[String]) -> Result<HashMap<String, Place>, Failure> {
        let mut places = HashMap::new();
        for (batch, (rows, hashes)) in self.rows.iter().zip(&self.hashes).enumerate() {
            let keys = columns_of(rows, key)?;
            for (row, hash) in hashes.iter().enumerate() {
                places.insert(row_as_json(&keys, row), Place { batch, row, hash: *hash });
            }
        }
        Ok(places)
    }

    /// The rows at these places, as one batch.
    fn take(&self, places: &[(usize, usize)]) -> Result<Option<RecordBatch>, Failure> {
        let Some(first) = self.rows.first() else { return Ok(None) };
        let wrong = |error: arrow_schema::ArrowError| Failure::permanent(format!("picking rows: {error}"));
        let mut parts = Vec::new();
        for (batch, rows) in self.rows.iter().enumerate() {
            let mut keep = vec![false; rows.num_rows()];
            places.iter().filter(|place| place.0 == batch).for_each(|place| keep[place.1] = true);
            parts.push(filter_record_batch(rows, &BooleanArray::from(keep)).map_err(wrong)?);
        }
        let rows = concat_batches(&first.schema(), &parts).map_err(wrong)?;
        Ok((rows.num_rows() > 0).then_some(rows))
    }
}

#[derive(Clone, Copy)]
struct Place {
    batch: usize,
    row: usize,
    hash: u64,
}

/// What differs between the two sides of a range.
#[derive(Default)]
pub(super) struct Differences {
    pub(super) list: Vec<Difference>,
    /// Rows of the source that the target lacks or has otherwise.
    pub(super) to_load: Option<RecordBatch>,
    /// Keys of the target that the source does not have.
    pub(super) to_remove: Option<RecordBatch>,
}

/// Looks at the rows of both sides one by one.
pub(super) fn differences(source: &Side, target: &Side, key: &[String]) -> Result<Differences, Failure> {
    let (ours, theirs) = (source.by_key(key)?, target.by_key(key)?);
    let (mut list, mut to_load, mut to_remove) = (Vec::new(), Vec::new(), Vec::new());
    for (key, place) in &ours {
        let kind = match theirs.get(key) {
            None => DifferenceKind::Missing,
            Some(there) if there.hash != place.hash => DifferenceKind::Different,
            Some(_) => continue,
        };
        list.push(Difference { kind, key: key.clone() });
        to_load.push((place.batch, place.row));
    }
    for (key, place) in theirs.iter().filter(|(key, _)| !ours.contains_key(*key)) {
        list.push(Difference { kind: DifferenceKind::Extra, key: key.clone() });
        to_remove.push((place.batch, place.row));
    }
    list.sort_by(|a, b| a.key.cmp(&b.key));
    let to_remove = target.take(&to_remove)?.map(|rows| columns_of(&rows, key)).transpose()?;
    Ok(Differences { list, to_load: source.take(&to_load)?, to_remove })
}

fn columns_of(rows: &RecordBatch, names: &[String]) -> Result<RecordBatch, Failure> {
    let wrong = |error: arrow_schema::ArrowError| Failure::permanent(format!("the key's columns: {error}"));
    let places = names.iter().map(|name| rows.schema().index_of(name)).collect::<Result<Vec<_>, _>>().map_err(wrong)?;
    rows.project(&places).map_err(wrong)
}
