//! The interface of a connection that the modules of this driver use. Two kinds implement it: `thin`, which is always
//! available, and `oci`, if the program was built with it. A call is dispatched once per statement, and once per batch
//! of rows that is read or written; never per row or cell.

use std::time::Duration;

use arrow_array::RecordBatch;
use wmshost_flow::{Cursor, Failure, Value};

use super::column::{CellOutcome, ColumnBuilder};
use super::cursor::{QueryCursor, Reader};
use super::failure::OracleError;
use super::settings::Tags;

/// The kind of a column's type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Number,
    BinaryDouble,
    BinaryFloat,
    Varchar,
    Char,
    Long,
    LongRaw,
    Clob,
    Blob,
    Raw,
    Rowid,
    Date,
    Timestamp,
    TimestampTz,
    TimestampLtz,
    IntervalYm,
    IntervalDs,
    Boolean,
    /// A type that cannot be read.
    Other,
}

/// The server's description of a column.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct ColumnInfo {
    pub(super) name: String,
    pub(super) kind: Kind,
    /// The precision of a number; 0 if the server does not say.
    pub(super) precision: u8,
    /// The digits after the point of a number or of the seconds of a moment.
    pub(super) scale: i8,
    /// The length of a text of fixed length, in characters.
    pub(super) letters: usize,
    pub(super) nullable: bool,
    /// The type as the server calls it.
    pub(super) declared: String,
}

/// A connection that was made.
pub(super) struct Opened {
    pub(super) client: Box<dyn Client>,
    /// The server's version: 19, 23 …
    pub(super) version: usize,
    /// The most bytes that a name may have there; 0: not known.
    pub(super) name_bytes: usize,
}

/// The way in which the rows of a query are fetched.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fetch {
    /// The number of rows per round trip.
    pub(super) rows: u32,
    /// True if large objects come by locator, and not with their rows.
    pub(super) by_locator: bool,
}

/// The result of writing many rows.
#[derive(Debug, Default)]
pub(super) struct Affected {
    /// The number of rows touched.
    pub(super) rows: u64,
    /// The rows of the batch that could not be written, in order, each with the reason; the others were. Empty where
    /// the driver cannot go on after such a row: the first one fails the call.
    pub(super) failed: Vec<(usize, OracleError)>,
}

/// A connection.
pub(super) trait Client: Send {
    /// Runs a statement that returns no rows; returns how many it touched.
    fn execute(&self, statement: &str, values: &[Value]) -> Result<u64, OracleError>;
    /// Runs a statement once for each row of values; returns how many rows it touched in all.
    fn execute_many(&self, statement: &str, rows: &[Vec<Value>]) -> Result<u64, OracleError>;
    /// Runs a statement once for each row of a batch.
    fn execute_batch(&self, statement: &str, rows: &RecordBatch) -> Result<Affected, OracleError>;
    /// All rows of a query.
    fn query(&self, statement: &str, values: &[Value]) -> Result<Vec<Vec<Value>>, OracleError>;
    /// The columns of a query that returns no rows.
    fn describe(&self, statement: &str) -> Result<Vec<ColumnInfo>, OracleError>;
    /// Starts a query.
    fn start(&self, statement: &str, values: &[Value], fetch: Fetch) -> Result<Box<dyn OpenQuery>, OracleError>;
    fn commit(&self) -> Result<(), OracleError>;
    fn rollback(&self) -> Result<(), OracleError>;
    /// Asks the server for an answer.
    fn ping(&self) -> Result<(), OracleError>;
    /// The server's version in full.
    fn version(&self) -> Result<String, OracleError>;
    fn set_call_timeout(&self, span: Duration) -> Result<(), OracleError>;
    /// Labels the session with the work it does. Each text has 64 bytes at most.
    fn tag(&self, tags: &Tags);
}

/// The rows of a query that was started, one by one. It is called by static dispatch only; the trait object is
/// [`OpenQuery`].
pub(super) trait Rows: Send + 'static {
    type Row;
    fn columns(&self) -> &[ColumnInfo];
    /// The next row; `None` at the end.
    fn next(&mut self) -> Option<Result<Self::Row, OracleError>>;
    /// Moves the cell at position `at` of a row into its column.
    fn take(
        column: &mut ColumnBuilder,
        row: &mut Self::Row,
        at: usize,
        most_bytes: usize,
    ) -> Result<CellOutcome, OracleError>;
}

/// A query that was started, of either client.
pub(super) trait OpenQuery: Send {
    fn columns(&self) -> &[ColumnInfo];
    /// The rows as batches.
    fn into_cursor(self: Box<Self>, reader: Reader) -> Result<Box<dyn Cursor>, Failure>;
}

impl<R: Rows> OpenQuery for R {
    fn columns(&self) -> &[ColumnInfo] {
        Rows::columns(self)
    }

    fn into_cursor(self: Box<Self>, reader: Reader) -> Result<Box<dyn Cursor>, Failure> {
        Ok(Box::new(QueryCursor::new(*self, reader)?))
    }
}
