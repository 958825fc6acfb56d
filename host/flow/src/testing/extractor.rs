//! An extractor of given rows: it reads ascending ids in batches from its bookmark on, with a script of faults.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use arrow_schema::SchemaRef;
use wmshost_sql::Value;

use super::rows::{item_columns, items};
use crate::failure::kind::FailureKind;
use crate::failure::{Failure, Stage};
use crate::ports::cancel::Cancel;
use crate::ports::extractor::{Chunk, ExtractRequest, Extractor, Opened, Step};
use crate::rows::batch::{Batch, Cause, Rejected};
use crate::rows::cell_json::row_as_json;
use crate::values::{Bookmark, Position};

/// Returns the bookmark after the row with this id.
pub(crate) fn bookmark_at(id: i64) -> Bookmark {
    Bookmark(vec![Position { name: "id".to_owned(), value: Value::Int64(id) }])
}

/// A fault of the script.
#[derive(Debug, Clone)]
pub(crate) enum Fault {
    /// Fails to open.
    AtOpen(Failure),
    /// Fails in place of the batch with this number.
    AtBatch(u64, Failure),
    /// Traps in place of a batch with this row.
    TrapAtRow(i64),
    /// Makes this request with the batch with this number.
    CancelAt(u64, Cancel),
}

/// The extractor.
#[derive(Clone)]
pub(crate) struct MemoryExtractor {
    rows: Vec<i64>,
    batch_rows: usize,
    columns: SchemaRef,
    faults: Vec<Fault>,
    rejects: BTreeSet<i64>,
    /// The requests with which it was opened.
    requests: Arc<Mutex<Vec<ExtractRequest>>>,
    at: i64,
    number: u64,
}

impl MemoryExtractor {
    /// Returns an extractor of these ids, in batches of this number of rows.
    pub(crate) fn new(rows: impl IntoIterator<Item = i64>, batch_rows: usize) -> Self {
        Self {
            rows: rows.into_iter().collect(),
            batch_rows,
            columns: item_columns(false),
            faults: Vec::new(),
            rejects: BTreeSet::new(),
            requests: Arc::default(),
            at: i64::MIN,
            number: 0,
        }
    }

    /// Returns the same extractor with a fault in its script.
    pub(crate) fn with(mut self, fault: Fault) -> Self {
        self.faults.push(fault);
        self
    }

    /// Returns the same extractor; it finds a bad value in the rows with these ids.
    pub(crate) fn rejecting(mut self, ids: &[i64]) -> Self {
        self.rejects = ids.iter().copied().collect();
        self
    }

    /// Returns the requests with which it is opened; shared with all its clones.
    pub(crate) fn requests(&self) -> Arc<Mutex<Vec<ExtractRequest>>> {
        Arc::clone(&self.requests)
    }

    /// Plays the faults of a batch.
    fn play(&self, ids: &[i64]) -> Result<(), Failure> {
        for fault in &self.faults {
            match fault {
                Fault::AtBatch(number, failure) if *number == self.number => return Err(failure.clone()),
                Fault::TrapAtRow(id) if ids.contains(id) => {
                    return Err(Failure::new(FailureKind::Trap, "unreachable").at("memory", "next"));
                }
                Fault::CancelAt(number, cancel) if *number == self.number => cancel.set(),
                _ => {}
            }
        }
        Ok(())
    }
}

impl Extractor for MemoryExtractor {
    fn open(&mut self, request: &ExtractRequest) -> Result<Opened, Failure> {
        self.requests.lock().expect("requests").push(request.clone());
        let fault = self.faults.iter().find_map(|fault| if let Fault::AtOpen(it) = fault { Some(it) } else { None });
        if let Some(failure) = fault {
            return Err(failure.clone());
        }
        let position = request.bookmark.as_ref().and_then(|bookmark| bookmark.0.first());
        self.at = match position.map(|position| &position.value) {
            Some(Value::Int64(id)) => *id,
            _ => i64::MIN,
        };
        self.number = 0;
        let key = if request.key.is_empty() { vec!["id".to_owned()] } else { request.key.clone() };
        Ok(Opened { schema: SchemaRef::clone(&self.columns), key })
    }

    fn expected_rows(&mut self) -> Result<Option<u64>, Failure> {
        Ok(Some(self.rows.len() as u64))
    }

    fn next(&mut self) -> Result<Step, Failure> {
        self.number += 1;
        let left = self.rows.iter().copied().filter(|id| *id > self.at);
        let ids: Vec<i64> = left.take(self.batch_rows).collect();
        self.play(&ids)?;
        let Some(last) = ids.last() else { return Ok(Step::End(bookmark_at(self.at))) };
        self.at = *last;
        let good: Vec<i64> = ids.iter().copied().filter(|id| !self.rejects.contains(id)).collect();
        let rejected = ids.iter().enumerate().filter(|(_, id)| self.rejects.contains(id));
        let rejected = rejected.map(|(place, id)| bad_row(place, *id)).collect();
        let batch = Batch::read(items(&good), rejected);
        Ok(Step::Chunk(Chunk { batch, bookmark: bookmark_at(self.at), state: BTreeMap::new() }))
    }
}

fn bad_row(place: usize, id: i64) -> Rejected {
    Rejected {
        cause: Cause::BadValue,
        rule: "type".to_owned(),
        reason: "a bad value".to_owned(),
        value: None,
        stage: Stage::Extract,
        by: "memory".to_owned(),
        digest: None,
        row: row_as_json(&items(&[id]), 0),
        place: Some(place),
    }
}
