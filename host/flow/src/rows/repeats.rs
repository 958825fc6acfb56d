//! Counts the rows of a run that share a key, because a merge keeps only one of them. Only the last rows are searched,
//! so that memory does not grow with the table. As long as a whole table arrives in the order of its keys, rows with
//! the same key are adjacent; otherwise the keys of the last rows are remembered, up to a million in about 40 MB.

use std::cmp::Ordering;
use std::collections::{HashMap, HashSet};

use arrow_array::RecordBatch;

use super::hash::{Hashing, row_hashes};
use crate::failure::Failure;
use crate::values::key::{Bound, Keys};

/// The number of keys in each of the two generations that are remembered.
const KEYS: usize = 500_000;

/// The memory of the rows received so far.
#[derive(Debug)]
pub(crate) struct Repeats {
    most: usize,
    /// True if no key was less than the one before it.
    rises: bool,
    /// The last key, and the hash of its row.
    last: Option<(Bound, u64)>,
    /// The hashes of the last rows, by the hashes of their keys.
    newer: HashMap<u64, u64>,
    older: HashMap<u64, u64>,
}

impl Repeats {
    /// Returns the empty memory before the first row; `by_key` is true for a whole table, whose rows are expected in
    /// the order of its keys.
    pub(crate) fn new(by_key: bool) -> Self {
        Self { most: KEYS, rises: by_key, last: None, newer: HashMap::new(), older: HashMap::new() }
    }

    /// Returns the number of rows of a batch whose key a row before them has, in the batch or before it. A row that is
    /// identical to one in an earlier batch does not count: a source may return a row in several parts of one read.
    pub(crate) fn count(&mut self, rows: &RecordBatch, key: &[String]) -> Result<u64, Failure> {
        if key.is_empty() {
            return Ok(0);
        }
        let keys = Keys::of(rows, key)?;
        let Some(last) = keys.last() else { return Ok(0) };
        let columns: Vec<String> = rows.schema().fields().iter().map(|field| field.name().clone()).collect();
        let number = |row: usize| row_hashes(&rows.slice(row, 1), &columns, Hashing::default());
        let (falls, equal) = keys.steps()?;
        // The order of the last key before these and their first one.
        let (before, row) = match &self.last {
            Some((before, row)) => (before.order(&keys.at(0))?, Some(*row)),
            None => (Ordering::Less, None),
        };
        if self.rises && before.is_le() && !falls {
            let is_repeat = before.is_eq() && number(0)?.first() != row.as_ref();
            self.last = Some((last, number(rows.num_rows() - 1)?[0]));
            return Ok(equal + u64::from(is_repeat));
        }
        self.rises = false;
        if let Some((before, row)) = self.last.take() {
            self.newer.extend(before.number(key)?.map(|key| (key, row)));
        }
        let all = row_hashes(rows, &columns, Hashing::default())?;
        let mut here = HashSet::new();
        let mut count = 0;
        for (key, row) in row_hashes(rows, key, Hashing::default())?.into_iter().zip(all) {
            let known = self.newer.get(&key).or_else(|| self.older.get(&key));
            let is_repeat = !here.insert(key) || known.is_some_and(|known| *known != row);
            count += u64::from(is_repeat);
            self.newer.insert(key, row);
        }
        if self.newer.len() > self.most {
            self.older = std::mem::take(&mut self.newer);
        }
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow_array::{ArrayRef, Int64Array};

    use super::*;

    fn count(repeats: &mut Repeats, rows: &[(i64, i64)]) -> u64 {
        let column = |of: fn(&(i64, i64)) -> i64| Arc::new(rows.iter().map(of).collect::<Int64Array>()) as ArrayRef;
        let batch = RecordBatch::try_from_iter([("id", column(|row| row.0)), ("v", column(|row| row.1))]);
        repeats.count(&batch.expect("a batch"), &["id".to_owned()]).expect("a count")
    }

    #[test]
    fn rows_with_one_key_are_counted_within_a_batch_and_across_batches() {
        let mut repeats = Repeats::new(true);
        assert_eq!(count(&mut repeats, &[(1, 1), (2, 1), (2, 2)]), 1);
        assert_eq!(count(&mut repeats, &[(2, 3), (3, 1), (4, 1)]), 1, "the first row has the last key");
        assert!(repeats.newer.is_empty(), "nothing is remembered of keys that rise");
        assert_eq!(count(&mut repeats, &[(9, 1), (7, 1), (4, 2), (9, 1)]), 2);
        assert_eq!(count(&mut repeats, &[(10, 1), (7, 2), (9, 2)]), 2);
        assert_eq!(count(&mut repeats, &[(12, 1), (11, 1)]), 0);
    }

    #[test]
    fn of_changes_every_key_is_remembered_though_they_rise_at_first() {
        let mut repeats = Repeats::new(false);
        assert_eq!(count(&mut repeats, &[(1, 1), (2, 1), (5, 1)]), 0);
        assert_eq!(count(&mut repeats, &[(6, 1), (5, 2), (1, 2)]), 2);
    }

    #[test]
    fn a_row_that_is_read_once_more_is_not_counted() {
        let mut repeats = Repeats::new(true);
        let rows = [(1, 5), (3, 7), (5, 9)];
        assert_eq!(count(&mut repeats, &rows), 0);
        // The next part of the read begins with the same rows, in another order.
        assert_eq!(count(&mut repeats, &[(5, 9), (3, 7)]), 0);
        assert_eq!(count(&mut repeats, &[(3, 7), (8, 1)]), 0);
        assert_eq!(count(&mut repeats, &[(8, 2)]), 1);
    }

    #[test]
    fn memory_is_bounded() {
        let mut repeats = Repeats { most: 10, ..Repeats::new(true) };
        for first in (0..1_000).rev() {
            count(&mut repeats, &[(first * 2, 1), (first * 2 - 1, 1)]);
            assert!(repeats.newer.len() + repeats.older.len() <= 26);
        }
        assert_eq!(count(&mut repeats, &[(0, 2)]), 1, "the last ones are known");
    }
}
