//! Compares one stream on two threads: one reads the source, the other reads the target and compares.

use std::panic::resume_unwind;
use std::thread;
use std::time::Duration;

use arrow_schema::SchemaRef;
use crossbeam_channel::{Receiver, bounded};
use wmshost_sql::Dialect;

use super::bags::Bags;
use super::comparer::{Comparer, Repair};
use super::comparison::{Compare, Comparison, Depth, MOST_SAMPLES, OpenTarget};
use super::difference::CompareRules;
use super::reading::{Reading, read};
use super::scan::{TargetScan, Wanted};
use crate::definition::columns_of;
use crate::failure::{Failure, Stage, StreamFailure};
use crate::metadata::checkpoint::LoadMode;
use crate::metadata::{Known, Lease, Quarantine};
use crate::ports::extractor::{Extractor, Method};
use crate::ports::loader::LoadRequest;
use crate::ports::source::{SourceSession, TableDescription};
use crate::rows::hash::Hashing;
use crate::stages::transform::TransformStage;
use crate::stream::Stream;
use crate::stream::context::{StageFailure, StreamContext};
use crate::stream::opened::ReadyStream;
use crate::stream::transaction::lock;

/// The approximate number of rows in a range.
const RANGE_ROWS: usize = 8_192;
/// The number of batches of the source that may wait to be compared.
const WAITING_PARTS: usize = 2;

/// The outcome of a comparison: its result, which is partial if it failed.
#[derive(Debug)]
pub struct Compared {
    /// The result up to the end of the comparison.
    pub found: Comparison,
    /// The reason why it broke off or did not begin.
    pub failure: Option<StreamFailure>,
}

/// The use of a comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Seen {
    /// It is done.
    Enough,
    /// It was of keys and has met rows that only a comparison of rows can load; nothing was changed.
    TooLittle,
}

/// Both sides, open for reading.
struct Sides<'a> {
    /// The source's columns after the transforms.
    columns: SchemaRef,
    key: Vec<String>,
    /// The columns that both have.
    common: Vec<String>,
    hashing: Hashing,
    /// The name of the target's table.
    table: String,
    scan: TargetScan,
    /// The lease of a repair, and when it was taken.
    lease: Option<(&'a Lease, Duration)>,
}

impl Stream {
    /// Compares source and target, reading the target's table in a session that `open_target` opens. For a repair it
    /// takes the stream's lease first.
    pub fn compare(mut self, open_target: OpenTarget, compare: Compare, context: &StreamContext) -> Compared {
        let mut lease = None;
        let mut found = Comparison::default();
        let failure = self.compare_leased(open_target, compare, context, &mut lease, &mut found).err();
        self.release_now(lease.as_ref());
        Compared { failure: failure.map(|at| at.of_stream(&self.name)), found }
    }

    fn compare_leased(
        &mut self,
        open_target: OpenTarget,
        compare: Compare,
        context: &StreamContext,
        lease: &mut Option<Lease>,
        found: &mut Comparison,
    ) -> Result<(), StageFailure> {
        let at_load = StageFailure::before(Stage::Load);
        let renewed = context.clock.elapsed();
        if compare.repair {
            *lease = Some(self.take_lease(context).map_err(&at_load)?);
        }
        let lease = lease.as_ref().map(|lease| (lease, renewed));
        let request = self.request.clone();
        let opened = self.open_whole(compare.depth)?;
        let mut reader = open_target().map_err(&at_load)?;
        if self.compare_opened(opened, reader.as_mut(), compare, context, lease, found)? == Seen::Enough {
            return Ok(());
        }
        (self.request, *found) = (request, Comparison::default());
        let opened = self.open_whole(Depth::Rows)?;
        self.compare_opened(opened, reader.as_mut(), Compare { depth: Depth::Rows, ..compare }, context, lease, found)?;
        Ok(())
    }

    /// Compares the source, which is open with these columns and this key, with the target.
    fn compare_opened(
        &mut self,
        (columns, key): (SchemaRef, Vec<String>),
        reader: &mut dyn SourceSession,
        compare: Compare,
        context: &StreamContext,
        lease: Option<(&Lease, Duration)>,
        found: &mut Comparison,
    ) -> Result<Seen, StageFailure> {
        let at_load = StageFailure::before(Stage::Load);
        if key.is_empty() && compare.repair {
            return Err(at_load(
                Failure::invalid_config("rows without a key cannot be repaired one by one")
                    .advise("run the stream with --full-refresh, which replaces the whole table"),
            ));
        }
        found.is_by_keys = compare.depth == Depth::Keys;
        let table = target_table(reader, &self.target_table).map_err(&at_load)?;
        let (common, left_out): (Vec<_>, Vec<_>) =
            columns.fields().iter().map(|field| field.name().clone()).partition(|name| table.has(name));
        let common = if compare.depth == Depth::Keys { key.clone() } else { common };
        found.columns_left_out = left_out;
        if compare.repair {
            self.check_definition(context, &columns_of(&columns)).map_err(&at_load)?;
            self.prepare_repair(&columns, &key, lease.map(|(lease, _)| lease)).map_err(&at_load)?;
        }
        let hashing = Hashing { as_oracle: reader.dialect() == Dialect::Oracle };
        let wanted = Wanted::of(&table, &common, &key, &columns);
        let scan = TargetScan::begin(reader, &table, wanted).map_err(&at_load)?;
        let sides = Sides { columns, key, common, hashing, table: table.name.clone(), scan, lease };
        self.compare_sides(sides, compare, context, found)
    }

