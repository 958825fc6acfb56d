//! Transforms in memory: the fate of rows when a transform fails or does not keep its promise.

mod poison;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use arrow_array::cast::AsArray as _;
use arrow_array::types::Int64Type;
use arrow_array::{Array, RecordBatch};
use proptest::prelude::*;

use super::TransformStage;
use crate::failure::Failure;
use crate::ports::clock::Clock as _;
use crate::ports::transform::Transform;
use crate::rows::batch::Batch;
use crate::stream::policy::{OnBadValue, OnTrap};
use crate::testing::{Behaviour, Bench, CALL_TIME, MISDEEDS, ScriptedTransform, ids, item_columns, items};

/// A bench on which a scripted transform runs.
struct TransformBench {
    bench: Bench,
    transforms: Vec<Box<dyn Transform>>,
    calls: Arc<Mutex<u32>>,
    on_trap: OnTrap,
}

impl TransformBench {
    fn new(misdeed: Behaviour, at: &[i64], on_trap: OnTrap) -> Self {
        Self::with(misdeed, at, &[], &[], on_trap, false)
    }

    fn with(
        misdeed: Behaviour,
        at: &[i64],
        rejects: &[i64],
        filters: &[i64],
        on_trap: OnTrap,
        keeps_state: bool,
    ) -> Self {
        let bench = Bench::new();
        let mut scripted = ScriptedTransform::new(misdeed, at, Arc::clone(&bench.clock));
        let set = |ids: &[i64]| ids.iter().copied().collect();
        (scripted.rejects, scripted.filters, scripted.keeps_state) = (set(rejects), set(filters), keeps_state);
        let calls = scripted.all_calls();
        Self { bench, transforms: vec![Box::new(scripted)], calls, on_trap }
    }

    fn change(&mut self, number: u64, rows: RecordBatch) -> Result<Batch, Failure> {
        let mut transform_stage = TransformStage {
            stream: "s",
            transforms: &mut self.transforms,
            columns: &item_columns(true),
            key: &["id".to_owned()],
            version: Some("changed"),
            change_key: None,
            on_bad_value: OnBadValue::Reject,
            on_trap: self.on_trap,
            context: &self.bench.context,
        };
        transform_stage.change(number, Batch::new(rows))
    }

    fn calls(&self) -> u32 {
        *self.calls.lock().expect("unharmed")
    }
}

fn fails(mut bench: TransformBench, rows: i64, words: &[&str]) -> TransformBench {
    let ids: Vec<i64> = (1..=rows).collect();
    let failure = bench.change(1, items(&ids)).expect_err("a failure");
    for word in words {
        assert!(failure.to_string().contains(word), "{word:?} is not in {failure}");
    }
    bench
}

#[test]
fn a_failing_row_is_named_whether_it_traps_or_returns_a_failure() {
    for misdeed in [Behaviour::Trap, Behaviour::Fail] {
        let words = ["row 137 of the batch causes it (id = 137)", "on_trap = \"quarantine\""];
        let bench = fails(TransformBench::new(misdeed, &[137], OnTrap::Fail), 5_000, &words);
        assert!(bench.calls() < 40, "{} calls", bench.calls());
    }
}

#[test]
fn failing_rows_go_to_quarantine_as_the_source_had_them() {
    for (misdeed, rule) in [(Behaviour::Trap, "trap"), (Behaviour::Fail, "failure"), (Behaviour::Loop, "limit")] {
        let mut bench = TransformBench::new(misdeed, &[3, 4], OnTrap::Quarantine);
        let made = bench.change(1, items(&[1, 2, 3, 4, 5])).expect("a batch");
        assert_eq!(ids(&made.rows), [1, 2, 5]);
        let rows: Vec<_> = made.rejected.iter().map(|row| (row.rule.as_str(), row.row.as_str(), row.place)).collect();
        let row = |id: i64| format!("{{\"id\":{id},\"name\":\"n{id}\",\"changed\":{}}}", id * 100);
        assert_eq!(rows, [(rule, row(3).as_str(), Some(2)), (rule, row(4).as_str(), Some(3))]);
        assert_eq!(made.origin.place(2), 4);
    }
}

