//! The load stage: combines batches into a load batch, writes it, and commits it with its checkpoint.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use crossbeam_channel::{Receiver, RecvTimeoutError};

use super::message::{BatchEnvelope, Message};
use crate::definition::{Definition, columns_of, same_names};
use crate::failure::kind::FailureKind;
use crate::failure::{Failure, Stage};
use crate::metadata::checkpoint::{Checkpoint, LoadMode};
use crate::metadata::row_key::KeyDigest;
use crate::metadata::{Action, LastRun, LastRuns, Lease, Ledger, Quarantine, take_loaded};
use crate::ports::events::{Event, StreamStats, StreamStatus};
use crate::ports::loader::Loader;
use crate::ports::target::{Refused, SharedTarget, TableDefinition, WriteStats};
use crate::receipt::Taker;
use crate::rows::bad_rows;
use crate::rows::batch::{Batch, Rejected};
use crate::rows::repeats::Repeats;
use crate::stream::context::{Progress, StageFailure, StreamContext};
use crate::stream::policy::Policy;
use crate::stream::put_into_quarantine;
use crate::stream::schema_changes::schema_changes;
use crate::stream::transaction::{in_transaction, lock};
use crate::values::Bookmark;

/// The result of waiting for batches.
enum LoadBatch {
    /// A load batch; more may come.
    Envelopes(Vec<BatchEnvelope>),
    /// The last load batch, which may be empty, and the position at the end of the stream.
    Last(Vec<BatchEnvelope>, Bookmark),
    /// The last load batch; the stages before have stopped before the end.
    BrokenOff(Vec<BatchEnvelope>),
}

/// The load stage of one stream.
pub(crate) struct LoadStage<'a> {
    pub(crate) stream: &'a str,
    /// The name under which the checkpoints are stored.
    pub(crate) checkpoint_name: &'a str,
    pub(crate) target: &'a SharedTarget,
    pub(crate) loader: &'a mut dyn Loader,
    pub(crate) policy: &'a Policy,
    pub(crate) context: &'a StreamContext,
    pub(crate) lease: Option<&'a Lease>,
    /// The longest wait for rows before the lease is renewed without any.
    pub(crate) renewal_interval: Duration,
    pub(crate) mode: LoadMode,
    pub(crate) key: &'a [String],
    pub(crate) target_table: &'a str,
    /// The columns of the rows to come.
    pub(crate) columns: &'a SchemaRef,
    pub(crate) definition: &'a mut Definition,
    /// The note in the run's row in the ledger.
    pub(crate) note: Option<String>,
    pub(crate) source_version: Option<String>,
    pub(crate) state: BTreeMap<String, Vec<u8>>,
    pub(crate) previous: Option<Checkpoint>,
    /// The number of the run's row in the ledger, once it has one.
    pub(crate) sequence: Option<i64>,
    /// The keys of the rows that were in quarantine when the run began.
    pub(crate) quarantined: HashSet<KeyDigest>,
    /// The keys of those that were staged: their rows leave quarantine when the load replaces the table.
    pub(crate) resolved: Vec<KeyDigest>,
    /// The rows received so far, to count those that share a key.
    pub(crate) repeats: Repeats,
    /// True if the run, or an interrupted one that it continues, reads every row of the source.
    pub(crate) meets_all: bool,
    /// True if the run reads all rows, not only what changed: rows within the lookback are read by every run.
    pub(crate) reads_all: bool,
    /// Rejected rows that count against the stream's budget. For a run that reads only changes, these are the rows that
    /// no earlier run has read.
    pub(crate) charged: u64,
    /// Rows that this run was the first to put into quarantine.
    pub(crate) newly_rejected: u64,
    /// Takes the proof of the run, if the stream leaves receipts.
    pub(crate) receipt: Option<&'a mut Taker>,
    /// The target's table as it was before the load.
    pub(crate) table: Option<TableDefinition>,
    /// The progress committed so far.
    pub(crate) progress: &'a mut Progress,
}

