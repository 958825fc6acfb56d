//! The object that has a name in the target, and whether it is a table made by the host.

use crate::failure::Failure;
use crate::ports::source::Dialect;
use crate::ports::sql::Sql;
use crate::values::Value;

/// The columns that every table made by the host has: the run that last wrote a row, and the time of that write.
pub const AUDIT_COLUMNS: [&str; 2] = ["wms_run_id", "wms_loaded_at"];
/// The column of tables that keep deleted rows: the time at which a row was found missing in the source.
pub const DELETED_AT: &str = "wms_deleted_at";
/// All columns of the host's own.
pub const SYSTEM_COLUMNS: [&str; 3] = [AUDIT_COLUMNS[0], AUDIT_COLUMNS[1], DELETED_AT];

/// A query for the indexes and triggers that were added to an SQLite table, by name and statement; its parameter is the
/// table's name.
pub const BELONGINGS: &str = "SELECT name, sql FROM main.sqlite_schema WHERE type IN ('index', 'trigger') \
     AND tbl_name = ?1 COLLATE NOCASE AND sql IS NOT NULL ORDER BY name";

/// The object that has a name in the target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Found {
    Nothing,
    /// A table; true if it has the host's columns.
    Table(bool),
    /// A view, or another object without rows of its own: its kind as the database names it.
    Other(String),
}

/// Returns a table's name for records: both databases treat names that differ only in case as equal.
pub(super) fn spelled(table: &str) -> String {
    table.to_uppercase()
}

/// Returns the object with a name, in the schema that is written.
pub(super) fn found(sql: &mut dyn Sql, table: &str) -> Result<Found, Failure> {
    Ok(match kind_of(sql, table)? {
        None => Found::Nothing,
        Some(kind) if kind == "table" => Found::Table(lacking_columns(sql, table, &AUDIT_COLUMNS)?.is_empty()),
        Some(kind) => Found::Other(kind),
    })
}

/// Returns the kind of the object with a name, as the database names it; `None` if there is no such object.
pub(super) fn kind_of(sql: &mut dyn Sql, table: &str) -> Result<Option<String>, Failure> {
    let object = match sql.dialect() {
        Dialect::Sqlite => {
            "SELECT type FROM main.sqlite_schema WHERE type IN ('table', 'view') AND name = ?1 COLLATE NOCASE"
        }
        Dialect::Oracle => {
            "SELECT LOWER(object_type) FROM all_objects WHERE owner = SYS_CONTEXT('USERENV', 'CURRENT_SCHEMA') AND \
             object_type IN ('TABLE', 'VIEW', 'MATERIALIZED VIEW', 'SYNONYM') AND object_name = :1 \
             ORDER BY LOWER(object_type)"
        }
    };
    let kinds = sql.query(object, &[catalogue_name(sql.dialect(), table)])?;
    // A materialized view is listed as a table too.
    let kind = kinds.into_iter().next().and_then(|row| row.into_iter().next());
    Ok(kind.map(|kind| kind.to_string()))
}

/// Returns which of these columns, in lower case, a table lacks.
pub(super) fn lacking_columns<'c>(
    sql: &mut dyn Sql,
    table: &str,
    columns: &[&'c str],
) -> Result<Vec<&'c str>, Failure> {
    let statement = match sql.dialect() {
        Dialect::Sqlite => "SELECT LOWER(name) FROM pragma_table_info(?1, 'main')",
        Dialect::Oracle => {
            "SELECT LOWER(column_name) FROM all_tab_columns \
             WHERE owner = SYS_CONTEXT('USERENV', 'CURRENT_SCHEMA') AND table_name = :1"
        }
    };
    let there = sql.query(statement, &[catalogue_name(sql.dialect(), table)])?;
    let has = |column: &str| there.iter().flatten().any(|name| matches!(name, Value::Text(name) if name == column));
    Ok(columns.iter().copied().filter(|column| !has(column)).collect())
}

/// Returns a table's name as a parameter of a query of the catalogue.
fn catalogue_name(dialect: Dialect, table: &str) -> Value {
    Value::Text(if dialect == Dialect::Sqlite { table.to_owned() } else { spelled(table) })
}

/// Adds the host's own columns to a table that is taken over; they identify it from then on.
pub(super) fn add_audit_columns(sql: &mut dyn Sql, table: &str) -> Result<(), Failure> {
    if !matches!(found(sql, table)?, Found::Table(false)) {
        return Ok(());
    }
    let (name, types) = match sql.dialect() {
        Dialect::Sqlite => (table.replace('"', "\"\""), ["TEXT", "TIMESTAMP(6)"]),
        Dialect::Oracle => (spelled(table).replace('"', ""), ["VARCHAR2(128)", "TIMESTAMP(6)"]),
    };
    let lacking = lacking_columns(sql, table, &AUDIT_COLUMNS)?;
    for (column, kind) in AUDIT_COLUMNS.into_iter().zip(types).filter(|(column, _)| lacking.contains(column)) {
        let statement = match sql.dialect() {
            Dialect::Sqlite => format!("ALTER TABLE main.\"{name}\" ADD COLUMN {column} {kind}"),
            Dialect::Oracle => format!("ALTER TABLE \"{name}\" ADD ({column} {kind})"),
        };
        sql.execute(&statement, &[])?;
    }
    Ok(())
}