#[test]
fn rows_that_fail_together_end_the_run() {
    for on_trap in [OnTrap::Fail, OnTrap::Retry, OnTrap::Quarantine] {
        let words = ["rows 1 to 8 of the batch cause it together (id = 1 to id = 8), but none of them alone"];
        fails(TransformBench::new(Behaviour::TrapAtPair, &[1, 8], on_trap), 8, &words);
    }
    // The smallest part that was found is named.
    fails(
        TransformBench::new(Behaviour::TrapAtPair, &[5, 6], OnTrap::Fail),
        8,
        &["rows 5 to 6 of the batch cause it together"],
    );
}

#[test]
fn what_an_instance_gathers_ends_the_run_and_says_what_to_do() {
    let feed = |on_trap| {
        let mut bench = TransformBench::new(Behaviour::Gather, &[1], on_trap);
        for number in 1..=2 {
            bench.change(number, items(&[1, 2, 3])).expect("not too much yet");
        }
        let third = bench.change(3, items(&[1, 2, 3]));
        (third, bench)
    };
    for on_trap in [OnTrap::Fail, OnTrap::Quarantine] {
        let failure = feed(on_trap).0.expect_err("too much");
        for words in ["it is a limit", "a fresh instance processes the same batch", "[limits]", "on_trap = \"retry\""] {
            assert!(failure.to_string().contains(words), "{words:?} is not in {failure}");
        }
    }
    let (made, bench) = feed(OnTrap::Retry);
    assert_eq!(ids(&made.expect("as asked").rows), [1, 2, 3]);
    let warnings = bench.bench.recorder.warnings();
    assert!(warnings.len() == 1 && warnings[0].contains("processed the batch in a fresh instance"), "{warnings:?}");
}

#[test]
fn a_transform_that_keeps_state_is_neither_halved_nor_replaced() {
    for misdeed in [Behaviour::Trap, Behaviour::Fail, Behaviour::Loop] {
        let bench = TransformBench::with(misdeed, &[2], &[], &[], OnTrap::Fail, true);
        assert_eq!(fails(bench, 8, &["keeps state from batch to batch"]).calls(), 1);
    }
}

#[test]
fn a_row_that_never_ends_is_named_within_an_eighth_of_the_time() {
    for rows in [1, 2, 50, 5_000] {
        let words = ["of the batch alone (id = 1) takes longer than"];
        let bench = fails(TransformBench::new(Behaviour::Loop, &[1], OnTrap::Fail), rows, &words);
        let took = bench.bench.clock.elapsed();
        assert!(took <= CALL_TIME + CALL_TIME / 8, "{rows} rows: {took:?}");
    }
    // If there are many such rows, the first one is named.
    let all: Vec<i64> = (1..=5_000).collect();
    let bench = fails(TransformBench::new(Behaviour::Loop, &all, OnTrap::Fail), 5_000, &["row 1 of the batch alone"]);
    assert!(bench.bench.clock.elapsed() <= CALL_TIME + CALL_TIME / 8);
}

#[test]
fn a_search_that_takes_too_long_ends_with_what_it_found() {
    let all: Vec<i64> = (1..=5_000).collect();
    let words = ["the search for the row took too long", "rows 1 to "];
    let bench = fails(
        TransformBench::new(Behaviour::Loop, &all, OnTrap::Quarantine),
        5_000,
        &["the search for the row took too long"],
    );
    assert!(bench.bench.clock.elapsed() <= 3 * CALL_TIME, "{:?}", bench.bench.clock.elapsed());
    let _ = words;
}

#[test]
fn slow_rows_are_not_blamed_alone() {
    // At a second per row, 40 rows take 40 s; the limit is 30 s.
    let bench = TransformBench::new(Behaviour::Slow, &[1], OnTrap::Quarantine);
    fails(bench, 40, &["it is a timeout"]);
}

