//! The source on SQLite: the statements that create its table, and the spelling of its values.

use rusqlite::types::Value as Stored;
use rusqlite::{Connection, params_from_iter};
use wmshost_tests::{day_text, moment_text};

use crate::cell::{Cell, Change, Encoding, Shape};
use crate::history::Row;
use crate::values::spelled;

/// The source's file.
pub(crate) struct Source(pub(crate) Connection);

impl Source {
    pub(crate) fn execute(&mut self, statement: &str, values: &[Stored]) {
        // A pragma returns its value.
        let mut prepared = self.0.prepare(statement).expect("a statement");
        let mut rows = prepared.query(params_from_iter(values)).expect("a statement that runs");
        while rows.next().expect("a statement that runs").is_some() {}
    }
}

/// A value as SQL.
pub(crate) fn literal(value: &Stored) -> String {
    match value {
        Stored::Null => "NULL".to_owned(),
        Stored::Integer(value) => value.to_string(),
        Stored::Real(value) => format!("{value:?}"),
        Stored::Text(text) => format!("'{}'", text.replace('\'', "''")),
        Stored::Blob(bytes) => {
            format!("x'{}'", bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>())
        }
    }
}

/// The column `q`, which holds whole numbers.
pub(crate) fn q(row: &Row) -> Stored {
    if row.bad { Stored::Text("n/a".to_owned()) } else { Stored::Integer(i64::from(row.id * 100 + row.version)) }
}

/// A moment as the change key holds it.
pub(crate) fn changed(cell: &Cell, micros: i64, spelling: u64) -> Stored {
    Stored::Text(match cell.change {
        Change::Micros => moment_text(micros),
        Change::Seconds | Change::Date => moment_text(micros)[..19].to_owned(),
        Change::Mixed => spelled(micros, false, spelling),
        Change::Zoned => spelled(micros, true, spelling),
        Change::Day => day_text(micros),
    })
}

/// The collation that distinguishes the values of the key's first column.
pub(crate) fn collation(cell: &Cell) -> &'static str {
    if cell.shape == Shape::NoConstraint { "BINARY" } else { cell.collation_name() }
}

/// The declared type of the change key.
fn change_type(cell: &Cell) -> &'static str {
    match cell.change {
        _ if cell.shape == Shape::Strict => "TEXT",
        Change::Micros => "TIMESTAMP(6)",
        Change::Seconds => "TIMESTAMP(0)",
        Change::Date => "DATE",
        Change::Mixed => "DATETIME",
        Change::Zoned => "TIMESTAMP WITH TIME ZONE",
        Change::Day => "DATE_ONLY",
    }
}

/// The statements that create the file and its table.
pub(crate) fn definitions(cell: &Cell) -> Vec<String> {
    let encoding = match cell.encoding {
        Encoding::Utf8 => "UTF-8",
        Encoding::Utf16le => "UTF-16le",
        Encoding::Utf16be => "UTF-16be",
    };
    let names: Vec<String> = (1..=cell.kinds().count()).map(|at| format!("k{at}")).collect();
    let collation = match cell.collation_name() {
        "BINARY" => String::new(),
        name => format!(" COLLATE {name}"),
    };
    let mut columns: Vec<String> = Vec::new();
    for (at, kind) in cell.kinds().enumerate() {
        let collation = if at == 0 { collation.as_str() } else { "" };
        columns.push(format!("k{} {}{collation}", at + 1, kind.declared));
    }
    columns.extend(["tag TEXT", "v TEXT", "q INTEGER"].map(str::to_owned));
    columns.push(format!("changed {}", change_type(cell)));
    let key = names.join(", ");
    let (constraint, behind) = match cell.shape {
        Shape::PrimaryKey => (format!(", PRIMARY KEY ({key})"), ""),
        Shape::WithoutRowid => (format!(", PRIMARY KEY ({key})"), " WITHOUT ROWID"),
        Shape::Strict => (format!(", PRIMARY KEY ({key})"), " STRICT"),
        Shape::UniqueIndex | Shape::NoConstraint => (String::new(), ""),
    };
    let mut all = vec![format!("PRAGMA encoding = '{encoding}'"), "PRAGMA synchronous = OFF".to_owned()];
    all.push(format!("CREATE TABLE t ({}{constraint}){behind}", columns.join(", ")));
    if cell.shape == Shape::UniqueIndex {
        all.push(format!("CREATE UNIQUE INDEX t_key ON t ({key})"));
    }
    all
}
