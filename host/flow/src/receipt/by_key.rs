//! Rows of the target, read back by their keys.

use std::collections::HashMap;

use wmshost_sql::{Dialect, Value};

use super::proof::{ProvenRange, Root};
use crate::compare::{Wanted, like_source};
use crate::failure::Failure;
use crate::metadata::DELETED_AT;
use crate::ports::source::SourceSession;
use crate::rows::cell_json::row_as_json;
use crate::rows::cell_value::cell_value;
use crate::rows::hash::{Hashing, row_hashes};
use crate::values::key::Keys;

/// The number of parameters in one statement: an extractor's session takes no deeper expressions than of 200 terms.
const MOST_PARAMETERS: usize = 150;
/// The number of rows to fetch at once.
const MOST_ROWS: usize = 8_192;
/// The number of keys to name.
const MOST_NAMED: usize = 20;

/// Rows that were loaded and are to be read back.
#[derive(Default)]
pub(super) struct LoadedRows {
    /// The keys of the rows of each batch, and the hashes of the rows.
    parts: Vec<(Keys, Vec<u64>)>,
    /// Their number.
    pub(super) rows: usize,
}

/// The rows that were read with one key.
struct Read<'a> {
    /// The hashes of its versions in the order in which they were read.
    versions: Vec<u64>,
    /// The place of the last one.
    place: (&'a Keys, usize),
    is_found: bool,
}

/// Everything that was read, in the order in which its keys came first.
struct AllRead<'a> {
    reads: Vec<Read<'a>>,
    /// The places of the reads, by the hashes of their keys.
    by_key: HashMap<u64, usize>,
}

impl LoadedRows {
    pub(super) fn add(&mut self, keys: Keys, hashes: Vec<u64>) {
        self.rows += hashes.len();
        self.parts.push((keys, hashes));
    }

    /// Reads the rows back and compares them; adds keys that differ to `named`. A key that was read in several versions
    /// counts once: as the version that the target has, or else as the last one.
    pub(super) fn prove(
        self,
        reader: &mut dyn SourceSession,
        (table, wanted): (&str, &Wanted),
        hashing: Hashing,
        named: &mut Vec<String>,
    ) -> Result<ProvenRange, Failure> {
        let mut all = self.all_read(&wanted.key, hashing)?;
        let mut range = ProvenRange { from: None, source: Root::default(), target: Root::default() };
        let places: Vec<_> = all.reads.iter().map(|read| read.place).collect();
        let keys_in_statement = (MOST_PARAMETERS / wanted.key.len().max(1)).max(1);
        for places in places.chunks(keys_in_statement) {
            let (statement, parameters) = statement(reader.dialect(), table, wanted, places);
            let mut cursor = reader.query(&statement, &parameters)?;
            while let Some(batch) = cursor.next(MOST_ROWS)? {
                if let Some(bad) = batch.rejected.first() {
                    let why = format!("a row of the table {table} cannot be read: {}", bad.reason);
                    return Err(Failure::permanent(why));
                }
                let rows = like_source(&batch.rows, &wanted.columns, &wanted.key, &wanted.source)?;
                let numbers = row_hashes(&rows, &wanted.key, hashing)?;
                for (number, hash) in numbers.into_iter().zip(row_hashes(&rows, &wanted.columns, hashing)?) {
                    range.target.add(hash);
                    all.meet(number, hash, &mut range.source, named);
                }
            }
        }
        for read in all.reads.iter().filter(|read| !read.is_found) {
            range.source.add(read.last());
            read.name(named);
        }
        Ok(range)
    }

    fn all_read(&self, key: &[String], hashing: Hashing) -> Result<AllRead<'_>, Failure> {
        let mut all = AllRead { reads: Vec::with_capacity(self.rows), by_key: HashMap::with_capacity(self.rows) };
        for (keys, hashes) in &self.parts {
            let numbers = row_hashes(keys.columns(), key, hashing)?;
            for (row, (number, hash)) in numbers.into_iter().zip(hashes).enumerate() {
                let at = *all.by_key.entry(number).or_insert(all.reads.len());
                if at == all.reads.len() {
                    all.reads.push(Read { versions: Vec::new(), place: (keys, row), is_found: false });
                }
                all.reads[at].versions.push(*hash);
                all.reads[at].place = (keys, row);
            }
        }
        Ok(all)
    }
}

impl AllRead<'_> {
    /// Counts a row of the target on the source's side, by the hashes of its key and of the whole row. A second row with the
    /// key counts on the target's side only.
    fn meet(&mut self, number: u64, hash: u64, source: &mut Root, named: &mut Vec<String>) {
        let Some(read) = self.by_key.get(&number).map(|at| &mut self.reads[*at]).filter(|read| !read.is_found) else {
            return;
        };
        read.is_found = true;
        if read.versions.contains(&hash) {
            source.add(hash);
        } else {
            source.add(read.last());
            read.name(named);
        }
    }
}

impl Read<'_> {
    fn last(&self) -> u64 {
        self.versions.last().copied().unwrap_or_default()
    }

    fn name(&self, named: &mut Vec<String>) {
        if named.len() < MOST_NAMED {
            named.push(row_as_json(self.place.0.columns(), self.place.1));
        }
    }
}

/// Returns the query for the rows with these keys, without those that are marked as deleted, and its parameters.
fn statement(dialect: Dialect, table: &str, wanted: &Wanted, places: &[(&Keys, usize)]) -> (String, Vec<Value>) {
    let mut parameters = Vec::new();
    let mut given = |value| {
        parameters.push(value);
        dialect.parameter(parameters.len())
    };
    let value = |(keys, row): &(&Keys, usize), at: usize| cell_value(keys.columns().column(at).as_ref(), *row);
    let mut condition = match wanted.key.as_slice() {
        // A list takes less work than a term for each key; no list finds NULL.
        [name] if places.iter().all(|place| value(place, 0) != Value::Null) => {
            let keys: Vec<_> = places.iter().map(|place| given(value(place, 0))).collect();
            format!("{} IN ({})", dialect.quoted(name), keys.join(", "))
        }
        names => {
            let mut part = |place, (at, name): (usize, &String)| match value(place, at) {
                Value::Null => format!("{} IS NULL", dialect.quoted(name)),
                value => format!("{} = {}", dialect.quoted(name), given(value)),
            };
            let mut row =
                |place| names.iter().enumerate().map(|name| part(place, name)).collect::<Vec<_>>().join(" AND ");
            places.iter().map(|place| format!("({})", row(place))).collect::<Vec<_>>().join(" OR ")
        }
    };
    if wanted.keeps_deleted {
        condition = format!("{} IS NULL AND ({condition})", dialect.quoted(DELETED_AT));
    }
    (format!("{} WHERE {condition}", wanted.select(dialect, table)), parameters)
}
