//! One stream: extract → transform → load, each on a thread of its own with a bounded queue between them. Only the load
//! stage commits, and it commits rows and checkpoint together.

use std::collections::HashSet;
use std::panic::resume_unwind;
use std::sync::{Arc, MutexGuard, PoisonError};
use std::thread;

use crossbeam_channel::{Sender, bounded};

use crate::batch::Rejected;
use crate::checkpoint::LoadMode;
use crate::clock::Clock;
use crate::compare::Comparison;
use crate::definition::{Definition, DefinitionChange};
use crate::events::{Event, Observer, StreamStats, StreamStatus, StreamSummary};
use crate::extract::{ExtractRequest, Extractor, Step};
use crate::failure::{Failure, FailureKind, Stage, StreamFailure};
use crate::load::Loader;
use crate::load_stage::{BatchEnvelope, LEASE_RENEWAL_INTERVAL, LoadStage, Message};
use crate::metadata::row_key::KeyDigest;
use crate::metadata::{Lease, LeaseOwner, Quarantine, RejectedIn};
use crate::on_change::definition_note;
use crate::open::{OpenOutcome, OpenedStream, ReadyStream};
use crate::policy::Policy;
use crate::reconcile::Reconcile;
use crate::repeats::Repeats;
use crate::run::Cancel;
use crate::target::{SharedTarget, TargetSession};
use crate::transform::Transform;
use crate::transform_stage::TransformStage;
use crate::value::{Bookmark, timestamp_text};

/// A stream that is ready to run: the request, and the stages that move its rows.
pub struct Stream {
    /// Its name.
    pub name: String,
    /// The request to read it; bookmark and state are filled in from the checkpoint.
    pub request: ExtractRequest,
    /// The table to write.
    pub target_table: String,
    /// Its policies.
    pub policy: Policy,
    /// The basis of its rows and its bookmark; columns are filled in when the source is opened.
    pub definition: Definition,
    /// The version marker of the source's snapshot.
    pub source_version: Option<String>,
    /// The extract stage.
    pub extractor: Box<dyn Extractor>,
    /// The transforms, in the order in which they are applied.
    pub transforms: Vec<Box<dyn Transform>>,
    /// The loader of the load stage.
    pub loader: Box<dyn Loader>,
    /// The target; the loader writes through the same session.
    pub target: SharedTarget,
    /// The name under which its checkpoints are stored: its own, or that of a window of it.
    pub checkpoint_name: String,
    /// The comparison that finds the changes which an incremental read cannot see; `None` if there is none.
    pub reconcile: Option<Reconcile>,
}

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
    /// The changes of the target's columns, in words.
    pub(crate) schema_changes: Vec<String>,
    /// The differences between the stream's definition and the one that its checkpoint rests on.
    pub(crate) definition_changes: Vec<DefinitionChange>,
    /// The result of comparing source and target.
    pub(crate) comparison: Option<Comparison>,
}

pub(crate) fn lock(target: &SharedTarget) -> MutexGuard<'_, Box<dyn TargetSession>> {
    target.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Calls `act` in a transaction, which renews the lease too; commits, or rolls back if it fails.
pub(crate) fn in_transaction<T>(
    target: &SharedTarget,
    lease: Option<&Lease>,
    act: impl FnOnce() -> Result<T, Failure>,
) -> Result<T, Failure> {
    lock(target).begin()?;
    let renewed = lease.map_or(Ok(()), |lease| lease.renew(lock(target).sql()));
    match renewed.and_then(|()| act()) {
        Ok(done) => lock(target).commit().map(|()| done),
        Err(failure) => {
            if let Err(undo) = lock(target).rollback() {
                tracing::warn!("rolling back failed too: {undo}");
            }
            Err(failure)
        }
    }
}

/// Puts rows that were rejected, of a stream with this key, into quarantine as of this moment; `passes`: what rejected
/// them goes on without them. Returns how many of them it is the first to meet since none has passed them.
pub(crate) fn put_into_quarantine(
    target: &SharedTarget,
    context: &StreamContext,
    stream: &str,
    (rejected, key): (&[Rejected], &[String]),
    passes: bool,
) -> Result<u64, Failure> {
    let at = timestamp_text(context.clock.now());
    let run = RejectedIn { stream, run_id: &context.run_id, at: &at, passes };
    Quarantine { pipeline: &context.pipeline }.add(lock(target).sql(), run, rejected, key)
}

