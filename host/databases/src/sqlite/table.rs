//! SQLite's description of a table.

use std::ffi::CStr;
use std::sync::Arc;

use arrow_schema::{DataType, Field, Schema, SchemaRef};
use rusqlite::{Connection, OptionalExtension as _};
use wmshost_flow::{Failure, SourceForm};
use wmshost_sql::Dialect;

use super::failure::failure;
use super::types::arrow_type;

/// A column as it is declared.
#[derive(Debug, Clone)]
pub(crate) struct Column {
    /// Its name.
    pub(crate) name: String,
    /// Its declared type, as it was written.
    pub(crate) declared: String,
    /// The Arrow type of the declared type, or the one that a pipeline declares.
    pub(crate) arrow: DataType,
    /// The form in which values are kept, if a pipeline declares it.
    pub(crate) form: Option<SourceForm>,
    /// True if NULL may occur.
    pub(crate) nullable: bool,
    /// Its position in the primary key, from 1; 0 if it is not in it.
    pub(crate) key_position: i64,
}

/// A table or a view.
#[derive(Debug, Clone)]
pub(crate) struct Table {
    /// Its name as it was created.
    pub(crate) name: String,
    /// True if it is a view.
    pub(crate) is_view: bool,
    /// Its columns in order.
    pub(crate) columns: Vec<Column>,
}

impl Table {
    /// The table of this name, in any case; `None` if there is none.
    pub(crate) fn find(connection: &Connection, name: &str) -> Result<Option<Self>, Failure> {
        Self::read(connection, name).map_err(|error| failure(format_args!("table {name}"), error))?.transpose()
    }

    fn read(connection: &Connection, name: &str) -> rusqlite::Result<Option<Result<Self, Failure>>> {
        let found: Option<(String, bool)> = connection
            .query_row(
                "SELECT name, type = 'view' FROM main.sqlite_schema \
                 WHERE type IN ('table', 'view') AND name = ?1 COLLATE NOCASE",
                [name],
                |row| Ok((row.get(0)?, row.get(1)?)),
            )
            .optional()?;
        let Some((name, is_view)) = found else { return Ok(None) };
        // Hidden 1 are the hidden columns of virtual tables; 2 and 3 are generated columns.
        let mut statement = connection
            .prepare("SELECT name, type, \"notnull\", pk FROM pragma_table_xinfo(?1, 'main') WHERE hidden <> 1")?;
        let columns = statement.query_map([&name], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))?;
        let columns = columns.collect::<rusqlite::Result<Vec<_>>>()?;
        let key_columns = columns.iter().filter(|(.., key_position)| *key_position > 0).count();
        let columns =
            columns.into_iter().map(|column| Column::new(&name, column, key_columns)).collect::<Result<_, _>>();
        Ok(Some(columns.map(|columns| Self { name, is_view, columns })))
    }

    /// The column of this name, in any case.
    pub(crate) fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name.eq_ignore_ascii_case(name))
    }

    /// The columns of the primary key, in order.
    pub(crate) fn key(&self) -> Vec<String> {
        let mut key: Vec<_> = self.columns.iter().filter(|column| column.key_position > 0).collect();
        key.sort_by_key(|column| column.key_position);
        key.into_iter().map(|column| column.name.clone()).collect()
    }

    /// The columns, but for those that `leave_out` names.
    pub(crate) fn schema(&self, leave_out: &[&str]) -> SchemaRef {
        let kept =
            self.columns.iter().filter(|column| !leave_out.iter().any(|name| column.name.eq_ignore_ascii_case(name)));
        Arc::new(Schema::new(kept.map(Column::field).collect::<Vec<_>>()))
    }
}

impl Column {
    fn new(
        table: &str,
        (name, declared, not_null, key_position): (String, String, bool, i64),
        key_columns: usize,
    ) -> Result<Self, Failure> {
        let arrow = arrow_type(&declared).ok_or_else(|| {
            Failure::invalid_config(format!(
                "table {table}, column {name}: the declared type {declared} is not a decimal of up to 38 digits"
            ))
        })?;
        // Of the primary keys, only an alias of the row number is never NULL by itself.
        let row_number = key_position > 0 && key_columns == 1 && declared.eq_ignore_ascii_case("INTEGER");
        Ok(Self { name, declared, arrow, form: None, nullable: !not_null && !row_number, key_position })
    }

    fn field(&self) -> Field {
        Field::new(&self.name, self.arrow.clone(), self.nullable)
    }
}

/// Returns whether a table's column is known to have the collation BINARY. SQLite does not report it for a view.
pub(crate) fn is_binary(connection: &Connection, table: &Table, column: &Column) -> bool {
    let found = connection.column_metadata(Some("main"), table.name.as_str(), column.name.as_str());
    let binary = |(_, collation, ..): (_, Option<&CStr>, _, _, _)| collation.is_some_and(|name| name == c"BINARY");
    !table.is_view && found.is_ok_and(binary)
}

/// Returns whether a merge can tell rows apart by these columns: the primary key or a unique index has just them, and
/// compares texts by their bytes. An index that ignores their case would take two rows for versions of one.
pub(crate) fn is_unique(connection: &Connection, table: &Table, key: &[String]) -> rusqlite::Result<bool> {
    let mut indexes = connection.prepare(
        "SELECT name, origin = 'pk' FROM pragma_index_list(?1, 'main') WHERE \"unique\" = 1 AND partial = 0",
    )?;
    let mut columns = connection
        .prepare("SELECT name, coll = 'BINARY' FROM pragma_index_xinfo(?1, 'main') WHERE key = 1 ORDER BY seqno")?;
    let found = indexes.query_map([&table.name], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let found: Vec<(String, bool)> = found.collect::<rusqlite::Result<_>>()?;
    for (index, _) in &found {
        // An index over an expression has a column without a name.
        let parts = columns.query_map([index], |row| Ok((row.get::<_, Option<String>>(0)?, row.get(1)?)))?;
        let parts: Vec<(Option<String>, bool)> = parts.collect::<rusqlite::Result<_>>()?;
        let names: Option<Vec<String>> = parts.iter().map(|(name, _)| name.clone()).collect();
        let is_text = |name: &str| table.column(name).is_some_and(|column| column.arrow == DataType::Utf8);
        let is_exact = parts.iter().all(|(name, binary)| *binary || !name.as_deref().is_some_and(is_text));
        if is_exact && names.is_some_and(|names| same_columns(&names, key)) {
            return Ok(true);
        }
    }
    // A primary key that is the row number has no index.
    Ok(same_columns(&table.key(), key) && !found.iter().any(|(_, is_primary)| *is_primary))
}

fn same_columns(a: &[String], b: &[String]) -> bool {
    let within =
        |a: &[String], b: &[String]| a.iter().all(|name| b.iter().any(|other| name.eq_ignore_ascii_case(other)));
    a.len() == b.len() && !a.is_empty() && within(a, b) && within(b, a)
}

/// A column of a table whose values are compared by their bytes, whatever collation the column or an index of it has.
pub(crate) fn by_bytes(table: &Table, name: &str) -> String {
    match table.column(name).map(|column| &column.arrow) {
        Some(DataType::Utf8) => format!("{} COLLATE BINARY", quoted(name)),
        _ => quoted(name),
    }
}

/// A name as an identifier in a statement.
pub(crate) fn quoted(name: &str) -> String {
    Dialect::Sqlite.quoted(name)
}

/// Names as a list of identifiers.
pub(crate) fn quoted_list<'a>(names: impl IntoIterator<Item = &'a String>) -> String {
    Dialect::Sqlite.quoted_list("", names)
}
