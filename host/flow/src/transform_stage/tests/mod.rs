//! Scripted transforms in memory: the fate of rows when a transform fails or does not keep its promise.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use arrow_array::cast::AsArray as _;
use arrow_array::types::Int64Type;
use arrow_array::{Array, ArrayRef, Int64Array, RecordBatch, StringArray, UInt32Array};
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use arrow_select::take::take_record_batch;
use proptest::prelude::*;

use super::TransformStage;
use crate::batch::{Batch, Cause};
use crate::clock::{Clock, Micros};
use crate::events::{Event, Observer};
use crate::failure::{Failure, FailureKind};
use crate::metadata::LeaseOwner;
use crate::policy::OnTrap;
use crate::run::Cancel;
use crate::stream::StreamContext;
use crate::transform::{Call, RejectedRow, Transform, Transformed};

const CALL_TIME: Duration = Duration::from_secs(30);

/// A clock that advances only when a scripted transform takes time.
#[derive(Default)]
struct FakeClock(Mutex<Duration>);

impl FakeClock {
    fn turn(&self, time: Duration) {
        *self.0.lock().expect("unharmed") += time;
    }
}

impl Clock for FakeClock {
    fn now(&self) -> Micros {
        0
    }

    fn elapsed(&self) -> Duration {
        *self.0.lock().expect("unharmed")
    }
}

/// An observer that records warnings.
#[derive(Default)]
struct Recorder(Mutex<Vec<String>>);

impl Observer for Recorder {
    fn event(&self, event: &Event<'_>) {
        if let Event::Warned { message, .. } = event {
            self.0.lock().expect("unharmed").push((*message).to_owned());
        }
    }
}

/// The misbehaviour of a scripted transform.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Behaviour {
    None,
    /// Traps, fails, or never returns at these ids.
    Trap,
    Fail,
    Loop,
    /// Traps if two of the ids are in one batch.
    TrapAtPair,
    /// Traps at the third call of an instance: it has used too much memory.
    Gather,
    /// Needs a second for each row.
    Slow,
    /// Writes the key of the first id over that of another row.
    DoubleKey,
    /// Leaves a row out and moves the keys of the others up.
    MoveKeys,
    /// Returns rows in another order.
    Reorder,
    /// Returns a row twice.
    DoubleRow,
    /// Reports a row as rejected, and returns it too.
    RejectAndKeep,
    /// Loses a row without reporting which.
    LoseRow,
    /// Writes NULL into a column that was promised not to have any.
    Null,
    /// Returns another type than it promised.
    OtherType,
    /// Forgets the column that it promised.
    NoColumn,
    /// Rewrites the version of rows.
    Version,
    /// Drops the key's column.
    NoKey,
}

const MISDEEDS: [Behaviour; 18] = [
    Behaviour::None,
    Behaviour::Trap,
    Behaviour::Fail,
    Behaviour::Loop,
    Behaviour::TrapAtPair,
    Behaviour::Gather,
    Behaviour::Slow,
    Behaviour::DoubleKey,
    Behaviour::MoveKeys,
    Behaviour::Reorder,
    Behaviour::DoubleRow,
    Behaviour::RejectAndKeep,
    Behaviour::LoseRow,
    Behaviour::Null,
    Behaviour::OtherType,
    Behaviour::NoColumn,
    Behaviour::Version,
    Behaviour::NoKey,
];

/// Adds the column `twice` (2 × id), rejects some ids, filters others out, and misbehaves.
struct Scripted {
    misdeed: Behaviour,
    at: BTreeSet<i64>,
    rejects: BTreeSet<i64>,
    filters: BTreeSet<i64>,
    keeps_state: bool,
    calls: u32,
    all_calls: Arc<Mutex<u32>>,
    clock: Arc<FakeClock>,
}

fn ids(rows: &RecordBatch) -> Vec<i64> {
    rows.column_by_name("id").map(|ids| ids.as_primitive::<Int64Type>().values().to_vec()).unwrap_or_default()
}

