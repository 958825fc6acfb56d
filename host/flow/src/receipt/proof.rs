//! The proof of one stream of a run.

use crate::choice;

choice!(
    /// The rows that a proof is about.
    Scope {
        /// All rows: the run read the whole source, and the whole table was read back.
        Whole = "whole",
        /// The rows that the run read: changes, new rows, or the rest of an interrupted load.
        Read = "read",
    }
);

/// The root of some rows: their number, and the sum of their hashes modulo 2^64.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Root {
    /// The number of rows.
    pub rows: u64,
    /// The sum of their hashes.
    pub sum: u64,
}

impl Root {
    /// Adds a row by its hash.
    pub(super) fn add(&mut self, hash: u64) {
        *self += Self { rows: 1, sum: hash };
    }
}

impl std::ops::AddAssign for Root {
    fn add_assign(&mut self, other: Self) {
        self.rows += other.rows;
        self.sum = self.sum.wrapping_add(other.sum);
    }
}

/// A range of keys on both sides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProvenRange {
    /// The first key of the range as a JSON object; `None` for a range that begins before all keys, and for rows that are not
    /// in the order of their keys.
    pub from: Option<String>,
    /// The rows that the run loaded.
    pub source: Root,
    /// The rows that the target has.
    pub target: Root,
}

/// The proof of one stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    /// The rows that it is about.
    pub scope: Scope,
    /// The columns that are hashed, in this order, with their types in words.
    pub columns: Vec<(String, String)>,
    /// The columns that identify a row.
    pub key: Vec<String>,
    /// True if values are hashed as Oracle stores them.
    pub as_oracle: bool,
    /// The ranges of keys.
    pub ranges: Vec<ProvenRange>,
    /// The keys of the first rows that differ, as JSON objects, where rows were read back by their keys.
    pub different_keys: Vec<String>,
}

impl Proof {
    /// Returns whether both sides are equal in every range.
    pub fn is_equal(&self) -> bool {
        self.ranges.iter().all(|range| range.source == range.target)
    }

    /// Returns the roots of the source and of the target.
    pub fn roots(&self) -> (Root, Root) {
        let (mut source, mut target) = (Root::default(), Root::default());
        for range in &self.ranges {
            source += range.source;
            target += range.target;
        }
        (source, target)
    }
}
