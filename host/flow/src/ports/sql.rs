//! Port: plain SQL, for what the host itself stores and builds in a database: checkpoints, leases, quarantine, models.
//! It is never given to a plugin.

use std::time::Duration;

use wmshost_sql::{Dialect, Value};

use super::cancel::Cancel;
use crate::failure::Failure;
use crate::limits::Limits;

/// The limits of a statement that a plugin wrote, in a database that runs within this process.
#[derive(Debug, Clone)]
pub struct StatementLimit {
    /// The longest time that it may compute: a query until its first row, and between two rows.
    pub time: Duration,
    /// The most bytes of temporary files, of all statements of the process together.
    pub temp_bytes: u64,
    /// The request to stop, which ends the statement within a second.
    pub cancel: Cancel,
}

impl Default for StatementLimit {
    fn default() -> Self {
        Self::of(&Limits::default(), &Cancel::default())
    }
}

impl StatementLimit {
    /// Returns the limit of the statements of plugins with these limits.
    pub fn of(limits: &Limits, cancel: &Cancel) -> Self {
        Self { time: limits.statement_time, temp_bytes: limits.temp_bytes, cancel: cancel.clone() }
    }
}

/// A connection that runs one statement at a time. Parameters are written as `?1`, `?2` … (SQLite) or `:1`, `:2` …
/// (Oracle).
pub trait Sql {
    /// Returns its SQL dialect.
    fn dialect(&self) -> Dialect;
    /// Runs a statement that returns no rows; returns the number of rows affected.
    fn execute(&mut self, statement: &str, parameters: &[Value]) -> Result<u64, Failure>;
    /// Runs such a statement once for each of these rows of parameters; returns the total number of rows affected.
    fn execute_many(&mut self, statement: &str, rows: &[Vec<Value>]) -> Result<u64, Failure>;
    /// Returns all rows of a query at once: there must be few. The database decides the type of a value: SQLite has no
    /// timestamps, Oracle no Booleans, and a number may be returned as a decimal.
    fn query(&mut self, statement: &str, parameters: &[Value]) -> Result<Vec<Vec<Value>>, Failure>;
    /// Returns the columns of a query: their names, Oracle's unquoted ones in lower case, and their types as the
    /// database names them, or an empty text if it does not know the type before the query is run. No row is read.
    fn columns(&mut self, query: &str) -> Result<Vec<(String, String)>, Failure>;
    /// Runs a statement that creates a table of the host's own. One that another process has created meanwhile is as
    /// good: all streams of a first run need the same tables at once.
    fn create_if_missing(&mut self, statement: &str) -> Result<(), Failure> {
        self.execute(statement, &[]).map(drop)
    }
    /// Says that the open transaction writes a row of the ledger, by which a driver whose commit was cut off can find out
    /// whether it took place.
    fn carries_checkpoint(&mut self) {}
}

/// A session of the host's own. Outside a transaction every statement is committed by itself; dropping the session
/// rolls an open transaction back.
pub trait SqlSession: Sql + Send {
    /// Begins a transaction; waits for other writers of the same database.
    fn begin(&mut self) -> Result<(), Failure>;
    /// Commits the transaction; rolls it back if that fails.
    fn commit(&mut self) -> Result<(), Failure>;
    /// Rolls the transaction back.
    fn rollback(&mut self) -> Result<(), Failure>;
    /// Holds all later statements of the session to a limit. A server has its own: `call_timeout` of its connection.
    fn limit_statements(&mut self, limit: &StatementLimit) -> Result<(), Failure>;
}
