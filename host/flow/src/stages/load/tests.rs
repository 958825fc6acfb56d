//! The load stage on a target in memory: the size of load batches, the end as a message, and the commits that a lost
//! lease, a spent budget or a failing target prevents.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crossbeam_channel::{Sender, unbounded};
use proptest::prelude::*;

use crate::definition::Definition;
use crate::failure::Failure;
use crate::failure::kind::FailureKind;
use crate::metadata::checkpoint::LoadMode;
use crate::metadata::{LEASE_RENEWAL_INTERVAL, Lease, Quarantine, RejectedIn};
use crate::ports::clock::Clock as _;
use crate::ports::events::StreamStatus;
use crate::ports::extractor::{Extractor as _, Step};
use crate::ports::loader::{LoadRequest, Loader as _};
use crate::ports::target::SharedTarget;
use crate::rows::batch::Rejected;
use crate::rows::repeats::Repeats;
use crate::stages::load::LoadStage;
use crate::stages::message::{BatchEnvelope, Message};
use crate::stream::context::{Progress, StageFailure};
use crate::stream::policy::{Budget, DeleteGuard, Policy};
use crate::stream::transaction::{in_transaction, lock};
use crate::testing::{
    Bench, MemoryExtractor, MemoryLoader, PIPELINE, STREAM, TABLE, bookmark_at, item_columns, policy,
};

/// A load stage whose neighbours are a channel and a target in memory.
struct Fixture {
    bench: Bench,
    target: SharedTarget,
    loader: MemoryLoader,
    policy: Policy,
    definition: Definition,
    progress: Progress,
    lease: Option<Lease>,
    renewal_interval: Duration,
    mode: LoadMode,
    /// True if the run reads all rows, not only what changed.
    reads_all: bool,
}

impl Fixture {
    /// Returns a stage whose table is prepared, under a lease.
    fn new(mode: LoadMode) -> Self {
        Self::on(Bench::new(), mode)
    }

    fn on(bench: Bench, mode: LoadMode) -> Self {
        let stream = bench.stream(MemoryExtractor::new([], 1));
        let (target, policy, definition) = (Arc::clone(&stream.target), policy(), stream.definition.clone());
        let lease = bench.lease();
        in_transaction(&target, None, || lease.acquire(lock(&target).sql(), &|_| false)).expect("a lease");
        let mut loader = MemoryLoader::new(Arc::clone(&target));
        let request = LoadRequest {
            stream: STREAM.to_owned(),
            table: TABLE.to_owned(),
            mode,
            columns: item_columns(false),
            key: vec!["id".to_owned()],
            version: None,
            schema: policy.schema,
            resume: false,
        };
        in_transaction(&target, None, || loader.prepare(&request)).expect("a table");
        Self {
            bench,
            target,
            loader,
            policy,
            definition,
            progress: Progress::default(),
            lease: Some(lease),
            renewal_interval: LEASE_RENEWAL_INTERVAL,
            mode,
            reads_all: true,
        }
    }

    /// Runs the stage on a channel that `send` fills on a thread of its own.
    fn run(&mut self, send: impl FnOnce(Sender<Message>) + Send) -> Result<StreamStatus, StageFailure> {
        let (sender, receiver) = unbounded();
        let columns = item_columns(false);
        let table = lock(&self.target).describe(TABLE).expect("a table");
        let mut stage = LoadStage {
            stream: STREAM,
            checkpoint_name: STREAM,
            target: &self.target,
            loader: &mut self.loader,
            policy: &self.policy,
            context: &self.bench.context,
            lease: self.lease.as_ref(),
            renewal_interval: self.renewal_interval,
            mode: self.mode,
            key: &["id".to_owned()],
            receipt: None,
            target_table: TABLE,
            columns: &columns,
            definition: &mut self.definition,
            note: None,
            source_version: None,
            state: Default::default(),
            previous: None,
            sequence: None,
            quarantined: Default::default(),
            resolved: Vec::new(),
            repeats: Repeats::new(true),
            meets_all: true,
            reads_all: self.reads_all,
            charged: 0,
            newly_rejected: 0,
            table,
            progress: &mut self.progress,
        };
        thread::scope(|scope| {
            scope.spawn(move || send(sender));
            stage.run(receiver)
        })
    }

