//! Whole streams between ports in memory: whatever fails on the way, the next run continues from the last checkpoint,
//! and in the end the target has the source's rows.

use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;

use crate::failure::kind::FailureKind;
use crate::failure::{Failure, Stage};
use crate::ports::events::{StreamStatus, StreamSummary};
use crate::ports::extractor::Method;
use crate::run::{check_streams, run_streams};
use crate::stream::Stream;
use crate::stream::policy::OnTrap;
use crate::testing::{
    Behaviour, Bench, Fault, MemoryExtractor, MemoryLoader, MemoryTarget, STREAM, ScriptedTransform, TABLE, bookmark_at,
};

/// Returns the failure of a summary, in words.
fn words(summary: &StreamSummary) -> String {
    summary.failure.as_ref().map(ToString::to_string).unwrap_or_default()
}

#[test]
fn a_failure_of_a_batch_keeps_the_batches_before_it() {
    let mut bench = Bench::new();
    let extractor = MemoryExtractor::new(1..=9, 2);
    let failing = extractor.clone().with(Fault::AtBatch(4, Failure::transient("the connection was lost")));
    let summary = bench.run(bench.stream(failing));
    assert_eq!(summary.status, StreamStatus::Failed);
    assert_eq!(words(&summary), "stream item, extract, batch 4: the connection was lost");
    assert_eq!(bench.target.ids(TABLE), [1, 2, 3, 4, 5, 6]);
    assert_eq!((summary.bookmark, summary.stats.read), (Some(bookmark_at(6)), 6));
    assert!(bench.target.query("SELECT COUNT(*) FROM WMSHOST_LEASE")[0][0].to_string() == "0", "the lease is released");

    let summary = bench.run(bench.stream(extractor.clone()));
    assert_eq!((summary.status, summary.stats.read), (StreamStatus::Succeeded, 3));
    let requests = extractor.requests();
    let bookmarks: Vec<_> = requests.lock().expect("requests").iter().map(|it| it.bookmark.clone()).collect();
    assert_eq!(bookmarks, [None, Some(bookmark_at(6))]);
}

#[test]
fn a_trap_and_a_request_to_stop_end_a_run_as_what_they_are() {
    let mut bench = Bench::new();
    let summary = bench.run(bench.stream(MemoryExtractor::new(1..=6, 2).with(Fault::TrapAtRow(4))));
    assert_eq!(summary.failure.as_ref().map(|at| at.failure.kind), Some(FailureKind::Trap));
    assert_eq!(words(&summary), "stream item, extract, batch 2, plugin memory in next: unreachable");

    let cancel = bench.context.cancel.clone();
    let summary = bench.run(bench.stream(MemoryExtractor::new(1..=9, 2).with(Fault::CancelAt(1, cancel))));
    assert_eq!((summary.status, summary.failure), (StreamStatus::Cancelled, None));
    assert!(!bench.last_entry().and_then(|entry| entry.checkpoint).expect("a checkpoint").complete);
}

#[test]
fn a_failing_transform_stops_the_stream_in_its_own_name() {
    let mut bench = Bench::new();
    let mut stream = bench.stream(MemoryExtractor::new(1..=6, 2));
    stream.transforms.push(Box::new(ScriptedTransform::new(Behaviour::Trap, &[5], Arc::clone(&bench.clock))));
    let summary = bench.run(stream);
    let failure = summary.failure.as_ref().expect("a failure");
    assert_eq!((failure.stage, failure.batch), (Stage::Transform, Some(3)));
    assert_eq!(bench.target.ids(TABLE), [1, 2, 3, 4]);

    let mut stream = bench.stream(MemoryExtractor::new(1..=6, 2));
    stream.policy.on_trap = OnTrap::Quarantine;
    stream.transforms.push(Box::new(ScriptedTransform::new(Behaviour::Trap, &[5], Arc::clone(&bench.clock))));
    assert_eq!(bench.run(stream).status, StreamStatus::Succeeded);
    assert_eq!(bench.target.ids(TABLE), [1, 2, 3, 4, 6]);
    assert_eq!(bench.quarantined().iter().map(|row| row.rule.as_str()).collect::<Vec<_>>(), ["trap"]);
}

/// Returns a stream of this name and table, beside the bench's own.
fn other(bench: &Bench, name: &str, extractor: MemoryExtractor) -> Stream {
    let mut stream = bench.stream(extractor);
    (stream.name, stream.checkpoint_name) = (name.to_owned(), name.to_owned());
    stream.target_table = name.to_uppercase();
    // A database of its own, since two sessions of a target in memory do not wait for each other.
    stream.target = MemoryTarget::new(Arc::clone(&bench.clock)).share();
    stream.loader = Box::new(MemoryLoader::new(Arc::clone(&stream.target)));
    stream
}

