//! The differences within a range of keys: the rows of both sides are merged in the order of their keys.

use std::cmp::Ordering;
use std::collections::HashSet;

use arrow_array::{BooleanArray, RecordBatch};
use arrow_schema::{ArrowError, SchemaRef};
use arrow_select::concat::concat_batches;
use arrow_select::filter::filter_record_batch;

use crate::failure::Failure;
use crate::rows::cell_json::row_as_json;
use crate::rows::hash::{Hashing, row_hashes};
use crate::rows::row_json::row_from_json;
use crate::values::key::Keys;

/// The kind of a row's difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DifferenceKind {
    /// The source has it, the target does not.
    Missing,
    /// The target has it, the source does not.
    Extra,
    /// Both have it, with different values.
    Different,
    /// The target has it, and the source has a version of it that was rejected on the way.
    Outdated,
    /// The target has it, and the source may have it in a rejected row whose key cannot be read.
    Unclear,
    /// Another row of the source has its key.
    DuplicateInSource,
    /// Another row of the target has its key.
    DuplicateInTarget,
}

impl DifferenceKind {
    /// The kind's name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Extra => "extra",
            Self::Different => "different",
            Self::Outdated => "outdated",
            Self::Unclear => "unclear",
            Self::DuplicateInSource => "duplicate-in-source",
            Self::DuplicateInTarget => "duplicate-in-target",
        }
    }
}

/// A row that differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The kind of difference.
    pub kind: DifferenceKind,
    /// The row's key as a JSON object.
    pub key: String,
    /// The columns that differ, if both sides have the row.
    pub columns: Vec<String>,
}

/// The rules for comparing rows.
#[derive(Clone, Copy)]
pub(super) struct CompareRules<'a> {
    pub(super) key: &'a [String],
    /// The columns that both sides have.
    pub(super) common: &'a [String],
    pub(super) hashing: Hashing,
    /// The largest number of rows to name.
    pub(super) most_samples: usize,
}

/// Rows of one side with their hashes.
pub(super) struct Side {
    pub(super) rows: Vec<RecordBatch>,
    hashes: Vec<Vec<u64>>,
}

impl Side {
    pub(super) fn of(rows: Vec<RecordBatch>, comparing: CompareRules<'_>) -> Result<Self, Failure> {
        let hashes = rows.iter().map(|batch| row_hashes(batch, comparing.common, comparing.hashing));
        Ok(Self { hashes: hashes.collect::<Result<_, _>>()?, rows })
    }

    /// Returns the number of rows, and a number that is the same for the same rows in any order.
    pub(super) fn digest(&self) -> (u64, u64) {
        let hashes = self.hashes.iter().flatten();
        hashes.fold((0, 0), |(count, sum), hash| (count + 1, sum.wrapping_add(*hash)))
    }

    pub(super) fn count(&self) -> u64 {
        self.rows.iter().map(|rows| rows.num_rows() as u64).sum()
    }

    /// Returns all rows as one batch, with their hashes.
    fn whole(self, columns: &SchemaRef) -> Result<(RecordBatch, Vec<u64>), Failure> {
        let rows = match self.rows.first() {
            Some(first) => concat_batches(&first.schema(), &self.rows).map_err(wrong)?,
            None => RecordBatch::new_empty(SchemaRef::clone(columns)),
        };
        Ok((rows, self.hashes.concat()))
    }
}

pub(super) fn wrong(error: ArrowError) -> Failure {
    Failure::permanent(format!("picking rows: {error}"))
}

/// The differences between the two sides of a range.
#[derive(Default)]
pub(super) struct Differences {
    /// The first rows that differ, in the order of their keys.
    pub(super) samples: Vec<Difference>,
    pub(super) missing: u64,
    pub(super) extra: u64,
    pub(super) different: u64,
    pub(super) outdated: u64,
    pub(super) unclear: u64,
    /// Rows of the source that are missing or different in the target, and their places among those of the range.
    pub(super) to_load: Option<(RecordBatch, Vec<usize>)>,
    /// Keys of the target that the source does not have.
    pub(super) to_remove: Vec<RecordBatch>,
}

impl Differences {
    pub(super) fn count(&self) -> u64 {
        self.missing + self.extra + self.different + self.outdated + self.unclear
    }
}

