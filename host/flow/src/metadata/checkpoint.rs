//! The progress of a stream. A checkpoint is a bookmark that is in the target because it was committed there in the
//! same transaction as the rows before it.
//!
//! | the host dies … | the target holds | the next run |
//! |---|---|---|
//! | before `begin` | the last checkpoint and its rows | reads the batch again |
//! | between `begin` and `load_stage` | the same: the database rolls the rest back | reads the batch again |
//! | during `load_stage` | all of it or nothing, checkpoint and rows alike | continues from the checkpoint that is there |
//! | after `load_stage` | the new checkpoint and its rows | continues after the batch |

use std::collections::BTreeMap;

use crate::definition::Definition;
use crate::ports::clock::Micros;
use crate::values::Bookmark;

/// The way in which batches are combined with the rows that are in the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LoadMode {
    /// By key: new rows are inserted, changed ones updated.
    Merge,
    /// By key, for the whole table once more: the incoming row wins, whatever its version.
    Reload,
    /// The load replaces the whole table when it ends.
    Replace,
}

impl LoadMode {
    /// The mode's name in checkpoints and reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Merge => "merge",
            Self::Reload => "reload",
            Self::Replace => "replace",
        }
    }

    /// Returns the mode with this name.
    pub fn named(name: &str) -> Option<Self> {
        [Self::Merge, Self::Reload, Self::Replace].into_iter().find(|mode| mode.name() == name)
    }
}

/// The progress of a stream, as committed in the target.
#[derive(Debug, Clone, PartialEq)]
pub struct Checkpoint {
    /// The position from which the next run continues.
    pub bookmark: Bookmark,
    /// The way in which the load that made it writes.
    pub mode: LoadMode,
    /// True if the load was completed; otherwise it was interrupted, or is still running.
    pub complete: bool,
    /// The source's version marker of the snapshot that was read.
    pub source_version: Option<String>,
    /// The definition it rests on; `None` if it is not known, as for a bookmark that was set by hand.
    pub definition: Option<Definition>,
    /// The extractor's own state, by name.
    pub state: BTreeMap<String, Vec<u8>>,
    /// The run that wrote it.
    pub run_id: String,
    /// The number of batches that this run has committed so far.
    pub batch: u64,
    /// The time at which it was written, UTC.
    pub committed_at: Micros,
}
