//! Compares one stream on two threads: one reads the source, the other reads the target and compares.

use std::panic::resume_unwind;
use std::thread;

use arrow_schema::SchemaRef;
use crossbeam_channel::bounded;

use super::comparer::{Comparer, Repair};
use super::difference::{CompareRules, Difference};
use super::hash::Hashing;
use super::reading::read;
use super::scan::{TargetScan, Wanted};
use crate::checkpoint::LoadMode;
use crate::definition::columns_of;
use crate::extract::Method;
use crate::failure::{Failure, Stage, StreamFailure};
use crate::load::LoadRequest;
use crate::metadata::{Known, Lease, Quarantine};
use crate::open::ReadyStream;
use crate::source::{Dialect, SourceSession, TableDescription};
use crate::stream::{StageFailure, Stream, StreamContext, lock};
use crate::transform_stage::TransformStage;

/// The approximate number of rows in a range.
const RANGE_ROWS: usize = 8_192;
/// The number of batches of the source that may wait to be compared.
const WAITING_PARTS: usize = 2;
/// The largest number of rows that are named one by one.
pub(super) const MOST_SAMPLES: usize = 1_000;
/// The column that holds the time at which a row was deleted.
const DELETED_AT: &str = "wms_deleted_at";

/// Opens the target's table for reading, in its state at the time of the call.
pub type OpenTarget = Box<dyn FnOnce() -> Result<Box<dyn SourceSession>, Failure> + Send>;

/// The depth of a comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// Keys only, to find the rows that the source no longer has.
    Keys,
    /// All columns.
    Rows,
}

/// The options of a comparison.
#[derive(Debug, Clone, Copy)]
pub struct Compare {
    /// The depth.
    pub depth: Depth,
    /// True to load missing and different rows, and to delete extra ones as the stream's policy says.
    pub repair: bool,
}

/// The result of a comparison.
#[derive(Debug, Clone, Default)]
pub struct Comparison {
    /// True if both sides were read to their ends. If not, all numbers refer to the part that was compared.
    pub is_complete: bool,
    /// Rows of the source, without the rejected ones.
    pub source_rows: u64,
    /// Rows of the target, without those marked as deleted.
    pub target_rows: u64,
    /// Rows of the source that were rejected and therefore do not belong in the target.
    pub rejected: u64,
    /// Ranges of keys that were compared.
    pub ranges: u64,
    /// The number of these ranges that differ.
    pub ranges_different: u64,
    /// Rows that the target lacks.
    pub missing: u64,
    /// Rows that only the target has.
    pub extra: u64,
    /// Rows that both have, with different values.
    pub different: u64,
    /// Rows of the target whose version in the source was rejected. They are not deleted.
    pub outdated: u64,
    /// Rows of the source with a key that another row of it has: the target can hold only one of them.
    pub source_duplicates: u64,
    /// Rows of the target with a key that another row of it has.
    pub target_duplicates: u64,
    /// Missing or different rows that a repair has loaded.
    pub loaded: u64,
    /// Extra rows that a repair has deleted, or marked as deleted.
    pub deleted: u64,
    /// The first rows that differ.
    pub samples: Vec<Difference>,
    /// Columns of the stream that the target's table does not have; they are not compared.
    pub columns_left_out: Vec<String>,
}

impl Comparison {
    /// Returns whether everything was compared and nothing differs, the number of rows included.
    pub fn is_equal(&self) -> bool {
        let duplicates = self.source_duplicates + self.target_duplicates;
        self.is_complete && self.differing() == 0 && duplicates == 0 && self.source_rows == self.target_rows
    }

    /// Returns the number of rows that differed, without duplicates.
    pub fn differing(&self) -> u64 {
        self.missing + self.extra + self.different + self.outdated
    }

    /// Returns the number of rows that a repair has loaded or deleted.
    pub fn repaired(&self) -> u64 {
        self.loaded + self.deleted
    }

    /// Returns whether everything was compared and a repair has loaded all rows that were missing or different in the
    /// target.
    pub fn is_mended(&self) -> bool {
        let duplicates = self.source_duplicates + self.target_duplicates;
        self.is_complete && duplicates == 0 && self.loaded >= self.missing + self.different
    }

