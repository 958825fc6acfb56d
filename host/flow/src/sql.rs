//! Port: plain SQL, for what the host itself keeps and builds in a database: checkpoints, leases, quarantine,
//! models. Never given to a plugin.

use crate::failure::Failure;
use crate::source::Dialect;
use crate::value::Value;

/// Statements, one at a time. Parameters are in the text as `?1`, `?2` … (SQLite) or `:1`, `:2` … (Oracle).
pub trait Sql {
    /// The kind of SQL it takes.
    fn dialect(&self) -> Dialect;
    /// Runs a statement that returns no rows; returns how many rows it touched.
    fn execute(&mut self, statement: &str, parameters: &[Value]) -> Result<u64, Failure>;
    /// Runs such a statement once for each of these rows of parameters; returns how many rows it touched in all.
    fn execute_many(&mut self, statement: &str, rows: &[Vec<Value>]) -> Result<u64, Failure>;
    /// The rows of a query, all at once: it must be known to have few. What a value's type is, is the
    /// database's word: SQLite has no moments, Oracle no booleans, and a number may come as a decimal.
    fn query(&mut self, statement: &str, parameters: &[Value]) -> Result<Vec<Vec<Value>>, Failure>;
    /// The columns that a query gives: names, Oracle's plain ones in lower case, and types in the database's words where
    /// it tells them before the query is run, else without a word. No row is read.
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

/// A session of the host's own. Outside a transaction every statement is one by itself; dropping the session
/// rolls an open one back.
pub trait SqlSession: Sql + Send {
    /// Begins a transaction; waits for other writers of the same database.
    fn begin(&mut self) -> Result<(), Failure>;
    /// Commits it.
    fn commit(&mut self) -> Result<(), Failure>;
    /// Undoes it.
    fn rollback(&mut self) -> Result<(), Failure>;
}