#[test]
fn a_mistake_of_one_stream_keeps_all_from_running_and_a_failure_does_not() {
    for (kind, status) in [
        (FailureKind::InvalidConfig, StreamStatus::NotRun),
        (FailureKind::Denied, StreamStatus::NotRun),
        (FailureKind::Transient, StreamStatus::Succeeded),
    ] {
        let bench = Bench::new();
        let mut faulty = other(&bench, "faulty", MemoryExtractor::new(1..=3, 2));
        faulty.extractor = Box::new(MemoryExtractor::new(1..=3, 2).with(Fault::AtOpen(Failure::new(kind, "no"))));
        let good = bench.stream(MemoryExtractor::new(1..=3, 2));
        let ends = run_streams(vec![faulty, good], 2, &bench.context);
        assert_eq!(ends.iter().map(|end| end.status).collect::<Vec<_>>(), [StreamStatus::Failed, status], "{kind:?}");
        let lease = bench.target.query("SELECT COUNT(*) FROM WMSHOST_LEASE");
        assert_eq!(lease[0][0].to_string(), "0", "{kind:?}: the lease is released");
        assert_eq!(bench.target.ids(TABLE).is_empty(), status == StreamStatus::NotRun, "{kind:?}");
    }
}

#[test]
fn a_check_writes_nothing() {
    let bench = Bench::new();
    let ends = check_streams(vec![bench.stream(MemoryExtractor::new(1..=3, 2))], 1, &bench.context);
    assert_eq!(ends[0].status, StreamStatus::NotRun);
    assert_eq!(bench.target.query("SELECT name FROM main.sqlite_schema"), Vec::<Vec<_>>::new());
    assert_eq!(bench.target.count_of("commit"), 0);
}

#[test]
fn a_run_that_another_one_holds_off_reports_who_holds_the_stream() {
    let mut bench = Bench::new();
    assert_eq!(bench.run(bench.stream(MemoryExtractor::new(1..=3, 2))).status, StreamStatus::Succeeded);
    let mut session = bench.target.open();
    bench.lease().take(&mut session, &|_| false).expect("a lease");
    bench.next_run();
    let summary = bench.run(bench.stream(MemoryExtractor::new(1..=5, 2)));
    assert_eq!(summary.failure.as_ref().map(|at| at.failure.kind), Some(FailureKind::Busy));
    assert!(words(&summary).contains("run run-2 (process 1 on here) holds the stream"), "{}", words(&summary));
    assert_eq!(bench.target.ids(TABLE), [1, 2, 3]);
}

#[test]
fn a_lease_that_is_lost_before_the_first_row_lets_the_run_change_nothing() {
    let mut bench = Bench::new();
    let target = bench.target.clone();
    bench.recorder.at("lease-taken", move || {
        assert_eq!(target.execute("UPDATE WMSHOST_LEASE SET run_id = 'other'"), 1);
    });
    let summary = bench.run(bench.stream(MemoryExtractor::new(1..=3, 2)));
    assert_eq!(summary.failure.as_ref().map(|at| at.failure.kind), Some(FailureKind::Busy));
    let tables = bench.target.query("SELECT name FROM main.sqlite_schema");
    assert_eq!(tables.into_iter().flatten().map(|it| it.to_string()).collect::<Vec<_>>(), ["WMSHOST_LEASE"]);
}

#[test]
fn a_load_that_replaces_the_table_continues_on_the_same_snapshot_only() {
    for (version, read, rows) in
        [(Some("1"), 2, &[1, 2, 3, 4, 5, 6][..]), (Some("2"), 5, &[2, 3, 4, 5, 6]), (None, 5, &[2, 3, 4, 5, 6])]
    {
        let mut bench = Bench::new();
        let full = |bench: &Bench, extractor, version: Option<&str>| {
            let mut stream = bench.stream(extractor);
            (stream.request.method, stream.definition.method) = (Method::Full, Method::Full);
            stream.source_version = version.map(str::to_owned);
            stream
        };
        let failing = MemoryExtractor::new(1..=6, 2).with(Fault::AtBatch(3, Failure::transient("lost")));
        let first = full(&bench, failing, Some("1"));
        assert_eq!(bench.run(first).status, StreamStatus::Failed);
        assert!(bench.target.ids(TABLE).is_empty(), "nothing is replaced yet");
        // Row 1 is gone in the meantime.
        let second = full(&bench, MemoryExtractor::new(2..=6, 2), version);
        let summary = bench.run(second);
        assert_eq!((summary.status, summary.stats.read), (StreamStatus::Succeeded, read), "{version:?}");
        assert_eq!(bench.target.ids(TABLE), rows, "{version:?}");
    }
}

