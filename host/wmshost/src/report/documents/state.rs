//! The outputs of `state list`, `show`, `log` and `diff`. That of `state export` is in the runtime, which reads it, too.

use schemars::JsonSchema;
use serde::Serialize;
use wmshost_flow::{Checkpoint, DamagedRow, Entry};
use wmshost_runtime::state::LastCheckpoint;

use super::bookmark::CheckpointDocument;

/// The checkpoints of a pipeline's streams.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct StateListDocument {
    /// The pipeline's name.
    pipeline: String,
    /// The streams.
    streams: Vec<StreamStateDocument>,
}

/// The checkpoint of a stream.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct StreamStateDocument {
    /// The stream's name.
    stream: String,
    /// Its checkpoint; null if it has none.
    checkpoint: Option<CheckpointDocument>,
    /// The damage of its last row in the ledger; absent if it can be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    damage: Option<String>,
}

/// The history of a stream's checkpoints.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct StateLogDocument {
    /// The stream's name.
    stream: String,
    /// The rows of its history, the oldest first.
    history: Vec<LogRowDocument>,
}

/// A row of the history of a stream.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(untagged)]
enum LogRowDocument {
    /// A row that can be read.
    Entry(Box<EntryDocument>),
    /// A row that cannot be read.
    Damaged(DamagedRowDocument),
}

/// A row of the history.
#[derive(Debug, Serialize, JsonSchema)]
struct EntryDocument {
    /// Its number in the stream's history, from 1.
    sequence: i64,
    /// Its origin, such as `run`, `reset` or `rollback`.
    action: &'static str,
    /// The run that made it, or the id of the command.
    run_id: String,
    /// The reason, in words.
    note: Option<String>,
    /// The checkpoint; null after a reset.
    checkpoint: Option<CheckpointDocument>,
}

/// A row of the history that cannot be read.
#[derive(Debug, Serialize, JsonSchema)]
struct DamagedRowDocument {
    /// Its number in the stream's history; null if the number itself is damaged.
    sequence: Option<i64>,
    /// The damage, in words.
    damage: String,
}

/// Two rows of the history of a stream.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct StateDiffDocument {
    /// The stream's name.
    stream: String,
    /// The row to begin with.
    from: EntryDocument,
    /// The row to end with.
    to: EntryDocument,
}

impl StateListDocument {
    /// The checkpoints of these streams.
    pub(crate) fn of(pipeline: &str, streams: &[(String, LastCheckpoint)]) -> Self {
        let stream = |(stream, last): &(String, LastCheckpoint)| match last {
            Ok(checkpoint) => StreamStateDocument::of(stream, checkpoint.as_ref()),
            Err(row) => StreamStateDocument { stream: stream.clone(), checkpoint: None, damage: Some(row.to_string()) },
        };
        Self { pipeline: pipeline.to_owned(), streams: streams.iter().map(stream).collect() }
    }
}

impl StreamStateDocument {
    /// The checkpoint of a stream.
    pub(crate) fn of(stream: &str, checkpoint: Option<&Checkpoint>) -> Self {
        Self { stream: stream.to_owned(), checkpoint: checkpoint.map(Into::into), damage: None }
    }
}

impl StateLogDocument {
    /// The history of a stream.
    pub(crate) fn of(stream: &str, history: &[Result<Entry, DamagedRow>]) -> Self {
        let row = |row: &Result<Entry, DamagedRow>| match row {
            Ok(entry) => LogRowDocument::Entry(Box::new(entry.into())),
            Err(row) => LogRowDocument::Damaged(DamagedRowDocument { sequence: row.sequence, damage: row.why.clone() }),
        };
        Self { stream: stream.to_owned(), history: history.iter().map(row).collect() }
    }
}

impl StateDiffDocument {
    /// Two rows of a stream's history.
    pub(crate) fn of(stream: &str, from: &Entry, to: &Entry) -> Self {
        Self { stream: stream.to_owned(), from: from.into(), to: to.into() }
    }
}

impl From<&Entry> for EntryDocument {
    fn from(entry: &Entry) -> Self {
        Self {
            sequence: entry.sequence,
            action: entry.action.name(),
            run_id: entry.run_id.clone(),
            note: entry.note.clone(),
            checkpoint: entry.checkpoint.as_ref().map(Into::into),
        }
    }
}
