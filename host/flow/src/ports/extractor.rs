//! Port: the stage that reads a stream.

use std::collections::BTreeMap;

use arrow_schema::SchemaRef;
use wmshost_sql::Value;

use crate::choice;
use crate::failure::Failure;
use crate::rows::batch::Batch;
use crate::values::Bookmark;

choice!(
    /// The replication method of a stream.
    Method {
        /// The whole table, every time.
        Full = "full",
        /// The whole table first, and from then on the rows that changed, by the change key.
        Incremental = "incremental",
        /// Only new rows, for tables to which rows are only added: those after the highest key that was read.
        Append = "append",
    }
);

choice!(
    /// The policy for rows without a change key.
    NullKeys {
        /// They are read again in every incremental run.
        Include = "include",
        /// They are read in the first run only.
        Ignore = "ignore",
        /// They go to quarantine.
        Reject = "reject",
        /// The first of them fails the stream.
        Fail = "fail",
    }
);

/// A part of a stream by its change key.
#[derive(Debug, Clone, PartialEq)]
pub struct Window {
    /// The first value of the window.
    pub start: Value,
    /// The first value after the window.
    pub end: Value,
}

/// A request to read a stream.
#[derive(Debug, Clone)]
pub struct ExtractRequest {
    /// The stream's name.
    pub stream: String,
    /// The label of the source.
    pub source: String,
    /// The table to read.
    pub table: String,
    /// The replication method.
    pub method: Method,
    /// The columns that identify a row; empty for the table's primary key.
    pub key: Vec<String>,
    /// The column with the time or version of a row's last change.
    pub change_key: Option<String>,
    /// The time before the bookmark at which an incremental read starts, in microseconds.
    pub lookback_micros: u64,
    /// The number of versions before the bookmark at which it starts, where the change key is a whole number.
    pub lookback_versions: Option<u64>,
    /// The policy for rows without a change key.
    pub null_keys: NullKeys,
    /// The window to read; `None` for all rows.
    pub window: Option<Window>,
    /// The columns to read besides those of the key; empty for all.
    pub columns: Vec<String>,
    /// The last checkpoint's bookmark; `None` to read from the start.
    pub bookmark: Option<Bookmark>,
    /// The extractor's own state as of that checkpoint, by name.
    pub state: BTreeMap<String, Vec<u8>>,
    /// The largest number of rows in a batch.
    pub batch_rows: usize,
}

impl ExtractRequest {
    /// Returns a request for all rows and columns of a table from the start, in batches of this number of rows.
    pub fn of_table(stream: &str, (source, table): (&str, &str), method: Method, batch_rows: usize) -> Self {
        Self {
            stream: stream.to_owned(),
            source: source.to_owned(),
            table: table.to_owned(),
            method,
            key: Vec::new(),
            change_key: None,
            lookback_micros: 0,
            lookback_versions: None,
            null_keys: NullKeys::Include,
            window: None,
            columns: Vec::new(),
            bookmark: None,
            state: BTreeMap::new(),
            batch_rows,
        }
    }
}

/// A stream that is open for reading.
#[derive(Debug, Clone)]
pub struct Opened {
    /// The columns of every batch to come.
    pub schema: SchemaRef,
    /// The columns that identify a row.
    pub key: Vec<String>,
}

/// Rows, and the position in the stream after them.
#[derive(Debug)]
pub struct Chunk {
    /// The rows.
    pub batch: Batch,
    /// The position after them.
    pub bookmark: Bookmark,
    /// The changes of the extractor's own state since the last chunk; `None` deletes a key.
    pub state: BTreeMap<String, Option<Vec<u8>>>,
}

/// The next result of an extractor.
#[derive(Debug)]
pub enum Step {
    /// More rows.
    Chunk(Chunk),
    /// The end of the stream; the next run continues from this position.
    End(Bookmark),
}

/// The stage that reads a stream.
pub trait Extractor: Send {
    /// Begins to read. Every mistake in the request is reported here.
    fn open(&mut self, request: &ExtractRequest) -> Result<Opened, Failure>;
    /// Returns the number of rows to come, if it is cheap to know.
    fn expected_rows(&mut self) -> Result<Option<u64>, Failure>;
    /// Returns the next rows, or the end.
    fn next(&mut self) -> Result<Step, Failure>;
}
