//! Reading a database that the pipeline grants.

use crate::batch::Batch;
use crate::contract::types::{Schema, Value};
use crate::failure::Result;

pub use crate::contract::source::{ColumnBounds, ColumnOrder, Dialect, TableDescription};

/// A read-only session. All sessions of a run see one and the same snapshot.
pub trait Session: Sized {
    /// The rows of a query.
    type Cursor: Cursor;

    /// Opens the database with this label.
    fn open(label: &str) -> Result<Self>;
    /// The kind of SQL that it understands.
    fn dialect(&self) -> Dialect;
    /// The source's own clock: microseconds since 1970-01-01T00:00:00 UTC.
    fn now(&self) -> Result<i64>;
    /// The granted tables that exist.
    fn tables(&self) -> Result<Vec<String>>;
    /// A granted table's columns and key.
    fn describe(&self, table: &str) -> Result<Option<TableDescription>>;
    /// Runs one SELECT.
    fn query(&self, statement: &str, parameters: &[Value]) -> Result<Self::Cursor>;
}

/// The rows of a query, read on demand.
pub trait Cursor {
    /// The columns.
    fn schema(&self) -> Schema;
    /// Returns at most `max_rows` rows; `None` at the end. A batch may be empty: then all its rows went to quarantine.
    fn next(&mut self, max_rows: u32) -> Result<Option<Batch>>;
}

#[cfg(target_family = "wasm")]
pub use wmshost_plugin_capabilities::source::Connection as Granted;

#[cfg(target_family = "wasm")]
mod brokered {
    use super::{Batch, Cursor, Dialect, Granted, Result, Schema, Session, TableDescription, Value};
    use wmshost_plugin_capabilities::source;

    impl Session for Granted {
        type Cursor = source::Cursor;

        fn open(label: &str) -> Result<Self> {
            source::Connection::open(label)
        }
        fn dialect(&self) -> Dialect {
            source::Connection::dialect(self)
        }
        fn now(&self) -> Result<i64> {
            source::Connection::now(self)
        }
        fn tables(&self) -> Result<Vec<String>> {
            source::Connection::tables(self)
        }
        fn describe(&self, table: &str) -> Result<Option<TableDescription>> {
            source::Connection::describe(self, table)
        }
        fn query(&self, statement: &str, parameters: &[Value]) -> Result<source::Cursor> {
            source::Connection::query(self, statement, parameters)
        }
    }

    impl Cursor for source::Cursor {
        fn schema(&self) -> Schema {
            source::Cursor::schema(self)
        }
        fn next(&mut self, max_rows: u32) -> Result<Option<Batch>> {
            source::Cursor::next(self, max_rows)
        }
    }
}

/// The database that the host grants. Natively there is none, and none of its methods can be called.
#[cfg(not(target_family = "wasm"))]
#[derive(Debug)]
pub enum Granted {}

#[cfg(not(target_family = "wasm"))]
mod absent {
    use super::{Batch, Cursor, Dialect, Granted, Result, Schema, Session, TableDescription, Value};
    use crate::failure::invalid_config;

    impl Session for Granted {
        type Cursor = Self;

        fn open(label: &str) -> Result<Self> {
            Err(invalid_config(format!("no host grants the source {label} here")))
        }
        fn dialect(&self) -> Dialect {
            match *self {}
        }
        fn now(&self) -> Result<i64> {
            match *self {}
        }
        fn tables(&self) -> Result<Vec<String>> {
            match *self {}
        }
        fn describe(&self, _table: &str) -> Result<Option<TableDescription>> {
            match *self {}
        }
        fn query(&self, _statement: &str, _parameters: &[Value]) -> Result<Self> {
            match *self {}
        }
    }

    impl Cursor for Granted {
        fn schema(&self) -> Schema {
            match *self {}
        }
        fn next(&mut self, _max_rows: u32) -> Result<Option<Batch>> {
            match *self {}
        }
    }
}
