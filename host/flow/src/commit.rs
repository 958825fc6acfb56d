//! The load stage: gathers batches to a load batch, writes them, and commits them with their checkpoint.

use std::collections::BTreeMap;

use crossbeam_channel::Receiver;

use crate::batch::Batch;
use crate::checkpoint::{Checkpoint, LoadMode};
use crate::events::{Event, StreamStatus, Tally};
use crate::extract::Chunk;
use crate::failure::{Failure, FailureKind, Stage};
use crate::load::Loader;
use crate::stream::{LoadPolicy, StageFailure, StreamContext, lock};
use crate::target::{Counts, SharedTarget};
use crate::value::Bookmark;

/// What travels between the stages.
pub(crate) enum Message {
    /// Rows.
    Parcel(Parcel),
    /// The end of the stream.
    End(Bookmark),
}

/// A batch on its way, with the place behind it.
pub(crate) struct Parcel {
    /// The batch's number in the run, from 1.
    pub(crate) number: u64,
    /// The rows as they are now.
    pub(crate) batch: Batch,
    /// Rows that the source gave, rejected ones included.
    read: u64,
    bookmark: Bookmark,
    state: BTreeMap<String, Option<Vec<u8>>>,
}

impl Parcel {
    pub(crate) fn new(number: u64, chunk: Chunk) -> Self {
        let read = (chunk.batch.rows.num_rows() + chunk.batch.rejected.len()) as u64;
        let Chunk { batch, bookmark, state } = chunk;
        Self { number, batch, read, bookmark, state }
    }
}

/// The load stage of one stream.
pub(crate) struct Commits<'a> {
    pub(crate) stream: &'a str,
    pub(crate) target: &'a SharedTarget,
    pub(crate) loader: &'a mut dyn Loader,
    pub(crate) policy: &'a LoadPolicy,
    pub(crate) context: &'a StreamContext,
    pub(crate) mode: LoadMode,
    pub(crate) shape: &'a str,
    pub(crate) source_version: Option<String>,
    pub(crate) state: BTreeMap<String, Vec<u8>>,
    pub(crate) previous: Option<Checkpoint>,
    /// What was committed so far.
    pub(crate) tally: &'a mut Tally,
    /// The last committed bookmark.
    pub(crate) bookmark: &'a mut Option<Bookmark>,
}

