//! How far a stream has come. A checkpoint is a bookmark that is in the target because it was committed
//! there in the same transaction as the rows before it.
//!
//! | the host dies … | the target holds | the next run |
//! |---|---|---|
//! | before `begin` | the last checkpoint and its rows | reads the batch again |
//! | between `begin` and `load_stage` | the same: the database undoes the rest | reads the batch again |
//! | during `load_stage` | either all of it or nothing of it, checkpoint and rows alike | goes on from what the row says |
//! | after `load_stage` | the new checkpoint and its rows | goes on after the batch |

use std::collections::BTreeMap;

use crate::clock::Micros;
use crate::definition::Definition;
use crate::value::Bookmark;

/// How batches meet the rows that are there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LoadMode {
    /// By key: new rows are inserted, changed ones updated.
    Merge,
    /// By key, the whole table once more: the incoming row wins, whatever its version.
    Reload,
    /// The load replaces the whole table at its end.
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

    /// The mode of this name.
    pub fn named(name: &str) -> Option<Self> {
        [Self::Merge, Self::Reload, Self::Replace].into_iter().find(|mode| mode.name() == name)
    }
}

/// How far a stream has come, as committed in the target.
#[derive(Debug, Clone, PartialEq)]
pub struct Checkpoint {
    /// Where to go on.
    pub bookmark: Bookmark,
    /// How the load that made it writes.
    pub mode: LoadMode,
    /// True if the load came to its end; otherwise it was interrupted, or is still under way.
    pub complete: bool,
    /// The source's version mark of the snapshot that was read.
    pub source_version: Option<String>,
    /// What it rests on; `None` where that is not known, as for a bookmark that was set by hand.
    pub definition: Option<Definition>,
    /// The extractor's own memory.
    pub state: BTreeMap<String, Vec<u8>>,
    /// The run that wrote it.
    pub run_id: String,
    /// Batches of that run so far.
    pub batch: u64,
    /// When it was written, UTC.
    pub committed_at: Micros,
}
