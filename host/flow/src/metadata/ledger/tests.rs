//! The ledger on a target in memory: checkpoints survive as they are, only the last row counts, and damage to one row
//! hides no other.

use std::collections::BTreeMap;

use proptest::prelude::*;
use wmshost_sql::Value;

use super::{Action, Ledger};
use crate::definition::tests::definition;
use crate::metadata::checkpoint::{Checkpoint, LoadMode};
use crate::ports::sql::Sql;
use crate::testing::{Bench, PIPELINE, STREAM, bookmark_at};
use crate::values::{Bookmark, Position};

const LEDGER: Ledger<'static> = Ledger { pipeline: PIPELINE };

fn checkpoint(id: i64) -> Checkpoint {
    Checkpoint {
        bookmark: bookmark_at(id),
        mode: LoadMode::Merge,
        complete: false,
        source_version: Some("7".to_owned()),
        definition: Some(definition()),
        state: BTreeMap::from([("key".to_owned(), vec![0, 255])]),
        run_id: "run-1".to_owned(),
        batch: 1,
        committed_at: 1_767_225_600_123_456,
    }
}

fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Boolean),
        any::<i64>().prop_map(Value::Int64),
        any::<f64>().prop_filter("NaN is not equal to itself", |it| !it.is_nan()).prop_map(Value::Float64),
        "-?[0-9]{1,30}(\\.[0-9]{1,8})?".prop_map(Value::Decimal),
        ".*".prop_map(Value::Text),
        prop::collection::vec(any::<u8>(), 0..9).prop_map(Value::Binary),
        any::<i32>().prop_map(Value::Date),
        any::<i64>().prop_map(Value::Timestamp),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn a_checkpoint_comes_back_as_it_was_written(
        positions in prop::collection::vec(("[a-z]{1,8}", value()), 0..4),
        state in prop::collection::btree_map("[a-z]{0,8}", prop::collection::vec(any::<u8>(), 0..9), 0..3),
        mode in prop::sample::select(&[LoadMode::Merge, LoadMode::Reload, LoadMode::Replace][..]),
        complete: bool,
        is_defined: bool,
        batch in 0..i64::MAX as u64,
    ) {
        let bench = Bench::new();
        let positions = positions.into_iter().map(|(name, value)| Position { name, value }).collect();
        let written = Checkpoint {
            bookmark: Bookmark(positions),
            definition: is_defined.then(definition),
            state, mode, complete, batch, ..checkpoint(0)
        };
        let mut sql = bench.target.open();
        let row = LEDGER.append(&mut sql, STREAM, Action::Run, None, "run-1", Some(&written));
        prop_assert_eq!(row, Ok(1));
        prop_assert_eq!(LEDGER.checkpoint(&mut sql, STREAM), Ok(Some(written.clone())));
        let later = Checkpoint { batch: 3, complete: !complete, ..written };
        LEDGER.advance(&mut sql, STREAM, 1, &later).expect("the run's row");
        prop_assert_eq!(LEDGER.checkpoint(&mut sql, STREAM), Ok(Some(later)));
    }
}

#[test]
fn only_the_last_row_counts_and_none_is_lost() {
    let bench = Bench::new();
    let mut sql = bench.target.open();
    assert_eq!(LEDGER.last(&mut sql, STREAM), Ok(None));
    for id in 1..=3 {
        LEDGER.append(&mut sql, STREAM, Action::Run, None, "run-1", Some(&checkpoint(id))).expect("a row");
    }
    LEDGER.append(&mut sql, "other", Action::Set, Some("by hand"), "command", Some(&checkpoint(9))).expect("a row");
    assert_eq!(LEDGER.checkpoint(&mut sql, STREAM).expect("a ledger").expect("a checkpoint").bookmark, bookmark_at(3));
    let history = LEDGER.history(&mut sql, STREAM).expect("a ledger");
    assert_eq!(history.iter().map(|row| row.as_ref().map(|it| it.sequence)).collect::<Vec<_>>(), [Ok(1), Ok(2), Ok(3)]);
    assert_eq!(Ledger { pipeline: "another" }.last(&mut sql, STREAM), Ok(None));
    assert_eq!(LEDGER.streams(&mut sql).expect("a ledger").len(), 2);
}

