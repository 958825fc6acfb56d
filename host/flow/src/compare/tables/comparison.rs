//! The comparison of two tables, and its result.

use std::panic::resume_unwind;
use std::thread;

use super::columns::{ColumnTypes, Shared};
use super::examples::{self, RowExample};
use super::join::Joined;
use super::rules::TableRules;
use super::side::{Hashed, Side};
use crate::failure::Failure;
use crate::ports::cancel::Cancel;
use crate::ports::source::SourceSession;

/// A table or view, open for reading.
pub struct TableSide<'s> {
    /// A session that may read it, in a snapshot.
    pub session: &'s mut dyn SourceSession,
    /// Its name.
    pub table: String,
}

/// The result of comparing two tables.
#[derive(Debug, Clone, Default)]
pub struct TableComparison {
    /// The columns that identify a row; empty if rows were compared as a whole.
    pub key: Vec<String>,
    /// The number of rows of each side.
    pub rows: [u64; 2],
    /// The rows that only the first side has.
    pub missing: u64,
    /// The rows that only the second side has.
    pub extra: u64,
    /// The rows that both have, with different values.
    pub different: u64,
    /// The columns that only one side has.
    pub only_in: [Vec<String>; 2],
    /// The columns whose declared types differ. That alone is no difference.
    pub types: Vec<ColumnTypes>,
    /// Some of the rows that differ.
    pub examples: Vec<RowExample>,
}

impl TableComparison {
    /// Returns whether both sides have the same columns and rows.
    pub fn is_equal(&self) -> bool {
        self.only_in.iter().all(Vec::is_empty) && self.missing + self.extra + self.different == 0
    }
}

/// Compares two tables.
pub fn compare_tables(
    [first, second]: [TableSide<'_>; 2],
    rules: &TableRules,
    cancel: &Cancel,
) -> Result<TableComparison, Failure> {
    let described = [first.session.describe(&first.table)?, second.session.describe(&second.table)?];
    let [Some(ours), Some(theirs)] = described else {
        return Err(Failure::invalid_config("a table that was to be compared is not there any more"));
    };
    let dialects = [first.session.dialect(), second.session.dialect()];
    let shared = Shared::of([&ours, &theirs], dialects, rules)?;
    let mut sides =
        [Side::new(first.session, &ours, 0, &shared, cancel), Side::new(second.session, &theirs, 1, &shared, cancel)];
    let mut found = TableComparison {
        key: shared.key.clone(),
        only_in: shared.only_in.clone(),
        types: shared.types.clone(),
        ..TableComparison::default()
    };
    let sums = of_both(&mut sides, |side| {
        let (mut rows, mut sum) = (0, 0_u64);
        side.read(|hashed: &Hashed| {
            rows += hashed.rows.len() as u64;
            sum = hashed.rows.iter().fold(sum, |sum, hash| sum.wrapping_add(*hash));
            Ok(())
        })?;
        Ok((rows, sum))
    })?;
    found.rows = sums.map(|(rows, _)| rows);
    if sums[0] == sums[1] {
        return Ok(found);
    }
    let mut joined = Joined::new(rules.most_examples);
    let parts = found.rows.into_iter().max().unwrap_or_default().div_ceil(rules.held_rows).max(1);
    for part in 0..parts {
        let hashes = of_both(&mut sides, |side| side.hashes(part, parts))?;
        joined.join(hashes);
    }
    (found.missing, found.extra, found.different) = (joined.missing, joined.extra, joined.different);
    let rows = of_both(&mut sides, |side| side.rows_of(&joined.named))?;
    found.examples = examples::of(rows, &joined.named, &shared)?;
    Ok(found)
}

/// Does the same with both sides at once.
fn of_both<'s, T: Send>(
    sides: &mut [Side<'s>; 2],
    of: impl Fn(&mut Side<'s>) -> Result<T, Failure> + Sync,
) -> Result<[T; 2], Failure> {
    let [first, second] = sides;
    let span = &tracing::Span::current();
    let (first, second) = thread::scope(|scope| {
        let second = scope.spawn(|| span.in_scope(|| of(second)));
        (of(first), second.join().unwrap_or_else(|panic| resume_unwind(panic)))
    });
    Ok([first?, second?])
}