fn columns(extra: bool) -> SchemaRef {
    let mut fields = vec![
        Field::new("id", DataType::Int64, false),
        Field::new("name", DataType::Utf8, true),
        Field::new("changed", DataType::Int64, false),
    ];
    if extra {
        fields.push(Field::new("twice", DataType::Int64, false));
    }
    Arc::new(Schema::new(fields))
}

fn source(ids: &[i64]) -> RecordBatch {
    let names = ids.iter().map(|id| Some(format!("n{id}"))).collect::<StringArray>();
    let changed = ids.iter().map(|id| id * 100).collect::<Vec<_>>();
    let arrays: Vec<ArrayRef> =
        vec![Arc::new(Int64Array::from(ids.to_vec())), Arc::new(names), Arc::new(Int64Array::from(changed))];
    RecordBatch::try_new(columns(false), arrays).expect("a batch")
}

fn with_column(rows: &RecordBatch, name: &str, array: ArrayRef) -> RecordBatch {
    let mut fields: Vec<_> = rows.schema().fields().iter().map(|field| field.as_ref().clone()).collect();
    let mut arrays = rows.columns().to_vec();
    let field = Field::new(name, array.data_type().clone(), true);
    match fields.iter().position(|field| field.name() == name) {
        Some(at) => (fields[at], arrays[at]) = (field, array),
        None => {
            fields.push(field);
            arrays.push(array);
        }
    }
    RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays).expect("a batch")
}

fn without_column(rows: &RecordBatch, name: &str) -> RecordBatch {
    let keep: Vec<_> = (0..rows.num_columns()).filter(|at| rows.schema().field(*at).name() != name).collect();
    rows.project(&keep).expect("columns")
}

fn broken(kind: FailureKind) -> Failure {
    Failure::new(kind, format!("it is a {}", kind.name())).at("scripted", "process")
}

impl Scripted {
    fn breaks(&mut self, rows: &RecordBatch, time: Duration) -> Option<FailureKind> {
        let hit = ids(rows).into_iter().filter(|id| self.at.contains(id)).count();
        let slow = Duration::from_secs(rows.num_rows() as u64);
        match self.misdeed {
            Behaviour::Trap if hit > 0 => Some(FailureKind::Trap),
            Behaviour::Fail if hit > 0 => Some(FailureKind::Permanent),
            Behaviour::Loop if hit > 0 => {
                self.clock.turn(time);
                Some(FailureKind::Timeout)
            }
            Behaviour::Slow if !self.at.is_empty() => {
                self.clock.turn(slow.min(time));
                (slow > time).then_some(FailureKind::Timeout)
            }
            Behaviour::TrapAtPair if hit > 1 => Some(FailureKind::Trap),
            Behaviour::Gather if !self.at.is_empty() && self.calls > 2 => Some(FailureKind::Limit),
            _ => None,
        }
    }

