//! The catalog of the schema that an Oracle session uses.

use std::collections::BTreeMap;

use wmshost_flow::{Failure, SqlSession, Value};

use super::names::{exactly, shown};
use crate::catalog::{CatalogColumn, CatalogTable, RowCount, TableKind, add_to_index, number, text};

/// The schema's tables and views; NULL rows for a view, or a table without statistics. Dropped tables are in the recycle
/// bin, nested tables and overflows belong to other tables.
const TABLES: &str = "SELECT table_name, 'TABLE' AS kind, num_rows FROM all_tables \
     WHERE owner = SYS_CONTEXT('USERENV', 'CURRENT_SCHEMA') AND temporary = 'N' AND nested = 'NO' \
     AND (iot_type IS NULL OR iot_type = 'IOT') AND table_name NOT LIKE 'BIN$%' \
     UNION ALL SELECT view_name, 'VIEW', NULL FROM all_views \
     WHERE owner = SYS_CONTEXT('USERENV', 'CURRENT_SCHEMA') ORDER BY 1";

const COLUMNS: &str = "SELECT table_name, column_name, data_type, data_precision, data_scale, char_length, data_length \
     FROM all_tab_columns WHERE owner = SYS_CONTEXT('USERENV', 'CURRENT_SCHEMA') ORDER BY table_name, column_id";

/// An index of an expression is not NORMAL.
const INDEXES: &str = "SELECT i.table_name, i.index_name, i.uniqueness, ic.column_name FROM all_indexes i \
     JOIN all_ind_columns ic ON ic.index_owner = i.owner AND ic.index_name = i.index_name \
     WHERE i.table_owner = SYS_CONTEXT('USERENV', 'CURRENT_SCHEMA') AND i.index_type = 'NORMAL' \
     ORDER BY i.table_name, i.index_name, ic.column_position";

/// Reads the catalog.
pub(crate) fn read_catalog(session: &mut dyn SqlSession) -> Result<Vec<CatalogTable>, Failure> {
    let mut columns: BTreeMap<String, Vec<CatalogColumn>> = BTreeMap::new();
    for row in session.query(COLUMNS, &[])? {
        if let [table, name, rest @ ..] = row.as_slice() {
            let column = CatalogColumn { name: shown(&text(name)), declared: declared(rest) };
            columns.entry(text(table)).or_default().push(column);
        }
    }
    let mut indexes: BTreeMap<String, Vec<_>> = BTreeMap::new();
    for row in session.query(INDEXES, &[])? {
        if let [table, name, uniqueness, column] = row.as_slice() {
            let unique = text(uniqueness) == "UNIQUE";
            add_to_index(indexes.entry(text(table)).or_default(), text(name), unique, shown(&text(column)));
        }
    }
    let table = |row: Vec<Value>| {
        let [name, kind, rows] = row.as_slice() else { return None };
        let name = text(name);
        let indexes = indexes.remove(&name).unwrap_or_default();
        Some(CatalogTable {
            kind: if text(kind) == "VIEW" { TableKind::View } else { TableKind::Table },
            columns: columns.remove(&name).unwrap_or_default(),
            indexes: indexes.into_iter().map(|(_, index)| index).collect(),
            rows: number(rows).map_or(RowCount::Unknown, RowCount::Estimate),
            trouble: None,
            name: shown(&name),
        })
    };
    Ok(session.query(TABLES, &[])?.into_iter().filter_map(table).collect())
}

/// Returns a type as it would be declared, of its name, precision, scale, length in letters and length in bytes.
fn declared(parts: &[Value]) -> String {
    let [name, precision, scale, letters, bytes] = parts else { return String::new() };
    let name = text(name);
    match (number(precision), scale.to_string().parse::<i64>().ok()) {
        (Some(precision), Some(scale)) if name == "NUMBER" && scale != 0 => format!("NUMBER({precision},{scale})"),
        (Some(precision), _) if name == "NUMBER" || name == "FLOAT" => format!("{name}({precision})"),
        (None, Some(0)) if name == "NUMBER" => "INTEGER".to_owned(),
        _ if name.contains("CHAR") => format!("{name}({})", text(letters)),
        _ if name == "RAW" => format!("{name}({})", text(bytes)),
        _ => name,
    }
}

/// Returns the sample query of a table, whose name is as the server spells it.
pub(crate) fn sample_query(table: &str, rows: usize) -> String {
    format!("SELECT * FROM {} WHERE ROWNUM <= {rows}", exactly(table))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_written_as_they_are_declared() {
        let number = |value: i64| Value::Int64(value);
        let of = |name: &str, precision, scale, letters, bytes| {
            declared(&[Value::Text(name.to_owned()), precision, scale, number(letters), number(bytes)])
        };
        let null = || Value::Null;
        assert_eq!(of("NUMBER", number(10), number(2), 0, 22), "NUMBER(10,2)");
        assert_eq!(of("NUMBER", number(10), number(-2), 0, 22), "NUMBER(10,-2)");
        assert_eq!(of("NUMBER", number(5), number(0), 0, 22), "NUMBER(5)");
        assert_eq!(of("NUMBER", null(), number(0), 0, 22), "INTEGER");
        assert_eq!(of("NUMBER", null(), null(), 0, 22), "NUMBER");
        assert_eq!(of("VARCHAR2", null(), null(), 30, 120), "VARCHAR2(30)");
        assert_eq!(of("RAW", null(), null(), 0, 16), "RAW(16)");
        assert_eq!(of("TIMESTAMP(6)", null(), number(6), 0, 11), "TIMESTAMP(6)");
    }
}
