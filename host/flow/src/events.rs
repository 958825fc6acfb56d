//! What happened, as typed events. The flow tells; only the edge shows.

use std::ops::Add;

use crate::compare::Comparison;
use crate::definition::DefinitionChange;
use crate::failure::StreamFailure;
use crate::target::WriteStats;
use crate::value::Bookmark;

/// What a stream has done so far, in rows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct StreamStats {
    /// Rows that came from the source.
    pub read: u64,
    /// Rows that are new or changed in the target.
    pub written: u64,
    /// Rows that the target had already.
    pub unchanged: u64,
    /// Rows that went to quarantine.
    pub rejected: u64,
    /// Rows that a transform filtered out.
    pub filtered: u64,
    /// Rows that a replaced table no longer has.
    pub deleted: u64,
    /// Rows whose key a row before them has, in their batch or in one before it, so that a merge keeps one of them.
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
    /// Adds what a write did.
    pub(crate) fn count(&mut self, counts: WriteStats) {
        self.written += counts.inserted + counts.updated;
        self.unchanged += counts.unchanged;
        self.deleted += counts.deleted;
        self.rejected += counts.rejected;
    }
}

/// How a stream ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StreamStatus {
    /// Everything was read and committed.
    Succeeded,
    /// Every row that was read was rejected. A table that a load would have replaced is as it was.
    Rejected,
    /// The source did not change since the last run: nothing was read.
    Unchanged,
    /// Another stream's mistake was found before any row moved, so none did.
    NotRun,
    /// It failed; what was committed before stays.
    Failed,
    /// It was asked to stop; what was committed before stays.
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
    /// How it ended.
    pub status: StreamStatus,
    /// What it did.
    pub stats: StreamStats,
    /// How long it took.
    pub seconds: f64,
    /// The bookmark of its last checkpoint.
    pub bookmark: Option<Bookmark>,
    /// What changed of the target's columns, in words.
    pub schema_changes: Vec<String>,
    /// How the stream's definition differs from the one that its checkpoint rests on.
    pub definition_changes: Vec<DefinitionChange>,
    /// What a comparison of source and target found, where the run was due to make one.
    pub comparison: Option<Comparison>,
    /// Why it failed.
    pub failure: Option<StreamFailure>,
}

/// Something that happened in a run.
#[derive(Debug)]
pub enum Event<'a> {
    /// A stream is open and begins to move rows.
    Started {
        /// The stream's name.
        stream: &'a str,
        /// How many rows to expect, if known.
        expected_rows: Option<u64>,
    },
    /// A load batch and its checkpoint were committed.
    Committed {
        /// The stream's name.
        stream: &'a str,
        /// What the stream has done so far.
        stats: StreamStats,
    },
    /// A stream goes on, and a person should know why that is not quite as usual.
    Warned {
        /// The stream's name.
        stream: &'a str,
        /// What happened, in words.
        message: &'a str,
    },
    /// A stream has come to a named point of its way. For tests that break it off there.
    Reached {
        /// The stream's name.
        stream: &'a str,
        /// The point.
        point: &'static str,
    },
    /// A stream ended.
    Ended(&'a StreamSummary),
}

/// Whoever wants to know what happens. Called from many threads.
pub trait Observer: Send + Sync {
    /// Something happened.
    fn event(&self, event: &Event<'_>);
    /// Returns whether counting rows beforehand is wanted, for a share of the whole.
    fn wants_expected_rows(&self) -> bool {
        false
    }
}