impl Commits<'_> {
    /// Commits load batch after load batch until the end of the stream, or until the stages before it stop.
    pub(crate) fn run(&mut self, input: Receiver<Message>) -> Result<StreamStatus, StageFailure> {
        loop {
            let (parcels, end) = self.gather(&input);
            if !parcels.is_empty() {
                self.commit_batch(parcels)?;
            }
            if let Some(bookmark) = end {
                let number = self.tally.batches;
                self.commit_end(bookmark).map_err(StageFailure::in_batch(Stage::Load, number))?;
                return Ok(StreamStatus::Succeeded);
            }
            if self.context.cancel.is_set() || input.is_empty() && is_closed(&input) {
                let stopped = Failure::new(FailureKind::Cancelled, "the run was asked to stop");
                return Err(StageFailure::before(Stage::Load)(stopped));
            }
        }
    }

    /// Waits for a load batch: enough rows, or the end, or nobody sending any more.
    fn gather(&self, input: &Receiver<Message>) -> (Vec<Parcel>, Option<Bookmark>) {
        let mut parcels = Vec::new();
        let mut rows = 0;
        while rows < self.policy.load_batch_rows {
            match input.recv() {
                Ok(Message::Parcel(parcel)) => {
                    rows += parcel.batch.rows.num_rows();
                    parcels.push(parcel);
                }
                Ok(Message::End(bookmark)) => return (parcels, Some(bookmark)),
                Err(_) => break,
            }
        }
        (parcels, None)
    }

    /// Writes the batches and the checkpoint behind the last one in one transaction.
    fn commit_batch(&mut self, parcels: Vec<Parcel>) -> Result<(), StageFailure> {
        let mut tally = *self.tally;
        let first = parcels.first().map_or(0, |parcel| parcel.number);
        lock(self.target).begin().map_err(StageFailure::in_batch(Stage::Load, first))?;
        let mut bookmark = None;
        for parcel in parcels {
            let number = parcel.number;
            bookmark = Some(parcel.bookmark.clone());
            let loaded = self.load(parcel, &mut tally);
            self.undo_on_failure(loaded).map_err(StageFailure::in_batch(Stage::Load, number))?;
        }
        let at_last = StageFailure::in_batch(Stage::Load, tally.batches);
        let Some(bookmark) = bookmark else { return Ok(()) };
        let written = self.write_checkpoint(bookmark, false, tally.batches);
        self.undo_on_failure(written).map_err(&at_last)?;
        lock(self.target).commit().map_err(at_last)?;
        self.committed(tally);
        Ok(())
    }

    fn load(&mut self, parcel: Parcel, tally: &mut Tally) -> Result<(), Failure> {
        let Parcel { number, batch, read, state, .. } = parcel;
        let rows = batch.rows.num_rows() as u64;
        let rejected = batch.rejected.len() as u64;
        tally.batches = number;
        tally.read += read;
        tally.rejected += rejected;
        tally.filtered += read.saturating_sub(rows + rejected);
        tally.bytes += batch.rows.get_array_memory_size() as u64;
        self.check_rejected(tally.rejected)?;
        if rejected > 0 {
            lock(self.target).quarantine(&batch.rejected)?;
        }
        if rows > 0 {
            let counts = self.loader.load(batch.rows)?;
            if counts.received() != rows {
                return Err(Failure::permanent(format!(
                    "the loader wrote {} of the batch's {rows} rows; it must write each of them once",
                    counts.received()
                )));
            }
            tally.add(counts);
        }
        for (key, value) in state {
            match value {
                Some(value) => self.state.insert(key, value),
                None => self.state.remove(&key),
            };
        }
        Ok(())
    }

    fn check_rejected(&self, rejected: u64) -> Result<(), Failure> {
        match self.policy.max_rejected {
            Some(most) if rejected > most => Err(Failure::limit("max_rejected", most, rejected)
                .within("too many rows for quarantine; see WMS_QUARANTINE for those of the batches before")),
            _ => Ok(()),
        }
    }

    /// Finishes the load and marks its checkpoint complete. Writes nothing where nothing has changed.
    fn commit_end(&mut self, bookmark: Bookmark) -> Result<(), Failure> {
        lock(self.target).begin()?;
        let finished = self.loader.finish();
        let counts = self.undo_on_failure(finished)?;
        let mut tally = *self.tally;
        tally.add(counts);
        if self.is_news(&bookmark) {
            let written = self.write_checkpoint(bookmark, true, tally.batches);
            self.undo_on_failure(written)?;
        }
        lock(self.target).commit()?;
        self.committed(tally);
        Ok(())
    }

    fn is_news(&self, bookmark: &Bookmark) -> bool {
        let Some(previous) = &self.previous else { return true };
        let same_version = self.source_version.is_none() || self.source_version == previous.source_version;
        let same = previous.complete && previous.bookmark == *bookmark && previous.shape == self.shape && same_version;
        !same || self.tally.batches > 0
    }

    fn write_checkpoint(&mut self, bookmark: Bookmark, complete: bool, batch: u64) -> Result<(), Failure> {
        let checkpoint = Checkpoint {
            bookmark,
            mode: self.mode,
            complete,
            source_version: self.source_version.clone(),
            shape: self.shape.to_owned(),
            state: self.state.clone(),
            run_id: self.context.run_id.clone(),
            batch,
            committed_at: self.context.clock.now(),
        };
        lock(self.target).write_checkpoint(&checkpoint)?;
        *self.bookmark = Some(checkpoint.bookmark);
        Ok(())
    }

    /// Rolls the transaction back if what was done in it failed.
    fn undo_on_failure<T>(&self, result: Result<T, Failure>) -> Result<T, Failure> {
        if result.is_err()
            && let Err(undo) = lock(self.target).rollback()
        {
            tracing::warn!(stream = self.stream, "rolling back failed too: {undo}");
        }
        result
    }

    fn committed(&mut self, tally: Tally) {
        *self.tally = tally;
        self.context.observer.event(&Event::Committed { stream: self.stream, tally });
    }
}

impl Tally {
    fn add(&mut self, counts: Counts) {
        self.written += counts.inserted + counts.updated;
        self.unchanged += counts.unchanged;
        self.deleted += counts.deleted;
    }
}

/// Whether nobody sends any more.
fn is_closed(input: &Receiver<Message>) -> bool {
    matches!(input.try_recv(), Err(crossbeam_channel::TryRecvError::Disconnected))
}
