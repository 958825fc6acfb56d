//! What the target has under a name, and whether it is a table as the host makes them.

use crate::failure::Failure;
use crate::source::Dialect;
use crate::sql::Sql;
use crate::value::Value;

/// The columns that every table of the host has: the run that wrote a row last, and when.
pub(super) const AUDIT_COLUMNS: [&str; 2] = ["wms_run_id", "wms_loaded_at"];

/// The indexes and triggers that somebody added to a table of SQLite, by name and statement: a query of the table's name.
pub const BELONGINGS: &str = "SELECT name, sql FROM main.sqlite_schema WHERE type IN ('index', 'trigger') \
     AND tbl_name = ?1 COLLATE NOCASE AND sql IS NOT NULL ORDER BY name";

/// What the target has under a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Found {
    Nothing,
    /// A table, and whether it has the host's columns.
    Table(bool),
    /// A view, or whatever else has no rows of its own: in the database's words.
    Other(String),
}

/// A table's name in records: both databases take names that differ in case only for one.
pub(super) fn spelled(table: &str) -> String {
    table.to_uppercase()
}

/// What has a name, in the schema that is written.
pub(super) fn found(sql: &mut dyn Sql, table: &str) -> Result<Found, Failure> {
    let (object, name) = match sql.dialect() {
        Dialect::Sqlite => (
            "SELECT type FROM main.sqlite_schema WHERE type IN ('table', 'view') AND name = ?1 COLLATE NOCASE",
            table.to_owned(),
        ),
        Dialect::Oracle => (
            "SELECT LOWER(object_type) FROM all_objects WHERE owner = SYS_CONTEXT('USERENV', 'CURRENT_SCHEMA') AND \
             object_type IN ('TABLE', 'VIEW', 'MATERIALIZED VIEW', 'SYNONYM') AND object_name = :1 \
             ORDER BY LOWER(object_type)",
            spelled(table),
        ),
    };
    let kinds = sql.query(object, &[Value::Text(name.clone())])?;
    // A materialized view is listed as a table too.
    let kind = kinds.into_iter().next().and_then(|row| row.into_iter().next());
    Ok(match kind {
        None => Found::Nothing,
        Some(Value::Text(kind)) if kind == "table" => Found::Table(lacking_audit_columns(sql, &name)?.is_empty()),
        Some(kind) => Found::Other(kind.to_string()),
    })
}

/// The host's own columns that a table lacks.
fn lacking_audit_columns(sql: &mut dyn Sql, table: &str) -> Result<Vec<&'static str>, Failure> {
    let statement = match sql.dialect() {
        Dialect::Sqlite => "SELECT LOWER(name) FROM pragma_table_info(?1, 'main')",
        Dialect::Oracle => {
            "SELECT LOWER(column_name) FROM all_tab_columns \
             WHERE owner = SYS_CONTEXT('USERENV', 'CURRENT_SCHEMA') AND table_name = :1"
        }
    };
    let columns = sql.query(statement, &[Value::Text(table.to_owned())])?;
    let has = |mark: &str| columns.iter().flatten().any(|name| matches!(name, Value::Text(name) if name == mark));
    Ok(AUDIT_COLUMNS.into_iter().filter(|mark| !has(mark)).collect())
}

/// Returns a table that is taken over the host's own columns, by which it is known from then on.
pub(super) fn add_audit_columns(sql: &mut dyn Sql, table: &str) -> Result<(), Failure> {
    if !matches!(found(sql, table)?, Found::Table(false)) {
        return Ok(());
    }
    let (name, types) = match sql.dialect() {
        Dialect::Sqlite => (table.replace('"', "\"\""), ["TEXT", "TIMESTAMP(6)"]),
        Dialect::Oracle => (spelled(table).replace('"', ""), ["VARCHAR2(128)", "TIMESTAMP(6)"]),
    };
    let lookup = if sql.dialect() == Dialect::Sqlite { table.to_owned() } else { spelled(table) };
    let lacking = lacking_audit_columns(sql, &lookup)?;
    for (mark, kind) in AUDIT_COLUMNS.into_iter().zip(types).filter(|(mark, _)| lacking.contains(mark)) {
        let statement = match sql.dialect() {
            Dialect::Sqlite => format!("ALTER TABLE main.\"{name}\" ADD COLUMN {mark} {kind}"),
            Dialect::Oracle => format!("ALTER TABLE \"{name}\" ADD ({mark} {kind})"),
        };
        sql.execute(&statement, &[])?;
    }
    Ok(())
}