impl Stream {
    /// Runs the stream to its end and returns its summary. What was committed stays, whatever happens later.
    pub(crate) fn run(mut self, outcome: OpenOutcome, context: &StreamContext) -> StreamSummary {
        let started = context.clock.elapsed();
        let OpenOutcome { ready, lease, definition_changes, .. } = outcome;
        let mut progress = Progress { definition_changes, ..Progress::default() };
        let result = ready.and_then(|ready| match ready {
            OpenedStream::Unchanged(checkpoint) => {
                progress.bookmark = Some(checkpoint.bookmark);
                Ok(StreamStatus::Unchanged)
            }
            OpenedStream::Ready(ready) => self.move_rows(context, *ready, lease.as_ref(), &mut progress),
        });
        self.release_now(lease.as_ref());
        let seconds = (context.clock.elapsed() - started).as_secs_f64();
        self.summarize(result, progress, seconds, context)
    }

    /// Ends a stream that does not run because of another stream's mistake.
    pub(crate) fn not_run(self, outcome: OpenOutcome, context: &StreamContext) -> StreamSummary {
        self.release_now(outcome.lease.as_ref());
        let OpenOutcome { ready, definition_changes, schema_changes, .. } = outcome;
        let result = ready.map(|_| StreamStatus::NotRun);
        let progress = Progress { definition_changes, schema_changes, ..Progress::default() };
        self.summarize(result, progress, 0.0, context)
    }

    /// Releases the lease. On failure the lease expires, and the next run takes it over.
    pub(crate) fn release_now(&self, lease: Option<&Lease>) {
        let Some(lease) = lease else { return };
        let given = in_transaction(&self.target, None, || lease.release(lock(&self.target).sql()));
        if let Err(failure) = given {
            tracing::warn!(stream = self.name, "the lease was not released: {failure}");
        }
    }

    fn summarize(
        self,
        result: Result<StreamStatus, StageFailure>,
        progress: Progress,
        seconds: f64,
        context: &StreamContext,
    ) -> StreamSummary {
        let stream = self.name;
        let (status, failure) = match result {
            Ok(status) => (status, None),
            Err(at) if at.failure.kind == FailureKind::Cancelled => (StreamStatus::Cancelled, None),
            Err(at) => (StreamStatus::Failed, Some(at.of_stream(&stream))),
        };
        let Progress { stats, bookmark, schema_changes, definition_changes, comparison } = progress;
        let end = StreamSummary {
            stream,
            status,
            stats,
            seconds,
            bookmark,
            schema_changes,
            definition_changes,
            comparison,
            failure,
        };
        context.observer.event(&Event::Ended(&end));
        end
    }

    fn move_rows(
        &mut self,
        context: &StreamContext,
        ready: ReadyStream,
        lease: Option<&Lease>,
        progress: &mut Progress,
    ) -> Result<StreamStatus, StageFailure> {
        context.observer.event(&Event::Reached { stream: &self.name, point: "lease-taken" });
        progress.bookmark = ready.previous.as_ref().map(|checkpoint| checkpoint.bookmark.clone());
        let at_load = StageFailure::before(Stage::Load);
        let sequence = self.note_reload(context, &ready, lease, progress).map_err(&at_load)?;
        let prepared = self.prepare(&ready, lease, true).map_err(&at_load)?;
        progress.schema_changes = prepared.schema_changes;
        if ready.request.mode != LoadMode::Replace {
            self.definition.target_columns = prepared.columns;
        }
        context.observer.event(&Event::Reached { stream: &self.name, point: "table-prepared" });
        self.announce(context)?;
        // A load that continues after an interruption did not see the rows that were deleted in the source since it
        // began.
        let is_first_load = ready.request.mode != LoadMode::Reload && ready.previous.is_none();
        let is_reload = ready.request.mode == LoadMode::Reload;
        let status = self.flow(context, ready, sequence, lease, progress)?;
        self.count_empty_columns(progress).map_err(&at_load)?;
        self.reconcile(context, is_first_load, is_reload, progress)?;
        Ok(status)
    }