    /// The returned rows, and their positions in the batch.
    fn misdo(&self, rows: RecordBatch, positions: Vec<u32>) -> (RecordBatch, Vec<u32>) {
        let count = rows.num_rows();
        let all_ids = ids(&rows);
        let guilty = all_ids.iter().position(|id| self.at.contains(id));
        let Some(guilty) = guilty else { return (rows, positions) };
        let id_column = |ids: Vec<i64>| Arc::new(Int64Array::from(ids)) as ArrayRef;
        let pick = |order: Vec<u32>| take_record_batch(&rows, &UInt32Array::from(order)).expect("rows");
        let order = || 0..count as u32;
        match self.misdeed {
            Behaviour::DoubleKey => {
                let mut ids = all_ids;
                ids[guilty] = ids[(guilty + 1) % count] + i64::from(count == 1);
                (with_column(&rows, "id", id_column(ids)), positions)
            }
            Behaviour::MoveKeys => {
                let mut ids = all_ids;
                ids.rotate_left(1);
                ids[count - 1] += i64::from(count == 1);
                (with_column(&rows, "id", id_column(ids)), positions)
            }
            Behaviour::Reorder if count > 1 => (pick(order().rev().collect()), positions.into_iter().rev().collect()),
            Behaviour::DoubleRow => {
                let doubled = |at: u32| if at == guilty as u32 { vec![at, at] } else { vec![at] };
                let twice = positions
                    .iter()
                    .enumerate()
                    .flat_map(|(at, position)| if at == guilty { vec![*position, *position] } else { vec![*position] });
                (pick(order().flat_map(doubled).collect()), twice.collect())
            }
            Behaviour::LoseRow => (pick(order().filter(|at| *at != guilty as u32).collect()), positions),
            Behaviour::Null => {
                let values = all_ids.iter().enumerate().map(|(at, id)| (at != guilty).then_some(2 * id));
                (with_column(&rows, "twice", Arc::new(values.collect::<Int64Array>())), positions)
            }
            Behaviour::OtherType => {
                let texts = all_ids.iter().map(|id| Some(id.to_string())).collect::<StringArray>();
                (with_column(&rows, "twice", Arc::new(texts)), positions)
            }
            Behaviour::NoColumn => (without_column(&rows, "twice"), positions),
            Behaviour::Version => (with_column(&rows, "changed", id_column(vec![0; count])), positions),
            Behaviour::NoKey => (without_column(&rows, "id"), positions),
            _ => (rows, positions),
        }
    }
}

impl Transform for Scripted {
    fn plugin(&self) -> &str {
        "scripted"
    }

    fn output_schema(&mut self, _: &SchemaRef) -> Result<SchemaRef, Failure> {
        Ok(columns(true))
    }

    fn promised(&self) -> Option<SchemaRef> {
        Some(columns(true))
    }

    fn keeps_state(&self) -> bool {
        self.keeps_state
    }

    fn call_time(&self) -> Duration {
        CALL_TIME
    }

    fn renew(&mut self) -> Result<(), Failure> {
        self.calls = 0;
        Ok(())
    }

    fn process(&mut self, rows: RecordBatch, call: &Call) -> Result<Transformed, Failure> {
        self.calls += 1;
        *self.all_calls.lock().expect("unharmed") += 1;
        if let Some(kind) = self.breaks(&rows, call.time) {
            return Err(broken(kind));
        }
        let twice: Int64Array = ids(&rows).iter().map(|id| 2 * id).collect();
        let all = with_column(&rows, "twice", Arc::new(twice));
        let (mut kept, mut rejected) = (Vec::new(), Vec::new());
        for (at, id) in (0_u32..).zip(ids(&rows)) {
            if self.rejects.contains(&id) {
                let (rule, reason, by) = ("rule".to_owned(), "reason".to_owned(), "scripted".to_owned());
                rejected.push(RejectedRow { position: at, cause: Cause::Rule, rule, reason, by, digest: None });
            }
            let keeps_rejected = self.misdeed == Behaviour::RejectAndKeep && self.at.contains(&id);
            if !self.filters.contains(&id) && (!self.rejects.contains(&id) || keeps_rejected) {
                kept.push(at);
            }
        }
        let left = take_record_batch(&all, &UInt32Array::from(kept.clone())).expect("rows");
        let untouched = kept.len() == rows.num_rows();
        let (rows, positions) = self.misdo(if untouched { all } else { left }, kept);
        let plain = untouched && rejected.is_empty() && positions.iter().copied().eq(0..positions.len() as u32);
        Ok(Transformed { rows, positions: (!plain).then_some(positions), rejected })
    }
}

/// A bench on which a scripted transform runs.
struct Bench {
    transforms: Vec<Box<dyn Transform>>,
    calls: Arc<Mutex<u32>>,
    clock: Arc<FakeClock>,
    ears: Arc<Recorder>,
    context: StreamContext,
    on_trap: OnTrap,
}

