//! Takes the proof of a stream while its rows are loaded. A proof that cannot be taken never fails the load: there is a
//! reason instead of it.

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use wmshost_sql::{Dialect, by_name};

use super::by_key::LoadedRows;
use super::proof::{Proof, ProvenRange, Scope};
use super::ranges::SourceRanges;
use super::whole;
use crate::compare::{OpenTarget, Wanted};
use crate::failure::Failure;
use crate::metadata::checkpoint::LoadMode;
use crate::ports::source::{SourceSession, TableDescription};
use crate::ports::target::{Refused, TableDefinition};
use crate::rows::hash::{Hashing, row_hashes};
use crate::stages::transform::type_name;
use crate::stream::Stream;
use crate::stream::opened::ReadyStream;
use crate::stream::transaction::lock;
use crate::values::key::Keys;

/// The number of rows that may wait to be read back by their keys.
const MOST_WAITING: usize = 65_536;

/// Takes the proof of one stream.
pub(crate) struct Taker {
    open_target: OpenTarget,
    table: String,
    /// The columns of the rows.
    source: SchemaRef,
    /// Those that are hashed: the ones that the table has.
    columns: Vec<String>,
    key: Vec<String>,
    hashing: Hashing,
    /// The source's rows; `None` if the proof is about the rows that were read.
    whole: Option<SourceRanges>,
    /// Rows that are to be read back by their keys.
    waiting: LoadedRows,
    proven: Vec<ProvenRange>,
    /// The keys of rows that differ.
    different: Vec<String>,
    /// The reason why no proof can be taken any more.
    broken: Option<Failure>,
}

impl Taker {
    /// Begins, if the stream leaves receipts. The table is prepared already.
    pub(crate) fn begin(stream: &mut Stream, ready: &ReadyStream) -> Result<Option<Self>, Failure> {
        let Some(open_target) = stream.receipt.take() else { return Ok(None) };
        let request = &ready.request;
        let reads_all = ready.previous.is_none() || request.mode != LoadMode::Merge;
        let is_whole = reads_all && !request.resume && stream.checkpoint_name == stream.name;
        let mut target = lock(&stream.target);
        // A table that is replaced has the columns of the load.
        let found = if request.mode == LoadMode::Replace { None } else { target.describe(&request.table)? };
        let has = |name: &str| {
            let named =
                |found: &TableDefinition| by_name(found.columns.fields().iter(), name, |field| field.name()).is_some();
            found.as_ref().is_none_or(named)
        };
        let columns = request.columns.fields().iter().map(|field| field.name().clone()).filter(|name| has(name));
        Ok(Some(Self {
            open_target,
            table: request.table.clone(),
            source: SchemaRef::clone(&request.columns),
            columns: columns.collect(),
            key: request.key.clone(),
            hashing: Hashing { as_oracle: target.sql().dialect() == Dialect::Oracle },
            whole: is_whole.then(|| SourceRanges::new(!request.key.is_empty())),
            waiting: LoadedRows::default(),
            proven: Vec::new(),
            different: Vec::new(),
            broken: None,
        }))
    }

    /// Takes rows that are loaded, without those that the target refused.
    pub(crate) fn loaded(&mut self, rows: &RecordBatch, refused: &[Refused]) {
        if self.broken.is_none() {
            self.broken = self.take(rows, refused).err();
        }
    }

    fn take(&mut self, rows: &RecordBatch, refused: &[Refused]) -> Result<(), Failure> {
        let rows = &without(rows, refused)?;
        let keys = Keys::of(rows, &self.key)?;
        let hashes = row_hashes(rows, &self.columns, self.hashing)?;
        match &mut self.whole {
            Some(ranges) => ranges.add(&keys, &hashes),
            None => {
                self.waiting.add(keys, hashes);
                Ok(())
            }
        }
    }

    /// Reads rows back that were committed, if many of them wait for it.
    pub(crate) fn committed(&mut self) {
        if self.waiting.rows >= MOST_WAITING && self.broken.is_none() {
            self.broken = self.read_back().err();
        }
    }

    fn read_back(&mut self) -> Result<(), Failure> {
        if self.key.is_empty() {
            return Err(Failure::permanent("rows without a key cannot be read back by it"));
        }
        let (mut reader, table) = self.open()?;
        let wanted = Wanted::of(&table, &self.columns, &self.key, &self.source);
        let waiting = std::mem::take(&mut self.waiting);
        let read = waiting.prove(reader.as_mut(), (&table.name, &wanted), self.hashing, &mut self.different)?;
        self.proven.push(read);
        Ok(())
    }

    fn open(&self) -> Result<(Box<dyn SourceSession>, TableDescription), Failure> {
        let mut reader = (self.open_target)()?;
        let missing = || Failure::permanent(format!("the target has no table {}", self.table));
        let table = reader.describe(&self.table)?.ok_or_else(missing)?;
        match self.columns.iter().find(|name| !table.has(name)) {
            Some(name) => Err(Failure::permanent(format!("the target's table {} lacks the column {name}", self.table))),
            None => Ok((reader, table)),
        }
    }

    /// Reads the target back after the last commit; calls `alive` on the way. Returns the proof, or the reason why there is
    /// none.
    pub(crate) fn end(mut self, alive: &mut dyn FnMut() -> Result<(), Failure>) -> Result<Proof, Failure> {
        if let Some(broken) = self.broken.take() {
            return Err(broken);
        }
        let mut scope = Scope::Read;
        if let Some(source) = self.whole.take() {
            scope = Scope::Whole;
            let (mut reader, table) = self.open()?;
            let key: &[String] = if source.is_ordered { &self.key } else { &[] };
            let wanted = Wanted::of(&table, &self.columns, key, &self.source);
            self.proven = whole::prove(reader.as_mut(), &table, &wanted, self.hashing, source, alive)?;
        } else if self.waiting.rows > 0 {
            self.read_back()?;
        }
        let kind = |name: &String| self.source.field_with_name(name).map(|field| type_name(field.data_type()));
        let columns = self.columns.iter().map(|name| (name.clone(), kind(name).unwrap_or_default())).collect();
        let (key, as_oracle) = (self.key, self.hashing.as_oracle);
        Ok(Proof { scope, columns, key, as_oracle, ranges: self.proven, different_keys: self.different })
    }
}

/// Returns the rows that the target did not refuse.
fn without(rows: &RecordBatch, refused: &[Refused]) -> Result<RecordBatch, Failure> {
    if refused.is_empty() {
        return Ok(rows.clone());
    }
    let mut kept = vec![true; rows.num_rows()];
    refused.iter().for_each(|row| kept[row.row] = false);
    arrow_select::filter::filter_record_batch(rows, &kept.into())
        .map_err(|error| Failure::permanent(format!("picking rows: {error}")))
}
