//! The definition of one of the host's own tables, in any dialect.

use wmshost_sql::{Dialect, MetadataType, Value};

use super::object::{kind_of, lacking_columns};
use crate::failure::Failure;
use crate::failure::kind::FailureKind;
use crate::ports::sql::Sql;

/// A table. Only the columns of its key are NOT NULL: in some databases an empty text is NULL.
pub(super) struct Table {
    /// Its name.
    pub(super) name: &'static str,
    /// Its columns in order.
    pub(super) columns: &'static [(&'static str, MetadataType)],
    /// The number of columns, from the first, that form the key.
    pub(super) key: usize,
}

impl Table {
    /// Returns whether it exists.
    pub(super) fn exists(&self, sql: &mut dyn Sql) -> Result<bool, Failure> {
        let statement = sql.dialect().table_exists();
        Ok(!sql.query(&statement, &[Value::Text(self.name.to_owned())])?.is_empty())
    }

    /// Returns the reason why the object with its name is not the host's own table, for a person; `None` if it is, or if
    /// there is none. A later version may have added columns.
    pub(super) fn objection(&self, sql: &mut dyn Sql) -> Result<Option<String>, Failure> {
        let columns: Vec<_> = self.columns.iter().map(|(column, _)| *column).collect();
        own_table_objection(sql, self.name, &columns)
    }

    /// Returns the objection to the table as the reason why a statement on it failed; without one, the failure itself.
    pub(super) fn explain(&self, sql: &mut dyn Sql, failure: Failure) -> Failure {
        if failure.kind == FailureKind::Transient {
            return failure;
        }
        match self.objection(sql) {
            Ok(Some(objection)) => Failure::invalid_config(objection),
            _ => failure,
        }
    }

    /// Creates it if it does not exist.
    pub(super) fn make(&self, sql: &mut dyn Sql) -> Result<(), Failure> {
        if self.exists(sql)? {
            return Ok(());
        }
        let dialect = sql.dialect();
        let column = |(at, (name, kind)): (usize, &(&str, MetadataType))| {
            let not_null = if at < self.key { " NOT NULL" } else { "" };
            format!("{name} {}{not_null}", dialect.declared_metadata_type(*kind))
        };
        let columns: Vec<_> = self.columns.iter().enumerate().map(column).collect();
        let key: Vec<_> = self.columns[..self.key].iter().map(|(name, _)| *name).collect();
        let statement =
            format!("CREATE TABLE {} ({}, PRIMARY KEY ({}))", self.name, columns.join(", "), key.join(", "));
        sql.create_if_missing(&statement)
    }

    /// Returns the statement that inserts a row with a value for each column, in order.
    pub(super) fn insert_statement(&self, dialect: Dialect) -> String {
        let parameters: Vec<_> = (1..=self.columns.len()).map(|number| dialect.parameter(number)).collect();
        format!("INSERT INTO {} ({}) VALUES ({})", self.name, self.column_list(), parameters.join(", "))
    }

    /// Returns the columns' names, separated by commas.
    pub(super) fn column_list(&self) -> String {
        self.columns.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ")
    }
}

/// Returns the reason why the object with the name of one of the host's own tables is not this table, for a person; `None`
/// if it has these columns, or if there is none.
pub fn own_table_objection(sql: &mut dyn Sql, name: &str, columns: &[&str]) -> Result<Option<String>, Failure> {
    let Some(kind) = kind_of(sql, name)? else { return Ok(None) };
    let what = if kind == "table" {
        let lacking = lacking_columns(sql, name, columns)?;
        if lacking.is_empty() {
            return Ok(None);
        }
        format!("it lacks {}", lacking.join(", "))
    } else {
        "it is not a table".to_owned()
    };
    Ok(Some(format!(
        "the {kind} {name} was not made by wmshost ({what}) and is left unchanged; wmshost needs this name for a table of \
         its own: rename the {kind} or drop it yourself, or use another target"
    )))
}

/// A cell of such a table with a value that the host never writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct DamagedCell {
    table: &'static str,
    column: &'static str,
}

impl std::fmt::Display for DamagedCell {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "the column {} is damaged, or wmshost did not make the table; nothing was changed", self.column)
    }
}

impl From<DamagedCell> for Failure {
    fn from(cell: DamagedCell) -> Self {
        Self::permanent(format!("table {}: {cell}", cell.table))
    }
}

impl From<DamagedCell> for String {
    fn from(cell: DamagedCell) -> Self {
        cell.to_string()
    }
}

/// The cells of a row of such a table, read from left to right.
pub(super) struct Cells<'a> {
    table: &'a Table,
    values: std::vec::IntoIter<Value>,
    at: usize,
}

impl<'a> Cells<'a> {
    pub(super) fn of(table: &'a Table, row: Vec<Value>) -> Self {
        Self { table, values: row.into_iter(), at: 0 }
    }

    fn next(&mut self) -> Value {
        self.at += 1;
        self.values.next().unwrap_or(Value::Null)
    }

    /// The last cell read, which is invalid.
    pub(super) fn damaged(&self) -> DamagedCell {
        let column = self.table.columns.get(self.at.wrapping_sub(1)).map_or("?", |(name, _)| *name);
        DamagedCell { table: self.table.name, column }
    }

    pub(super) fn text(&mut self) -> Result<String, DamagedCell> {
        match self.next() {
            Value::Text(text) => Ok(text),
            _ => Err(self.damaged()),
        }
    }

    pub(super) fn optional_text(&mut self) -> Result<Option<String>, DamagedCell> {
        match self.next() {
            Value::Text(text) => Ok(Some(text)),
            Value::Null => Ok(None),
            _ => Err(self.damaged()),
        }
    }

    pub(super) fn integer(&mut self) -> Result<i64, DamagedCell> {
        self.optional_integer()?.ok_or_else(|| self.damaged())
    }

    pub(super) fn optional_integer(&mut self) -> Result<Option<i64>, DamagedCell> {
        match self.next() {
            Value::Int64(value) => Ok(Some(value)),
            Value::Decimal(text) => text.parse().map(Some).map_err(|_| self.damaged()),
            Value::Null => Ok(None),
            _ => Err(self.damaged()),
        }
    }
}

/// Returns a text, or NULL for `None`.
pub(super) fn optional(text: Option<&str>) -> Value {
    text.map_or(Value::Null, |text| Value::Text(text.to_owned()))
}
