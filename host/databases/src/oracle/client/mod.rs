//! The interface of a connection that the modules of this driver use. Two kinds implement it: `thin`, which is always
//! available, and `oci`, if the program was built with it. A call is dispatched once per statement, and once per batch
//! of rows that is read or written; never per row or cell.
//!
//! | module | what it is for |
//! |---|---|
//! | `column_info` | the description of a column by the server |
//! | `thin` | a connection by Oracle's own driver in pure Rust: nothing has to be installed |
//! | `oci` | a connection by Oracle's Instant Client, if the program was built with it |
//! | `panic` | panics of the drivers, as lost connections |

pub(crate) mod column_info;
#[cfg(feature = "oci")]
pub(crate) mod oci;
pub(crate) mod panic;
pub(crate) mod thin;

use std::time::Duration;

use arrow_array::RecordBatch;
use column_info::ColumnInfo;
use wmshost_flow::{Cursor, Failure};
use wmshost_sql::Value;

use super::connect::settings::Tags;
use super::failure::OracleError;
use super::read::column::{CellOutcome, ColumnBuilder};
use super::read::cursor::{QueryCursor, Reader};

/// A connection that was made.
pub(crate) struct Opened {
    pub(crate) client: Box<dyn Client>,
    /// The server's version: 19, 23 …
    pub(crate) version: usize,
    /// The most bytes that a name may have there; 0: not known.
    pub(crate) name_bytes: usize,
}

/// The way in which the rows of a query are fetched.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fetch {
    /// The number of rows per round trip.
    pub(crate) rows: u32,
    /// True if large objects come by locator, and not with their rows.
    pub(crate) by_locator: bool,
}

/// The result of writing many rows.
#[derive(Debug, Default)]
pub(crate) struct Affected {
    /// The number of rows touched.
    pub(crate) rows: u64,
    /// The rows of the batch that could not be written, in order, each with the reason; the others were. Empty where
    /// the driver cannot go on after such a row: the first one fails the call.
    pub(crate) failed: Vec<(usize, OracleError)>,
}

/// A connection.
pub(crate) trait Client: Send {
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
pub(crate) trait Rows: Send + 'static {
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
pub(crate) trait OpenQuery: Send {
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