#[test]
fn promises_are_kept_or_named() {
    let expected = [
        (
            Behaviour::DoubleKey,
            "column id identifies a row, and the transform changed it in row 3 of the batch (id = 3)",
        ),
        (
            Behaviour::MoveKeys,
            "column id identifies a row, and the transform changed it in row 1 of the batch (id = 1)",
        ),
        (Behaviour::Reorder, "must not add, duplicate or reorder rows"),
        (Behaviour::DoubleRow, "must not add, duplicate or reorder rows"),
        (Behaviour::LoseRow, "must not add, duplicate or reorder rows"),
        (Behaviour::Null, "column twice was promised without NULL, and row 3 of the batch (id = 3) has it"),
        (Behaviour::OtherType, "column twice was promised as int64 and is utf8"),
        (Behaviour::NoColumn, "column twice (int64) was promised and is missing"),
        (Behaviour::Version, "column changed identifies the version of a row, and the transform changed it in row 1"),
        (Behaviour::NoKey, "column id identifies a row and is missing from what the transform makes"),
    ];
    for (misdeed, words) in expected {
        for on_trap in [OnTrap::Fail, OnTrap::Retry, OnTrap::Quarantine] {
            fails(TransformBench::new(misdeed, &[3], on_trap), 5, &[words]);
        }
    }
}

/// Checks that every row of the source is either correct in the result, or rejected as it is in the source, or was
/// filtered out by the script.
fn check_accounts(bench: &TransformBench, all: &[i64], rejects: &[i64], filters: &[i64], made: &[Batch], label: &str) {
    let mut seen: BTreeMap<i64, u32> = BTreeMap::new();
    for batch in made {
        let twice = batch.rows.column_by_name("twice").expect("promised").as_primitive::<Int64Type>();
        assert_eq!(twice.null_count(), 0, "{label}");
        for (row, id) in ids(&batch.rows).into_iter().enumerate() {
            assert_eq!(twice.value(row), 2 * id, "{label}");
            let source = batch.origin.row_as_json(row);
            assert!(source.starts_with(&format!("{{\"id\":{id},")), "{label}: {source}");
            assert!(!rejects.contains(&id) && !filters.contains(&id), "{label}: {id} should be gone");
            *seen.entry(id).or_default() += 1;
        }
        for row in &batch.rejected {
            let id: i64 = row.row["{\"id\":".len()..row.row.find(',').expect("columns")].parse().expect("a number");
            *seen.entry(id).or_default() += 1;
        }
    }
    for id in all.iter().filter(|id| !filters.contains(id)) {
        assert_eq!(seen.get(id), Some(&1), "{label}: row {id}, {:?}", bench.on_trap);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_500, ..ProptestConfig::default() })]

    /// Whatever a transform does, on whatever rows, under whatever policy: a stream that continues has lost no row and
    /// changed no key.
    #[test]
    fn no_misdeed_loses_a_row_without_a_sign(
        misdeed in prop::sample::select(&MISDEEDS[..]),
        at in prop::collection::btree_set(1_i64..=60, 0..4),
        rejects in prop::collection::btree_set(1_i64..=60, 0..4),
        filters in prop::collection::btree_set(1_i64..=60, 0..4),
        on_trap in prop::sample::select(&[OnTrap::Fail, OnTrap::Retry, OnTrap::Quarantine][..]),
        batch_rows in 1_usize..=60,
        keeps_state: bool,
    ) {
        let list = |set: &BTreeSet<i64>| set.iter().copied().collect::<Vec<_>>();
        let (at, rejects, mut filters) = (list(&at), list(&rejects), list(&filters));
        filters.retain(|id| !rejects.contains(id));
        let all: Vec<i64> = (1..=60).collect();
        let mut bench = TransformBench::with(misdeed, &at, &rejects, &filters, on_trap, keeps_state);
        let label = format!("{misdeed:?} at {at:?}, {rejects:?} rejected, {filters:?} filtered, {batch_rows} rows");
        let (mut made, mut sent) = (Vec::new(), Vec::new());
        for (number, part) in (1..).zip(all.chunks(batch_rows)) {
            match bench.change(number, items(part)) {
                Ok(batch) => made.push(batch),
                Err(failure) => {
                    prop_assert!(misdeed != Behaviour::None, "{}: {}", label, failure);
                    prop_assert!(failure.message.len() > 10);
                    break;
                }
            }
            sent.extend_from_slice(part);
        }
        check_accounts(&bench, &sent, &rejects, &filters, &made, &label);
    }
}
