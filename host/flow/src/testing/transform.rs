//! A transform that adds the column `twice`, rejects some rows, filters others out, and misbehaves by script.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use arrow_array::{Array as _, ArrayRef, Int64Array, RecordBatch, StringArray, UInt32Array};
use arrow_schema::{Field, Schema, SchemaRef};
use arrow_select::take::take_record_batch;

use super::clock::FakeClock;
use super::rows::{ids, item_columns};
use crate::failure::Failure;
use crate::failure::kind::FailureKind;
use crate::ports::transform::{Call, RejectedRow, Transform, Transformed};
use crate::rows::batch::Cause;

/// The longest computing time of one call.
pub(crate) const CALL_TIME: Duration = Duration::from_secs(30);

/// The misbehaviour of a transform.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Behaviour {
    /// It does not misbehave.
    None,
    /// Traps, fails, or never returns at these ids.
    Trap,
    Fail,
    Loop,
    /// Traps if two of the ids are in one batch.
    TrapAtPair,
    /// Traps if an instance has met two of the ids, in one batch or in two.
    TrapAfterPair,
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

/// All of them.
pub(crate) const MISDEEDS: [Behaviour; 19] = [
    Behaviour::None,
    Behaviour::Trap,
    Behaviour::Fail,
    Behaviour::Loop,
    Behaviour::TrapAtPair,
    Behaviour::TrapAfterPair,
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

/// The transform: `twice` is 2 × id; it takes its time from the clock.
pub(crate) struct ScriptedTransform {
    pub(crate) misdeed: Behaviour,
    pub(crate) at: BTreeSet<i64>,
    pub(crate) rejects: BTreeSet<i64>,
    pub(crate) filters: BTreeSet<i64>,
    pub(crate) keeps_state: bool,
    /// The calls of the present instance.
    calls: u32,
    /// The number of rows at which it misbehaves that the present instance has met.
    met: usize,
    /// The calls of all instances.
    all_calls: Arc<Mutex<u32>>,
    clock: Arc<FakeClock>,
}

fn with_column(rows: &RecordBatch, name: &str, array: ArrayRef) -> RecordBatch {
    let mut fields: Vec<_> = rows.schema().fields().iter().cloned().collect();
    let mut arrays = rows.columns().to_vec();
    let field = Arc::new(Field::new(name, array.data_type().clone(), true));
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

impl ScriptedTransform {
    /// Returns a transform that misbehaves at the rows with these ids.
    pub(crate) fn new(misdeed: Behaviour, at: &[i64], clock: Arc<FakeClock>) -> Self {
        let (at, rejects, filters) = (at.iter().copied().collect(), BTreeSet::new(), BTreeSet::new());
        Self { misdeed, at, rejects, filters, keeps_state: false, calls: 0, met: 0, all_calls: Arc::default(), clock }
    }

    /// Returns the number of its calls, which goes on counting.
    pub(crate) fn all_calls(&self) -> Arc<Mutex<u32>> {
        Arc::clone(&self.all_calls)
    }

    fn breaks(&mut self, rows: &RecordBatch, time: Duration) -> Option<FailureKind> {
        let hit = ids(rows).into_iter().filter(|id| self.at.contains(id)).count();
        self.met += hit;
        let slow = Duration::from_secs(rows.num_rows() as u64);
        match self.misdeed {
            Behaviour::Trap if hit > 0 => Some(FailureKind::Trap),
            Behaviour::Fail if hit > 0 => Some(FailureKind::Permanent),
            Behaviour::Loop if hit > 0 => {
                self.clock.advance(time);
                Some(FailureKind::Timeout)
            }
            Behaviour::Slow if !self.at.is_empty() => {
                self.clock.advance(slow.min(time));
                (slow > time).then_some(FailureKind::Timeout)
            }
            Behaviour::TrapAtPair if hit > 1 => Some(FailureKind::Trap),
            Behaviour::TrapAfterPair if hit > 0 && self.met > 1 => Some(FailureKind::Trap),
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

impl Transform for ScriptedTransform {
    fn plugin(&self) -> &str {
        "scripted"
    }

    fn output_schema(&mut self, _: &SchemaRef) -> Result<SchemaRef, Failure> {
        Ok(item_columns(true))
    }

    fn promised(&self) -> Option<SchemaRef> {
        Some(item_columns(true))
    }

    fn keeps_state(&self) -> bool {
        self.keeps_state
    }

    fn call_time(&self) -> Duration {
        CALL_TIME
    }

    fn renew(&mut self) -> Result<(), Failure> {
        (self.calls, self.met) = (0, 0);
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
        let untouched = kept.len() == rows.num_rows();
        let left =
            if untouched { all } else { take_record_batch(&all, &UInt32Array::from(kept.clone())).expect("rows") };
        let (rows, positions) = self.misdo(left, kept);
        let plain = untouched && rejected.is_empty() && positions.iter().copied().eq(0..positions.len() as u32);
        Ok(Transformed { rows, positions: (!plain).then_some(positions), rejected })
    }
}
