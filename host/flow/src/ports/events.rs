//! Typed events of a run. The flow reports them; only the program at the edge prints.

use std::ops::Add;

use super::target::WriteStats;
use crate::columns::MovedColumns;
use crate::compare::Comparison;
use crate::definition::DefinitionChange;
use crate::failure::StreamFailure;
use crate::receipt::Proof;
use crate::values::Bookmark;

/// The work that a stream has done so far, in rows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct StreamStats {
    /// Rows that were read from the source.
    pub read: u64,
    /// Rows that are new or changed in the target.
    pub written: u64,
    /// Rows that were in the target already.
    pub unchanged: u64,
    /// Rows that went to quarantine.
    pub rejected: u64,
    /// Rows that a transform filtered out.
    pub filtered: u64,
    /// Rows that a replaced table no longer has.
    pub deleted: u64,
    /// Rows whose key a row before them has, in the same batch or an earlier one, so that a merge keeps only one of
    /// them.
    pub duplicates: u64,
    /// Bytes of Arrow columns that were loaded.
    pub bytes: u64,
    /// Batches that were loaded.
    pub batches: u64,
}

impl Add for StreamStats {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            read: self.read + other.read,
            written: self.written + other.written,
            unchanged: self.unchanged + other.unchanged,
            rejected: self.rejected + other.rejected,
            filtered: self.filtered + other.filtered,
            deleted: self.deleted + other.deleted,
            duplicates: self.duplicates + other.duplicates,
            bytes: self.bytes + other.bytes,
            batches: self.batches + other.batches,
        }
    }
}

impl StreamStats {
    /// Adds the result of a write.
    pub(crate) fn count(&mut self, counts: WriteStats) {
        self.written += counts.inserted + counts.updated;
        self.unchanged += counts.unchanged;
        self.deleted += counts.deleted;
        self.rejected += counts.rejected;
    }
}

/// The outcome of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StreamStatus {
    /// Everything was read and committed.
    Succeeded,
    /// Every row that was read was rejected. A table that a load would have replaced is unchanged.
    Rejected,
    /// The source did not change since the last run: nothing was read.
    Unchanged,
    /// Another stream's mistake was found before any row was moved, so that this stream did not run.
    NotRun,
    /// It failed; what was committed before stays.
    Failed,
    /// It was stopped on request; what was committed before stays.
    Cancelled,
}

impl StreamStatus {
    /// The status's name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Succeeded => "succeeded",
            Self::Rejected => "rejected",
            Self::Unchanged => "unchanged",
            Self::NotRun => "not-run",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }
}

/// A stream's end.
#[derive(Debug, Clone)]
pub struct StreamSummary {
    /// The stream's name.
    pub stream: String,
    /// The outcome.
    pub status: StreamStatus,
    /// The work that it did.
    pub stats: StreamStats,
    /// The duration in seconds.
    pub seconds: f64,
    /// The bookmark of its last checkpoint.
    pub bookmark: Option<Bookmark>,
    /// The columns that it moves; `None` if the source was not opened.
    pub columns: Option<MovedColumns>,
    /// The changes of the target's columns, in words.
    pub schema_changes: Vec<String>,
    /// The differences between the stream's definition and the one that its checkpoint rests on.
    pub definition_changes: Vec<DefinitionChange>,
    /// The result of comparing source and target, if the run was due to do so.
    pub comparison: Option<Comparison>,
    /// The proof that the loaded rows are in the target, or the reason why there is none; `None` if the pipeline leaves no
    /// receipts, or the stream did not get that far.
    pub proof: Option<Result<Proof, String>>,
    /// The reason why it failed.
    pub failure: Option<StreamFailure>,
}

/// An event in a run.
#[derive(Debug)]
pub enum Event<'a> {
    /// A stream is open and begins to move rows.
    Started {
        /// The stream's name.
        stream: &'a str,
        /// The number of rows to expect, if known.
        expected_rows: Option<u64>,
    },
    /// A load batch and its checkpoint were committed.
    Committed {
        /// The stream's name.
        stream: &'a str,
        /// The work that the stream has done so far.
        stats: StreamStats,
    },
    /// A stream continues, but not as usual, and a person should know why.
    Warned {
        /// The stream's name.
        stream: &'a str,
        /// A description of what happened.
        message: &'a str,
    },
    /// A stream has reached a named point of the flow. Tests interrupt it there.
    Reached {
        /// The stream's name.
        stream: &'a str,
        /// The point.
        point: &'static str,
    },
    /// A stream ended.
    Ended(&'a StreamSummary),
}

/// A receiver of events. It is called from many threads.
pub trait Observer: Send + Sync {
    /// Receives an event.
    fn event(&self, event: &Event<'_>);
    /// Returns whether rows should be counted beforehand, so that progress can be shown as a percentage.
    fn wants_expected_rows(&self) -> bool {
        false
    }
}

/// Ignores all events.
pub struct NoObserver;

impl Observer for NoObserver {
    fn event(&self, _: &Event<'_>) {}
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Returns the counts as numbers, in the order of the fields.
    fn numbers(stats: StreamStats) -> [u64; 9] {
        let StreamStats { read, written, unchanged, rejected, filtered, deleted, duplicates, bytes, batches } = stats;
        [read, written, unchanged, rejected, filtered, deleted, duplicates, bytes, batches]
    }

    fn stats(numbers: [u64; 9]) -> StreamStats {
        let [read, written, unchanged, rejected, filtered, deleted, duplicates, bytes, batches] = numbers;
        StreamStats { read, written, unchanged, rejected, filtered, deleted, duplicates, bytes, batches }
    }

    proptest! {
        #[test]
        fn every_count_is_summed_with_its_own(one: [u32; 9], other: [u32; 9]) {
            let sum = stats(one.map(u64::from)) + stats(other.map(u64::from));
            for (at, sum) in numbers(sum).into_iter().enumerate() {
                prop_assert_eq!(sum, u64::from(one[at]) + u64::from(other[at]));
            }
        }

        #[test]
        fn each_row_of_a_write_is_counted_once(rows: [u32; 6]) {
            let [inserted, updated, unchanged, staged, deleted, rejected] = rows.map(u64::from);
            let write = WriteStats { inserted, updated, unchanged, staged, deleted, rejected };
            prop_assert_eq!(write.received(), inserted + updated + unchanged + staged + rejected);
            let mut twice = write;
            twice += write;
            prop_assert_eq!((twice.received(), twice.deleted), (2 * write.received(), 2 * deleted));
            let mut stats = StreamStats { read: 1, ..StreamStats::default() };
            stats.count(write);
            // Staged rows are counted when the staging table replaces the table.
            let expected = [1, inserted + updated, unchanged, rejected, 0, deleted, 0, 0, 0];
            prop_assert_eq!(numbers(stats), expected);
        }
    }
}
