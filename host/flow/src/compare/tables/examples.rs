//! Some of the rows that differ, with the key and the cells that people look for.

use std::collections::HashMap;
use std::sync::Arc;

use arrow_array::{ArrayRef, RecordBatch};

use super::columns::Shared;
use super::join::Found;
use super::side::KeptRow;
use crate::compare::DifferenceKind;
use crate::compare::difference::wrong;
use crate::failure::Failure;
use crate::rows::cell_json::{cell_as_json, row_as_json};
use crate::rows::hash::{Hashing, row_hashes};

/// A row that differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowExample {
    /// `Missing` if only the first side has it, `Extra` if only the second has it, or `Different`.
    pub kind: DifferenceKind,
    /// The row's key as a JSON object; the whole row if rows have no key.
    pub key: String,
    /// The cells that differ, of a row that both sides have.
    pub cells: Vec<CellDifference>,
}

/// A cell that differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CellDifference {
    /// The column.
    pub column: String,
    /// The value on each side, as JSON.
    pub values: [String; 2],
}

/// The examples, in the order of their keys as text.
pub(super) fn of(
    sides: [HashMap<u64, Vec<KeptRow>>; 2],
    named: &[Found],
    shared: &Shared,
) -> Result<Vec<RowExample>, Failure> {
    let mut examples = Vec::new();
    for Found { key, kind } in named {
        let [ours, theirs] = sides.each_ref().map(|side| side.get(key).map(Vec::as_slice).unwrap_or_default());
        let (ours, theirs) = (odd(ours, theirs), odd(theirs, ours));
        let Some(shown) = (if *kind == DifferenceKind::Extra { theirs } else { ours }) else { continue };
        let cells = match (kind, ours, theirs) {
            (DifferenceKind::Different, Some(ours), Some(theirs)) => cells(ours, theirs, shared)?,
            _ => Vec::new(),
        };
        examples.push(RowExample { kind: *kind, key: key_of(shown, shared)?, cells });
    }
    examples.sort_by(|one, other| one.key.cmp(&other.key));
    Ok(examples)
}

/// Of the rows with one key, the first that the other side does not have; the first of all if it has each of them less often.
fn odd<'r>(rows: &'r [KeptRow], others: &[KeptRow]) -> Option<&'r RecordBatch> {
    let is_odd = |row: &&KeptRow| others.iter().all(|other| other.hash != row.hash);
    rows.iter().find(is_odd).or(rows.first()).map(|kept| &kept.row)
}

/// The cells of two rows that differ in the form in which they are compared.
fn cells(ours: &RecordBatch, theirs: &RecordBatch, shared: &Shared) -> Result<Vec<CellDifference>, Failure> {
    let mut cells = Vec::new();
    for (place, (name, form)) in shared.names.iter().zip(&shared.forms).enumerate() {
        let columns = [ours.column(place), theirs.column(place)];
        let [one, other] = columns.map(|column| hash_of(&form.apply(column), shared.hashing));
        if one? != other? {
            let values = columns.map(|column| cell_as_json(column.as_ref(), 0));
            cells.push(CellDifference { column: name.clone(), values });
        }
    }
    Ok(cells)
}

fn hash_of(column: &ArrayRef, hashing: Hashing) -> Result<Vec<u64>, Failure> {
    let alone = RecordBatch::try_from_iter_with_nullable([("cell", Arc::clone(column), true)]).map_err(wrong)?;
    row_hashes(&alone, &["cell".to_owned()], hashing)
}

fn key_of(row: &RecordBatch, shared: &Shared) -> Result<String, Failure> {
    let places = shared.key.iter().filter_map(|name| shared.names.iter().position(|other| other == name));
    let places: Vec<usize> = if shared.key.is_empty() { (0..shared.names.len()).collect() } else { places.collect() };
    Ok(row_as_json(&row.project(&places).map_err(wrong)?, 0))
}
