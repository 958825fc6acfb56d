//! Rows of the target, read back by their keys.

use std::collections::HashMap;

use arrow_array::RecordBatch;
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

/// The number of parameters in one statement.
const MOST_PARAMETERS: usize = 200;
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

/// What was read of one key.
struct Read<'a> {
    /// The hashes of its versions in the order in which they were read.
    versions: Vec<u64>,
    /// The place of the last one.
    place: (&'a Keys, usize),
    is_found: bool,
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
        let mut known: HashMap<u64, Read<'_>> = HashMap::with_capacity(self.rows);
        for (keys, hashes) in &self.parts {
            let numbers = row_hashes(keys.columns(), &wanted.key, hashing)?;
            for (row, (number, hash)) in numbers.into_iter().zip(hashes).enumerate() {
                let read = Read { versions: Vec::new(), place: (keys, row), is_found: false };
                let read = known.entry(number).or_insert(read);
                read.versions.push(*hash);
                read.place = (keys, row);
            }
        }
        let (mut source, mut target) = (Root::default(), Root::default());
        let mut name = |keys: &Keys, row| {
            if named.len() < MOST_NAMED {
                named.push(row_as_json(keys.columns(), row));
            }
        };
        let places: Vec<_> = known.values().map(|read| read.place).collect();
        let rows_in_statement = (MOST_PARAMETERS / wanted.key.len().max(1)).max(1);
        for places in places.chunks(rows_in_statement) {
            let (statement, parameters) = statement(reader.dialect(), table, wanted, places);
            let mut cursor = reader.query(&statement, &parameters)?;
            while let Some(batch) = cursor.next(MOST_ROWS)? {
                if let Some(bad) = batch.rejected.first() {
                    return Err(Failure::permanent(format!(
                        "a row of the table {table} cannot be read: {}",
                        bad.reason
                    )));
                }
                let rows = like_source(&batch.rows, &wanted.columns, &wanted.key, &wanted.source)?;
                let numbers = row_hashes(&rows, &wanted.key, hashing)?;
                for (number, hash) in numbers.into_iter().zip(row_hashes(&rows, &wanted.columns, hashing)?) {
                    target.add(hash);
                    let Some(read) = known.get_mut(&number).filter(|read| !read.is_found) else { continue };
                    read.is_found = true;
                    let is_same = read.versions.contains(&hash);
                    source.add(if is_same { hash } else { read.last() });
                    if !is_same {
                        name(read.place.0, read.place.1);
                    }
                }
            }
        }
        for read in known.values().filter(|read| !read.is_found) {
            source.add(read.last());
            name(read.place.0, read.place.1);
        }
        Ok(ProvenRange { from: None, source, target })
    }
}

impl Read<'_> {
    fn last(&self) -> u64 {
        self.versions.last().copied().unwrap_or_default()
    }
}

/// Returns the query for the rows with these keys, without those that are marked as deleted, and its parameters.
fn statement(dialect: Dialect, table: &str, wanted: &Wanted, places: &[(&Keys, usize)]) -> (String, Vec<Value>) {
    let mut parameters = Vec::new();
    let mut one = |(name, column, row): (&String, &arrow_array::ArrayRef, usize)| match cell_value(column.as_ref(), row)
    {
        Value::Null => format!("{} IS NULL", dialect.quoted(name)),
        value => {
            parameters.push(value);
            format!("{} = {}", dialect.quoted(name), dialect.parameter(parameters.len()))
        }
    };
    let row = |(keys, row): &(&Keys, usize)| {
        let columns: &RecordBatch = keys.columns();
        let parts = wanted.key.iter().zip(columns.columns()).map(|(name, column)| one((name, column, *row)));
        format!("({})", parts.collect::<Vec<_>>().join(" AND "))
    };
    let rows = places.iter().map(row).collect::<Vec<_>>().join(" OR ");
    let kept = match wanted.keeps_deleted {
        true => format!("{} IS NULL AND ", dialect.quoted(DELETED_AT)),
        false => String::new(),
    };
    (format!("{} WHERE {kept}({rows})", wanted.select(dialect, table)), parameters)
}
