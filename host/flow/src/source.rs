//! Port: reading a database. A source gives sessions that all see one snapshot, taken at the start of the run.

use std::collections::BTreeSet;

use arrow_schema::SchemaRef;

use crate::batch::Batch;
use crate::clock::Micros;
use crate::failure::Failure;
use crate::order::ColumnOrder;
use crate::value::Value;

/// The kind of SQL that a database understands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// SQLite.
    Sqlite,
    /// Oracle.
    Oracle,
}

/// What a session may read, and how much at once.
#[derive(Debug, Clone)]
pub struct SourceGrant {
    /// The tables that may be read, in the source's spelling; compared without case.
    pub tables: BTreeSet<String>,
    /// The columns that the stream names as its key; empty: the table's own key.
    pub key: Vec<String>,
    /// True if the stream reads nothing but the rows after the last key: none may come before it without a sign.
    pub appends: bool,
    /// The most bytes of columns in one batch; a row that has more is a bad value.
    pub batch_bytes: usize,
}

impl SourceGrant {
    /// These tables, in batches of the usual size.
    pub fn of(tables: BTreeSet<String>) -> Self {
        Self { tables, key: Vec::new(), appends: false, batch_bytes: BATCH_BYTES }
    }
}

/// The most bytes in one batch where nobody says otherwise.
const BATCH_BYTES: usize = 64 << 20;

/// What a database knows of a table.
#[derive(Debug, Clone)]
pub struct TableDescription {
    /// The table's name as the database spells it.
    pub name: String,
    /// Its columns.
    pub columns: SchemaRef,
    /// The columns of its primary key, in order; empty if it has none.
    pub key: Vec<String>,
    /// How this database orders by each column in the host's order (see [`ColumnOrder`]); where it cannot, why.
    pub order: Vec<Result<ColumnOrder, String>>,
}

impl TableDescription {
    /// How the database orders by a column, whatever the case of its name; where it cannot, why.
    pub fn order_of(&self, column: &str) -> Result<&ColumnOrder, String> {
        let place = self.columns.fields().iter().position(|field| field.name().eq_ignore_ascii_case(column));
        let order = place.and_then(|place| self.order.get(place));
        let order = order.ok_or_else(|| format!("table {} has no column {column}", self.name))?;
        order.as_ref().map_err(|why| format!("table {} cannot be ordered by {column}: {why}", self.name))
    }
}

/// A database as of one moment.
pub trait Source: Send + Sync {
    /// A session in the snapshot that this source represents, for one stream.
    fn session(&self, grant: &SourceGrant) -> Result<Box<dyn SourceSession>, Failure>;
    /// A mark that is equal for two snapshots only if nothing at all was changed between them; `None` where
    /// the database cannot tell.
    fn version(&self) -> Option<String>;
}

/// A read-only session in a snapshot.
pub trait SourceSession: Send {
    /// The kind of SQL it takes.
    fn dialect(&self) -> Dialect;
    /// The database's own clock, UTC.
    fn now(&mut self) -> Result<Micros, Failure>;
    /// The granted tables that exist.
    fn tables(&mut self) -> Result<Vec<String>, Failure>;
    /// A granted table; `None` if there is no such table.
    fn describe(&mut self, table: &str) -> Result<Option<TableDescription>, Failure>;
    /// Runs one SELECT over granted tables.
    fn query(&mut self, statement: &str, parameters: &[Value]) -> Result<Box<dyn Cursor>, Failure>;
}

/// The rows of a query, read as they are asked for.
pub trait Cursor: Send {
    /// The columns of every batch.
    fn schema(&self) -> SchemaRef;
    /// Up to `max_rows` rows, those with a bad value among the batch's rejected ones; `None` at the end.
    fn next(&mut self, max_rows: usize) -> Result<Option<Batch>, Failure>;
}
