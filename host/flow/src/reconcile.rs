//! Finding what an incremental read cannot see: rows that the source no longer has, and rows that came too late. A
//! run that is due compares source and target after its load, and repairs.

use crate::checkpoint::{Checkpoint, LoadMode};
use crate::compare::{Compare, Depth};
use crate::failure::{Failure, Stage};
use crate::house::{Action, Ledger};
use crate::source::SourceSession;
use crate::stream::{Progress, StageFailure, Stream, StreamContext, in_transaction, lock};
use crate::value::{Bookmark, Position, Value};

/// Opens the target for reading, as it is after the load.
type OpenTarget = Box<dyn FnOnce() -> Result<Box<dyn SourceSession>, Failure> + Send>;

/// What a stream needs to compare its source with its target.
pub struct Reconcile {
    /// What is compared.
    pub depth: Depth,
    /// How long a comparison holds, in microseconds.
    pub every_micros: i64,
    /// The same stream once more, on the same snapshot.
    pub stream: Box<Stream>,
    /// Opens the target for reading.
    pub open_target: OpenTarget,
}

/// The name under which a stream's comparisons stand in the ledger.
fn kept_as(stream: &str) -> String {
    format!("{stream}/reconcile")
}

impl Stream {
    /// Compares and repairs if that is due; after a first load there is nothing to find.
    pub(crate) fn reconcile(
        &mut self,
        context: &StreamContext,
        is_first_load: bool,
        progress: &mut Progress,
    ) -> Result<(), StageFailure> {
        let Some(Reconcile { depth, every_micros, stream, open_target }) = self.reconcile.take() else { return Ok(()) };
        let at_load = StageFailure::before(Stage::Load);
        if !is_first_load && !self.is_due(context, every_micros).map_err(&at_load)? {
            return Ok(());
        }
        if !is_first_load {
            let reader = open_target().map_err(&at_load)?;
            let compared = stream.compare(reader, Compare { depth, repair: true }, context);
            let found =
                compared.map_err(|at| StageFailure { stage: at.stage, batch: at.batch, failure: at.failure })?;
            progress.tally.written += found.missing + found.different;
            progress.tally.deleted += found.extra;
            progress.comparison = Some(found);
        }
        self.note_reconciled(context).map_err(at_load)
    }

    fn is_due(&self, context: &StreamContext, every_micros: i64) -> Result<bool, Failure> {
        let ledger = Ledger { pipeline: &context.pipeline };
        let last = ledger.checkpoint(lock(&self.target).sql(), &kept_as(&self.name))?;
        Ok(last.is_none_or(|last| context.clock.now() >= last.committed_at.saturating_add(every_micros)))
    }

    fn note_reconciled(&self, context: &StreamContext) -> Result<(), Failure> {
        let now = context.clock.now();
        let reconciled = Position { name: "reconciled".to_owned(), value: Value::Timestamp(now) };
        let checkpoint = Checkpoint {
            bookmark: Bookmark(vec![reconciled]),
            mode: LoadMode::Merge,
            complete: true,
            source_version: self.source_version.clone(),
            shape: self.shape.clone(),
            state: Default::default(),
            run_id: context.run_id.clone(),
            batch: 0,
            committed_at: now,
        };
        let ledger = Ledger { pipeline: &context.pipeline };
        let name = kept_as(&self.name);
        in_transaction(&self.target, None, || {
            let sql = &mut *lock(&self.target);
            ledger.append(sql.sql(), &name, Action::Run, None, &context.run_id, Some(&checkpoint)).map(drop)
        })
    }
}