#[test]
fn a_row_that_another_process_deleted_is_not_advanced() {
    let bench = Bench::new();
    let mut sql = bench.target.open();
    LEDGER.append(&mut sql, STREAM, Action::Run, None, "run-1", Some(&checkpoint(1))).expect("a row");
    bench.target.execute("DELETE FROM WMSHOST_CHECKPOINT");
    let failure = LEDGER.advance(&mut sql, STREAM, 1, &checkpoint(2)).expect_err("a failure");
    assert!(failure.message.contains("the row of this run was deleted"), "{failure}");
}

#[test]
fn damage_is_named_and_hides_no_other_row() {
    for (change, words) in [
        ("bookmark = 'no json'", "the column bookmark is damaged"),
        ("mode = 'no mode'", "the column mode is damaged"),
        ("complete = 2", "the column complete is damaged"),
        ("definition_hash = 'edited'", "the column definition is damaged"),
        ("state = NULL", "the column state is damaged"),
        ("committed_at = 'yesterday'", "the column committed_at is damaged"),
        ("action = 'no action'", "the column action is damaged"),
        ("format = 2", "the checkpoint has format 2, this host knows formats up to 1"),
        ("bookmark = NULL", "the column bookmark is damaged"),
    ] {
        let bench = Bench::new();
        let mut sql = bench.target.open();
        for id in 1..=2 {
            LEDGER.append(&mut sql, STREAM, Action::Run, None, "run-1", Some(&checkpoint(id))).expect("a row");
        }
        bench.target.execute(&format!("UPDATE WMSHOST_CHECKPOINT SET {change} WHERE sequence = 2"));
        let failure = LEDGER.checkpoint(&mut sql, STREAM).expect_err(change);
        assert!(failure.message.contains("row 2 of the stream item cannot be read"), "{change}: {failure}");
        assert!(failure.message.contains(words), "{change}: {failure}");
        let history = LEDGER.history(&mut sql, STREAM).expect("a ledger");
        assert_eq!(history.iter().map(Result::is_ok).collect::<Vec<_>>(), [true, false], "{change}");
    }
}

#[test]
fn the_trace_of_others_changes_with_every_commit_of_theirs_and_with_none_of_its_own() {
    let bench = Bench::new();
    let mut sql = bench.target.open();
    let trace = |sql: &mut dyn Sql| LEDGER.trace_of_others(sql, STREAM, "mine").expect("a trace");
    let at_first = trace(&mut sql);
    LEDGER.append(&mut sql, STREAM, Action::Run, None, "mine", Some(&checkpoint(1))).expect("a row");
    LEDGER.append(&mut sql, "itemised", Action::Run, None, "other", Some(&checkpoint(1))).expect("a row");
    assert_eq!(trace(&mut sql), at_first, "its own row, and that of another stream");
    let mut seen = vec![at_first];
    for stream in [STREAM, "item/window"] {
        let row = LEDGER.append(&mut sql, stream, Action::Run, None, "other", Some(&checkpoint(1))).expect("a row");
        seen.push(trace(&mut sql));
        LEDGER.advance(&mut sql, stream, row, &Checkpoint { batch: 2, ..checkpoint(1) }).expect("the row");
        seen.push(trace(&mut sql));
        let complete = Checkpoint { batch: 2, complete: true, ..checkpoint(1) };
        LEDGER.advance(&mut sql, stream, row, &complete).expect("the row");
        seen.push(trace(&mut sql));
    }
    for (at, one) in seen.iter().enumerate() {
        assert!(!seen[..at].contains(one), "{at}: {seen:?}");
    }
}
