//! Stages rows and applies them to a table: all of them at once, or only changes, by key, by window or appended.

use wmshost_flow::model::Strategy;
use wmshost_flow::{Failure, Sql};
use wmshost_sql::{Dialect, all_of};

use super::keys::{check_key, distinguishing_key, is_key, same_key};
use super::table::ModelTable;
use crate::contract::check_rows;
use crate::store::kind_of;
use wmshost_flow::AUDIT_COLUMNS;

/// The values of the audit columns for the rows, as literals.
pub(super) struct AuditValues {
    pub(super) run_id: String,
    pub(super) loaded_at: String,
}

/// The numbers of changed rows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct RowChanges {
    pub(super) inserted: u64,
    pub(super) updated: u64,
    pub(super) deleted: u64,
}

impl RowChanges {
    pub(super) fn changed(self) -> u64 {
        self.inserted + self.updated + self.deleted
    }
}

/// Fills the staging table with all rows of the statement.
pub(super) fn fill(
    table: &ModelTable<'_>,
    statement: &str,
    stamp: &AuditValues,
    sql: &mut dyn Sql,
) -> Result<u64, Failure> {
    let columns = table.columns();
    let values = match table.dialect.enforces_types() {
        true => table.dialect.quoted_list("wms_new.", &columns),
        false => table.stored("wms_new."),
    };
    let insert = format!(
        "INSERT{} INTO {} ({}, {}) SELECT {values}, {}, {} FROM ({statement}\n) wms_new",
        table.dialect.direct_path(),
        table.staging(),
        table.dialect.quoted_list("", &columns),
        table.dialect.quoted_list("", AUDIT_COLUMNS),
        stamp.run_id,
        stamp.loaded_at,
    );
    let filled = sql.execute(&insert, &[])?;
    check_rows(table.dialect, &table.staging(), &table.model.model.columns, sql)?;
    Ok(filled)
}

/// Stages rows in a table that only this session sees.
pub(super) fn stage_rows(dialect: Dialect, name: &str, select: &str, sql: &mut dyn Sql) -> Result<(), Failure> {
    drop_work_table(dialect, name, sql)?;
    sql.execute(&dialect.create_work_table(name, select), &[]).map(drop)
}

/// Stages the rows of a model's statement, as its table would have them, and checks them against its declaration.
pub(super) fn stage_query(
    table: &ModelTable<'_>,
    columns: &[String],
    statement: &str,
    sql: &mut dyn Sql,
) -> Result<(), Failure> {
    let dialect = table.dialect;
    let select = format!("SELECT {} FROM ({statement}\n) wms_new", table.stored("wms_new."));
    if dialect.enforces_types() {
        return stage_rows(dialect, "rows", &select, sql);
    }
    drop_work_table(dialect, "rows", sql)?;
    let rows = dialect.work_table("rows");
    sql.execute(&format!("CREATE TABLE {rows} ({})", table.declared_columns()?.join(", ")), &[])?;
    sql.execute(&format!("INSERT INTO {rows} ({}) {select}", dialect.quoted_list("", columns)), &[])?;
    check_rows(dialect, &rows, &table.model.model.columns, sql)
}

/// Drops such a table if it is there.
pub(crate) fn drop_work_table(dialect: Dialect, name: &str, sql: &mut dyn Sql) -> Result<(), Failure> {
    let table = dialect.work_table(name);
    match dialect {
        Dialect::Sqlite => sql.execute(&format!("DROP TABLE IF EXISTS {table}"), &[]).map(drop),
        // It may not exist, and Oracle cannot test that in the same statement.
        Dialect::Oracle => {
            let _ = sql.execute(&format!("DROP TABLE {table}"), &[]);
            Ok(())
        }
    }
}

/// Applies the statement's rows to the table by the model's strategy. The staged rows stay in the session until the
/// transaction has ended, because dropping their table may commit it.
pub(super) fn apply(
    table: &ModelTable<'_>,
    strategy: &Strategy,
    statement: &str,
    stamp: &AuditValues,
    sql: &mut dyn Sql,
) -> Result<RowChanges, Failure> {
    stage_query(table, &table.columns(), statement, sql)?;
    Ok(match strategy {
        Strategy::Merge(key) => merge(table, key, stamp, sql)?,
        Strategy::Replace(window) => match distinguishing_key(table, sql)? {
            Some(key) => replace_by_key(table, window, key, stamp, sql)?,
            None => {
                let deleted = delete_windows(table, window, "", stamp, sql)?;
                RowChanges { deleted, inserted: insert(table, "", stamp, sql)?, updated: 0 }
            }
        },
        Strategy::Append => RowChanges { inserted: insert(table, "", stamp, sql)?, ..RowChanges::default() },
    })
}

