//! Snapshots keep every version of every row. A version is valid from one moment, included, to another, excluded; the
//! current one has no end.

use wmshost_flow::model::Snapshot;
use wmshost_flow::{Dialect, Failure, Sql};

use super::keys::check_key;
use super::rows::{AuditValues, RowChanges, stage_query};
use super::table::ModelTable;
use crate::dialect::{AUDIT_COLUMNS, VERSION};

/// Applies the present rows: ends the versions of changed and deleted rows, and begins new ones.
pub(super) fn apply(
    table: &ModelTable<'_>,
    snapshot: &Snapshot,
    statement: &str,
    stamp: &AuditValues,
    sql: &mut dyn Sql,
) -> Result<RowChanges, Failure> {
    let writer = table.writer;
    let own: Vec<String> = table.model.model.columns.iter().map(|column| column.name.clone()).collect();
    stage_query(table, &own, statement, sql)?;
    check_key(writer, &writer.work_table("rows"), &snapshot.key, sql)?;
    let updated_at = match &snapshot.updated_at {
        Some(column) => format!("COALESCE(wms_new.{}, {})", writer.name(column), stamp.loaded_at),
        None => stamp.loaded_at.clone(),
    };
    let rows = writer.work_table("rows");
    let on = pairs(table, &snapshot.key, " AND ", |old, new| format!("{old} = {new}"));
    let check_columns: Vec<String> = match snapshot.check_columns.is_empty() {
        false => snapshot.check_columns.clone(),
        true => own
            .iter()
            .filter(|name| !snapshot.key.iter().any(|part| part.eq_ignore_ascii_case(name)))
            .cloned()
            .collect(),
    };
    let same = match check_columns.is_empty() {
        true => "1 = 1".to_owned(),
        false => pairs(table, &check_columns, " AND ", |old, new| writer.same(old, new)),
    };
    let name = table.name();
    let [from, to, current] = VERSION.map(|column| writer.name(column));
    let changed = format!("SELECT 1 FROM {rows} wms_new WHERE {on} AND NOT ({same})");
    let watermarks = format!(
        "{} = {}, {} = {}",
        writer.name(AUDIT_COLUMNS[0]),
        stamp.run_id,
        writer.name(AUDIT_COLUMNS[1]),
        stamp.loaded_at
    );
    let alias = if writer.0 == Dialect::Sqlite { " AS wms_old" } else { " wms_old" };
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
            writer.names("", &own),
            writer.names("", AUDIT_COLUMNS),
            writer.names("wms_new.", &own),
            stamp.run_id,
            stamp.loaded_at,
        ),
        &[],
    )?;
    Ok(RowChanges { inserted, updated: ended + gone, deleted: 0 })
}

fn pairs(table: &ModelTable<'_>, columns: &[String], between: &str, pair: impl Fn(&str, &str) -> String) -> String {
    let one = |column: &String| {
        let name = table.writer.name(column);
        pair(&format!("wms_old.{name}"), &format!("wms_new.{name}"))
    };
    columns.iter().map(one).collect::<Vec<_>>().join(between)
}
