//! The definition of one of the host's own tables, in any dialect.

use super::object::{kind_of, lacking_columns};
use crate::failure::Failure;
use crate::failure::kind::FailureKind;
use crate::ports::source::Dialect;
use crate::ports::sql::Sql;
use crate::values::Value;

/// The type of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Text of at most 128 characters.
    Name,
    /// Text of at most 2,000 characters.
    Text,
    /// Text of any length.
    Long,
    /// A whole number.
    Integer,
}

/// A table. Only the columns of its key are NOT NULL: in some databases an empty text is NULL.
pub(super) struct Table {
    /// Its name.
    pub(super) name: &'static str,
    /// Its columns in order.
    pub(super) columns: &'static [(&'static str, Kind)],
    /// The number of columns, from the first, that form the key.
    pub(super) key: usize,
}

impl Table {
    /// Returns whether it exists.
    pub(super) fn exists(&self, sql: &mut dyn Sql) -> Result<bool, Failure> {
        let statement = match sql.dialect() {
            Dialect::Sqlite => "SELECT 1 FROM main.sqlite_schema WHERE type = 'table' AND name = ?1",
            Dialect::Oracle => {
                "SELECT 1 FROM all_tables WHERE owner = SYS_CONTEXT('USERENV', 'CURRENT_SCHEMA') AND table_name = :1"
            }
        };
        Ok(!sql.query(statement, &[Value::Text(self.name.to_owned())])?.is_empty())
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
        let column = |(at, (name, kind)): (usize, &(&str, Kind))| {
            let not_null = if at < self.key { " NOT NULL" } else { "" };
            format!("{name} {}{not_null}", kind.declared(dialect))
        };
        let columns: Vec<_> = self.columns.iter().enumerate().map(column).collect();
        let key: Vec<_> = self.columns[..self.key].iter().map(|(name, _)| *name).collect();
        let statement =
            format!("CREATE TABLE {} ({}, PRIMARY KEY ({}))", self.name, columns.join(", "), key.join(", "));
        sql.create_if_missing(&statement)
    }

    /// Returns the statement that inserts a row with a value for each column, in order.
    pub(super) fn insert_statement(&self, dialect: Dialect) -> String {
        let placeholders: Vec<_> = (1..=self.columns.len()).map(|number| format!("?{number}")).collect();
        text(
            dialect,
            &format!("INSERT INTO {} ({}) VALUES ({})", self.name, self.column_list(), placeholders.join(", ")),
        )
    }

    /// Returns the columns' names, separated by commas.
    pub(super) fn column_list(&self) -> String {
        self.columns.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ")
    }
}

impl Kind {
    fn declared(self, dialect: Dialect) -> &'static str {
        match (dialect, self) {
            (Dialect::Sqlite, Self::Integer) => "INTEGER",
            (Dialect::Sqlite, _) => "TEXT",
            (Dialect::Oracle, Self::Name) => "VARCHAR2(128 CHAR)",
            (Dialect::Oracle, Self::Text) => "VARCHAR2(2000 CHAR)",
            (Dialect::Oracle, Self::Long) => "CLOB",
            (Dialect::Oracle, Self::Integer) => "NUMBER(18)",
        }
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

/// Returns a statement with parameters `?1` … in the syntax of a dialect. No text in it may contain a question mark.
pub(super) fn text(dialect: Dialect, statement: &str) -> String {
    match dialect {
        Dialect::Sqlite => statement.to_owned(),
        Dialect::Oracle => statement.replace('?', ":"),
    }
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