/// Inserts the staged rows for which the condition is true.
pub(super) fn insert(
    table: &ModelTable<'_>,
    condition: &str,
    stamp: &AuditValues,
    sql: &mut dyn Sql,
) -> Result<u64, Failure> {
    let columns = table.columns();
    let statement = format!(
        "INSERT INTO {} ({}, {}) SELECT {}, {}, {} FROM {} wms_new{condition}",
        table.name(),
        table.dialect.quoted_list("", &columns),
        table.dialect.quoted_list("", AUDIT_COLUMNS),
        table.dialect.quoted_list("wms_new.", &columns),
        stamp.run_id,
        stamp.loaded_at,
        table.dialect.work_table("rows"),
    );
    sql.execute(&statement, &[])
}

fn merge(
    table: &ModelTable<'_>,
    key: &[String],
    stamp: &AuditValues,
    sql: &mut dyn Sql,
) -> Result<RowChanges, Failure> {
    check_key(table.dialect, &table.dialect.work_table("rows"), key, sql)?;
    merge_checked(table, key, stamp, sql)
}

fn merge_checked(
    table: &ModelTable<'_>,
    key: &[String],
    stamp: &AuditValues,
    sql: &mut dyn Sql,
) -> Result<RowChanges, Failure> {
    let dialect = table.dialect;
    let rest: Vec<String> = table
        .columns()
        .into_iter()
        .filter(|column| !key.iter().any(|part| part.eq_ignore_ascii_case(column)))
        .collect();
    // The staged rows may be few, the table may be large.
    let pair = |part: &String| {
        let name = dialect.quoted(part);
        format!("wms_old.{name} = {}", dialect.read_first(&format!("wms_new.{name}")))
    };
    let on = key.iter().map(pair).collect::<Vec<_>>().join(" AND ");
    let updated = if rest.is_empty() { 0 } else { update(table, &rest, &on, stamp, sql)? };
    let missing = format!(" WHERE NOT EXISTS (SELECT 1 FROM {} wms_old WHERE {on})", table.name());
    Ok(RowChanges { updated, inserted: insert(table, &missing, stamp, sql)?, deleted: 0 })
}

/// Updates the rows that differ.
fn update(
    table: &ModelTable<'_>,
    rest: &[String],
    on: &str,
    stamp: &AuditValues,
    sql: &mut dyn Sql,
) -> Result<u64, Failure> {
    let dialect = table.dialect;
    let pair = |column: &String| {
        let name = dialect.quoted(column);
        dialect.same(&format!("wms_old.{name}"), &format!("wms_new.{name}"))
    };
    let same: Vec<String> = rest.iter().map(pair).collect();
    let differs = format!("NOT ({})", all_of(&same));
    let name = table.name();
    let rows = dialect.work_table("rows");
    let both = format!("{rows} wms_new CROSS JOIN {name} wms_old");
    table.keep_before_images(&format!("{both} WHERE {on} AND {differs}"), &stamp.loaded_at, sql)?;
    let value = |column: &String| (dialect.quoted(column), format!("wms_new.{}", dialect.quoted(column)));
    let audit = AUDIT_COLUMNS.map(|name| dialect.quoted(name)).into_iter();
    let audit = audit.zip([stamp.run_id.clone(), stamp.loaded_at.clone()]);
    let sets: Vec<_> = rest.iter().map(value).chain(audit).collect();
    sql.execute(&dialect.update_from((&name, "wms_old"), (&rows, "wms_new"), &sets, (on, &differs)), &[])
}