/// A fault of a run, as a test chooses it.
#[derive(Debug, Clone)]
enum Mishap {
    Extract(u64),
    Trap(i64),
    Stop(u64),
    Target(&'static str, u8),
}

impl Mishap {
    /// Prepares the fault for the next run.
    fn prepare(&self, bench: &Bench, extractor: MemoryExtractor) -> MemoryExtractor {
        let lost = || Failure::transient("lost");
        match self {
            Self::Extract(number) => extractor.with(Fault::AtBatch(*number, lost())),
            Self::Trap(id) => extractor.with(Fault::TrapAtRow(*id)),
            Self::Stop(number) => extractor.with(Fault::CancelAt(*number, bench.context.cancel.clone())),
            Self::Target(operation, after) => {
                bench.target.fail_after(operation, (*after).into(), lost());
                extractor
            }
        }
    }
}

/// The operations of the target that fail.
const OPERATIONS: [&str; 10] = [
    "begin",
    "commit",
    "merge",
    "insert",
    "swap",
    "describe",
    "INSERT INTO WMSHOST_CHECKPOINT",
    "UPDATE WMSHOST_CHECKPOINT",
    "UPDATE WMSHOST_LEASE",
    "SELECT",
];

fn mishap() -> impl Strategy<Value = Mishap> {
    prop_oneof![
        1 => (1_u64..8).prop_map(Mishap::Extract),
        1 => (1_i64..14).prop_map(Mishap::Trap),
        1 => (1_u64..8).prop_map(Mishap::Stop),
        4 => (prop::sample::select(&OPERATIONS[..]), prop_oneof![3 => 0_u8..3, 1 => 3_u8..12])
            .prop_map(|(operation, after)| Mishap::Target(operation, after)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    /// Whatever fails in whatever run: no checkpoint is ahead of the rows, none goes back while the load merges, and a
    /// run without faults ends with the source's rows.
    #[test]
    fn whatever_fails_the_target_gets_the_rows_of_the_source(
        rows in 0_i64..14,
        batch_rows in 1_usize..4,
        load_batch_rows in 1_usize..5,
        is_full: bool,
        mishaps in prop::collection::vec(mishap(), 0..5),
    ) {
        let mut bench = Bench::new();
        let stream = |bench: &Bench, extractor: MemoryExtractor| {
            let mut stream = bench.stream(extractor);
            stream.policy.load_batch_rows = load_batch_rows;
            stream.source_version = Some("1".to_owned());
            if is_full {
                (stream.request.method, stream.definition.method) = (Method::Full, Method::Full);
            }
            stream
        };
        let mut last = i64::MIN;
        for mishap in &mishaps {
            let extractor = mishap.prepare(&bench, MemoryExtractor::new(1..=rows, batch_rows));
            let stream = stream(&bench, extractor);
            bench.run(stream);
            bench.target.mend();
            // A lease that could not be released expires.
            bench.clock.advance(Duration::from_secs(121));
            let checkpoint = bench.last_entry().and_then(|entry| entry.checkpoint);
            let Some(checkpoint) = checkpoint else {
                prop_assert!(bench.target.ids(TABLE).is_empty(), "rows without a checkpoint");
                continue;
            };
            let at = (i64::MIN..=rows).rev().take(20).find(|id| checkpoint.bookmark == bookmark_at(*id));
            let Some(at) = at else { continue };
            if !is_full {
                prop_assert!(at >= last, "{at} after {last}");
                prop_assert_eq!(bench.target.ids(TABLE), (1..=at.max(0)).collect::<Vec<_>>());
            }
            last = at;
        }
        let stream = stream(&bench, MemoryExtractor::new(1..=rows, batch_rows));
        let summary = bench.run(stream);
        prop_assert!(summary.failure.is_none(), "{}", words(&summary));
        prop_assert_eq!(bench.target.ids(TABLE), (1..=rows).collect::<Vec<_>>());
        let checkpoint = bench.last_entry().and_then(|entry| entry.checkpoint).expect("a checkpoint");
        prop_assert!(checkpoint.complete);
        let leases = bench.target.query("SELECT run_id FROM WMSHOST_LEASE");
        // A run that finds nothing to do takes no lease, and leaves an expired one.
        prop_assert!(leases.is_empty() || summary.status == StreamStatus::Unchanged, "{leases:?}");
        prop_assert_eq!(summary.stream, STREAM);
    }
}
