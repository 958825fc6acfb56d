//! The rows that differ, by the hashes of keys and rows. A key may have several rows on either side: those that both have
//! cancel each other out, the rest is different as far as both have some left.

use std::collections::BTreeMap;

use crate::compare::DifferenceKind;

/// A key whose rows differ, by its hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) key: u64,
    pub(super) kind: DifferenceKind,
}

/// The rows that differ so far.
#[derive(Debug)]
pub(super) struct Joined {
    most_named: usize,
    pub(super) missing: u64,
    pub(super) extra: u64,
    pub(super) different: u64,
    /// Some of their keys.
    pub(super) named: Vec<Found>,
}

impl Joined {
    pub(super) fn new(most_named: usize) -> Self {
        Self { most_named, missing: 0, extra: 0, different: 0, named: Vec::new() }
    }

    /// Joins the hashes of key and row of both sides, each in order.
    pub(super) fn join(&mut self, [ours, theirs]: [Vec<(u64, u64)>; 2]) {
        let (mut ours, mut theirs) = (ours.chunk_by(has_same_key).peekable(), theirs.chunk_by(has_same_key).peekable());
        loop {
            let keys = [ours.peek(), theirs.peek()].map(|group| group.map(|rows| rows[0].0));
            let Some(key) = keys.into_iter().flatten().min() else { return };
            let ours = ours.next_if(|rows| rows[0].0 == key).unwrap_or_default();
            let theirs = theirs.next_if(|rows| rows[0].0 == key).unwrap_or_default();
            self.compare(key, ours, theirs);
        }
    }

    fn compare(&mut self, key: u64, ours: &[(u64, u64)], theirs: &[(u64, u64)]) {
        if ours == theirs {
            return;
        }
        let mut counts: BTreeMap<u64, i64> = BTreeMap::new();
        for (_, row) in ours {
            *counts.entry(*row).or_default() += 1;
        }
        for (_, row) in theirs {
            *counts.entry(*row).or_default() -= 1;
        }
        let missing: u64 = counts.values().filter(|count| **count > 0).map(|count| count.unsigned_abs()).sum();
        let extra: u64 = counts.values().filter(|count| **count < 0).map(|count| count.unsigned_abs()).sum();
        let different = missing.min(extra);
        self.different += different;
        self.missing += missing - different;
        self.extra += extra - different;
        let kinds = [
            (different, DifferenceKind::Different),
            (missing - different, DifferenceKind::Missing),
            (extra - different, DifferenceKind::Extra),
        ];
        let found = kinds.into_iter().find(|(count, _)| *count > 0).map(|(_, kind)| Found { key, kind });
        if self.named.len() < self.most_named {
            self.named.extend(found);
        }
    }
}

fn has_same_key(one: &(u64, u64), other: &(u64, u64)) -> bool {
    one.0 == other.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_that_both_have_cancel_each_other_out() {
        let mut joined = Joined::new(9);
        let ours = vec![(1, 10), (2, 20), (2, 21), (3, 30), (5, 50), (5, 50), (6, 60)];
        let theirs = vec![(1, 10), (2, 21), (2, 22), (2, 23), (4, 40), (5, 50), (6, 60)];
        joined.join([ours, theirs]);
        assert_eq!((joined.missing, joined.extra, joined.different), (2, 2, 1));
        let named: Vec<_> = joined.named.iter().map(|found| (found.key, found.kind)).collect();
        use DifferenceKind::{Different, Extra, Missing};
        assert_eq!(named, [(2, Different), (3, Missing), (4, Extra), (5, Missing)]);
    }
}