    fn compare_sides(
        &mut self,
        sides: Sides<'_>,
        compare: Compare,
        context: &StreamContext,
        found: &mut Comparison,
    ) -> Result<Seen, StageFailure> {
        let may_read_rows = compare.depth == Depth::Keys && self.check_stateless("compared row by row").is_ok();
        let Sides { columns, key, common, hashing, table, scan, lease } = sides;
        let note = self.reconciled(context);
        let mut quarantined = self.known(compare, context).map_err(StageFailure::before(Stage::Load))?;
        let Self { name, extractor, transforms, loader, target, policy, request, definition, .. } = self;
        let transforms: &mut [_] = if compare.depth == Depth::Rows { transforms } else { &mut [] };
        let transform_stage = TransformStage {
            stream: name,
            transforms,
            columns: &columns,
            key: &key,
            version: request.change_key.as_deref(),
            change_key: definition.change_key_policy(),
            on_trap: policy.on_trap,
            on_bad_value: policy.on_bad_value,
            context,
        };
        if key.is_empty() {
            let mut bags = Bags { target: scan, common: &common, hashing, found, context };
            let ended = with_source(extractor.as_mut(), transform_stage, &key, context, |parts| bags.run(parts));
            return ended.map(|()| Seen::Enough);
        }
        let mut comparer = Comparer {
            stream: name,
            target: scan,
            comparing: CompareRules { key: &key, common: &common, hashing, most_samples: MOST_SAMPLES },
            columns: &columns,
            depth: compare.depth,
            repair: lease.map(|(lease, renewed)| Repair {
                loader: loader.as_mut(),
                target,
                lease,
                deletes: policy.deletes,
                guard: policy.delete_guard,
                on_bad_value: policy.on_bad_value,
                table,
                note,
                quarantined: std::mem::take(&mut quarantined),
                to_remove: Vec::new(),
                renewed,
            }),
            may_read_rows,
            follows_changes: definition.method != Method::Append,
            has_returned: false,
            found,
            context,
        };
        let ended = with_source(extractor.as_mut(), transform_stage, &key, context, |parts| comparer.run(parts));
        let has_returned = comparer.has_returned;
        ended.map_err(|at| at.followed_by(&found.in_words()))?;
        Ok(if has_returned { Seen::TooLittle } else { Seen::Enough })
    }

    /// Opens the whole table by key, or its keys only; returns the columns after the transforms, and the key.
    pub(crate) fn open_whole(&mut self, depth: Depth) -> Result<(SchemaRef, Vec<String>), StageFailure> {
        let at_extract = StageFailure::before(Stage::Extract);
        self.request.method = Method::Full;
        self.request.batch_rows = RANGE_ROWS;
        let mut opened = self.open_extractor().map_err(&at_extract)?;
        if depth == Depth::Keys {
            (self.request.columns, self.request.change_key) = (opened.key.clone(), None);
            opened = self.open_extractor().map_err(at_extract)?;
            return Ok((opened.schema, opened.key));
        }
        let columns = self.columns_after_transforms(&opened)?;
        self.check_stateless("compared row by row")?;
        Ok((columns, opened.key))
    }

    /// Returns the stream's rows in quarantine if a repair may delete them from there; nothing otherwise.
    fn known(&self, compare: Compare, context: &StreamContext) -> Result<Known, Failure> {
        let quarantine = Quarantine { pipeline: &context.pipeline };
        if compare.repair { quarantine.of_stream(lock(&self.target).sql(), &self.name) } else { Ok(Known::default()) }
    }

    /// Prepares the loader for rows that win, whatever their version.
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
        self.prepare(&ReadyStream { request, previous: None, table: None }, lease, true).map(drop)
    }
}

/// Reads the source on a thread of its own, while this one compares what arrives.
fn with_source(
    extractor: &mut dyn Extractor,
    transform_stage: TransformStage<'_>,
    key: &[String],
    context: &StreamContext,
    compare: impl FnOnce(&Receiver<Reading>) -> Result<(), Failure>,
) -> Result<(), StageFailure> {
    let (parts_in, parts_out) = bounded(WAITING_PARTS);
    let span = &tracing::Span::current();
    thread::scope(|scope| {
        let read_source = move || read(extractor, transform_stage, key, &parts_in, context);
        let reading = scope.spawn(move || span.in_scope(read_source));
        let compared = compare(&parts_out);
        drop(parts_out);
        let read = reading.join().unwrap_or_else(|panic| resume_unwind(panic));
        // If the reading failed, this is the reason why the comparison broke off, so that its failure counts.
        read.and(compared.map_err(StageFailure::before(Stage::Load)))
    })
}

fn target_table(reader: &mut dyn SourceSession, table: &str) -> Result<TableDescription, Failure> {
    let missing = || Failure::invalid_config(format!("the target has no table {table}: run the stream first"));
    reader.describe(table)?.ok_or_else(missing)
}
