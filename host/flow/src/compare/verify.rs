//! One stream, range by range: two threads, one that reads the source and one that reads the target and compares.

use std::panic::resume_unwind;
use std::thread;

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use crossbeam_channel::{Receiver, Sender, bounded};

use super::difference::{Difference, DifferenceKind, Differences, Side, differences};
use super::hash::Hashing;
use super::range::{Range, TargetTable, key_at};
use crate::order::order_of_keys;
use crate::change::Changes;
use crate::checkpoint::LoadMode;
use crate::events::{Event, Tally};
use crate::extract::{Extractor, Method, Step};
use crate::failure::{Failure, FailureKind, Stage};
use crate::house::Lease;
use crate::load::{LoadRequest, Loader};
use crate::policy::Deletes;
use crate::source::{Dialect, SourceSession};
use crate::stream::{StageFailure, Stream, StreamContext, in_transaction, lock};
use crate::target::{Removal, SharedTarget};
use crate::value::Value;

/// Rows of a range, about.
const RANGE_ROWS: usize = 8_192;
/// Ranges that may wait to be compared.
const WAITING_RANGES: usize = 2;
/// The most rows that are named one by one.
const MOST_NAMED: usize = 1_000;

/// What is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// Keys only: which rows the source no longer has.
    Keys,
    /// All columns.
    Rows,
}

/// How to compare.
#[derive(Debug, Clone, Copy)]
pub struct Compare {
    /// What is compared.
    pub depth: Depth,
    /// Whether to load what is missing or different, and to take away what is extra as the stream's policy says.
    pub repair: bool,
}

/// What was found.
#[derive(Debug, Clone, Default)]
pub struct Comparison {
    /// Rows of the source, those in quarantine not among them.
    pub source_rows: u64,
    /// Rows of the target, those marked as deleted not among them.
    pub target_rows: u64,
    /// Rows of the source that go to quarantine and not into the target.
    pub rejected: u64,
    /// Ranges of keys that were compared.
    pub ranges: u64,
    /// Those of them that differ.
    pub ranges_different: u64,
    /// Rows that the target lacks.
    pub missing: u64,
    /// Rows that only the target has.
    pub extra: u64,
    /// Rows that both have, with other values.
    pub different: u64,
    /// Rows that were repaired.
    pub repaired: u64,
    /// The first rows that differ.
    pub named: Vec<Difference>,
    /// Columns of the stream that the target's table does not have; they are not compared.
    pub columns_left_out: Vec<String>,
}

impl Comparison {
    /// Whether nothing differs.
    pub fn is_equal(&self) -> bool {
        self.differing() == 0
    }

    /// How many rows differed.
    pub fn differing(&self) -> u64 {
        self.missing + self.extra + self.different
    }

    /// How many of them a repair left as they were.
    pub fn remaining(&self) -> u64 {
        self.differing().saturating_sub(self.repaired)
    }
}

/// A part of the source, up to a key.
struct Part {
    rows: RecordBatch,
    rejected: u64,
    /// The last key; `None` at the end.
    up_to: Option<Vec<Value>>,
}

impl Stream {
    /// Compares source and target, reading the target's table in the session given. Takes the stream's lease if it is
    /// to repair.
    pub fn compare(
        mut self,
        reader: Box<dyn SourceSession>,
        compare: Compare,
        context: &StreamContext,
    ) -> Result<Comparison, crate::failure::StreamFailure> {
        let mut lease = None;
        let compared = self.compare_within(reader, compare, context, &mut lease);
        self.give_back(lease.as_ref());
        compared.map_err(|at| at.of_stream(&self.name))
    }

