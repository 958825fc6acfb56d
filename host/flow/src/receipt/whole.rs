//! The whole table of the target, read back into the ranges of the source.

use super::proof::ProvenRange;
use super::range_roots::RangeRoots;
use super::ranges::SourceRanges;
use crate::compare::{Wanted, like_source};
use crate::failure::Failure;
use crate::ports::source::{SourceSession, TableDescription};
use crate::rows::hash::{Hashing, row_hashes};
use crate::rows::stored_value::StoredValue;
use crate::values::key::Keys;

/// The number of rows to fetch at once.
const MOST_ROWS: usize = 8_192;

/// Reads the table back; calls `alive` on the way.
pub(super) fn prove(
    reader: &mut dyn SourceSession,
    table: &TableDescription,
    wanted: &Wanted,
    hashing: Hashing,
    source: SourceRanges,
    alive: &mut dyn FnMut() -> Result<(), Failure>,
) -> Result<Vec<ProvenRange>, Failure> {
    let statement = wanted.select_all(reader.dialect(), &table.name);
    let none = || RangeRoots::of(&source, &wanted.columns, &wanted.key, &wanted.source);
    let mut roots = none()?;
    if hashing.as_oracle || !reader.add_to_roots(&statement, &mut roots, alive)? {
        roots = none()?;
        read_rows(reader, &statement, (table, wanted), hashing, &mut roots, alive)?;
    }
    Ok(roots.beside(source))
}

/// Has the rows returned, batch by batch.
fn read_rows(
    reader: &mut dyn SourceSession,
    statement: &str,
    (table, wanted): (&TableDescription, &Wanted),
    hashing: Hashing,
    roots: &mut RangeRoots,
    alive: &mut dyn FnMut() -> Result<(), Failure>,
) -> Result<(), Failure> {
    let mut cursor = reader.query(statement, &[])?;
    while let Some(batch) = cursor.next(MOST_ROWS)? {
        if let Some(bad) = batch.rejected.first() {
            let why = format!("a row of the table {} cannot be read: {}", table.name, bad.reason);
            return Err(Failure::permanent(why));
        }
        let rows = like_source(&batch.rows, &wanted.columns, &wanted.key, &wanted.source)?;
        let keys = Keys::of(&rows, &wanted.key)?;
        for (row, hash) in row_hashes(&rows, &wanted.columns, hashing)?.into_iter().enumerate() {
            let place = roots.place(|nth| StoredValue::of(keys.columns().column(nth).as_ref(), row));
            let unordered = || Failure::permanent(format!("the table {} has a key without an order", table.name));
            roots.add_hash(place.ok_or_else(unordered)?, hash);
        }
        alive()?;
    }
    Ok(())
}
