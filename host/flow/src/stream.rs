//! One stream: extract → transform → load, each on a thread of its own with a bounded queue between them.
//! The load stage is the only one that commits, and it commits rows and checkpoint together.

use std::panic::resume_unwind;
use std::sync::{Arc, MutexGuard, PoisonError};
use std::thread;

use arrow_schema::SchemaRef;
use crossbeam_channel::{Receiver, Sender, bounded};

use crate::clock::Clock;
use crate::commit::{Commits, Message, Parcel};
use crate::events::{Event, Observer, StreamStatus, StreamSummary, Tally};
use crate::extract::{ExtractRequest, Extractor, Step};
use crate::failure::{Failure, FailureKind, Stage, StreamFailure};
use crate::load::Loader;
use crate::ready::{Readiness, Ready};
use crate::run::Cancel;
use crate::target::{SharedTarget, TargetSession};
use crate::transform::Transform;
use crate::value::Bookmark;

/// How a stream is written.
#[derive(Debug, Clone)]
pub struct LoadPolicy {
    /// Rows in one transaction, at least one batch.
    pub load_batch_rows: usize,
    /// Batches that may wait between two stages.
    pub queue_batches: usize,
    /// The most rows that may go to quarantine in one run; more fail it. `None`: any number.
    pub max_rejected: Option<u64>,
    /// Whether to read everything again and put it in the place of what is there.
    pub full_refresh: bool,
}

/// A stream, ready to run: what to move, and the stages that move it.
pub struct Stream {
    /// Its name.
    pub name: String,
    /// What to read; bookmark and state are filled in from the checkpoint.
    pub request: ExtractRequest,
    /// The table to write.
    pub target_table: String,
    /// How it is written.
    pub policy: LoadPolicy,
    /// A digest of what shapes the rows: plugins, settings, columns.
    pub shape: String,
    /// The version mark of the source's snapshot.
    pub source_version: Option<String>,
    /// Reads.
    pub extractor: Box<dyn Extractor>,
    /// Change, in this order.
    pub transforms: Vec<Box<dyn Transform>>,
    /// Writes.
    pub loader: Box<dyn Loader>,
    /// Where to; the loader writes through the same session.
    pub target: SharedTarget,
}

/// What the streams of a run share.
#[derive(Clone)]
pub struct StreamContext {
    /// The run's id.
    pub run_id: String,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Who hears what happens.
    pub observer: Arc<dyn Observer>,
    /// Whether to stop.
    pub cancel: Cancel,
}

/// A failure with its stage and batch; the stream's name is put on it at the end.
pub(crate) struct StageFailure {
    pub(crate) stage: Stage,
    pub(crate) batch: Option<u64>,
    pub(crate) failure: Failure,
}

impl StageFailure {
    pub(crate) fn before(stage: Stage) -> impl Fn(Failure) -> Self {
        move |failure| Self { stage, batch: None, failure }
    }

    pub(crate) fn in_batch(stage: Stage, batch: u64) -> impl Fn(Failure) -> Self {
        move |failure| Self { stage, batch: Some(batch), failure }
    }
}

