//! One side of a comparison: its table is read from beginning to end, in whatever order it comes, as often as needed. The
//! session's snapshot makes every reading return the same rows.

use std::collections::HashMap;

use arrow_array::{BooleanArray, RecordBatch};
use arrow_select::filter::filter_record_batch;

use super::columns::Shared;
use super::join::Found;
use crate::compare::difference::wrong;
use crate::compare::reading::asked_to_stop;
use crate::failure::Failure;
use crate::ports::cancel::Cancel;
use crate::ports::source::{SourceSession, TableDescription};
use crate::rows::hash::row_hashes;

/// The number of rows to fetch at once.
const MOST_ROWS: usize = 8_192;
/// The largest number of rows with one key that are kept for an example.
const MOST_WITH_ONE_KEY: usize = 16;

/// Rows with their hashes.
pub(super) struct Hashed {
    /// The rows as the database has them, with the names of the first side.
    pub(super) batch: RecordBatch,
    /// The hash of each row's key; of the whole row if it has none.
    pub(super) keys: Vec<u64>,
    /// The hash of each row.
    pub(super) rows: Vec<u64>,
}

/// A row of an example, alone in its batch.
pub(super) struct KeptRow {
    pub(super) hash: u64,
    pub(super) row: RecordBatch,
}

pub(super) struct Side<'s> {
    session: &'s mut dyn SourceSession,
    table: String,
    statement: String,
    shared: &'s Shared,
    cancel: &'s Cancel,
}

impl<'s> Side<'s> {
    /// `place` is 0 for the first side, 1 for the second.
    pub(super) fn new(
        session: &'s mut dyn SourceSession,
        table: &TableDescription,
        place: usize,
        shared: &'s Shared,
        cancel: &'s Cancel,
    ) -> Self {
        let dialect = session.dialect();
        let columns = dialect.quoted_list("", &shared.spelled[place]);
        let statement = format!("SELECT {columns} FROM {}", dialect.quoted(&table.name));
        Self { session, table: table.name.clone(), statement, shared, cancel }
    }

    /// Reads all rows.
    pub(super) fn read(&mut self, mut each: impl FnMut(&Hashed) -> Result<(), Failure>) -> Result<(), Failure> {
        let mut cursor = self.session.query(&self.statement, &[])?;
        while let Some(batch) = cursor.next(MOST_ROWS)? {
            if self.cancel.is_set() {
                return Err(asked_to_stop());
            }
            if let Some(bad) = batch.rejected.first() {
                let message =
                    format!("table {} has a row that does not fit its own columns: {}", self.table, bad.reason);
                return Err(Failure::permanent(message)
                    .advise("leave the column out with --leave-out, or declare what it holds"));
            }
            each(&self.hashed(&batch.rows)?)?;
        }
        Ok(())
    }

    fn hashed(&self, rows: &RecordBatch) -> Result<Hashed, Failure> {
        let shared = self.shared;
        let of = |columns: Vec<_>| {
            let named = shared.names.iter().zip(columns).map(|(name, column)| (name, column, true));
            RecordBatch::try_from_iter_with_nullable(named).map_err(wrong)
        };
        let formed = rows.columns().iter().zip(&shared.forms).map(|(column, form)| form.apply(column));
        let formed = of(formed.collect())?;
        let all = row_hashes(&formed, &shared.names, shared.hashing)?;
        let keys = match shared.key.as_slice() {
            [] => all.clone(),
            key => row_hashes(&formed, key, shared.hashing)?,
        };
        Ok(Hashed { batch: of(rows.columns().to_vec())?, keys, rows: all })
    }

    /// The hashes of key and row of one of several parts, in order.
    pub(super) fn hashes(&mut self, part: u64, parts: u64) -> Result<Vec<(u64, u64)>, Failure> {
        let mut hashes = Vec::new();
        self.read(|hashed| {
            let both = hashed.keys.iter().copied().zip(hashed.rows.iter().copied());
            hashes.extend(both.filter(|(key, _)| key % parts == part));
            Ok(())
        })?;
        hashes.sort_unstable();
        Ok(hashes)
    }

    /// The rows with these keys, by the hash of the key.
    pub(super) fn rows_of(&mut self, named: &[Found]) -> Result<HashMap<u64, Vec<KeptRow>>, Failure> {
        let mut kept: HashMap<u64, Vec<KeptRow>> = named.iter().map(|found| (found.key, Vec::new())).collect();
        self.read(|hashed| {
            let wanted: BooleanArray = hashed.keys.iter().map(|key| Some(kept.contains_key(key))).collect();
            if wanted.true_count() == 0 {
                return Ok(());
            }
            let places = (0..wanted.len()).filter(|place| wanted.value(*place));
            let rows = filter_record_batch(&hashed.batch, &wanted).map_err(wrong)?;
            for (at, place) in places.enumerate() {
                let of_key = kept.entry(hashed.keys[place]).or_default();
                if of_key.len() < MOST_WITH_ONE_KEY {
                    of_key.push(KeptRow { hash: hashed.rows[place], row: rows.slice(at, 1) });
                }
            }
            Ok(())
        })?;
        Ok(kept)
    }
}
