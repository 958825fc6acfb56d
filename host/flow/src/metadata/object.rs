//! The object that has a name in the target, and whether it is a table made by the host.

use wmshost_sql::Value;

use crate::failure::Failure;
use crate::ports::sql::Sql;

/// The columns that every table made by the host has: the run that last wrote a row, and the time of that write.
pub const AUDIT_COLUMNS: [&str; 2] = ["wms_run_id", "wms_loaded_at"];
/// The column of tables that keep deleted rows: the time at which a row was found missing in the source.
pub const DELETED_AT: &str = "wms_deleted_at";
/// All columns of the host's own.
pub const SYSTEM_COLUMNS: [&str; 3] = [AUDIT_COLUMNS[0], AUDIT_COLUMNS[1], DELETED_AT];

/// Returns the names of a table's triggers, which somebody else made: the host makes none.
pub(super) fn triggers_of(sql: &mut dyn Sql, table: &str) -> Result<Vec<String>, Failure> {
    let dialect = sql.dialect();
    let rows = sql.query(&dialect.triggers(), &[Value::Text(dialect.spelled(table))])?;
    Ok(rows.into_iter().flatten().map(|name| name.to_string()).collect())
}

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
    let dialect = sql.dialect();
    let kinds = sql.query(&dialect.object_kind(), &[Value::Text(dialect.spelled(table))])?;
    let kind = kinds.into_iter().next().and_then(|row| row.into_iter().next());
    Ok(kind.map(|kind| kind.to_string()))
}

/// Returns which of these columns, in lower case, a table lacks.
pub(super) fn lacking_columns<'c>(
    sql: &mut dyn Sql,
    table: &str,
    columns: &[&'c str],
) -> Result<Vec<&'c str>, Failure> {
    let dialect = sql.dialect();
    let there = sql.query(&dialect.column_names(), &[Value::Text(dialect.spelled(table))])?;
    let has = |column: &str| there.iter().flatten().any(|name| matches!(name, Value::Text(name) if name == column));
    Ok(columns.iter().copied().filter(|column| !has(column)).collect())
}

/// Adds the host's own columns to a table that is taken over; they identify it from then on.
pub(super) fn add_audit_columns(sql: &mut dyn Sql, table: &str) -> Result<(), Failure> {
    if !matches!(found(sql, table)?, Found::Table(false)) {
        return Ok(());
    }
    let dialect = sql.dialect();
    let lacking = lacking_columns(sql, table, &AUDIT_COLUMNS)?;
    for (column, kind) in AUDIT_COLUMNS.into_iter().zip(dialect.declared_audit_types()) {
        if lacking.contains(&column) {
            let added = dialect.add_column(column, kind);
            sql.execute(&format!("ALTER TABLE {} {added}", dialect.quoted(table)), &[])?;
        }
    }
    Ok(())
}