/// Rows of the source that were rejected: the source has them, although they do not arrive.
#[derive(Debug, Default)]
pub(super) struct Withheld {
    /// The rows as JSON, from before and from after the end of the last range; a row between two batches may belong to
    /// either.
    older: Vec<String>,
    newer: Vec<String>,
    keys: Option<HashSet<String>>,
    /// True if the key of one of them cannot be read, so that it may be any key.
    is_unclear: bool,
    /// True if `unreadable` includes the older rows.
    is_older_counted: bool,
    /// The number of rows that were looked through and whose keys cannot be read.
    pub(super) unreadable: u64,
}

impl Withheld {
    pub(super) fn add(&mut self, rows: impl IntoIterator<Item = String>) {
        self.newer.extend(rows);
        self.keys = None;
    }

    /// Moves on to the next range.
    pub(super) fn go_on(&mut self) {
        self.older = std::mem::take(&mut self.newer);
        self.is_older_counted = self.keys.take().is_some();
    }

    fn is_empty(&self) -> bool {
        self.older.is_empty() && self.newer.is_empty()
    }

    /// Returns how a row of the target differs whose key has not arrived from the source.
    fn kind_of(&mut self, key: &str, columns: &SchemaRef) -> DifferenceKind {
        if self.is_empty() {
            return DifferenceKind::Extra;
        }
        if self.keys.is_none() {
            self.look_through(columns);
        }
        match &self.keys {
            Some(keys) if keys.contains(key) => DifferenceKind::Outdated,
            _ if self.is_unclear => DifferenceKind::Unclear,
            _ => DifferenceKind::Extra,
        }
    }

    /// Reads the keys of the rows.
    fn look_through(&mut self, columns: &SchemaRef) {
        let read = |rows: &[String]| rows.iter().map(|row| key_of(row, columns)).collect::<Vec<_>>();
        let unreadable = |keys: &[Option<String>]| keys.iter().filter(|key| key.is_none()).count() as u64;
        let (older, newer) = (read(&self.older), read(&self.newer));
        let (of_older, of_newer) = (unreadable(&older), unreadable(&newer));
        self.unreadable += of_newer + if self.is_older_counted { 0 } else { of_older };
        self.is_unclear = of_older + of_newer > 0;
        self.keys = Some(older.into_iter().chain(newer).flatten().collect());
    }
}

/// Returns the key of a rejected row as JSON; `None` if the row does not contain it.
fn key_of(row: &str, columns: &SchemaRef) -> Option<String> {
    let json: serde_json::Value = serde_json::from_str(row).ok()?;
    let has_all = columns.fields().iter().all(|field| json.get(field.name()).is_some());
    let key = if has_all { row_from_json(row, columns).ok()? } else { return None };
    Some(row_as_json(&key, 0))
}

/// The state of a key of the source with regard to the target.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Matched {
    /// The target has no row with it.
    No,
    /// The target has it, with different values.
    Otherwise,
    /// The target has one of the source's rows with it.
    Same,
}

/// A merge join of the source's rows in a range with the target's rows as they arrive.
pub(super) struct KeyJoin<'a> {
    comparing: CompareRules<'a>,
    withheld: &'a mut Withheld,
    rows: RecordBatch,
    hashes: Vec<u64>,
    keys: Keys,
    /// The source's rows with the current key: the index of the first, and the index after the last.
    group: (usize, usize),
    met: Matched,
    /// The columns in which the target's row differs.
    differing: Vec<String>,
    to_load: Vec<bool>,
    found: Differences,
}

impl<'a> KeyJoin<'a> {
    /// `columns` are those of the source, which may have no row in the range.
    pub(super) fn new(
        source: Side,
        columns: &SchemaRef,
        comparing: CompareRules<'a>,
        withheld: &'a mut Withheld,
    ) -> Result<Self, Failure> {
        let (rows, hashes) = source.whole(columns)?;
        let keys = Keys::of(&rows, comparing.key)?;
        let to_load = vec![false; rows.num_rows()];
        let mut meeting = Self {
            comparing,
            withheld,
            rows,
            hashes,
            keys,
            group: (0, 0),
            met: Matched::No,
            differing: Vec::new(),
            to_load,
            found: Differences::default(),
        };
        meeting.next_group()?;
        Ok(meeting)
    }

