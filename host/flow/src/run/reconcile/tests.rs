//! When a run compares source and target: after a first load it only records that there is nothing to find; later when
//! the interval has passed, or when rows are made in another way. Another run in between puts it off.

use std::time::Duration;

use crate::compare::Depth;
use crate::failure::Failure;
use crate::metadata::checkpoint::Checkpoint;
use crate::metadata::{Action, Ledger, Trace};
use crate::ports::clock::Clock as _;
use crate::ports::events::{StreamStatus, StreamSummary};
use crate::stream::policy::OnChange;
use crate::stream::{Reconcile, Stream};
use crate::testing::{Bench, MemoryExtractor, PIPELINE, STREAM};

const INTERVAL: Duration = Duration::from_secs(3_600);
/// The failure by which a test sees that a comparison began.
const BEGAN: &str = "the comparison began";

/// Returns a stream that compares once an hour; the comparison fails as soon as it begins.
fn stream(bench: &Bench) -> Stream {
    let mut stream = bench.stream(MemoryExtractor::new(1..=3, 2));
    stream.source_version = Some(bench.context.run_id.clone());
    let ledger = Ledger { pipeline: PIPELINE };
    let others = ledger.trace_of_others(&mut bench.target.open(), STREAM, &bench.context.run_id);
    stream.reconcile = Some(Reconcile {
        depth: Depth::Rows,
        every_micros: INTERVAL.as_micros() as i64,
        others: others.expect("a trace"),
        stream: Box::new(bench.stream(MemoryExtractor::new(1..=3, 2))),
        open_target: Box::new(|| Err(Failure::transient(BEGAN))),
    });
    stream
}

/// Returns whether a run began to compare.
fn compared(summary: &StreamSummary) -> bool {
    match &summary.failure {
        None => false,
        Some(at) if at.failure.message.contains(BEGAN) => true,
        Some(at) => panic!("{at}"),
    }
}

/// Returns the last comparison in the ledger.
fn recorded(bench: &Bench) -> Option<Checkpoint> {
    let ledger = Ledger { pipeline: PIPELINE };
    ledger.checkpoint(&mut bench.target.open(), "item/reconcile").expect("a ledger")
}

/// Returns a bench after a first load.
fn loaded() -> Bench {
    let mut bench = Bench::new();
    let stream = stream(&bench);
    assert_eq!(bench.run(stream).status, StreamStatus::Succeeded);
    bench
}

#[test]
fn a_first_load_is_recorded_as_a_comparison() {
    let bench = loaded();
    let last = recorded(&bench).expect("a comparison");
    assert_eq!((last.run_id.as_str(), last.committed_at), ("run-1", bench.clock.now()));
}

#[test]
fn a_comparison_is_due_after_the_interval_and_not_before() {
    for (passed, is_due) in
        [(Duration::ZERO, false), (INTERVAL - Duration::from_micros(1), false), (INTERVAL, true), (2 * INTERVAL, true)]
    {
        let mut bench = loaded();
        bench.clock.advance(passed);
        let stream = stream(&bench);
        assert_eq!(compared(&bench.run(stream)), is_due, "{passed:?}");
    }
}

#[test]
fn a_comparison_that_broke_off_stays_due() {
    let mut bench = loaded();
    bench.clock.advance(INTERVAL);
    for _ in 0..2 {
        let stream = stream(&bench);
        assert!(compared(&bench.run(stream)));
        assert_eq!(recorded(&bench).expect("a comparison").run_id, "run-1");
    }
}

#[test]
fn rows_that_are_made_in_another_way_are_compared_before_the_interval_has_passed() {
    let mut bench = loaded();
    let mut changed = stream(&bench);
    changed.policy.on_change = OnChange::Tell;
    changed.definition.lookback_micros = 60_000_000;
    assert!(compared(&bench.run(changed)));
}

#[test]
fn a_stream_whose_comparisons_are_new_is_compared_if_it_was_loaded_before() {
    let mut bench = Bench::new();
    let plain = bench.stream(MemoryExtractor::new(1..=3, 2));
    assert_eq!(bench.run(plain).status, StreamStatus::Succeeded);
    let stream = stream(&bench);
    assert!(compared(&bench.run(stream)));
}

#[test]
fn a_run_in_between_puts_the_comparison_off() {
    let mut bench = loaded();
    bench.clock.advance(INTERVAL);
    let late = stream(&bench);
    // Another run, or one of a window of the stream, commits after this one has looked at the ledger.
    let ledger = Ledger { pipeline: PIPELINE };
    let checkpoint = bench.last_entry().and_then(|entry| entry.checkpoint);
    let window = format!("{STREAM}/window");
    let mut session = bench.target.open();
    ledger.append(&mut session, &window, Action::Run, None, "run-x", checkpoint.as_ref()).expect("a row");
    let summary = bench.run(late);
    assert_eq!((summary.status, compared(&summary)), (StreamStatus::Succeeded, false));
    let next = stream(&bench);
    assert!(compared(&bench.run(next)), "the next run compares");
}

#[test]
fn a_due_comparison_keeps_a_run_from_ending_as_unchanged() {
    for (passed, same_version, status) in [
        (Duration::ZERO, true, StreamStatus::Unchanged),
        (INTERVAL, true, StreamStatus::Unchanged),
        (INTERVAL, false, StreamStatus::Failed),
    ] {
        let mut bench = loaded();
        bench.clock.advance(passed);
        let mut again = stream(&bench);
        // The source did not change since the first run; the last comparison was on that snapshot, or on another one.
        again.source_version = Some("run-1".to_owned());
        if !same_version {
            bench.target.execute("UPDATE WMSHOST_CHECKPOINT SET source_version = 'x' WHERE stream = 'item/reconcile'");
        }
        let summary = bench.run(again);
        assert_eq!(summary.status, status, "{passed:?}, {same_version}: {:?}", summary.failure);
    }
}

#[test]
fn no_trace_of_others_is_equal_to_that_of_an_empty_ledger() {
    let bench = Bench::new();
    let ledger = Ledger { pipeline: PIPELINE };
    let trace = ledger.trace_of_others(&mut bench.target.open(), STREAM, "run-1").expect("a trace");
    assert_eq!(trace, Trace::default());
    let bench = loaded();
    let trace = ledger.trace_of_others(&mut bench.target.open(), STREAM, "run-1").expect("a trace");
    assert_eq!(trace, Trace::default(), "a run's own rows are not those of others");
}
