//! The tables and views of a database, as its own catalog describes them: columns, indexes, and an estimate of the rows.
//! No table is read as a whole for it.

use wmshost_flow::{Dialect, Failure, SqlSession, Value};

use crate::{oracle, sqlite};

/// The kind of something that has rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TableKind {
    /// A table.
    Table,
    /// A view.
    View,
    /// A table whose rows a module of the database makes.
    Virtual,
}

/// A column, as the catalog describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CatalogColumn {
    /// Its name.
    pub name: String,
    /// Its declared type; empty if it has none.
    pub declared: String,
}

/// An index of whole columns, over all rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CatalogIndex {
    /// True if no two rows without a NULL have the same values.
    pub unique: bool,
    /// Its columns, in order.
    pub columns: Vec<String>,
}

/// The number of rows of a table, as far as it is cheap to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowCount {
    /// The number itself.
    Exact(u64),
    /// A number that is about right.
    Estimate(u64),
    /// At least this number.
    AtLeast(u64),
    /// Nothing is known.
    Unknown,
}

/// A table or view, as the catalog describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CatalogTable {
    /// Its name as pipelines write it.
    pub name: String,
    /// Its kind.
    pub kind: TableKind,
    /// Its columns in order.
    pub columns: Vec<CatalogColumn>,
    /// Its indexes, those of its keys among them.
    pub indexes: Vec<CatalogIndex>,
    /// The number of its rows.
    pub rows: RowCount,
    /// The reason why the database itself cannot describe it; `None` if it can.
    pub trouble: Option<String>,
}

/// Returns the tables and views that a session sees, by name: those of a SQLite file, or of the schema that an Oracle
/// session uses. The database's own and temporary ones are not among them.
pub fn read_catalog(session: &mut dyn SqlSession) -> Result<Vec<CatalogTable>, Failure> {
    match session.dialect() {
        Dialect::Sqlite => sqlite::read_catalog(session),
        Dialect::Oracle => oracle::read_catalog(session),
    }
}

/// Returns the sample query of a table: at most this number of its rows, whichever come first.
pub fn sample_query(dialect: Dialect, table: &str, rows: usize) -> String {
    match dialect {
        Dialect::Sqlite => sqlite::sample_query(table, rows),
        Dialect::Oracle => oracle::sample_query(table, rows),
    }
}

/// Returns a value as text; an empty one if it is NULL.
pub(crate) fn text(value: &Value) -> String {
    if *value == Value::Null { String::new() } else { value.to_string() }
}

/// Returns a value as a number; `None` if it is none.
pub(crate) fn number(value: &Value) -> Option<u64> {
    value.to_string().parse().ok()
}

/// Adds a column to the last index, or begins another one if its name differs.
pub(crate) fn add_to_index(indexes: &mut Vec<(String, CatalogIndex)>, name: String, unique: bool, column: String) {
    match indexes.last_mut() {
        Some((last, index)) if *last == name => index.columns.push(column),
        _ => indexes.push((name, CatalogIndex { unique, columns: vec![column] })),
    }
}