    /// Describes what was done before a comparison broke off.
    fn in_words(&self) -> String {
        let loaded = match self.loaded {
            0 => "no row was loaded".to_owned(),
            loaded => format!("{loaded} rows were loaded before and stay"),
        };
        let rows = self.source_rows;
        match self.is_complete {
            true => format!("all {rows} rows of the source were compared: {loaded}, none was deleted"),
            false => format!("the comparison broke off after {rows} rows of the source: {loaded}, none was deleted"),
        }
    }
}

/// The outcome of a comparison: its result, which is partial if it failed.
#[derive(Debug)]
pub struct Compared {
    /// The result up to the end of the comparison.
    pub found: Comparison,
    /// The reason why it broke off or did not begin.
    pub failure: Option<StreamFailure>,
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
        let (columns, key) = self.open_whole(compare.depth)?;
        let mut reader = open_target().map_err(&at_load)?;
        let table = target_table(reader.as_mut(), &self.target_table).map_err(&at_load)?;
        let (common, left_out): (Vec<_>, Vec<_>) =
            columns.fields().iter().map(|field| field.name().clone()).partition(|name| has(&table, name));
        let common = if compare.depth == Depth::Keys { key.clone() } else { common };
        found.columns_left_out = left_out;
        if compare.repair {
            self.check_definition(context, &columns_of(&columns)).map_err(&at_load)?;
            self.prepare_repair(&columns, &key, lease.as_ref()).map_err(&at_load)?;
        }
        let hashing = Hashing { as_oracle: reader.dialect() == Dialect::Oracle };
        let wanted = Wanted {
            columns: common.clone(),
            key: key.clone(),
            source: SchemaRef::clone(&columns),
            keeps_deleted: has(&table, DELETED_AT),
        };
        let scan = TargetScan::begin(reader.as_mut(), &table, wanted).map_err(&at_load)?;
        let note = self.reconciled(context);
        let mut quarantined = self.known(compare, context).map_err(&at_load)?;
        let Self { name, extractor, transforms, loader, target, policy, request, .. } = self;
        let transforms: &mut [_] = if compare.depth == Depth::Rows { transforms } else { &mut [] };
        let changes = TransformStage {
            stream: name,
            transforms,
            columns: &columns,
            key: &key,
            version: request.change_key.as_deref(),
            on_trap: policy.on_trap,
            on_bad_value: policy.on_bad_value,
            context,
        };
        let mut judge = Comparer {
            stream: name,
            target: scan,
            comparing: CompareRules { key: &key, common: &common, hashing, most_samples: MOST_SAMPLES },
            columns: &columns,
            depth: compare.depth,
            repair: lease.as_ref().map(|lease| Repair {
                loader: loader.as_mut(),
                target,
                lease,
                deletes: policy.deletes,
                guard: policy.delete_guard,
                table: table.name.clone(),
                note,
                quarantined: std::mem::take(&mut quarantined),
                to_remove: Vec::new(),
                renewed,
            }),
            found,
            context,
        };
        let (parts_in, parts_out) = bounded(WAITING_PARTS);
        let source_key: &[String] = &key;
        let ended = thread::scope(|scope| {
            let reading = scope.spawn(move || read(extractor.as_mut(), changes, source_key, &parts_in, context));
            let judged = judge.run(&parts_out);
            drop(parts_out);
            let read = reading.join().unwrap_or_else(|panic| resume_unwind(panic));
            // If the reading failed, this is the reason why the comparison broke off, so that its failure counts.
            read.and(judged.map_err(StageFailure::before(Stage::Load)))
        });
        ended.map_err(|at| at.followed_by(&found.in_words()))
    }

    /// Opens the whole table by key, or its keys only; returns the columns after the transforms, and the key.
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

fn target_table(reader: &mut dyn SourceSession, table: &str) -> Result<TableDescription, Failure> {
    let missing = || Failure::invalid_config(format!("the target has no table {table}: run the stream first"));
    reader.describe(table)?.ok_or_else(missing)
}

/// Returns whether a table has the column, in whatever case its name is written.
fn has(table: &TableDescription, name: &str) -> bool {
    table.columns.fields().iter().any(|field| field.name().to_lowercase() == name.to_lowercase())
}
