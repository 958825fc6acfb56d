//! A stream whose ports are all in memory, and the context of its run.

use std::sync::Arc;

use super::clock::FakeClock;
use super::extractor::MemoryExtractor;
use super::loader::MemoryLoader;
use super::recorder::Recorder;
use super::target::MemoryTarget;
use crate::definition::Definition;
use crate::metadata::{Entry, Lease, LeaseOwner, Ledger, Quarantine, QuarantineFilter, QuarantinedRow};
use crate::ports::cancel::Cancel;
use crate::ports::events::StreamSummary;
use crate::ports::extractor::{ExtractRequest, Method};
use crate::run::run_streams;
use crate::stream::Stream;
use crate::stream::context::StreamContext;
use crate::stream::policy::Policy;

/// The pipeline's name.
pub(crate) const PIPELINE: &str = "pipeline";
/// The stream's name.
pub(crate) const STREAM: &str = "item";
/// The table that it writes.
pub(crate) const TABLE: &str = "ITEM";

/// Returns a policy without limits: two rows in a transaction, bad values go to quarantine.
pub(crate) fn policy() -> Policy {
    Policy::without_limits(2)
}

/// The bench: one target, one clock, one recorder of events, and runs one after another.
pub(crate) struct Bench {
    pub(crate) clock: Arc<FakeClock>,
    pub(crate) recorder: Arc<Recorder>,
    pub(crate) target: MemoryTarget,
    /// The context of the run, which is `run-1` at first.
    pub(crate) context: StreamContext,
}

impl Bench {
    /// Returns a bench with an empty target.
    pub(crate) fn new() -> Self {
        let (clock, recorder) = (Arc::new(FakeClock::default()), Recorder::shared());
        let target = MemoryTarget::new(Arc::clone(&clock));
        let context = StreamContext {
            pipeline: PIPELINE.to_owned(),
            run_id: "run-1".to_owned(),
            holder: LeaseOwner { machine: "here".to_owned(), process: 1 },
            is_dead: |_| false,
            clock: Arc::clone(&clock) as _,
            observer: Arc::clone(&recorder) as _,
            cancel: Cancel::default(),
        };
        Self { clock, recorder, target, context }
    }

    /// Returns an incremental stream of this extractor.
    pub(crate) fn stream(&self, extractor: MemoryExtractor) -> Stream {
        let request = ExtractRequest {
            change_key: Some("changed".to_owned()),
            lookback_versions: Some(0),
            ..ExtractRequest::of_table(STREAM, ("source", "item"), Method::Incremental, 2)
        };
        let target = self.target.share();
        Stream {
            name: STREAM.to_owned(),
            definition: Definition::of(&request, TABLE),
            request,
            target_table: TABLE.to_owned(),
            policy: policy(),
            source_version: None,
            extractor: Box::new(extractor),
            transforms: Vec::new(),
            loader: Box::new(MemoryLoader::new(Arc::clone(&target))),
            target,
            checkpoint_name: STREAM.to_owned(),
            reconcile: None,
            receipt: None,
        }
    }

    /// Runs a stream as the next run, with a request to stop of its own.
    pub(crate) fn run(&mut self, stream: Stream) -> StreamSummary {
        let summary = run_streams(vec![stream], 1, &self.context).pop().expect("a summary");
        self.next_run();
        summary
    }

    /// Lets a new run begin.
    pub(crate) fn next_run(&mut self) {
        let number: u32 = self.context.run_id["run-".len()..].parse().expect("a number");
        self.context.run_id = format!("run-{}", number + 1);
        self.context.cancel = Cancel::default();
    }

    /// Returns the lease of the present run.
    pub(crate) fn lease(&self) -> Lease {
        let StreamContext { pipeline, run_id, holder, .. } = &self.context;
        Lease { pipeline: pipeline.clone(), stream: STREAM.to_owned(), run_id: run_id.clone(), holder: holder.clone() }
    }

    /// Returns the last row of the stream in the ledger.
    pub(crate) fn last_entry(&self) -> Option<Entry> {
        let ledger = Ledger { pipeline: PIPELINE };
        ledger.last(&mut self.target.open(), STREAM).expect("a ledger")
    }

    /// Returns the stream's rows in quarantine.
    pub(crate) fn quarantined(&self) -> Vec<QuarantinedRow> {
        let filter = QuarantineFilter { stream: STREAM.to_owned(), ..QuarantineFilter::default() };
        let quarantine = Quarantine { pipeline: PIPELINE };
        quarantine.page(&mut self.target.open(), &filter, None, 1_000, true).expect("a page")
    }
}
