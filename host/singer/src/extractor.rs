//! The extract stage of a stream of records, which come from another thread.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use arrow_schema::{DataType, Schema};
use crossbeam_channel::{Receiver, RecvTimeoutError};
use wmshost_flow::{
    Bookmark, Cancel, Chunk, ExtractRequest, Extractor, Failure, FailureKind, JsonColumn, Opened, Position, RowsOf,
    Step, Value,
};
use wmshost_json::{Reading, rows_of};

use crate::records::{Records, Stamp};
use crate::schema::{ColumnsOf, ROW, TABLE_VERSION, column, moment};

/// The interval at which a stage that waits for records looks for the request to stop.
const POLL_INTERVAL: Duration = Duration::from_millis(100);

/// The input of a stream of records. If its sender is dropped before [`Input::End`], the input has broken off.
#[derive(Debug)]
pub enum Input {
    /// Records.
    Records(Records),
    /// The end: all records were sent.
    End,
}

/// The reading of records' values: objects and lists are their text, of two members with one name the last counts, and a
/// moment without a zone is in UTC.
const READING: Reading =
    Reading { by: "singer", nested_as_text: true, last_member_counts: true, utc_without_zone: true };

/// Reads records.
pub struct RecordExtractor {
    columns: Vec<JsonColumn>,
    key: Vec<String>,
    input: Receiver<Input>,
    cancel: Cancel,
    read: i64,
}

impl RecordExtractor {
    /// An extractor of these columns and of those that records are stamped with.
    pub fn new(of: &ColumnsOf, stamp: &Stamp, input: Receiver<Input>, cancel: Cancel) -> Self {
        let mut columns = of.columns.clone();
        let mut add = |name: &str, kind: DataType| {
            columns.retain(|known| known.field.name() != name);
            columns.push(column(name, name, kind));
        };
        if stamp.row.is_some() {
            add(ROW, DataType::Utf8);
        }
        if stamp.version {
            add(TABLE_VERSION, DataType::Int64);
        }
        if stamp.extracted {
            add("_sdc_extracted_at", moment());
        }
        if !stamp.constant.is_empty() {
            for name in ["_sdc_received_at", "_sdc_batched_at"] {
                add(name, moment());
            }
            for name in ["_sdc_sequence", "_sdc_sync_started_at"] {
                add(name, DataType::Int64);
            }
        }
        Self { columns, key: of.key.clone(), input, cancel, read: 0 }
    }

    fn bookmark(&self) -> Bookmark {
        Bookmark(vec![Position { name: "records".to_owned(), value: Value::Int64(self.read) }])
    }
}

impl Extractor for RecordExtractor {
    fn open(&mut self, _: &ExtractRequest) -> Result<Opened, Failure> {
        let fields: Vec<_> = self.columns.iter().map(|column| Arc::clone(&column.field)).collect();
        Ok(Opened { schema: Arc::new(Schema::new(fields)), key: self.key.clone() })
    }

    fn expected_rows(&mut self) -> Result<Option<u64>, Failure> {
        Ok(None)
    }

    fn next(&mut self) -> Result<Step, Failure> {
        loop {
            match self.input.recv_timeout(POLL_INTERVAL) {
                Ok(Input::Records(records)) => {
                    self.read += i64::try_from(records.rows).unwrap_or(i64::MAX);
                    let text = records.into_json();
                    let rows = rows_of(text.as_bytes(), "", RowsOf::Elements, &self.columns, READING)?;
                    return Ok(Step::Chunk(Chunk {
                        batch: rows.batch,
                        bookmark: self.bookmark(),
                        state: BTreeMap::new(),
                    }));
                }
                Ok(Input::End) => return Ok(Step::End(self.bookmark())),
                Err(RecvTimeoutError::Timeout) if !self.cancel.is_set() => {}
                Err(_) => return Err(Failure::new(FailureKind::Cancelled, "the records broke off before their end")),
            }
        }
    }
}
