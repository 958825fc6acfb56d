//! Keys of a model's rows: they must be complete and unique; new and old rows are joined by them.

use wmshost_flow::{Failure, FailureKind, Sql};
use wmshost_sql::Dialect;

use super::table::ModelTable;

/// Checks that each row has a unique key without NULL.
///
/// # Errors
///
/// A permanent failure that names the key.
pub(super) fn check_key(dialect: Dialect, rows: &str, key: &[String], sql: &mut dyn Sql) -> Result<(), Failure> {
    let names = dialect.quoted_list("", key);
    let nulls: Vec<String> = key.iter().map(|part| format!("{} IS NULL", dialect.quoted(part))).collect();
    let wrong = format!(
        "SELECT 1 FROM {rows} WHERE {} UNION ALL \
         SELECT 2 FROM (SELECT {names} FROM {rows} GROUP BY {names} HAVING COUNT(*) > 1) wms_twice",
        nulls.join(" OR ")
    );
    let found = sql.query(&format!("{wrong} {}", dialect.first_rows(1)), &[])?;
    match found.first().and_then(|row| row.first()).and_then(crate::store::whole) {
        None => Ok(()),
        Some(1) => Err(Failure::permanent(format!("its SQL returns a row with NULL in its key ({})", key.join(", ")))),
        Some(_) => Err(Failure::permanent(format!("its SQL returns two rows with one key ({})", key.join(", ")))
            .advise("group or choose among them")),
    }
}

/// True if the columns are a key of these rows. A check that was ended says nothing about them.
pub(super) fn is_key(dialect: Dialect, rows: &str, key: &[String], sql: &mut dyn Sql) -> Result<bool, Failure> {
    match check_key(dialect, rows, key, sql) {
        Ok(()) => Ok(true),
        Err(failure) if was_ended(&failure) => Err(failure),
        Err(_) => Ok(false),
    }
}

/// True if a statement was ended by a limit or a request to stop.
fn was_ended(failure: &Failure) -> bool {
    matches!(failure.kind, FailureKind::Limit | FailureKind::Cancelled)
}

/// True if each of the staged rows has a unique key; on SQLite it also adds the index over it.
fn has_keys(dialect: Dialect, key: &[String], sql: &mut dyn Sql) -> Result<bool, Failure> {
    let rows = dialect.work_table("rows");
    if dialect == Dialect::Oracle {
        return is_key(dialect, &rows, key, sql);
    }
    let nulls: Vec<String> = key.iter().map(|part| format!("{} IS NULL", dialect.quoted(part))).collect();
    let missing = format!("SELECT 1 FROM {} WHERE {} LIMIT 1", rows, nulls.join(" OR "));
    if !sql.query(&missing, &[])?.is_empty() {
        return Ok(false);
    }
    let names = dialect.quoted_list("", key);
    let index = format!("CREATE UNIQUE INDEX temp.wmshost_rows_key ON wmshost_rows ({names})");
    match sql.execute(&index, &[]) {
        Ok(_) => Ok(true),
        Err(failure) if was_ended(&failure) || is_key(dialect, &rows, key, sql)? => Err(failure),
        Err(_) => Ok(false),
    }
}

/// Returns the key, if it identifies each staged row and each row of the table that it is joined to.
pub(super) fn distinguishing_key<'t>(
    table: &ModelTable<'t>,
    sql: &mut dyn Sql,
) -> Result<Option<&'t [String]>, Failure> {
    let dialect = table.dialect;
    let Some(key) = table.key() else { return Ok(None) };
    if !has_keys(dialect, key, sql)? {
        return Ok(None);
    }
    if dialect == Dialect::Sqlite && !table.indexes().iter().any(|(_, columns)| columns.starts_with(key)) {
        let names = dialect.quoted_list("", key);
        let index = dialect.quoted(&format!("{}_KEY", table.node.table));
        sql.execute(&format!("CREATE INDEX IF NOT EXISTS {index} ON {} ({names})", table.name()), &[])?;
    }
    Ok(if is_there_twice(table, key, sql)? { None } else { Some(key) })
}

/// The condition that a new row and an old one have the same key.
pub(super) fn same_key(dialect: Dialect, key: &[String]) -> String {
    let same = key.iter().map(|part| format!("wms_new.{0} = wms_old.{0}", dialect.quoted(part)));
    same.collect::<Vec<_>>().join(" AND ")
}

/// True if a key of the staged rows is in the table more than once: then it does not identify rows there.
fn is_there_twice(table: &ModelTable<'_>, key: &[String], sql: &mut dyn Sql) -> Result<bool, Failure> {
    let dialect = table.dialect;
    let twice = format!(
        "SELECT 1 FROM {} wms_new CROSS JOIN {} wms_old WHERE {} GROUP BY {} HAVING COUNT(*) > 1 {}",
        dialect.work_table("rows"),
        table.name(),
        same_key(dialect, key),
        dialect.quoted_list("wms_new.", key),
        dialect.first_rows(1),
    );
    Ok(!sql.query(&twice, &[])?.is_empty())
}
