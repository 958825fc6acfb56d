//! Port: the stage that reads a stream.

use std::collections::BTreeMap;

use arrow_schema::SchemaRef;

use crate::batch::Batch;
use crate::failure::Failure;
use crate::value::{Bookmark, Value};

/// How a stream is replicated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// The whole table, every time.
    Full,
    /// First the whole table, from then on what changed by the change key.
    Incremental,
    /// Rows are only ever added: those after the highest key that was read.
    Append,
}

impl Method {
    /// The method's name in pipeline files and reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Incremental => "incremental",
            Self::Append => "append",
        }
    }

    /// The method of this name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        [Self::Full, Self::Incremental, Self::Append].into_iter().find(|method| method.name() == name)
    }
}

/// What becomes of rows without a change key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NullKeys {
    /// They are read again in every incremental run.
    Include,
    /// They are read in the first run only.
    Ignore,
    /// They go to quarantine.
    Reject,
    /// The first of them fails the stream.
    Fail,
}

impl NullKeys {
    /// The policy's name in pipeline files and reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Include => "include",
            Self::Ignore => "ignore",
            Self::Reject => "reject",
            Self::Fail => "fail",
        }
    }

    /// The policy of this name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        [Self::Include, Self::Ignore, Self::Reject, Self::Fail].into_iter().find(|policy| policy.name() == name)
    }
}

/// A part of a stream by its change key.
#[derive(Debug, Clone, PartialEq)]
pub struct Window {
    /// Its first value.
    pub start: Value,
    /// The first value after it.
    pub end: Value,
}

/// What is to be read.
#[derive(Debug, Clone)]
pub struct ExtractRequest {
    /// The stream's name.
    pub stream: String,
    /// The label of the source.
    pub source: String,
    /// The table.
    pub table: String,
    /// How it is replicated.
    pub method: Method,
    /// The columns that identify a row; empty: the table's primary key.
    pub key: Vec<String>,
    /// The column that says when a row last changed.
    pub change_key: Option<String>,
    /// How far before the bookmark an incremental read starts, in microseconds.
    pub lookback_micros: u64,
    /// What becomes of rows without a change key.
    pub null_keys: NullKeys,
    /// Only rows of this window; `None`: all.
    pub window: Option<Window>,
    /// Only these columns and those of the key; empty: all.
    pub columns: Vec<String>,
    /// The last checkpoint's bookmark; `None`: from the start.
    pub bookmark: Option<Bookmark>,
    /// The extractor's own memory, as of that checkpoint.
    pub state: BTreeMap<String, Vec<u8>>,
    /// The most rows in one batch.
    pub batch_rows: usize,
}

/// A stream that is open for reading.
#[derive(Debug, Clone)]
pub struct Opened {
    /// The columns of every batch to come.
    pub schema: SchemaRef,
    /// The columns that identify a row.
    pub key: Vec<String>,
}

/// Rows, and the place in the stream after them.
#[derive(Debug)]
pub struct Chunk {
    /// The rows.
    pub batch: Batch,
    /// The place after them.
    pub bookmark: Bookmark,
    /// What the extractor set in its own memory since the last chunk; `None` forgets a key.
    pub state: BTreeMap<String, Option<Vec<u8>>>,
}

/// What an extractor gives next.
#[derive(Debug)]
pub enum Step {
    /// More rows.
    Chunk(Chunk),
    /// Nothing more; the next run goes on from here.
    End(Bookmark),
}

/// The stage that reads a stream.
pub trait Extractor: Send {
    /// Begins to read. All that can be wrong with the request is found here.
    fn open(&mut self, request: &ExtractRequest) -> Result<Opened, Failure>;
    /// How many rows there will be, where that is cheap to know.
    fn expected_rows(&mut self) -> Result<Option<u64>, Failure>;
    /// The next rows.
    fn next(&mut self) -> Result<Step, Failure>;
}