    fn compare_within(
        &mut self,
        mut reader: Box<dyn SourceSession>,
        compare: Compare,
        context: &StreamContext,
        lease: &mut Option<Lease>,
    ) -> Result<Comparison, StageFailure> {
        let at_load = StageFailure::before(Stage::Load);
        if compare.repair {
            *lease = Some(self.take_lease(context).map_err(&at_load)?);
        }
        let (columns, key) = self.open_whole(compare.depth)?;
        let table = target_table(reader.as_mut(), &self.target_table).map_err(&at_load)?;
        let (common, left_out): (Vec<_>, Vec<_>) =
            columns.fields().iter().map(|field| field.name().clone()).partition(|name| table.has(name));
        let common = if compare.depth == Depth::Keys { key.clone() } else { common };
        let hashing = Hashing { as_oracle: reader.dialect() == Dialect::Oracle };
        if compare.repair {
            self.prepare_repair(&columns, &key, lease.as_ref()).map_err(&at_load)?;
        }
        let Self { name, extractor, transforms, loader, target, policy, request, .. } = self;
        let depth = compare.depth;
        let transforms: &mut [_] = if depth == Depth::Rows { transforms } else { &mut [] };
        let changes = Changes {
            stream: name,
            transforms,
            columns: &columns,
            key: &key,
            version: request.change_key.as_deref(),
            on_trap: policy.on_trap,
            context,
        };
        let mut judge = Judge {
            stream: name,
            target: TargetTable {
                session: reader,
                table: table.name,
                columns: common.clone(),
                key: key.clone(),
                source: SchemaRef::clone(&columns),
                keeps_deleted: table.keeps_deleted,
            },
            key: &key,
            common: &common,
            hashing,
            depth,
            repair: compare.repair.then_some(Repair {
                loader: loader.as_mut(),
                target,
                lease: lease.as_ref(),
                deletes: policy.deletes,
            }),
            found: Comparison { columns_left_out: left_out, ..Comparison::default() },
            context,
        };
        let (parts_in, parts_out) = bounded(WAITING_RANGES);
        let source_key: &[String] = &key;
        thread::scope(|scope| {
            let reading = scope.spawn(move || read(extractor.as_mut(), changes, source_key, &parts_in, context));
            let judged = judge.run(&parts_out);
            drop(parts_out);
            let read = reading.join().unwrap_or_else(|panic| resume_unwind(panic));
            read.and(judged.map_err(StageFailure::before(Stage::Load)))
        })?;
        Ok(judge.found)
    }

    /// Opens the whole table by key, or its keys only; gives the columns after the transforms, and the key.
    fn open_whole(&mut self, depth: Depth) -> Result<(SchemaRef, Vec<String>), StageFailure> {
        let at_extract = StageFailure::before(Stage::Extract);
        self.request.method = Method::Full;
        self.request.batch_rows = RANGE_ROWS;
        let mut opened = self.extractor.open(&self.request).map_err(&at_extract)?;
        if depth == Depth::Keys {
            (self.request.columns, self.request.change_key) = (opened.key.clone(), None);
            opened = self.extractor.open(&self.request).map_err(at_extract)?;
            return Ok((opened.schema, opened.key));
        }
        let columns = self.columns_after_transforms(&opened)?;
        self.check_stateless("compared row by row")?;
        Ok((columns, opened.key))
    }

    /// Has the loader make ready for rows that win, whatever their version.
    fn prepare_repair(&mut self, columns: &SchemaRef, key: &[String], lease: Option<&Lease>) -> Result<(), Failure> {
        let request = LoadRequest {
            stream: self.name.clone(),
            table: self.target_table.clone(),
            mode: LoadMode::Merge,
            columns: SchemaRef::clone(columns),
            key: key.to_vec(),
            version: None,
            schema: self.policy.schema,
            resume: true,
        };
        self.prepare(&request, lease, true).map(drop)
    }
}

/// What is known of the target's table.
struct KnownTable {
    name: String,
    columns: SchemaRef,
    keeps_deleted: bool,
}

impl KnownTable {
    /// Whether it has the column, however its name is spelled.
    fn has(&self, name: &str) -> bool {
        self.columns.fields().iter().any(|field| field.name().to_lowercase() == name.to_lowercase())
    }
}

fn target_table(reader: &mut dyn SourceSession, table: &str) -> Result<KnownTable, Failure> {
    let Some(found) = reader.describe(table)? else {
        return Err(Failure::invalid_config(format!("the target has no table {table}: run the stream first")));
    };
    let mut known = KnownTable { name: found.name, columns: found.columns, keeps_deleted: false };
    known.keeps_deleted = known.has("wms_deleted_at");
    Ok(known)
}

/// Reads the source through the transforms, and tells of every part up to which key it goes.
fn read(
    extractor: &mut dyn Extractor,
    mut changes: Changes<'_>,
    key: &[String],
    out: &Sender<Part>,
    context: &StreamContext,
) -> Result<(), StageFailure> {
    let mut last: Option<Vec<Value>> = None;
    for number in 1.. {
        if context.cancel.is_set() {
            let stopped = Failure::new(FailureKind::Cancelled, "the comparison was asked to stop");
            return Err(StageFailure::in_batch(Stage::Extract, number)(stopped));
        }
        let at = StageFailure::in_batch(Stage::Extract, number);
        let Step::Chunk(chunk) = extractor.next().map_err(&at)? else { break };
        let raw = &chunk.batch.rows;
        let up_to = (0..raw.num_rows()).rev().find_map(|row| key_at(raw, key, row));
        let first = (0..raw.num_rows()).find_map(|row| key_at(raw, key, row));
        for (behind, before) in [(&first, &last), (&up_to, &first)] {
            if let (Some(behind), Some(before)) = (behind, before)
                && order_of_keys(before, behind).is_none_or(std::cmp::Ordering::is_gt)
            {
                return Err(at(Failure::permanent(
                    "the extractor does not read the whole table in the order of its key, so that ranges of keys cannot \
                     be compared",
                )));
            }
        }
        last = up_to.clone().or(last);
        let batch = changes.change(number, chunk.batch).map_err(StageFailure::in_batch(Stage::Transform, number))?;
        let part = Part { rows: batch.rows, rejected: batch.rejected.len() as u64, up_to };
        if out.send(part).is_err() {
            break;
        }
    }
    Ok(())
}

