//! The search for the rows on which a transform fails, for every position of them.

use std::time::Duration;

use super::{Behaviour, TransformBench};
use crate::ports::clock::Clock as _;
use crate::stream::policy::OnTrap;
use crate::testing::{CALL_TIME, ids, items};

/// The sizes of the batches.
const SIZES: [i64; 4] = [1, 2, 7, 64];

/// Returns every choice of one or two of the ids from 1 to `rows`.
fn choices(rows: i64) -> Vec<Vec<i64>> {
    let pairs = (1..=rows).flat_map(|first| (first + 1..=rows).map(move |second| vec![first, second]));
    (1..=rows).map(|id| vec![id]).chain(pairs).collect()
}

/// Returns the greatest number of calls that a search for this many rows may need: the whole batch, two halves on each
/// level for each row, and each row alone once more.
fn most_calls(rows: i64, failing: usize) -> u32 {
    let levels = (rows as u64).next_power_of_two().trailing_zeros();
    1 + failing as u32 * (2 * levels + 1)
}

#[test]
fn quarantine_gets_exactly_the_failing_rows_wherever_they_are() {
    for rows in SIZES {
        let all: Vec<i64> = (1..=rows).collect();
        let batch = items(&all);
        for failing in choices(rows) {
            let mut bench = TransformBench::new(Behaviour::Trap, &failing, OnTrap::Quarantine);
            let made = bench.change(1, batch.clone()).expect("the other rows");
            let good: Vec<i64> = all.iter().copied().filter(|id| !failing.contains(id)).collect();
            assert_eq!(ids(&made.rows), good, "{failing:?} of {rows}");
            let places: Vec<_> = made.rejected.iter().filter_map(|row| row.place).collect();
            let expected: Vec<_> = failing.iter().map(|id| *id as usize - 1).collect();
            assert_eq!(places, expected, "{failing:?} of {rows}");
            let from: Vec<_> = (0..good.len()).map(|row| made.origin.place(row) as i64 + 1).collect();
            assert_eq!(from, good, "{failing:?} of {rows}");
            assert!(bench.calls() <= most_calls(rows, failing.len()), "{failing:?} of {rows}: {} calls", bench.calls());
        }
    }
}

#[test]
fn a_run_that_fails_names_the_first_failing_row_wherever_it_is() {
    for on_trap in [OnTrap::Fail, OnTrap::Retry] {
        for rows in SIZES {
            let all: Vec<i64> = (1..=rows).collect();
            // Of pairs, the neighbours and the ends are enough: the search ends at the first row.
            for failing in choices(rows).into_iter().filter(|them| them.len() == 1 || them[0] + 1 == them[1]) {
                let mut bench = TransformBench::new(Behaviour::Trap, &failing, on_trap);
                let failure = bench.change(1, items(&all)).expect_err("a failure");
                let words = format!("row {} of the batch causes it (id = {})", failing[0], failing[0]);
                assert!(failure.message.contains(&words), "{failing:?} of {rows}: {failure}");
            }
        }
    }
}

#[test]
fn the_search_for_a_row_that_never_ends_keeps_its_time_wherever_the_row_is() {
    for rows in SIZES {
        let all: Vec<i64> = (1..=rows).collect();
        for id in 1..=rows {
            // Naming takes an eighth of the time of a call; finding all of them takes as long as one call.
            for (on_trap, search) in [(OnTrap::Fail, CALL_TIME / 8), (OnTrap::Quarantine, CALL_TIME)] {
                let mut bench = TransformBench::new(Behaviour::Loop, &[id], on_trap);
                let made = bench.change(1, items(&all));
                let took = bench.bench.clock.elapsed();
                assert!(took <= CALL_TIME + search, "row {id} of {rows}: {took:?}");
                match (on_trap, made) {
                    (OnTrap::Quarantine, Ok(made)) => {
                        assert_eq!(ids(&made.rows), all.iter().copied().filter(|it| *it != id).collect::<Vec<_>>());
                    }
                    (OnTrap::Fail, Err(failure)) => {
                        let words = format!("row {id} of the batch alone (id = {id}) takes longer than");
                        assert!(failure.message.contains(&words), "row {id} of {rows}: {failure}");
                    }
                    (_, made) => panic!("row {id} of {rows}: {made:?}"),
                }
            }
        }
    }
}

#[test]
fn a_transform_that_keeps_state_is_called_once_wherever_its_row_is() {
    for rows in SIZES {
        let all: Vec<i64> = (1..=rows).collect();
        for id in 1..=rows {
            let mut bench = TransformBench::with(Behaviour::Trap, &[id], &[], &[], OnTrap::Fail, true);
            let failure = bench.change(1, items(&all)).expect_err("a failure");
            assert!(failure.message.contains("keeps state from batch to batch"), "{failure}");
            assert_eq!((bench.calls(), bench.bench.clock.elapsed()), (1, Duration::ZERO));
        }
    }
}

#[test]
fn more_than_a_hundred_failing_rows_of_a_batch_end_the_run() {
    let all: Vec<i64> = (1..=150).collect();
    let mut bench = TransformBench::new(Behaviour::Trap, &all[..100], OnTrap::Quarantine);
    assert_eq!(bench.change(1, items(&all)).expect("the other rows").rejected.len(), 100);
    let mut bench = TransformBench::new(Behaviour::Trap, &all[..101], OnTrap::Quarantine);
    let failure = bench.change(1, items(&all)).expect_err("a failure");
    assert!(failure.message.contains("more than 100 rows of the batch cause it"), "{failure}");
}

#[test]
fn a_row_is_not_blamed_for_one_that_the_instance_met_before_it() {
    for on_trap in [OnTrap::Fail, OnTrap::Quarantine] {
        let mut bench = TransformBench::new(Behaviour::TrapAfterPair, &[1, 2], on_trap);
        let failure = bench.change(1, items(&[1, 2])).expect_err("a failure");
        assert!(failure.message.contains("rows 1 to 2 of the batch cause it together"), "{failure}");
        // If the two are in two batches, a fresh instance processes the second one.
        let mut bench = TransformBench::new(Behaviour::TrapAfterPair, &[1, 4], on_trap);
        bench.change(1, items(&[1, 2])).expect("the first batch");
        let failure = bench.change(2, items(&[3, 4])).expect_err("a failure");
        assert!(failure.message.contains("a fresh instance processes the same batch"), "{failure}");
    }
}
