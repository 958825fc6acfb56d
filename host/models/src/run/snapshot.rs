//! Snapshots keep every version of every row. A version is valid from one moment, included, to another, excluded; the
//! current one has no end.

use wmshost_flow::model::Snapshot;
use wmshost_flow::{Failure, Sql};

use super::keys::check_key;
use super::rows::{AuditValues, RowChanges, stage_query};
use super::table::ModelTable;
use crate::host_columns::VERSION;
use wmshost_flow::AUDIT_COLUMNS;

/// Applies the present rows: ends the versions of changed and deleted rows, and begins new ones.
pub(super) fn apply(
    table: &ModelTable<'_>,
    snapshot: &Snapshot,
    statement: &str,
    stamp: &AuditValues,
    sql: &mut dyn Sql,
) -> Result<RowChanges, Failure> {
    let dialect = table.dialect;
    let own: Vec<String> = table.model.model.columns.iter().map(|column| column.name.clone()).collect();
    stage_query(table, &own, statement, sql)?;
    check_key(dialect, &dialect.work_table("rows"), &snapshot.key, sql)?;
    let updated_at = match &snapshot.updated_at {
        Some(column) => format!("COALESCE(wms_new.{}, {})", dialect.quoted(column), stamp.loaded_at),
        None => stamp.loaded_at.clone(),
    };
    let rows = dialect.work_table("rows");
    let on = pairs(table, &snapshot.key, " AND ", |old, new| format!("{old} = {new}"));
    let same = unchanged(table, snapshot, &own);
    let name = table.name();
    let [from, to, current] = VERSION.map(|column| dialect.quoted(column));
    let changed = format!("SELECT 1 FROM {rows} wms_new WHERE {on} AND NOT ({same})");
    let watermarks = format!(
        "{} = {}, {} = {}",
        dialect.quoted(AUDIT_COLUMNS[0]),
        stamp.run_id,
        dialect.quoted(AUDIT_COLUMNS[1]),
        stamp.loaded_at
    );
    let alias = dialect.updated_as("wms_old");
    let ended = sql.execute(
        &format!(
            "UPDATE {name}{alias} SET {to} = (SELECT {updated_at} FROM {rows} wms_new WHERE {on}), {current} = 0, {watermarks} \
             WHERE {current} = 1 AND EXISTS ({changed})"
        ),
        &[],
    )?;
    let gone = match snapshot.invalidate_deleted {
        false => 0,
        true => sql.execute(
            &format!(
                "UPDATE {name}{alias} SET {to} = {}, {current} = 0, {watermarks} \
                 WHERE {current} = 1 AND NOT EXISTS (SELECT 1 FROM {rows} wms_new WHERE {on})",
                stamp.loaded_at
            ),
            &[],
        )?,
    };
    let inserted = sql.execute(
        &format!(
            "INSERT INTO {name} ({}, {from}, {to}, {current}, {}) SELECT {}, {updated_at}, NULL, 1, {}, {} \
             FROM {rows} wms_new WHERE NOT EXISTS (SELECT 1 FROM {name} wms_old WHERE {on} AND {current} = 1)",
            dialect.quoted_list("", &own),
            dialect.quoted_list("", AUDIT_COLUMNS),
            dialect.quoted_list("wms_new.", &own),
            stamp.run_id,
            stamp.loaded_at,
        ),
        &[],
    )?;
    Ok(RowChanges { inserted, updated: ended + gone, deleted: 0 })
}

/// The condition that a new row has the values of the current version: in the columns that are compared, or in all but
/// the key.
fn unchanged(table: &ModelTable<'_>, snapshot: &Snapshot, own: &[String]) -> String {
    let is_in_key = |name: &String| snapshot.key.iter().any(|part| part.eq_ignore_ascii_case(name));
    let compared: Vec<String> = match snapshot.check_columns.is_empty() {
        false => snapshot.check_columns.clone(),
        true => own.iter().filter(|name| !is_in_key(name)).cloned().collect(),
    };
    match compared.is_empty() {
        true => "1 = 1".to_owned(),
        false => pairs(table, &compared, " AND ", |old, new| table.dialect.same(old, new)),
    }
}

fn pairs(table: &ModelTable<'_>, columns: &[String], between: &str, pair: impl Fn(&str, &str) -> String) -> String {
    let one = |column: &String| {
        let name = table.dialect.quoted(column);
        pair(&format!("wms_old.{name}"), &format!("wms_new.{name}"))
    };
    columns.iter().map(one).collect::<Vec<_>>().join(between)
}