    /// Returns the keys of the stream's rows in quarantine. Rows that an interrupted load of a whole table has rejected
    /// are assigned to the run that continues it, since it does not read them again. A run that reads changes meets a
    /// row that was corrected since.
    fn quarantined(
        &self,
        context: &StreamContext,
        ready: &ReadyStream,
        lease: Option<&Lease>,
    ) -> Result<HashSet<KeyDigest>, Failure> {
        let quarantine = Quarantine { pipeline: &context.pipeline };
        let keys = quarantine.of_stream(lock(&self.target).sql(), &self.name)?.keys;
        let goes_on = ready.request.resume && ready.request.mode == LoadMode::Replace;
        let interrupted = ready.previous.as_ref().filter(|previous| goes_on && !previous.complete);
        if let Some(previous) = interrupted {
            in_transaction(&self.target, lease, || {
                quarantine.adopt(lock(&self.target).sql(), &self.name, &previous.run_id, &context.run_id)
            })?;
        }
        Ok(keys)
    }

    fn announce(&mut self, context: &StreamContext) -> Result<(), StageFailure> {
        let expected_rows = if context.observer.wants_expected_rows() {
            self.extractor.expected_rows().map_err(StageFailure::before(Stage::Extract))?
        } else {
            None
        };
        context.observer.event(&Event::Started { stream: &self.name, expected_rows });
        Ok(())
    }

    /// Moves the rows: two threads extract and transform, this one loads and commits.
    fn flow(
        &mut self,
        context: &StreamContext,
        ready: ReadyStream,
        sequence: Option<i64>,
        lease: Option<&Lease>,
        progress: &mut Progress,
    ) -> Result<StreamStatus, StageFailure> {
        let quarantined = self.quarantined(context, &ready, lease).map_err(StageFailure::before(Stage::Load))?;
        let change_key = self.definition.judged_change_key();
        let Self { name, checkpoint_name, extractor, transforms, loader, target, policy, .. } = self;
        let (raw_in, raw_out) = bounded(policy.queue_batches);
        let (ready_in, ready_out) = bounded(policy.queue_batches);
        // A run that continues after an interruption meets some rows again that the run before it has rejected.
        let reads_all = ready.previous.is_none() || ready.request.mode != LoadMode::Merge;
        // A load that merges and continues after an interruption does not read again what was read before.
        let is_whole = ready.request.mode != LoadMode::Merge || ready.previous.is_none();
        let goes_on = ready.request.resume && ready.request.mode != LoadMode::Replace;
        let meets_all = !goes_on && *checkpoint_name == *name;
        let mut load_stage = LoadStage {
            stream: name,
            checkpoint_name,
            target,
            loader: loader.as_mut(),
            policy,
            context,
            lease,
            renewal_interval: LEASE_RENEWAL_INTERVAL,
            mode: ready.request.mode,
            key: &ready.request.key,
            target_table: &self.target_table,
            columns: &ready.request.columns,
            definition: &mut self.definition,
            note: definition_note(&progress.definition_changes),
            source_version: self.source_version.clone(),
            state: self.request.state.clone(),
            previous: ready.previous,
            sequence,
            table: ready.table,
            quarantined,
            resolved: Vec::new(),
            repeats: Repeats::new(is_whole),
            meets_all,
            reads_all,
            charged: 0,
            newly_rejected: 0,
            progress,
        };
        let changes = TransformStage {
            stream: name,
            transforms,
            columns: &ready.request.columns,
            key: &ready.request.key,
            version: ready.request.version.as_deref(),
            change_key,
            on_trap: policy.on_trap,
            on_bad_value: policy.on_bad_value,
            context,
        };
        thread::scope(|scope| {
            let extract = scope.spawn(move || extract(extractor.as_mut(), &raw_in, context));
            let transform = scope.spawn(move || changes.run(&raw_out, &ready_in));
            let loaded = load_stage.run(ready_out);
            let extracted = extract.join().unwrap_or_else(|panic| resume_unwind(panic));
            let transformed = transform.join().unwrap_or_else(|panic| resume_unwind(panic));
            extracted.and(transformed).and(loaded)
        })
    }
}

/// Reads until the end, a failure, a cancellation, or until the receiver is gone.
fn extract(extractor: &mut dyn Extractor, out: &Sender<Message>, context: &StreamContext) -> Result<(), StageFailure> {
    for number in 1.. {
        if context.cancel.is_set() {
            break;
        }
        let step = extractor.next().map_err(StageFailure::in_batch(Stage::Extract, number))?;
        let (message, end) = match step {
            Step::Chunk(chunk) => (Message::Batch(BatchEnvelope::new(number, chunk)), false),
            Step::End(bookmark) => (Message::End(bookmark), true),
        };
        if out.send(message).is_err() || end {
            break;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