impl LoadStage<'_> {
    /// Commits load batch after load batch until the end of the stream, or until the stages before it stop.
    pub(crate) fn run(&mut self, input: Receiver<Message>) -> Result<StreamStatus, StageFailure> {
        let mut held = Vec::new();
        loop {
            match self.gather(&input)? {
                LoadBatch::Envelopes(envelopes) => {
                    held.extend(envelopes);
                    if self.cannot_judge(&held) {
                        continue;
                    }
                    self.commit_batch(std::mem::take(&mut held), false)?;
                    if self.context.cancel.is_set() {
                        return Err(stopped());
                    }
                }
                LoadBatch::Last(envelopes, bookmark) => {
                    held.extend(envelopes);
                    self.commit_batch(held, true)?;
                    let number = self.progress.stats.batches;
                    return self.commit_end(bookmark).map_err(StageFailure::in_batch(Stage::Load, number));
                }
                LoadBatch::BrokenOff(envelopes) => {
                    held.extend(envelopes);
                    self.commit_batch(held, false)?;
                    return Err(stopped());
                }
            }
        }
    }

    /// Returns whether too few rows were read to judge the share of the rejected ones.
    fn cannot_judge(&self, held: &[BatchEnvelope]) -> bool {
        let rejected: usize = held.iter().map(|envelope| envelope.batch.rejected.len()).sum();
        let read: u64 = held.iter().map(|envelope| envelope.read).sum();
        let stats = self.progress.stats;
        self.policy.budget.cannot_judge(stats.rejected + rejected as u64, stats.read + read)
    }

    /// Waits for a load batch: until it has enough rows, the stream ends, or the sender is gone.
    fn gather(&mut self, input: &Receiver<Message>) -> Result<LoadBatch, StageFailure> {
        let mut envelopes = Vec::new();
        let mut rows = 0;
        while rows < self.policy.load_batch_rows as u64 {
            match input.recv_timeout(self.renewal_interval) {
                Ok(Message::Batch(envelope)) => {
                    rows += envelope.read.max(1);
                    envelopes.push(envelope);
                }
                Ok(Message::End(bookmark)) => return Ok(LoadBatch::Last(envelopes, bookmark)),
                Err(RecvTimeoutError::Timeout) => {
                    self.renew_lease().map_err(StageFailure::in_batch(Stage::Load, self.progress.stats.batches))?;
                }
                Err(RecvTimeoutError::Disconnected) => return Ok(LoadBatch::BrokenOff(envelopes)),
            }
        }
        Ok(LoadBatch::Envelopes(envelopes))
    }

    /// Renews the lease while no rows arrive.
    fn renew_lease(&mut self) -> Result<(), Failure> {
        if self.lease.is_some() { self.in_transaction(|_| Ok(())) } else { Ok(()) }
    }

    /// Writes the batches and the checkpoint after the last one in one transaction. The share of rejected rows is checked
    /// before the last batches of a run are committed: the next run would not read them again.
    fn commit_batch(&mut self, envelopes: Vec<BatchEnvelope>, is_last: bool) -> Result<(), StageFailure> {
        let Some(last) = envelopes.last() else { return Ok(()) };
        let (bookmark, number) = (last.bookmark.clone(), last.number);
        self.reached("batch-gathered");
        let mut stats = self.progress.stats;
        // The number of the batch in which a failure occurs.
        let mut at = envelopes.first().map_or(number, |envelope| envelope.number);
        let (mut rejected, mut charged, mut new, mut is_over) = (Vec::new(), self.charged, 0, false);
        let written = self.in_transaction(|stage| {
            for envelope in envelopes {
                at = envelope.number;
                rejected.extend(stage.load(envelope, &mut stats)?);
            }
            new = stage.quarantine(&rejected)?;
            charged += if stage.reads_all { rejected.len() as u64 } else { new };
            let within = stage.policy.budget.check(charged, stats.read, is_last);
            is_over = within.is_err();
            within?;
            stage.reached("batch-loaded");
            stage.write_checkpoint(&bookmark, false, number)?;
            stage.reached("checkpoint-written");
            Ok(())
        });
        // Nothing of the batch is loaded, but the rejected rows are kept in quarantine for inspection.
        if is_over {
            let kept = self.in_transaction(|stage| stage.quarantine(&rejected).map(drop));
            kept.map_err(StageFailure::in_batch(Stage::Load, at))?;
        }
        written.map_err(StageFailure::in_batch(Stage::Load, at))?;
        self.newly_rejected += new;
        self.charged = charged;
        self.committed(stats, bookmark);
        self.reached("batch-committed");
        if let Some(receipt) = &mut self.receipt {
            receipt.committed();
        }
        Ok(())
    }

    /// Calls `act` in a transaction that renews the lease as well; commits, or rolls back if it fails.
    fn in_transaction(&mut self, act: impl FnOnce(&mut Self) -> Result<(), Failure>) -> Result<(), Failure> {
        let (target, lease) = (self.target, self.lease);
        in_transaction(target, lease, || act(self))
    }

    /// Loads a batch; returns all its rejected rows, including those that the target refused.
    fn load(&mut self, envelope: BatchEnvelope, stats: &mut StreamStats) -> Result<Vec<Rejected>, Failure> {
        let BatchEnvelope { number, batch, read, state, .. } = envelope;
        let Batch { rows: loaded, rejected: mut taken_out, origin } = batch;
        let rows = loaded.num_rows() as u64;
        let rejected = taken_out.len() as u64;
        stats.batches = number;
        stats.read += read;
        stats.rejected += rejected;
        stats.filtered += read.saturating_sub(rows + rejected);
        stats.bytes += loaded.get_array_memory_size() as u64;
        if rows > 0 {
            if self.mode != LoadMode::Replace {
                stats.duplicates += self.repeats.count(&loaded, self.key)?;
            }
            self.loader.begin_batch(number);
            let counts = self.loader.load(loaded.clone())?;
            if counts.received() != rows {
                return Err(Failure::permanent(format!(
                    "the loader wrote {} of the batch's {rows} rows; it must write each of them once",
                    counts.received()
                )));
            }
            stats.count(counts);
            let refused = lock(self.target).take_refused();
            self.resolve(&loaded, &refused)?;
            if let Some(receipt) = &mut self.receipt {
                receipt.loaded(&loaded, &refused);
            }
            if !refused.is_empty() {
                let dialect = lock(self.target).sql().dialect();
                let refused = bad_rows::refused(refused, &origin, dialect);
                self.policy.on_bad_value.check(&refused, self.key)?;
                taken_out.extend(refused);
            }
        }
        for (key, value) in state {
            match value {
                Some(value) => self.state.insert(key, value),
                None => self.state.remove(&key),
            };
        }
        Ok(taken_out)
    }

    /// Deletes older copies of these rows from quarantine: the loaded rows are the source's present ones.
    fn resolve(&mut self, rows: &RecordBatch, refused: &[Refused]) -> Result<(), Failure> {
        let keys = take_loaded(&mut self.quarantined, rows, refused, self.key);
        match self.mode {
            LoadMode::Merge | LoadMode::Reload => self.forget(keys),
            LoadMode::Replace => {
                self.resolved.extend(keys);
                Ok(())
            }
        }
    }

    fn forget(&self, keys: Vec<KeyDigest>) -> Result<(), Failure> {
        let quarantine = Quarantine { pipeline: &self.context.pipeline };
        quarantine.forget(lock(self.target).sql(), self.stream, &self.context.run_id, keys).map(drop)
    }

    /// Puts rows into quarantine; returns the number of those that count against the budget of a run that reads changes.
    /// They are passed at the run's end.
    fn quarantine(&self, rejected: &[Rejected]) -> Result<u64, Failure> {
        put_into_quarantine(self.target, self.context, self.stream, (rejected, self.key), false)
    }

    /// Passes the rows that this run rejected, and those of the interrupted run that it continues: it succeeded without
    /// them.
    fn pass_rejected(&self) -> Result<(), Failure> {
        let goes_on = self.previous.as_ref().is_some_and(|previous| !previous.complete);
        if self.progress.stats.rejected == 0 && !goes_on {
            return Ok(());
        }
        let of_window = self.checkpoint_name != self.stream;
        let quarantine = Quarantine { pipeline: &self.context.pipeline };
        let run_id = of_window.then_some(self.context.run_id.as_str());
        quarantine.pass(lock(self.target).sql(), self.stream, run_id)
    }

    /// Finishes the load and marks its checkpoint as complete. Writes no checkpoint if nothing has changed.
    fn commit_end(&mut self, bookmark: Bookmark) -> Result<StreamStatus, Failure> {
        self.policy.budget.check(self.charged, self.progress.stats.read, true)?;
        let mut stats = self.progress.stats;
        let number = stats.batches;
        let all_rejected = stats.read > 0 && stats.rejected == stats.read;
        if all_rejected && self.mode == LoadMode::Replace {
            return self.leave_table(bookmark, number);
        }
        self.reached("finish-begun");
        self.in_transaction(|stage| {
            let counts = stage.loader.finish()?;
            stage.check_deletes(counts)?;
            stats.count(counts);
            let resolved = std::mem::take(&mut stage.resolved);
            stage.forget(resolved)?;
            stage.pass_rejected()?;
            if stage.meets_all {
                let quarantine = Quarantine { pipeline: &stage.context.pipeline };
                quarantine.forget_unmet(lock(stage.target).sql(), stage.stream, &stage.context.run_id)?;
            }
            stage.reached("finished");
            if stage.mode == LoadMode::Replace {
                stage.inspect_replaced()?;
            }
            if stage.has_progress(&bookmark) { stage.write_checkpoint(&bookmark, true, number) } else { Ok(()) }
        })?;
        self.committed(stats, bookmark);
        self.reached("end-committed");
        // Rejected rows within the lookback, which every run reads again, do not count as new, unless nothing else was read
        // since they were rejected.
        let is_rejected = all_rejected && (self.reads_all || self.newly_rejected > 0 || self.was_rejected()?);
        Ok(if is_rejected { StreamStatus::Rejected } else { StreamStatus::Succeeded })
    }

    /// Returns whether all rows of the stream's last run were rejected.
    fn was_rejected(&self) -> Result<bool, Failure> {
        let last_runs = LastRuns { pipeline: &self.context.pipeline }.read(lock(self.target).sql())?;
        let is_rejected = |last: &LastRun| last.stream == self.stream && last.status == StreamStatus::Rejected.name();
        Ok(last_runs.iter().any(is_rejected))
    }

    /// Ends a load that would replace the table with nothing because every row was rejected: the table is left
    /// unchanged, and the next run starts again, since no run continues a load whose snapshot is not known.
    fn leave_table(&mut self, bookmark: Bookmark, batch: u64) -> Result<StreamStatus, Failure> {
        self.source_version = None;
        self.in_transaction(|stage| stage.write_checkpoint(&bookmark, false, batch))?;
        let stats = self.progress.stats;
        self.committed(stats, bookmark);
        Ok(StreamStatus::Rejected)
    }

    /// Fails if putting the load in place would delete more rows than the stream allows.
    fn check_deletes(&self, counts: WriteStats) -> Result<(), Failure> {
        let there = counts.updated + counts.unchanged + counts.deleted;
        // Without a key, a changed row counts as one deleted and one inserted; if the key changed, every row does.
        let same_key = self.table.as_ref().is_none_or(|table| same_names(&table.key, self.key));
        let replaced = if self.key.is_empty() || !same_key { counts.inserted } else { 0 };
        self.policy.delete_guard.check(self.stream, counts.deleted.saturating_sub(replaced), there)
    }

    /// Inspects the columns of a table that a load has replaced; they are not known before.
    fn inspect_replaced(&mut self) -> Result<(), Failure> {
        let Some(after) = lock(self.target).describe(self.target_table)? else { return Ok(()) };
        self.definition.target_columns = columns_of(&after.columns);
        let known = self.previous.as_ref().and_then(|previous| previous.definition.as_ref());
        self.progress.schema_changes = schema_changes(self.table.as_ref(), &after, self.columns, known);
        Ok(())
    }

    fn has_progress(&self, bookmark: &Bookmark) -> bool {
        let Some(previous) = &self.previous else { return true };
        let same_version = self.source_version.is_none() || self.source_version == previous.source_version;
        let same_basis = previous.bookmark == *bookmark && previous.definition.as_ref() == Some(&*self.definition);
        let same = previous.complete && same_basis && same_version;
        !same || self.progress.stats.batches > 0
    }

    fn write_checkpoint(&mut self, bookmark: &Bookmark, complete: bool, batch: u64) -> Result<(), Failure> {
        let run_id = &self.context.run_id;
        let checkpoint = Checkpoint {
            bookmark: bookmark.clone(),
            mode: self.mode,
            complete,
            source_version: self.source_version.clone(),
            definition: Some(self.definition.clone()),
            state: self.state.clone(),
            run_id: run_id.clone(),
            batch,
            committed_at: self.context.clock.now(),
        };
        let ledger = Ledger { pipeline: &self.context.pipeline };
        let mut target = lock(self.target);
        match self.sequence {
            Some(sequence) => ledger.advance(target.sql(), self.checkpoint_name, sequence, &checkpoint)?,
            // If the transaction fails, so does the stream: then the number is not used.
            None => {
                let (sql, note) = (target.sql(), self.note.as_deref());
                let row = ledger.append(sql, self.checkpoint_name, Action::Run, note, run_id, Some(&checkpoint))?;
                self.sequence = Some(row);
            }
        }
        Ok(())
    }

    fn committed(&mut self, stats: StreamStats, bookmark: Bookmark) {
        self.progress.stats = stats;
        self.progress.bookmark = Some(bookmark);
        self.context.observer.event(&Event::Committed { stream: self.stream, stats });
    }

    fn reached(&self, point: &'static str) {
        self.context.observer.event(&Event::Reached { stream: self.stream, point });
    }
}

fn stopped() -> StageFailure {
    StageFailure::before(Stage::Load)(Failure::new(FailureKind::Cancelled, "the run was asked to stop"))
}