    /// Runs the stage on all that an extractor returns.
    fn run_all(&mut self, extractor: MemoryExtractor) -> Result<StreamStatus, StageFailure> {
        // A stage that fails takes no further messages.
        self.run(|out| {
            let is_taken = |message| out.send(message).is_ok();
            messages(extractor).into_iter().all(is_taken);
        })
    }

    /// Returns the numbers of rows read at each commit so far.
    fn commits(&self) -> Vec<u64> {
        self.bench.recorder.committed().iter().map(|stats| stats.read).collect()
    }
}

/// Returns what an extractor returns, with the end as the last message.
fn messages(mut extractor: MemoryExtractor) -> Vec<Message> {
    let request = Bench::new().stream(extractor.clone()).request;
    extractor.open(&request).expect("an extractor");
    let mut messages = Vec::new();
    for number in 1.. {
        match extractor.next().expect("a step") {
            Step::Chunk(chunk) => messages.push(Message::Batch(BatchEnvelope::new(number, chunk))),
            Step::End(bookmark) => {
                messages.push(Message::End(bookmark));
                break;
            }
        }
    }
    messages
}

fn failure_of(result: Result<StreamStatus, StageFailure>) -> Failure {
    result.expect_err("a failure").failure
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    /// A load batch ends with the batch that fills it, and not later; the rest is committed at the end.
    #[test]
    fn a_load_batch_is_as_small_as_its_number_of_rows_allows(
        rows in 0_i64..25, batch_rows in 1_usize..6, load_batch_rows in 1_usize..12,
    ) {
        let mut fixture = Fixture::new(LoadMode::Merge);
        fixture.policy.load_batch_rows = load_batch_rows;
        let ended = fixture.run_all(MemoryExtractor::new(1..=rows, batch_rows));
        prop_assert!(matches!(ended, Ok(StreamStatus::Succeeded)));
        let (mut expected, mut read, mut waiting) = (Vec::new(), 0, 0);
        while read < rows as u64 {
            let batch = (rows as u64 - read).min(batch_rows as u64);
            (read, waiting) = (read + batch, waiting + batch);
            if waiting >= load_batch_rows as u64 {
                expected.push(read);
                waiting = 0;
            }
        }
        expected.extend((waiting > 0).then_some(read));
        // The end is a commit of its own.
        expected.push(read);
        prop_assert_eq!(fixture.commits(), expected);
        prop_assert_eq!(fixture.bench.target.ids(TABLE), (1..=rows).collect::<Vec<_>>());
    }
}

#[test]
fn an_empty_batch_counts_as_a_row_so_that_its_bookmark_is_committed() {
    let mut fixture = Fixture::new(LoadMode::Merge);
    let result = fixture.run(|out| {
        for mut message in messages(MemoryExtractor::new(1..=3, 1)) {
            if let Message::Batch(envelope) = &mut message {
                envelope.batch.rows = envelope.batch.rows.slice(0, 0);
                envelope.read = 0;
            }
            out.send(message).expect("a receiver");
        }
    });
    assert!(matches!(result, Ok(StreamStatus::Succeeded)));
    assert_eq!(fixture.commits().len(), 3, "two and one, and the end");
}

#[test]
fn only_the_message_of_the_end_completes_a_load() {
    for (ends, mode) in [(true, LoadMode::Merge), (false, LoadMode::Merge), (false, LoadMode::Replace)] {
        let mut fixture = Fixture::new(mode);
        let result = fixture.run(|out| {
            let all = messages(MemoryExtractor::new(1..=5, 1));
            let sent = all.into_iter().filter(|message| ends || matches!(message, Message::Batch(_)));
            sent.for_each(|message| out.send(message).expect("a receiver"));
        });
        let checkpoint = fixture.bench.last_entry().and_then(|entry| entry.checkpoint).expect("a checkpoint");
        assert_eq!(checkpoint.complete, ends);
        assert_eq!(checkpoint.bookmark, bookmark_at(5), "the rows that were gathered are committed");
        assert_eq!(fixture.bench.recorder.points().contains(&"finish-begun"), ends);
        match mode {
            LoadMode::Replace => assert!(fixture.bench.target.ids(TABLE).is_empty(), "no swap"),
            _ => assert_eq!(fixture.bench.target.ids(TABLE), [1, 2, 3, 4, 5]),
        }
        match ends {
            true => assert!(matches!(result, Ok(StreamStatus::Succeeded))),
            false => assert_eq!(failure_of(result).kind, FailureKind::Cancelled),
        }
    }
}