pub(crate) fn lock(target: &SharedTarget) -> MutexGuard<'_, Box<dyn TargetSession>> {
    target.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Stream {
    /// Runs the stream to its end and says how it went. What was committed stays, whatever happens later.
    pub(crate) fn run(mut self, ready: Result<Readiness, StageFailure>, context: &StreamContext) -> StreamSummary {
        let started = context.clock.elapsed();
        let mut tally = Tally::default();
        let mut bookmark = None;
        let result = ready.and_then(|ready| match ready {
            Readiness::Unchanged(checkpoint) => {
                bookmark = Some(checkpoint.bookmark);
                Ok(StreamStatus::Unchanged)
            }
            Readiness::Ready(ready) => self.move_rows(context, *ready, &mut tally, &mut bookmark),
        });
        let seconds = (context.clock.elapsed() - started).as_secs_f64();
        let end = self.ended(result, tally, seconds, bookmark);
        context.observer.event(&Event::Ended(&end));
        end
    }

    /// The end of a stream that another one's mistake kept from running.
    pub(crate) fn not_run(self, ready: Result<Readiness, StageFailure>, context: &StreamContext) -> StreamSummary {
        let end = self.ended(ready.map(|_| StreamStatus::NotRun), Tally::default(), 0.0, None);
        context.observer.event(&Event::Ended(&end));
        end
    }

    fn ended(
        self,
        result: Result<StreamStatus, StageFailure>,
        tally: Tally,
        seconds: f64,
        bookmark: Option<Bookmark>,
    ) -> StreamSummary {
        let stream = self.name;
        let (status, failure) = match result {
            Ok(status) => (status, None),
            Err(at) if at.failure.kind == FailureKind::Cancelled => (StreamStatus::Cancelled, None),
            Err(StageFailure { stage, batch, failure }) => {
                let failure = StreamFailure { stream: stream.clone(), stage, batch, failure };
                (StreamStatus::Failed, Some(failure))
            }
        };
        StreamSummary { stream, status, tally, seconds, bookmark, failure }
    }

    fn move_rows(
        &mut self,
        context: &StreamContext,
        ready: Ready,
        tally: &mut Tally,
        bookmark: &mut Option<Bookmark>,
    ) -> Result<StreamStatus, StageFailure> {
        *bookmark = ready.previous.as_ref().map(|checkpoint| checkpoint.bookmark.clone());
        self.prepare(&ready, true).map_err(StageFailure::before(Stage::Load))?;
        self.announce(context)?;
        self.flow(context, ready, tally, bookmark)
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

    /// Moves the rows: two threads that read and change, and this one that commits.
    fn flow(
        &mut self,
        context: &StreamContext,
        ready: Ready,
        tally: &mut Tally,
        bookmark: &mut Option<Bookmark>,
    ) -> Result<StreamStatus, StageFailure> {
        let Self { name, extractor, transforms, loader, target, policy, .. } = self;
        let (raw_in, raw_out) = bounded(policy.queue_batches);
        let (ready_in, ready_out) = bounded(policy.queue_batches);
        let mut commits = Commits {
            stream: name,
            target,
            loader: loader.as_mut(),
            policy,
            context,
            mode: ready.request.mode,
            shape: &self.shape,
            source_version: self.source_version.clone(),
            state: self.request.state.clone(),
            previous: ready.previous,
            tally,
            bookmark,
        };
        let columns = &ready.request.columns;
        thread::scope(|scope| {
            let extract = scope.spawn(move || extract(extractor.as_mut(), &raw_in, context));
            let transform = scope.spawn(move || transform(transforms, columns, &raw_out, &ready_in));
            let loaded = commits.run(ready_out);
            let extracted = extract.join().unwrap_or_else(|panic| resume_unwind(panic));
            let transformed = transform.join().unwrap_or_else(|panic| resume_unwind(panic));
            extracted.and(transformed).and(loaded)
        })
    }
}

/// Reads until the end, a failure, a cancellation, or until nobody listens any more.
fn extract(extractor: &mut dyn Extractor, out: &Sender<Message>, context: &StreamContext) -> Result<(), StageFailure> {
    for number in 1.. {
        if context.cancel.is_set() {
            break;
        }
        let step = extractor.next().map_err(StageFailure::in_batch(Stage::Extract, number))?;
        let (message, end) = match step {
            Step::Chunk(chunk) => (Message::Parcel(Parcel::new(number, chunk)), false),
            Step::End(bookmark) => (Message::End(bookmark), true),
        };
        if out.send(message).is_err() || end {
            break;
        }
    }
    Ok(())
}

/// Changes batch after batch, and holds the plugins to the columns that they promised.
fn transform(
    transforms: &mut [Box<dyn Transform>],
    columns: &SchemaRef,
    input: &Receiver<Message>,
    out: &Sender<Message>,
) -> Result<(), StageFailure> {
    for message in input {
        let message = match message {
            Message::End(bookmark) => Message::End(bookmark),
            Message::Parcel(mut parcel) => {
                let number = parcel.number;
                let at = StageFailure::in_batch(Stage::Transform, number);
                for transform in transforms.iter_mut() {
                    parcel.batch = transform.process(parcel.batch).map_err(&at)?;
                }
                check_columns(columns, &parcel.batch.rows.schema()).map_err(at)?;
                Message::Parcel(parcel)
            }
        };
        if out.send(message).is_err() {
            break;
        }
    }
    Ok(())
}

/// Refuses a batch whose columns are not those that the table was prepared for.
fn check_columns(promised: &SchemaRef, found: &SchemaRef) -> Result<(), Failure> {
    if promised.fields().len() == found.fields().len() {
        let mut pairs = promised.fields().iter().zip(found.fields());
        let differs = pairs.find(|(a, b)| a.name() != b.name() || a.data_type() != b.data_type());
        return match differs {
            None => Ok(()),
            Some((a, b)) => Err(Failure::permanent(format!(
                "the batch has column {} ({}) where {} ({}) was promised",
                b.name(),
                b.data_type(),
                a.name(),
                a.data_type()
            ))),
        };
    }
    Err(Failure::permanent(format!(
        "the batch has {} columns where {} were promised",
        found.fields().len(),
        promised.fields().len()
    )))
}