impl Bench {
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
        let (clock, ears) = (Arc::new(FakeClock::default()), Arc::new(Recorder::default()));
        let calls = Arc::new(Mutex::new(0));
        let set = |ids: &[i64]| ids.iter().copied().collect();
        let scripted = Scripted {
            misdeed,
            at: set(at),
            rejects: set(rejects),
            filters: set(filters),
            keeps_state,
            calls: 0,
            all_calls: Arc::clone(&calls),
            clock: Arc::clone(&clock),
        };
        let context = StreamContext {
            pipeline: "p".to_owned(),
            run_id: "r".to_owned(),
            holder: LeaseOwner { machine: "m".to_owned(), process: 1 },
            is_dead: |_| true,
            clock: Arc::clone(&clock) as _,
            observer: Arc::clone(&ears) as _,
            cancel: Cancel::default(),
        };
        Self { transforms: vec![Box::new(scripted)], calls, clock, ears, context, on_trap }
    }

    fn change(&mut self, number: u64, rows: RecordBatch) -> Result<Batch, Failure> {
        let mut changes = TransformStage {
            stream: "s",
            transforms: &mut self.transforms,
            columns: &columns(true),
            key: &["id".to_owned()],
            version: Some("changed"),
            on_bad_value: crate::policy::OnBadValue::Reject,
            on_trap: self.on_trap,
            context: &self.context,
        };
        changes.change(number, Batch::new(rows))
    }

    fn calls(&self) -> u32 {
        *self.calls.lock().expect("unharmed")
    }
}

fn fails(mut bench: Bench, rows: i64, words: &[&str]) -> Bench {
    let ids: Vec<i64> = (1..=rows).collect();
    let failure = bench.change(1, source(&ids)).expect_err("a failure");
    for word in words {
        assert!(failure.message.contains(word), "{word:?} is not in {failure}");
    }
    bench
}

#[test]
fn a_failing_row_is_named_whether_it_traps_or_returns_a_failure() {
    for misdeed in [Behaviour::Trap, Behaviour::Fail] {
        let words = ["row 137 of the batch causes it (id = 137)", "on_trap = \"quarantine\""];
        let bench = fails(Bench::new(misdeed, &[137], OnTrap::Fail), 5_000, &words);
        assert!(bench.calls() < 40, "{} calls", bench.calls());
    }
}

#[test]
fn failing_rows_go_to_quarantine_as_the_source_had_them() {
    for (misdeed, rule) in [(Behaviour::Trap, "trap"), (Behaviour::Fail, "failure"), (Behaviour::Loop, "limit")] {
        let mut bench = Bench::new(misdeed, &[3, 4], OnTrap::Quarantine);
        let made = bench.change(1, source(&[1, 2, 3, 4, 5])).expect("a batch");
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
        fails(Bench::new(Behaviour::TrapAtPair, &[1, 8], on_trap), 8, &words);
    }
    // The smallest part that was found is named.
    fails(Bench::new(Behaviour::TrapAtPair, &[5, 6], OnTrap::Fail), 8, &["rows 5 to 6 of the batch cause it together"]);
}

#[test]
fn what_an_instance_gathers_ends_the_run_and_says_what_to_do() {
    let feed = |on_trap| {
        let mut bench = Bench::new(Behaviour::Gather, &[1], on_trap);
        for number in 1..=2 {
            bench.change(number, source(&[1, 2, 3])).expect("not too much yet");
        }
        let third = bench.change(3, source(&[1, 2, 3]));
        (third, bench)
    };
    for on_trap in [OnTrap::Fail, OnTrap::Quarantine] {
        let failure = feed(on_trap).0.expect_err("too much");
        for words in ["it is a limit", "a fresh instance processes the same batch", "[limits]", "on_trap = \"retry\""] {
            assert!(failure.message.contains(words), "{words:?} is not in {failure}");
        }
    }
    let (made, bench) = feed(OnTrap::Retry);
    assert_eq!(ids(&made.expect("as asked").rows), [1, 2, 3]);
    let said = bench.ears.0.lock().expect("unharmed").clone();
    assert!(said.len() == 1 && said[0].contains("processed the batch in a fresh instance"), "{said:?}");
}

