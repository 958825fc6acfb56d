//! The catalog of a SQLite file.

use wmshost_flow::{Failure, SqlSession, Value};

use super::table::quoted;
use crate::catalog::{CatalogColumn, CatalogIndex, CatalogTable, RowCount, TableKind, add_to_index, number, text};

/// The largest number of rows that are counted one by one.
const COUNTED_ROWS: u64 = 10_000;

/// A shadow table has the data of a virtual one.
const TABLES: &str = "SELECT name, type, wr FROM pragma_table_list \
     WHERE schema = 'main' AND type <> 'shadow' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name";

/// Hidden 1 are the hidden columns of virtual tables.
const COLUMNS: &str = "SELECT name, type FROM pragma_table_xinfo(?1, 'main') WHERE hidden <> 1";

const INDEXES: &str = "SELECT l.name, l.\"unique\", i.name FROM pragma_index_list(?1, 'main') l, \
     pragma_index_info(l.name, 'main') i WHERE l.partial = 0 ORDER BY l.seq, i.seqno";

/// Reads the catalog.
pub(crate) fn read_catalog(session: &mut dyn SqlSession) -> Result<Vec<CatalogTable>, Failure> {
    let found = session.query(TABLES, &[])?;
    let mut tables = Vec::new();
    for row in found {
        let [name, kind, without_rowid] = row.as_slice() else { continue };
        let (name, kind) = (text(name), text(kind));
        let kind = match kind.as_str() {
            "view" => TableKind::View,
            "virtual" => TableKind::Virtual,
            _ => TableKind::Table,
        };
        let mut table = CatalogTable {
            name,
            kind,
            columns: Vec::new(),
            indexes: Vec::new(),
            rows: RowCount::Unknown,
            trouble: None,
        };
        if let Err(failure) = describe(session, &mut table, number(without_rowid) == Some(0)) {
            table.trouble = Some(failure.to_string());
        }
        tables.push(table);
    }
    Ok(tables)
}

fn describe(session: &mut dyn SqlSession, table: &mut CatalogTable, has_rowid: bool) -> Result<(), Failure> {
    let name = [Value::Text(table.name.clone())];
    let columns = session.query(COLUMNS, &name)?;
    table.columns = columns
        .iter()
        .filter_map(|row| Some(CatalogColumn { name: text(row.first()?), declared: text(row.get(1)?) }))
        .collect();
    if table.kind != TableKind::Table {
        return Ok(());
    }
    table.indexes = indexes(&session.query(INDEXES, &name)?);
    table.rows = row_count(session, &table.name, has_rowid)?;
    Ok(())
}

/// Returns the indexes of whole columns; an expression has no name.
fn indexes(rows: &[Vec<Value>]) -> Vec<CatalogIndex> {
    let mut indexes = Vec::new();
    for row in rows {
        if let [name, unique, column] = row.as_slice() {
            add_to_index(&mut indexes, text(name), number(unique) == Some(1), text(column));
        }
    }
    let whole = indexes.into_iter().map(|(_, index)| index);
    whole.filter(|index| index.columns.iter().all(|column| !column.is_empty())).collect()
}

/// Counts few rows; of more it takes the span of their row ids, which has gaps where rows were deleted.
fn row_count(session: &mut dyn SqlSession, table: &str, has_rowid: bool) -> Result<RowCount, Failure> {
    let table = quoted(table);
    let mut first = |query: &str| -> Result<Option<u64>, Failure> {
        Ok(session.query(query, &[])?.first().and_then(|row| number(row.first()?)))
    };
    let counted = format!("SELECT count(*) FROM (SELECT 1 FROM main.{table} LIMIT {})", COUNTED_ROWS + 1);
    let counted = first(&counted)?.unwrap_or_default();
    if counted <= COUNTED_ROWS {
        return Ok(RowCount::Exact(counted));
    }
    // A column named `rowid` would hide the row id.
    let span = format!("SELECT max(_rowid_) - min(_rowid_) + 1 FROM main.{table}");
    let span = if has_rowid { first(&span).ok().flatten() } else { None };
    Ok(span.map_or(RowCount::AtLeast(counted), |span| RowCount::Estimate(span.max(counted))))
}

/// Returns the sample query of a table.
pub(crate) fn sample_query(table: &str, rows: usize) -> String {
    format!("SELECT * FROM {} LIMIT {rows}", quoted(table))
}