/// Copies the load times of unchanged rows into the staging table, so that readers of the table see only changes.
/// Returns the number of these rows; `None` where it is unknown because there is no key or the columns differ.
pub(super) fn preserve_load_times(table: &ModelTable<'_>, sql: &mut dyn Sql) -> Result<Option<u64>, Failure> {
    let (dialect, columns) = (table.dialect, table.columns());
    let Some(key) = table.key() else { return Ok(None) };
    if kind_of(sql, dialect, &table.node.table)?.as_deref() != Some("table") {
        return Ok(None);
    }
    // A duplicate row would get its load time twice.
    if !is_key(dialect, &table.staging(), key, sql)? {
        return Ok(None);
    }
    let there = sql.columns(&format!("SELECT * FROM {}", table.name()))?;
    let is_there = |name: &str| there.iter().any(|(known, _)| known.eq_ignore_ascii_case(name));
    if !columns.iter().map(String::as_str).chain(AUDIT_COLUMNS).all(is_there) {
        return Ok(None);
    }
    let pair = |column: &String, same: bool| {
        let (old, new) = (format!("wms_old.{}", dialect.quoted(column)), format!("wms_new.{}", dialect.quoted(column)));
        if same { dialect.same(&old, &new) } else { format!("{old} = {new}") }
    };
    let on = key.iter().map(|column| pair(column, false)).collect::<Vec<_>>().join(" AND ");
    // Rows of a table that was taken over have no load times yet.
    let has_load_time = format!("wms_old.{} IS NOT NULL", dialect.quoted(AUDIT_COLUMNS[1]));
    let same: Vec<_> = columns.iter().map(|column| pair(column, true)).chain([has_load_time]).collect();
    let same = all_of(&same);
    let sets = AUDIT_COLUMNS.map(|column| dialect.quoted(column)).map(|name| {
        let value = format!("wms_old.{name}");
        (name, value)
    });
    let (staging, name) = (table.staging(), table.name());
    let (rows, on) = match dialect {
        Dialect::Sqlite => (name, on),
        // A key that is in two old rows would be an error there.
        Dialect::Oracle => (
            format!(
                "(SELECT wms_all.*, COUNT(*) OVER (PARTITION BY {}) AS wms_times FROM {name} wms_all)",
                dialect.quoted_list("wms_all.", key),
            ),
            format!("{on} AND wms_old.wms_times = 1"),
        ),
    };
    sql.execute(&dialect.update_from((&staging, "wms_new"), (&rows, "wms_old"), &sets, (&on, &same)), &[]).map(Some)
}

/// True if a key of the existing table is missing in the staging table.
pub(super) fn loses_keys(table: &ModelTable<'_>, sql: &mut dyn Sql) -> Result<bool, Failure> {
    let dialect = table.dialect;
    let Some(key) = table.key() else { return Ok(true) };
    let (names, less) = (dialect.quoted_list("", key), dialect.except());
    let gone = format!("SELECT {names} FROM {} {less} SELECT {names} FROM {}", table.name(), table.staging());
    let gone = format!("SELECT 1 FROM ({gone}) wms_gone {}", dialect.first_rows(1));
    Ok(!sql.query(&gone, &[])?.is_empty())
}

/// Replaces windows where a key identifies rows: only deleted, changed and new rows are written, and unchanged rows
/// keep their load times.
fn replace_by_key(
    table: &ModelTable<'_>,
    window: &[String],
    key: &[String],
    stamp: &AuditValues,
    sql: &mut dyn Sql,
) -> Result<RowChanges, Failure> {
    let dialect = table.dialect;
    let rows = dialect.work_table("rows");
    let gone = format!(" AND NOT EXISTS (SELECT 1 FROM {rows} wms_new WHERE {})", same_key(dialect, key));
    let deleted = delete_windows(table, window, &gone, stamp, sql)?;
    let merged = merge_checked(table, key, stamp, sql)?;
    Ok(RowChanges { deleted, ..merged })
}

/// Deletes the rows of the affected windows, or only those for which the condition is true.
fn delete_windows(
    table: &ModelTable<'_>,
    window: &[String],
    only: &str,
    stamp: &AuditValues,
    sql: &mut dyn Sql,
) -> Result<u64, Failure> {
    let dialect = table.dialect;
    let pairs = |pair: &dyn Fn(&str, &str) -> String| -> String {
        let one = |column: &String| {
            let name = dialect.quoted(column);
            pair(&format!("wms_old.{name}"), &format!("wms_change.{name}"))
        };
        window.iter().map(one).collect::<Vec<_>>().join(" AND ")
    };
    let same = pairs(&|old, change| dialect.same(old, change));
    let (name, changes) = (table.name(), dialect.work_table("changes"));
    let Dialect::Oracle = dialect else {
        let found = format!("{changes} AS wms_change CROSS JOIN {name} AS wms_old WHERE {same}{only}");
        table.keep_before_images(&found, &stamp.loaded_at, sql)?;
        return sql.execute(&format!("DELETE FROM {name} WHERE rowid IN (SELECT wms_old.rowid FROM {found})"), &[]);
    };
    // Windows without NULL are found by a join; only the others need a comparison one by one.
    let equal = pairs(&|old, change| format!("{old} = {change}"));
    let nulls: Vec<String> =
        window.iter().map(|column| format!("wms_old.{} IS NULL", dialect.quoted(column))).collect();
    let mut deleted = 0;
    for (rows, condition) in [("", equal), (&*format!("({}) AND ", nulls.join(" OR ")), same)] {
        let found =
            format!("{name} wms_old WHERE {rows}EXISTS (SELECT 1 FROM {changes} wms_change WHERE {condition}){only}");
        table.keep_before_images(&found, &stamp.loaded_at, sql)?;
        deleted += sql.execute(&format!("DELETE FROM {found}"), &[])?;
    }
    Ok(deleted)
}