#[test]
fn a_transform_that_keeps_state_is_neither_halved_nor_replaced() {
    for misdeed in [Behaviour::Trap, Behaviour::Fail, Behaviour::Loop] {
        let bench = Bench::with(misdeed, &[2], &[], &[], OnTrap::Fail, true);
        assert_eq!(fails(bench, 8, &["keeps state from batch to batch"]).calls(), 1);
    }
}

#[test]
fn a_row_that_never_ends_is_named_within_an_eighth_of_the_time() {
    for rows in [1, 2, 50, 5_000] {
        let words = ["of the batch alone (id = 1) takes longer than"];
        let bench = fails(Bench::new(Behaviour::Loop, &[1], OnTrap::Fail), rows, &words);
        let took = bench.clock.elapsed();
        assert!(took <= CALL_TIME + CALL_TIME / 8, "{rows} rows: {took:?}");
    }
    // If there are many such rows, the first one is named.
    let all: Vec<i64> = (1..=5_000).collect();
    let bench = fails(Bench::new(Behaviour::Loop, &all, OnTrap::Fail), 5_000, &["row 1 of the batch alone"]);
    assert!(bench.clock.elapsed() <= CALL_TIME + CALL_TIME / 8);
}

#[test]
fn a_search_that_takes_too_long_ends_with_what_it_found() {
    let all: Vec<i64> = (1..=5_000).collect();
    let words = ["the search for the row took too long", "rows 1 to "];
    let bench =
        fails(Bench::new(Behaviour::Loop, &all, OnTrap::Quarantine), 5_000, &["the search for the row took too long"]);
    assert!(bench.clock.elapsed() <= 3 * CALL_TIME, "{:?}", bench.clock.elapsed());
    let _ = words;
}

#[test]
fn slow_rows_are_not_blamed_alone() {
    // At a second per row, 40 rows take 40 s; the limit is 30 s.
    let bench = Bench::new(Behaviour::Slow, &[1], OnTrap::Quarantine);
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
        (Behaviour::Reorder, "neither adds, doubles nor moves rows"),
        (Behaviour::DoubleRow, "neither adds, doubles nor moves rows"),
        (Behaviour::LoseRow, "neither adds, doubles nor moves rows"),
        (Behaviour::Null, "column twice was promised without NULL, and row 3 of the batch (id = 3) has it"),
        (Behaviour::OtherType, "column twice was promised as int64 and is utf8"),
        (Behaviour::NoColumn, "column twice (int64) was promised and is missing"),
        (Behaviour::Version, "column changed identifies the version of a row, and the transform changed it in row 1"),
        (Behaviour::NoKey, "column id identifies a row and is missing from what the transform makes"),
    ];
    for (misdeed, words) in expected {
        for on_trap in [OnTrap::Fail, OnTrap::Retry, OnTrap::Quarantine] {
            fails(Bench::new(misdeed, &[3], on_trap), 5, &[words]);
        }
    }
}

/// Checks that every row of the source is either correct in the result, or rejected as it is in the source, or was
/// filtered out by the script.
fn check_accounts(bench: &Bench, all: &[i64], rejects: &[i64], filters: &[i64], made: &[Batch], label: &str) {
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
        let mut bench = Bench::with(misdeed, &at, &rejects, &filters, on_trap, keeps_state);
        let label = format!("{misdeed:?} at {at:?}, {rejects:?} rejected, {filters:?} filtered, {batch_rows} rows");
        let (mut made, mut sent) = (Vec::new(), Vec::new());
        for (number, part) in (1..).zip(all.chunks(batch_rows)) {
            match bench.change(number, source(part)) {
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
