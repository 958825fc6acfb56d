//! A table that was written by wmshost and is read again: the columns in which the host notes the run and the load time of
//! each row are those of the earlier load, and the next target gets its own. A table that keeps deleted rows has a third
//! one, which is not hidden, so that such a table is refused: its deleted rows would be read as if they were there.
//!
//! A table that has only one of the two columns, or has them with other types, was not written by wmshost. The column is
//! the source's own and is not hidden, so that the stream is refused until the column has another name.

use arrow_schema::{DataType, Schema, TimeUnit};
use wmshost_flow::{
    AUDIT_COLUMNS, Cursor, Dialect, Failure, Micros, RangeRoots, SourceSession, TableDescription, Value,
};

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
        let without_audit = |described: TableDescription| match has_audit_columns(&described.columns) {
            true => described.without(&AUDIT_COLUMNS),
            false => described,
        };
        Ok(self.0.describe(table)?.map(without_audit))
    }

    fn query(&mut self, statement: &str, parameters: &[Value]) -> Result<Box<dyn Cursor>, Failure> {
        self.0.query(statement, parameters)
    }

    fn add_to_roots(
        &mut self,
        statement: &str,
        roots: &mut RangeRoots,
        alive: &mut dyn FnMut() -> Result<(), Failure>,
    ) -> Result<bool, Failure> {
        self.0.add_to_roots(statement, roots, alive)
    }
}

/// Returns whether a table has both of the host's columns, with the types that the host declares for them.
fn has_audit_columns(columns: &Schema) -> bool {
    let types = [DataType::Utf8, DataType::Timestamp(TimeUnit::Microsecond, None)];
    AUDIT_COLUMNS.iter().zip(types).all(|(name, data_type)| {
        let mut fields = columns.fields().iter();
        fields.any(|field| field.name().eq_ignore_ascii_case(name) && *field.data_type() == data_type)
    })
}
