//! A table that was written by wmshost and is read again: the columns in which the host notes the run and the load time of
//! each row are those of the earlier load, and the next target gets its own. A table that keeps deleted rows has a third
//! one, which is not hidden, so that such a table is refused: its deleted rows would be read as if they were there.

use wmshost_flow::{AUDIT_COLUMNS, Cursor, Dialect, Failure, Micros, SourceSession, TableDescription, Value};

/// A session that describes tables without the columns of the host's own.
pub(super) struct UnmarkedSource(pub(super) Box<dyn SourceSession>);

impl SourceSession for UnmarkedSource {
    fn dialect(&self) -> Dialect {
        self.0.dialect()
    }

    fn now(&mut self) -> Result<Micros, Failure> {
        self.0.now()
    }

    fn tables(&mut self) -> Result<Vec<String>, Failure> {
        self.0.tables()
    }

    fn describe(&mut self, table: &str) -> Result<Option<TableDescription>, Failure> {
        Ok(self.0.describe(table)?.map(|described| described.without(&AUDIT_COLUMNS)))
    }

    fn query(&mut self, statement: &str, parameters: &[Value]) -> Result<Box<dyn Cursor>, Failure> {
        self.0.query(statement, parameters)
    }
}