    /// Joins the next rows of the target with the source's rows.
    pub(super) fn meet(&mut self, target: &Side) -> Result<(), Failure> {
        for (rows, hashes) in target.rows.iter().zip(&target.hashes) {
            let keys = Keys::of(rows, self.comparing.key)?;
            let mut gone = vec![false; rows.num_rows()];
            for (row, hash) in hashes.iter().enumerate() {
                match self.catch_up(&keys, row)? {
                    true if self.hashes[self.group.0..self.group.1].contains(hash) => self.met = Matched::Same,
                    true if self.met == Matched::No => {
                        self.met = Matched::Otherwise;
                        self.differing = self.differing_columns(rows, row)?;
                    }
                    true => {}
                    false => gone[row] = self.is_extra(&keys, row),
                }
            }
            if gone.contains(&true) {
                let keys = filter_record_batch(keys.columns(), &BooleanArray::from(gone)).map_err(wrong)?;
                self.found.to_remove.push(keys);
            }
        }
        Ok(())
    }

    /// Returns the differences once all rows of the target in the range were joined.
    pub(super) fn end(mut self) -> Result<Differences, Failure> {
        while self.group.0 < self.keys.len() {
            self.conclude();
            self.next_group()?;
        }
        if self.to_load.contains(&true) {
            let places = (0..self.to_load.len()).filter(|place| self.to_load[*place]).collect();
            let rows = filter_record_batch(&self.rows, &BooleanArray::from(self.to_load)).map_err(wrong)?;
            self.found.to_load = Some((rows, places));
        }
        Ok(self.found)
    }

    /// Advances to the source's rows with the key of a row of the target, or to the first row after it. Returns true if
    /// the source has rows with the key.
    fn catch_up(&mut self, keys: &Keys, row: usize) -> Result<bool, Failure> {
        while self.group.0 < self.keys.len() {
            match self.keys.order(self.group.0, keys, row)? {
                Ordering::Less => {
                    self.conclude();
                    self.next_group()?;
                }
                order => return Ok(order.is_eq()),
            }
        }
        Ok(false)
    }

    fn next_group(&mut self) -> Result<(), Failure> {
        let first = self.group.1;
        let mut behind = first + usize::from(first < self.keys.len());
        while behind < self.keys.len() && self.keys.order(first, &self.keys, behind)?.is_eq() {
            behind += 1;
        }
        (self.group, self.met) = ((first, behind), Matched::No);
        Ok(())
    }

    /// Records the result for the current key: the target has no more rows with it.
    fn conclude(&mut self) {
        let (_, behind) = self.group;
        match self.met {
            Matched::Same => return,
            Matched::Otherwise => {
                self.found.different += 1;
                let columns = std::mem::take(&mut self.differing);
                self.name(DifferenceKind::Different, row_as_json(self.keys.columns(), behind - 1), columns);
            }
            Matched::No => {
                self.found.missing += 1;
                self.name(DifferenceKind::Missing, row_as_json(self.keys.columns(), behind - 1), Vec::new());
            }
        }
        // Of several rows with the same key the last one counts, as in a merge.
        self.to_load[behind - 1] = true;
    }

    /// Counts a row that only the target has. Returns true if the source no longer has it, false if its version in the
    /// source was rejected or may have been.
    fn is_extra(&mut self, keys: &Keys, row: usize) -> bool {
        let key = match self.has_room() || !self.withheld.is_empty() {
            true => row_as_json(keys.columns(), row),
            false => String::new(),
        };
        let kind = self.withheld.kind_of(&key, &keys.columns().schema());
        *match kind {
            DifferenceKind::Outdated => &mut self.found.outdated,
            DifferenceKind::Unclear => &mut self.found.unclear,
            _ => &mut self.found.extra,
        } += 1;
        self.name(kind, key, Vec::new());
        kind == DifferenceKind::Extra
    }

    /// Returns whether one more row may be named.
    fn has_room(&self) -> bool {
        self.found.samples.len() < self.comparing.most_samples
    }

    fn name(&mut self, kind: DifferenceKind, key: String, columns: Vec<String>) {
        if self.has_room() {
            self.found.samples.push(Difference { kind, key, columns });
        }
    }

    /// Returns the columns in which a row of the target differs from the source's last row with its key, if the row
    /// will be named.
    fn differing_columns(&self, target: &RecordBatch, row: usize) -> Result<Vec<String>, Failure> {
        let mut columns = Vec::new();
        if !self.has_room() {
            return Ok(columns);
        }
        let (ours, theirs) = (self.rows.slice(self.group.1 - 1, 1), target.slice(row, 1));
        for name in self.comparing.common {
            let number = |side| row_hashes(side, std::slice::from_ref(name), self.comparing.hashing);
            if number(&ours)? != number(&theirs)? {
                columns.push(name.clone());
            }
        }
        Ok(columns)
    }
}
