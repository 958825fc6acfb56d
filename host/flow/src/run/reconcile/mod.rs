//! Finds the changes that an incremental read cannot see: rows that the source no longer has, and rows that were
//! committed too late. When a comparison is due, the run compares source and target after its load, and repairs the
//! target.

#[cfg(test)]
mod tests;

use wmshost_sql::Value;

use crate::compare::{Compare, Compared, Depth};
use crate::failure::{Failure, Stage};
use crate::metadata::checkpoint::{Checkpoint, LoadMode};
use crate::metadata::{Action, Ledger, Trace};
use crate::ports::clock::CLOCK_TOLERANCE;
use crate::stream::context::{Progress, StageFailure, StreamContext};
use crate::stream::transaction::{in_transaction, lock};
use crate::stream::{Reconcile, Stream};
use crate::values::{Bookmark, Position};

/// Returns the name under which the ledger records a stream's comparisons.
fn checkpoint_name(stream: &str) -> String {
    format!("{stream}/reconcile")
}

impl Stream {
    /// Compares and repairs if a comparison is due; after a first load into a new table it only records one, since there is
    /// nothing to find.
    pub(crate) fn reconcile(
        &mut self,
        context: &StreamContext,
        is_new_table: bool,
        is_reload: bool,
        progress: &mut Progress,
    ) -> Result<(), StageFailure> {
        let Some(Reconcile { depth, every_micros, others, stream, open_target }) = self.reconcile.take() else {
            return Ok(());
        };
        let at_load = StageFailure::before(Stage::Load);
        let last = self.last_comparison(context).map_err(&at_load)?;
        let redefined = last.as_ref().is_some_and(|last| {
            last.definition.as_ref().is_some_and(|definition| !definition.makes_same_rows(&self.definition))
        });
        let is_due = is_due(last.as_ref(), context, every_micros);
        if !is_new_table && !is_due && !redefined {
            return Ok(());
        }
        if self.trace_of_others(context).map_err(&at_load)? != others {
            // Rows that they loaded after this run's snapshot would look like rows that the source no longer has.
            tracing::warn!(
                stream = self.name,
                "source and target are not compared in this run: another run wrote the stream after this one had opened \
                 the source; the next run compares them"
            );
            return Ok(());
        }
        // Rows that the new definition rejects or filters out are still in the source, so comparing keys is not enough.
        let depth = if is_reload && redefined { Depth::Rows } else { depth };
        if is_new_table {
            return self.note_reconciled(context).map_err(at_load);
        }
        let Compared { found, failure } = stream.compare(open_target, Compare { depth, repair: true }, context);
        progress.stats.written += found.loaded;
        progress.stats.deleted += found.deleted;
        progress.comparison = Some(found);
        match failure {
            Some(at) => Err(StageFailure { stage: at.stage, batch: at.batch, failure: at.failure }),
            None => Ok(()),
        }
    }

    /// Returns whether a comparison is due that was not yet done on this snapshot of the source.
    pub(crate) fn has_comparison_left(&self, context: &StreamContext) -> Result<bool, Failure> {
        let Some(reconcile) = &self.reconcile else { return Ok(false) };
        let last = self.last_comparison(context)?;
        let is_of_another = last.as_ref().is_none_or(|last| last.source_version != self.source_version);
        Ok(is_of_another && is_due(last.as_ref(), context, reconcile.every_micros))
    }

    fn trace_of_others(&self, context: &StreamContext) -> Result<Trace, Failure> {
        let ledger = Ledger { pipeline: &context.pipeline };
        ledger.trace_of_others(lock(&self.target).sql(), &self.name, &context.run_id)
    }

    fn last_comparison(&self, context: &StreamContext) -> Result<Option<Checkpoint>, Failure> {
        let ledger = Ledger { pipeline: &context.pipeline };
        ledger.checkpoint(lock(&self.target).sql(), &checkpoint_name(&self.name))
    }

    /// Returns the name and the checkpoint under which the ledger records a completed comparison.
    pub(crate) fn reconciled(&self, context: &StreamContext) -> (String, Checkpoint) {
        let now = context.clock.now();
        let reconciled = Position { name: "reconciled".to_owned(), value: Value::Timestamp(now) };
        let checkpoint = Checkpoint {
            bookmark: Bookmark(vec![reconciled]),
            mode: LoadMode::Merge,
            complete: true,
            source_version: self.source_version.clone(),
            definition: Some(self.definition.clone()),
            state: Default::default(),
            run_id: context.run_id.clone(),
            batch: 0,
            committed_at: now,
        };
        (checkpoint_name(&self.name), checkpoint)
    }

    /// Records a comparison after a first load into a new table, which is equivalent to one.
    fn note_reconciled(&self, context: &StreamContext) -> Result<(), Failure> {
        let (name, checkpoint) = self.reconciled(context);
        let ledger = Ledger { pipeline: &context.pipeline };
        in_transaction(&self.target, None, || {
            let sql = &mut *lock(&self.target);
            ledger.append(sql.sql(), &name, Action::Run, None, &context.run_id, Some(&checkpoint)).map(drop)
        })
    }
}

/// Returns whether a comparison is due: there was none, the last one is too old, or it has the time of a clock that was ahead.
fn is_due(last: Option<&Checkpoint>, context: &StreamContext, every_micros: i64) -> bool {
    let now = context.clock.now();
    let is_ahead = |at: i64| at > now.saturating_add(CLOCK_TOLERANCE);
    last.is_none_or(|last| now >= last.committed_at.saturating_add(every_micros) || is_ahead(last.committed_at))
}
