//! Values and rows, and their comparison: numbers by value, whatever their type, with the tolerance that sums of binary
//! fractions need.

use std::collections::BTreeMap;

use rusqlite::types::Value;

/// A value.
#[derive(Clone, Debug)]
pub(crate) enum Cell {
    Null,
    Number(f64),
    Text(String),
}

/// A row by column.
pub(crate) type Row = BTreeMap<String, Cell>;

/// A type that can be a cell.
pub(crate) trait IntoCell {
    fn cell(self) -> Cell;
}

impl IntoCell for i64 {
    fn cell(self) -> Cell {
        Cell::Number(self as f64)
    }
}

impl IntoCell for usize {
    fn cell(self) -> Cell {
        Cell::Number(self as f64)
    }
}

impl IntoCell for f64 {
    fn cell(self) -> Cell {
        Cell::Number(self)
    }
}

impl IntoCell for bool {
    fn cell(self) -> Cell {
        Cell::Number(f64::from(u8::from(self)))
    }
}

impl IntoCell for &str {
    fn cell(self) -> Cell {
        Cell::Text(self.to_owned())
    }
}

impl IntoCell for String {
    fn cell(self) -> Cell {
        Cell::Text(self)
    }
}

impl<T: IntoCell> IntoCell for Option<T> {
    fn cell(self) -> Cell {
        self.map_or(Cell::Null, IntoCell::cell)
    }
}

impl IntoCell for Cell {
    fn cell(self) -> Cell {
        self
    }
}

impl From<Value> for Cell {
    fn from(value: Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Integer(number) => Self::Number(number as f64),
            Value::Real(number) => Self::Number(number),
            Value::Text(text) => Self::Text(text),
            Value::Blob(_) => panic!("no model has binary columns"),
        }
    }
}

impl PartialEq for Cell {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Null, Self::Null) => true,
            (Self::Text(one), Self::Text(other)) => one == other,
            (Self::Number(one), Self::Number(other)) => (one - other).abs() <= 1e-9 * one.abs().max(1.0),
            _ => false,
        }
    }
}

/// The sort key of a row: its key columns.
fn place(row: &Row, key: &[&str]) -> String {
    key.iter().map(|column| format!("{:?}|", row.get(*column))).collect()
}

/// Asserts that both have the same rows, in any order; `key` has the columns that identify rows.
pub(crate) fn assert_same(what: &str, key: &[&str], mut found: Vec<Row>, mut expected: Vec<Row>) {
    found.sort_by_key(|row| place(row, key));
    expected.sort_by_key(|row| place(row, key));
    for (found, expected) in found.iter().zip(&expected) {
        let columns = |row: &Row| row.keys().cloned().collect::<Vec<_>>();
        assert_eq!(columns(found), columns(expected), "{what}: every column is expected");
        for (column, value) in expected {
            assert_eq!(&found[column], value, "{what}, column {column}\n   found {found:?}\nexpected {expected:?}");
        }
    }
    assert_eq!(found.len(), expected.len(), "{what}: number of rows\n   found {found:?}\nexpected {expected:?}");
}
