//! The source on Oracle: the statements that create its table, and the spelling of its values.

use wmshost_flow::SqlSession;

use crate::cell::{Cell, Change, Shape};
use crate::history::{Row, spelled_out};
use crate::values::{Stored, moment};

/// A session of the application that works with the source.
pub(crate) struct Source(pub(crate) Box<dyn SqlSession>);

impl Source {
    pub(crate) fn execute(&mut self, statement: &str, values: &[Stored]) {
        let text = spelled_out(statement, values);
        self.0.execute(&text, &[]).unwrap_or_else(|failure| panic!("{text}: {failure}"));
    }
}

/// A value as SQL.
pub(crate) fn literal(value: &Stored) -> String {
    match value {
        Stored::Null => "NULL".to_owned(),
        Stored::Text(text) => format!("'{}'", text.replace('\'', "''")),
        Stored::Sql(text) => text.clone(),
    }
}

/// The column `q`, a NUMBER without precision; more than ten digits after the point do not fit the type as which it is
/// read.
pub(crate) fn q(row: &Row) -> Stored {
    let value = row.id * 100 + row.version;
    Stored::Sql(if row.bad { format!("{value}.123456789012") } else { value.to_string() })
}

/// A moment as the change key holds it.
pub(crate) fn changed(cell: &Cell, micros: i64, spelling: u64) -> Stored {
    moment(micros, matches!(cell.change, Change::Zoned | Change::Local), spelling)
}

/// There is one order of text: that of its bytes.
pub(crate) fn collation(_: &Cell) -> &'static str {
    "BINARY"
}

/// The statements that create the table.
pub(crate) fn definitions(cell: &Cell) -> Vec<String> {
    let names: Vec<String> = (1..=cell.kinds().count()).map(|at| format!("k{at}")).collect();
    let mut columns: Vec<String> =
        names.iter().zip(cell.kinds()).map(|(name, kind)| format!("{name} {}", kind.declared)).collect();
    columns.extend(["tag VARCHAR2(20)", "v VARCHAR2(20)", "q NUMBER"].map(str::to_owned));
    columns.push(format!("changed {}", cell.change.declared()));
    let (table, key) = (cell.table(), names.join(", "));
    if cell.shape == Shape::PrimaryKey {
        columns.push(format!("PRIMARY KEY ({key})"));
    }
    let mut all = vec![format!("CREATE TABLE {table} ({})", columns.join(", "))];
    if cell.shape == Shape::UniqueIndex {
        all.push(format!("CREATE UNIQUE INDEX {table}_key ON {table} ({key})"));
    }
    all
}