#[test]
fn a_request_to_stop_is_met_after_the_load_batch_in_progress() {
    let mut fixture = Fixture::new(LoadMode::Merge);
    let cancel = fixture.bench.context.cancel.clone();
    fixture.bench.recorder.at("batch-gathered", move || cancel.set());
    let failure = failure_of(fixture.run_all(MemoryExtractor::new(1..=6, 1)));
    assert_eq!(failure.kind, FailureKind::Cancelled);
    assert_eq!(fixture.bench.target.ids(TABLE), [1, 2]);
    let checkpoint = fixture.bench.last_entry().and_then(|entry| entry.checkpoint).expect("a checkpoint");
    assert_eq!((checkpoint.complete, checkpoint.bookmark), (false, bookmark_at(2)));
}

#[test]
fn the_lease_is_renewed_while_no_rows_come() {
    let mut fixture = Fixture::new(LoadMode::Merge);
    fixture.renewal_interval = Duration::from_millis(1);
    let (target, clock) = (fixture.bench.target.clone(), Arc::clone(&fixture.bench.clock));
    clock.advance(Duration::from_secs(60));
    let begun = Instant::now();
    let result = fixture.run(|out| {
        while target.count_of("UPDATE WMSHOST_LEASE") < 3 {
            assert!(begun.elapsed() < Duration::from_secs(10), "the lease is not renewed");
            thread::yield_now();
        }
        out.send(Message::End(bookmark_at(0))).expect("a receiver");
    });
    assert!(matches!(result, Ok(StreamStatus::Succeeded)));
    let now = fixture.bench.clock.now() / 1_000_000;
    let expires = fixture.bench.target.query("SELECT expires_at FROM WMSHOST_LEASE");
    assert_eq!(expires[0][0].to_string(), (now + 120).to_string());
}

#[test]
fn without_a_lease_nothing_is_renewed_while_no_rows_come() {
    let mut fixture = Fixture::new(LoadMode::Merge);
    (fixture.lease, fixture.renewal_interval) = (None, Duration::from_millis(1));
    let begins = fixture.bench.target.count_of("begin");
    let result = fixture.run(|out| {
        thread::sleep(Duration::from_millis(10));
        drop(out);
    });
    assert_eq!(failure_of(result).kind, FailureKind::Cancelled);
    assert_eq!(fixture.bench.target.count_of("begin"), begins);
}

#[test]
fn a_lost_lease_stops_the_commit() {
    // At each of these points another run takes the lease over.
    for (number, rows) in [(1, &[][..]), (2, &[1, 2]), (3, &[1, 2, 3, 4])] {
        let mut fixture = Fixture::new(LoadMode::Merge);
        let (target, gathered) = (fixture.bench.target.clone(), AtomicU32::new(1));
        fixture.bench.recorder.at("batch-gathered", move || {
            if gathered.fetch_add(1, Ordering::Relaxed) == number {
                target.execute("UPDATE WMSHOST_LEASE SET run_id = 'run-2'");
            }
        });
        let failure = failure_of(fixture.run_all(MemoryExtractor::new(1..=6, 1)));
        assert_eq!(failure.kind, FailureKind::Busy);
        assert!(failure.message.contains("this run lost its lease: run run-2"), "{failure}");
        assert_eq!(fixture.bench.target.ids(TABLE), rows);
        let bookmark = fixture.bench.last_entry().and_then(|entry| entry.checkpoint).map(|there| there.bookmark);
        assert_eq!(bookmark, rows.last().map(|id| bookmark_at(*id)));
        assert!(!fixture.bench.recorder.points().contains(&"finish-begun"));
    }
}

