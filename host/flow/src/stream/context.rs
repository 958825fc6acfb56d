//! The context that the streams of a run share, and the progress and failures of one of them.

use std::sync::Arc;

use crate::columns::MovedColumns;
use crate::compare::Comparison;
use crate::definition::DefinitionChange;
use crate::failure::{Failure, Stage, StreamFailure};
use crate::metadata::LeaseOwner;
use crate::ports::cancel::Cancel;
use crate::ports::clock::Clock;
use crate::ports::events::{Observer, StreamStats};
use crate::receipt::Proof;
use crate::values::Bookmark;

/// The context that the streams of a run share.
#[derive(Clone)]
pub struct StreamContext {
    /// The pipeline's name.
    pub pipeline: String,
    /// The run's id.
    pub run_id: String,
    /// The process that runs it.
    pub holder: LeaseOwner,
    /// Returns true if the process of another run is known to have ended.
    pub is_dead: fn(&LeaseOwner) -> bool,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// The receiver of events.
    pub observer: Arc<dyn Observer>,
    /// The request to stop the run.
    pub cancel: Cancel,
}

/// A failure with its stage and batch; the stream's name is added at the end.
pub(crate) struct StageFailure {
    pub(crate) stage: Stage,
    pub(crate) batch: Option<u64>,
    pub(crate) failure: Failure,
}

impl StageFailure {
    pub(crate) fn before(stage: Stage) -> impl Fn(Failure) -> Self {
        move |failure| Self { stage, batch: None, failure }
    }

    /// Returns the same failure with the stream's name.
    pub(crate) fn of_stream(self, stream: &str) -> StreamFailure {
        let Self { stage, batch, failure } = self;
        StreamFailure { stream: stream.to_owned(), stage, batch, failure }
    }

    /// Returns the same failure with a text after its message: what was done before, and what was not.
    pub(crate) fn followed_by(mut self, words: &str) -> Self {
        self.failure = self.failure.and(words);
        self
    }

    pub(crate) fn in_batch(stage: Stage, batch: u64) -> impl Fn(Failure) -> Self {
        move |failure| Self { stage, batch: Some(batch), failure }
    }
}

/// The progress of a stream in a run.
#[derive(Default)]
pub(crate) struct Progress {
    /// The work that was committed so far.
    pub(crate) stats: StreamStats,
    /// The last committed bookmark.
    pub(crate) bookmark: Option<Bookmark>,
    /// The columns that the stream moves.
    pub(crate) columns: Option<MovedColumns>,
    /// The changes of the target's columns, in words.
    pub(crate) schema_changes: Vec<String>,
    /// The differences between the stream's definition and the one that its checkpoint rests on.
    pub(crate) definition_changes: Vec<DefinitionChange>,
    /// The result of comparing source and target.
    pub(crate) comparison: Option<Comparison>,
    /// The proof that the loaded rows are in the target, or the reason why there is none; `None` without receipts.
    pub(crate) proof: Option<Result<Proof, String>>,
}
