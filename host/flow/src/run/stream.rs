//! One stream of a run: extract → transform → load, each on a thread of its own with a bounded queue between them.
//! The load stage is the only one that commits, and it commits rows and checkpoint together.

use std::collections::HashSet;
use std::panic::resume_unwind;
use std::thread;

use crossbeam_channel::bounded;

use crate::definition::reaction::definition_note;
use crate::failure::kind::FailureKind;
use crate::failure::{Failure, Stage};
use crate::metadata::checkpoint::LoadMode;
use crate::metadata::row_key::KeyDigest;
use crate::metadata::{LEASE_RENEWAL_INTERVAL, Lease, Quarantine};
use crate::ports::events::{Event, StreamStatus, StreamSummary};
use crate::receipt::{Proof, Taker};
use crate::rows::repeats::Repeats;
use crate::stages::extract::extract;
use crate::stages::load::LoadStage;
use crate::stages::transform::TransformStage;
use crate::stream::Stream;
use crate::stream::context::{Progress, StageFailure, StreamContext};
use crate::stream::opened::{OpenOutcome, OpenedStream, ReadyStream};
use crate::stream::transaction::{in_transaction, lock};

impl Stream {
    /// Runs the stream to its end and returns its summary. What was committed stays, whatever happens later.
    pub(crate) fn run(mut self, outcome: OpenOutcome, context: &StreamContext) -> StreamSummary {
        let started = context.clock.elapsed();
        let OpenOutcome { ready, lease, columns, definition_changes, .. } = outcome;
        let mut progress = Progress { columns, definition_changes, ..Progress::default() };
        let result = ready.and_then(|ready| match ready {
            OpenedStream::Unchanged(checkpoint) => {
                let unchanged = || Err("nothing was read: the source is as the last run left it".to_owned());
                progress.proof = self.receipt.is_some().then(unchanged);
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
        let OpenOutcome { ready, columns, definition_changes, schema_changes, .. } = outcome;
        let result = ready.map(|_| StreamStatus::NotRun);
        let progress = Progress { columns, definition_changes, schema_changes, ..Progress::default() };
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
        let Progress { stats, bookmark, columns, schema_changes, definition_changes, comparison, proof } = progress;
        let end = StreamSummary {
            stream,
            status,
            stats,
            seconds,
            bookmark,
            columns,
            schema_changes,
            definition_changes,
            comparison,
            proof,
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
        // A load that continues after an interruption did not see the rows that were deleted in the source since it
        // began.
        let is_reload = ready.request.mode == LoadMode::Reload;
        let is_first_load = !is_reload && ready.previous.is_none();
        // A table that was there, of a pipeline that was reset or of somebody else, may have rows that the source has not.
        let is_new_table =
            is_first_load && lock(&self.target).describe(&self.target_table).map_err(&at_load)?.is_none();
        let prepared = self.prepare(&ready, lease, true).map_err(&at_load)?;
        progress.schema_changes = prepared.schema_changes;
        if ready.request.mode != LoadMode::Replace {
            self.definition.target_columns = prepared.columns;
        }
        context.observer.event(&Event::Reached { stream: &self.name, point: "table-prepared" });
        self.announce(context)?;
        let mut receipt = Taker::begin(self, &ready).map_err(&at_load)?;
        let status = self.flow(context, ready, sequence, lease, receipt.as_mut(), progress)?;
        if is_first_load && let Err(failure) = lock(&self.target).gather_statistics(&self.target_table) {
            tracing::warn!(
                stream = self.name,
                "the table has no statistics, so that queries on it may be slow: {failure}"
            );
        }
        self.count_empty_columns(progress).map_err(&at_load)?;
        self.reconcile(context, is_new_table, is_reload, progress)?;
        progress.proof = receipt.map(|receipt| self.prove(context, receipt, lease, status));
        Ok(status)
    }

    /// Reads the target back while the lease is held, and returns the proof or the reason why there is none.
    fn prove(
        &self,
        context: &StreamContext,
        receipt: Taker,
        lease: Option<&Lease>,
        status: StreamStatus,
    ) -> Result<Proof, String> {
        if status == StreamStatus::Rejected {
            return Err("every row that was read was rejected".to_owned());
        }
        let mut renewed = context.clock.elapsed();
        let mut alive = || {
            if context.cancel.is_set() {
                return Err(Failure::new(FailureKind::Cancelled, "the run was asked to stop"));
            }
            if context.clock.elapsed().saturating_sub(renewed) < LEASE_RENEWAL_INTERVAL {
                return Ok(());
            }
            renewed = context.clock.elapsed();
            in_transaction(&self.target, lease, || Ok(()))
        };
        context.observer.event(&Event::Reached { stream: &self.name, point: "proof-begun" });
        let proven = receipt.end(&mut alive).map_err(|failure| failure.to_string());
        match &proven {
            Ok(proof) if proof.is_equal() => {}
            Ok(_) => tracing::warn!(stream = self.name, "the rows in the target differ from those that were loaded"),
            Err(why) => tracing::warn!(stream = self.name, "the receipt has no proof of the stream: {why}"),
        }
        proven
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
        receipt: Option<&mut Taker>,
        progress: &mut Progress,
    ) -> Result<StreamStatus, StageFailure> {
        let quarantined = self.quarantined(context, &ready, lease).map_err(StageFailure::before(Stage::Load))?;
        let change_key = self.definition.change_key_policy();
        let Self { name, checkpoint_name, extractor, transforms, loader, target, policy, .. } = self;
        let (raw_in, raw_out) = bounded(policy.queue_batches);
        let (ready_in, ready_out) = bounded(policy.queue_batches);
        // A load that merges after a checkpoint does not read again what was read before, but meets some of the rows
        // that an earlier run has rejected.
        let reads_all = ready.previous.is_none() || ready.request.mode != LoadMode::Merge;
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
            receipt,
            table: ready.table,
            quarantined,
            resolved: Vec::new(),
            repeats: Repeats::new(reads_all),
            meets_all,
            reads_all,
            charged: 0,
            newly_rejected: 0,
            progress,
        };
        let transform_stage = TransformStage {
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
        let span = &tracing::Span::current();
        thread::scope(|scope| {
            let extract = scope.spawn(move || span.in_scope(|| extract(extractor.as_mut(), &raw_in, context)));
            let transform = scope.spawn(move || span.in_scope(|| transform_stage.run(&raw_out, &ready_in)));
            let loaded = load_stage.run(ready_out);
            let extracted = extract.join().unwrap_or_else(|panic| resume_unwind(panic));
            let transformed = transform.join().unwrap_or_else(|panic| resume_unwind(panic));
            extracted.and(transformed).and(loaded)
        })
    }
}