#[test]
fn rows_and_checkpoint_are_committed_together_or_not_at_all() {
    for operation in ["begin", "UPDATE WMSHOST_LEASE", "merge", "INSERT INTO WMSHOST_CHECKPOINT", "commit"] {
        let mut fixture = Fixture::new(LoadMode::Merge);
        fixture.bench.target.fail_at(operation, Failure::transient("the connection was lost"));
        let failure = failure_of(fixture.run_all(MemoryExtractor::new(1..=4, 2)));
        assert_eq!(failure.kind, FailureKind::Transient, "{operation}");
        assert!(fixture.bench.target.ids(TABLE).is_empty(), "{operation}");
        assert!(fixture.bench.last_entry().is_none(), "{operation}");
        assert_eq!(fixture.progress.stats, Default::default(), "{operation}: what was not committed does not count");
    }
}

#[test]
fn a_loader_that_forgets_a_row_loads_none() {
    let mut fixture = Fixture::new(LoadMode::Merge);
    fixture.loader = MemoryLoader::new(Arc::clone(&fixture.target)).forgetting(1);
    let request = LoadRequest {
        stream: STREAM.to_owned(),
        table: TABLE.to_owned(),
        mode: LoadMode::Merge,
        columns: item_columns(false),
        key: vec!["id".to_owned()],
        version: None,
        schema: fixture.policy.schema,
        resume: false,
    };
    in_transaction(&fixture.target, None, || fixture.loader.prepare(&request)).expect("a table");
    let failure = failure_of(fixture.run_all(MemoryExtractor::new(1..=2, 2)));
    assert!(failure.message.contains("the loader wrote 1 of the batch's 2 rows"), "{failure}");
    assert!(fixture.bench.target.ids(TABLE).is_empty());
}

#[test]
fn rows_that_the_target_refuses_go_to_quarantine_with_the_others_loaded() {
    let mut fixture = Fixture::new(LoadMode::Merge);
    fixture.bench.target.refuse(&[2, 3]);
    assert!(matches!(fixture.run_all(MemoryExtractor::new(1..=4, 2)), Ok(StreamStatus::Succeeded)));
    assert_eq!(fixture.bench.target.ids(TABLE), [1, 4]);
    let quarantined = fixture.bench.quarantined();
    let keys: Vec<_> = quarantined.iter().filter_map(|row| row.key.as_deref()).collect();
    assert_eq!((keys.len(), quarantined[0].by.as_str()), (2, "sqlite"), "{keys:?}");
    let stats = fixture.progress.stats;
    assert_eq!((stats.read, stats.written, stats.rejected), (4, 2, 2));
}

#[test]
fn a_spent_budget_loads_nothing_of_the_batch_and_keeps_its_rejected_rows() {
    let mut fixture = Fixture::new(LoadMode::Merge);
    fixture.policy.budget = Budget { rows: Some(1), ..Budget::default() };
    let failure = failure_of(fixture.run_all(MemoryExtractor::new(1..=6, 1).rejecting(&[1, 4])));
    assert!(failure.message.contains("limit max_rejected: 1 allowed, 2 asked for"), "{failure}");
    assert_eq!(fixture.bench.target.ids(TABLE), [2], "the load batch of 3 and 4 is rolled back");
    assert_eq!(fixture.bench.quarantined().len(), 2);
    // None is passed: a run passes its rows at its end, so that these count as new in the next one.
    let passed = fixture.bench.target.query("SELECT COUNT(*) FROM WMSHOST_QUARANTINE WHERE passed = 1");
    assert_eq!(passed[0][0].to_string(), "0");
}

