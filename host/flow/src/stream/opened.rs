//! The phases of a stream between its definition and its first row.

use super::context::StageFailure;
use crate::columns::MovedColumns;
use crate::definition::{ColumnUse, DefinitionChange};
use crate::metadata::Lease;
use crate::metadata::checkpoint::{Checkpoint, LoadMode};
use crate::ports::loader::LoadRequest;
use crate::ports::target::TableDefinition;

/// The result of inspecting both ends of a stream.
pub(crate) enum OpenedStream {
    /// The target already holds the result of this snapshot of the source.
    Unchanged(Box<Checkpoint>),
    /// There may be rows to move.
    Ready(Box<ReadyStream>),
}

/// The outcome of opening a stream, successful or not, and the lease that it took.
pub(crate) struct OpenOutcome {
    pub(crate) ready: Result<OpenedStream, StageFailure>,
    pub(crate) lease: Option<Lease>,
    /// The differences between the stream's definition and the one that its checkpoint rests on.
    pub(crate) definition_changes: Vec<DefinitionChange>,
    /// The columns that the stream moves; `None` if the source was not opened.
    pub(crate) columns: Option<MovedColumns>,
    /// The changes that a run would make to the target's columns.
    pub(crate) schema_changes: Vec<String>,
}

/// A stream that is open.
pub(crate) struct ReadyStream {
    pub(crate) request: LoadRequest,
    pub(crate) previous: Option<Checkpoint>,
    /// The target's table before the load; `None` if it does not exist.
    pub(crate) table: Option<TableDefinition>,
}

/// The result of preparing the target's table.
pub(crate) struct Prepared {
    /// The changes of its columns, in words.
    pub(crate) schema_changes: Vec<String>,
    /// Its columns.
    pub(crate) columns: Vec<ColumnUse>,
}

/// The plan for the load of a run.
pub(crate) struct LoadPlan {
    pub(crate) mode: LoadMode,
    pub(crate) resume: bool,
    pub(crate) previous: Option<Checkpoint>,
    /// True if the ledger's last row cannot be read and is not needed.
    pub(crate) damaged: bool,
}
