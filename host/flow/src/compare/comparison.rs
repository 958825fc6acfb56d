//! The findings of a comparison of source and target.

use super::difference::Difference;
use crate::failure::Failure;
use crate::ports::source::SourceSession;

/// The largest number of rows that are named one by one.
pub(super) const MOST_SAMPLES: usize = 1_000;

/// Opens the target's table for reading, in its state at the time of the call.
pub type OpenTarget = Box<dyn Fn() -> Result<Box<dyn SourceSession>, Failure> + Send>;

/// The depth of a comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// Keys only, to find the rows that the source no longer has.
    Keys,
    /// All columns.
    Rows,
}

/// The options of a comparison.
#[derive(Debug, Clone, Copy)]
pub struct Compare {
    /// The depth.
    pub depth: Depth,
    /// True to load missing and different rows, and to delete extra ones as the stream's policy says.
    pub repair: bool,
}

/// The result of a comparison.
#[derive(Debug, Clone, Default)]
pub struct Comparison {
    /// True if both sides were read to their ends. If not, all numbers refer to the part that was compared.
    pub is_complete: bool,
    /// True if only keys were compared: `different` says nothing, and `missing` counts the keys that are neither in the
    /// target nor in quarantine, those of rows that a transform leaves out included.
    pub is_by_keys: bool,
    /// Rows of the source, without the rejected ones.
    pub source_rows: u64,
    /// Rows of the target, without those marked as deleted.
    pub target_rows: u64,
    /// Rows of the source that were rejected and therefore do not belong in the target.
    pub rejected: u64,
    /// Ranges of keys that were compared.
    pub ranges: u64,
    /// The number of these ranges that differ.
    pub ranges_different: u64,
    /// Rows that the target lacks.
    pub missing: u64,
    /// Rows that only the target has.
    pub extra: u64,
    /// Rows that both have, with different values.
    pub different: u64,
    /// Rows of the target whose version in the source was rejected. They are not deleted.
    pub outdated: u64,
    /// Rows of the target that the source may have in a rejected row whose key cannot be read. They are not deleted.
    pub unclear: u64,
    /// The number of these rejected rows.
    pub unreadable_keys: u64,
    /// Rows of the source with a key that another row of it has: the target can hold only one of them.
    pub source_duplicates: u64,
    /// Rows of the target with a key that another row of it has.
    pub target_duplicates: u64,
    /// Missing or different rows that a repair has loaded.
    pub loaded: u64,
    /// Those of them that the target refused; they are in quarantine.
    pub refused: u64,
    /// Extra rows that a repair has deleted, or marked as deleted.
    pub deleted: u64,
    /// The first rows that differ.
    pub samples: Vec<Difference>,
    /// Columns of the stream that the target's table does not have; they are not compared.
    pub columns_left_out: Vec<String>,
}

impl Comparison {
    /// Returns whether everything was compared and nothing differs, the number of rows included.
    pub fn is_equal(&self) -> bool {
        let duplicates = self.source_duplicates + self.target_duplicates;
        self.is_complete && self.differing() == 0 && duplicates == 0 && self.source_rows == self.target_rows
    }

    /// Returns the number of rows that differed, without duplicates.
    pub fn differing(&self) -> u64 {
        self.missing + self.extra + self.different + self.outdated + self.unclear
    }

    /// Returns the number of rows that a repair has loaded or deleted.
    pub fn repaired(&self) -> u64 {
        self.loaded + self.deleted
    }

    /// Returns whether everything was compared and a repair has loaded all rows that were missing or different in the
    /// target. A row whose new version is in quarantine stays as it was.
    pub fn is_mended(&self) -> bool {
        let duplicates = self.source_duplicates + self.target_duplicates;
        self.is_complete && duplicates == 0 && self.loaded >= self.missing + self.different
    }

    /// Describes what was done before a comparison broke off.
    pub(super) fn in_words(&self) -> String {
        let loaded = match self.loaded {
            0 => "no row was loaded".to_owned(),
            loaded => format!("{loaded} rows were loaded before and stay"),
        };
        let rows = self.source_rows;
        match self.is_complete {
            true => format!("all {rows} rows of the source were compared: {loaded}, none was deleted"),
            false => format!("the comparison broke off after {rows} rows of the source: {loaded}, none was deleted"),
        }
    }
}