#[test]
fn a_percentage_is_checked_from_a_thousand_rows_on_at_the_end_and_above_its_floor() {
    let budget = Budget { percent: Some(1.0), floor: 3, ..Budget::default() };
    // Rows, rejected ones among them, and the number of rows that are loaded if the run fails.
    for (rows, rejected, loaded) in [(20, 3, None), (20, 4, Some(0)), (1_000, 10, None), (2_000, 11, Some(0))] {
        let mut fixture = Fixture::new(LoadMode::Merge);
        (fixture.policy.budget, fixture.policy.load_batch_rows) = (budget, 1_000);
        let rejects: Vec<i64> = (1..=rejected).collect();
        let result = fixture.run_all(MemoryExtractor::new(1..=rows, 500).rejecting(&rejects));
        match loaded {
            None => assert!(matches!(result, Ok(StreamStatus::Succeeded)), "{rows} {rejected}"),
            Some(loaded) => {
                assert!(failure_of(result).message.contains("max_rejected_percent"), "{rows} {rejected}");
                assert_eq!(fixture.bench.target.ids(TABLE).len(), loaded, "{rows} {rejected}");
            }
        }
    }
}

#[test]
fn a_run_that_reads_changes_is_charged_only_with_rows_that_no_run_has_passed() {
    let rejected = |ids: &[i64]| -> Vec<Rejected> {
        let all = messages(MemoryExtractor::new(ids.to_vec(), 1).rejecting(ids)).into_iter();
        all.flat_map(|message| if let Message::Batch(it) = message { it.batch.rejected } else { Vec::new() }).collect()
    };
    // Rows in quarantine before the run, whether it reads all rows, and whether it stays within its budget of one row.
    for (known, passes, reads_all, is_within) in [
        (&[][..], true, false, false),
        (&[1], true, false, true),
        (&[1], false, false, false),
        (&[1, 2], true, false, true),
        (&[1, 2], true, true, false),
    ] {
        let mut fixture = Fixture::new(LoadMode::Merge);
        (fixture.policy.budget, fixture.reads_all) = (Budget { rows: Some(1), ..Budget::default() }, reads_all);
        let run = RejectedIn { stream: STREAM, run_id: "run-0", at: "2025-12-31 00:00:00.000000", passes };
        let quarantine = Quarantine { pipeline: PIPELINE };
        let rows = rejected(known);
        quarantine.add(lock(&fixture.target).sql(), run, &rows, &["id".to_owned()]).expect("rows in quarantine");
        let result = fixture.run_all(MemoryExtractor::new(1..=3, 1).rejecting(&[1, 2]));
        assert_eq!(result.is_ok(), is_within, "{known:?}, passed: {passes}, reads all: {reads_all}");
    }
}

#[test]
fn a_load_of_rejected_rows_only_leaves_the_table() {
    let mut fixture = Fixture::new(LoadMode::Merge);
    assert!(matches!(fixture.run_all(MemoryExtractor::new(1..=2, 2)), Ok(StreamStatus::Succeeded)));
    let mut fixture = Fixture::on(fixture.bench, LoadMode::Replace);
    let result = fixture.run_all(MemoryExtractor::new(1..=2, 2).rejecting(&[1, 2]));
    assert!(matches!(result, Ok(StreamStatus::Rejected)));
    assert_eq!(fixture.bench.target.ids(TABLE), [1, 2]);
    let checkpoint = fixture.bench.last_entry().and_then(|entry| entry.checkpoint).expect("a checkpoint");
    assert!(!checkpoint.complete);
}

#[test]
fn a_guard_stops_a_load_that_would_delete_too_many_rows() {
    for (rows, is_stopped) in [(8, false), (7, true)] {
        let mut fixture = Fixture::new(LoadMode::Merge);
        assert!(fixture.run_all(MemoryExtractor::new(1..=10, 5)).is_ok());
        let mut fixture = Fixture::on(fixture.bench, LoadMode::Replace);
        fixture.policy.delete_guard = DeleteGuard { rows: Some(2), percent: None, is_lifted: false };
        let result = fixture.run_all(MemoryExtractor::new(1..=rows, 5));
        if is_stopped {
            let failure = failure_of(result);
            assert_eq!(failure.kind, FailureKind::Guard);
            assert!(failure.message.contains("no longer has 3 of the 10 rows"), "{failure}");
            assert_eq!(fixture.bench.target.ids(TABLE).len(), 10);
        } else {
            assert!(matches!(result, Ok(StreamStatus::Succeeded)));
            assert_eq!(fixture.bench.target.ids(TABLE).len(), 8);
            assert_eq!(fixture.progress.stats.deleted, 2);
        }
    }
}
