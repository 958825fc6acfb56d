//! The whole table of the target, read back in the order of its key and cut into the source's ranges.

use super::proof::{ProvenRange, Root};
use super::ranges::SourceRanges;
use crate::compare::{TargetScan, Wanted};
use crate::failure::Failure;
use crate::ports::source::{SourceSession, TableDescription};
use crate::rows::hash::{Hashing, row_hashes};
use crate::values::key::Bound;

/// Reads the table back; calls `alive` after each batch.
pub(super) fn prove(
    reader: &mut dyn SourceSession,
    table: &TableDescription,
    wanted: Wanted,
    hashing: Hashing,
    source: SourceRanges,
    alive: &mut dyn FnMut() -> Result<(), Failure>,
) -> Result<Vec<ProvenRange>, Failure> {
    let columns = wanted.columns.clone();
    let mut scan = TargetScan::begin(reader, table, wanted)?;
    let bounds: Vec<Option<Bound>> = source.ranges.iter().skip(1).map(|(from, _)| from.clone()).chain([None]).collect();
    let mut proven = Vec::new();
    for ((from, root), before) in source.ranges.into_iter().zip(bounds) {
        let mut target = Root::default();
        while let Some(rows) = scan.next(before.as_ref(), &mut |_, _| {})? {
            row_hashes(&rows, &columns, hashing)?.into_iter().for_each(|hash| target.add(hash));
            alive()?;
        }
        let from = from.map(|key| key.as_json());
        proven.push(ProvenRange { from, source: root, target });
    }
    Ok(proven)
}