/// Compares part after part with the target.
struct Judge<'a> {
    stream: &'a str,
    target: TargetTable,
    key: &'a [String],
    common: &'a [String],
    hashing: Hashing,
    depth: Depth,
    repair: Option<Repair<'a>>,
    found: Comparison,
    context: &'a StreamContext,
}

/// What is needed to repair.
struct Repair<'a> {
    loader: &'a mut dyn Loader,
    target: &'a SharedTarget,
    lease: Option<&'a Lease>,
    deletes: Deletes,
}

impl Judge<'_> {
    fn run(&mut self, parts: &Receiver<Part>) -> Result<(), Failure> {
        let mut range = Range::default();
        let mut waiting = Vec::new();
        for part in parts {
            self.found.rejected += part.rejected;
            waiting.push(part.rows);
            // Rows without a key come first; they have no end of their own.
            let Some(up_to) = part.up_to else { continue };
            range.up_to = Some(up_to);
            self.judge(std::mem::take(&mut waiting), &range)?;
            range = Range { behind: range.up_to, up_to: None };
        }
        self.judge(waiting, &range)
    }

    fn judge(&mut self, source: Vec<RecordBatch>, range: &Range) -> Result<(), Failure> {
        let target = Side::of(self.target.read(range)?, self.common, self.hashing)?;
        let source = Side::of(source, self.common, self.hashing)?;
        self.found.ranges += 1;
        self.found.source_rows += source.count();
        self.found.target_rows += target.count();
        if source.digest() != target.digest() {
            let mut differences = differences(&source, &target, self.key)?;
            if self.depth == Depth::Keys {
                // What the target lacks may be in quarantine: keys alone cannot tell.
                differences.list.retain(|difference| difference.kind == DifferenceKind::Extra);
                differences.to_load = None;
            }
            self.note(&differences);
            if let Some(repair) = &mut self.repair {
                self.found.repaired += repair.repair(&self.target.table, differences)?;
            }
        }
        let tally = Tally { read: self.found.source_rows, batches: self.found.ranges, ..Tally::default() };
        self.context.observer.event(&Event::Committed { stream: self.stream, tally });
        Ok(())
    }

    fn note(&mut self, differences: &Differences) {
        let count = |kind| differences.list.iter().filter(|difference| difference.kind == kind).count() as u64;
        self.found.missing += count(DifferenceKind::Missing);
        self.found.extra += count(DifferenceKind::Extra);
        self.found.different += count(DifferenceKind::Different);
        self.found.ranges_different += u64::from(!differences.list.is_empty());
        let room = MOST_NAMED.saturating_sub(self.found.named.len());
        self.found.named.extend(differences.list.iter().take(room).cloned());
    }
}

impl Repair<'_> {
    /// Loads and takes away, in one transaction; gives how many rows.
    fn repair(&mut self, table: &str, differences: Differences) -> Result<u64, Failure> {
        let removal = match self.deletes {
            Deletes::Ignore => None,
            Deletes::Mark => Some(Removal::Mark),
            Deletes::Delete => Some(Removal::Delete),
        };
        let to_remove = differences.to_remove.zip(removal);
        if differences.to_load.is_none() && to_remove.is_none() {
            return Ok(0);
        }
        let (target, lease) = (self.target, self.lease);
        in_transaction(target, lease, || self.repair_within(table, differences.to_load, to_remove))
    }

    fn repair_within(
        &mut self,
        table: &str,
        to_load: Option<RecordBatch>,
        to_remove: Option<(RecordBatch, Removal)>,
    ) -> Result<u64, Failure> {
        let mut repaired = 0;
        if let Some(rows) = to_load {
            repaired += self.loader.load(rows)?.received();
        }
        if let Some((keys, removal)) = to_remove {
            repaired += lock(self.target).remove(table, &keys, removal)?;
        }
        Ok(repaired)
    }
}
