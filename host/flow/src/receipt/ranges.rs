//! The source's rows by range of keys, while they arrive. Rows that do not arrive in the order of their keys are one range.

use super::proof::Root;
use crate::failure::Failure;
use crate::values::key::{Bound, Keys};

/// The number of rows in a range at first.
const RANGE_ROWS: u64 = 8_192;
/// The largest number of ranges; with more, each two of them become one.
const MOST_RANGES: usize = 1_024;

/// The ranges so far.
pub(super) struct SourceRanges {
    /// The first key of each range, but `None` for the first one, and the root of its rows.
    pub(super) ranges: Vec<(Option<Bound>, Root)>,
    range_rows: u64,
    /// The last key; `None` before the first row.
    last: Option<Bound>,
    /// True if rows arrive in the order of their keys so far.
    pub(super) is_ordered: bool,
}

impl SourceRanges {
    pub(super) fn new(is_ordered: bool) -> Self {
        Self { ranges: vec![(None, Root::default())], range_rows: RANGE_ROWS, last: None, is_ordered }
    }

    /// Adds rows by their keys and hashes. A range ends only between two of these batches.
    pub(super) fn add(&mut self, keys: &Keys, hashes: &[u64]) -> Result<(), Failure> {
        let Some(last) = keys.last() else { return Ok(()) };
        if self.is_ordered {
            let first = keys.at(0);
            let follows = match &self.last {
                Some(before) => before.order(&first)?.is_lt(),
                None => true,
            };
            if !follows || keys.steps()?.0 {
                self.join_all();
            } else if self.ranges.last().is_some_and(|(_, root)| root.rows >= self.range_rows) {
                self.ranges.push((Some(first), Root::default()));
            }
        }
        if let Some((_, root)) = self.ranges.last_mut() {
            hashes.iter().for_each(|hash| root.add(*hash));
        }
        self.last = Some(last);
        if self.ranges.len() > MOST_RANGES {
            self.join_pairs();
        }
        Ok(())
    }

    fn join_all(&mut self) {
        self.is_ordered = false;
        let mut all = Root::default();
        self.ranges.drain(..).for_each(|(_, root)| all += root);
        self.ranges.push((None, all));
    }

    fn join_pairs(&mut self) {
        self.range_rows *= 2;
        let ranges = std::mem::take(&mut self.ranges);
        for (at, (from, root)) in ranges.into_iter().enumerate() {
            match self.ranges.last_mut().filter(|_| at % 2 == 1) {
                Some((_, before)) => *before += root,
                None => self.ranges.push((from, root)),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow_array::{ArrayRef, Int64Array, RecordBatch};

    use super::*;

    fn add(ranges: &mut SourceRanges, ids: impl Iterator<Item = i64>) {
        let ids: ArrayRef = Arc::new(ids.collect::<Int64Array>());
        let rows = RecordBatch::try_from_iter([("id", ids)]).expect("a batch");
        let keys = Keys::of(&rows, &["id".to_owned()]).expect("keys");
        ranges.add(&keys, &vec![1; keys.len()]).expect("comparable keys");
    }

    #[test]
    fn ranges_grow_instead_of_their_number() {
        let mut ranges = SourceRanges::new(true);
        let (batches, rows) = (1_030_i64, 8_192_i64);
        for batch in 0..batches {
            add(&mut ranges, batch * rows..(batch + 1) * rows);
        }
        assert!(ranges.ranges.len() <= MOST_RANGES, "{}", ranges.ranges.len());
        let counted: u64 = ranges.ranges.iter().map(|(_, root)| root.rows).sum();
        assert_eq!(counted, (batches * rows).unsigned_abs());
        assert!(ranges.ranges[0].0.is_none() && ranges.ranges[1..].iter().all(|(from, _)| from.is_some()));
        assert!(ranges.ranges[..500].iter().all(|(_, root)| root.rows == 2 * 8_192));
    }

    #[test]
    fn rows_out_of_order_are_one_range() {
        for (first, second) in [(0..10_000, 9_999..20_000), (5..10_000, 3..4)] {
            let mut ranges = SourceRanges::new(true);
            add(&mut ranges, first.clone());
            add(&mut ranges, 10_000..10_001);
            assert_eq!(ranges.ranges.len(), 2);
            add(&mut ranges, second.clone());
            add(&mut ranges, 30_000..40_000);
            add(&mut ranges, 40_000..40_001);
            let rows = first.chain(second).count() as u64 + 1 + 10_000 + 1;
            assert_eq!(ranges.ranges.iter().map(|(_, root)| root.rows).collect::<Vec<_>>(), [rows]);
        }
    }
}
