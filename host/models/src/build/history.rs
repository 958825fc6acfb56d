//! Every version of every row. A version is valid from one moment, included, to another, excluded; the current one
//! has no end.

use wmshost_flow::model::History;
use wmshost_flow::{Dialect, Failure, Sql};

use super::rows::{Moved, Stamp, check_key, set_rows_aside};
use super::table::Table;
use crate::dialect::{MARKS, VERSION};

/// Takes in how the rows are now: ends the versions of rows that are others or gone, and begins new ones.
pub(super) fn take_in(
    table: &Table<'_>,
    history: &History,
    statement: &str,
    stamp: &Stamp,
    sql: &mut dyn Sql,
) -> Result<Moved, Failure> {
    let writer = table.writer;
    let own: Vec<String> = table.model.model.columns.iter().map(|column| column.name.clone()).collect();
    set_rows_aside(table, &own, statement, sql)?;
    check_key(writer, &writer.work_table("rows"), &history.key, sql)?;
    let since = match &history.since {
        Some(column) => format!("COALESCE(wms_new.{}, {})", writer.name(column), stamp.loaded_at),
        None => stamp.loaded_at.clone(),
    };
    let rows = writer.work_table("rows");
    let on = pairs(table, &history.key, " AND ", |old, new| format!("{old} = {new}"));
    let compared: Vec<String> = match history.compared.is_empty() {
        false => history.compared.clone(),
        true => {
            own.iter().filter(|name| !history.key.iter().any(|part| part.eq_ignore_ascii_case(name))).cloned().collect()
        }
    };
    let same = match compared.is_empty() {
        true => "1 = 1".to_owned(),
        false => pairs(table, &compared, " AND ", |old, new| writer.same(old, new)),
    };
    let name = table.name();
    let [from, to, current] = VERSION.map(|column| writer.name(column));
    let changed = format!("SELECT 1 FROM {rows} wms_new WHERE {on} AND NOT ({same})");
    let marks =
        format!("{} = {}, {} = {}", writer.name(MARKS[0]), stamp.run_id, writer.name(MARKS[1]), stamp.loaded_at);
    let alias = if writer.0 == Dialect::Sqlite { " AS wms_old" } else { " wms_old" };
    let ended = sql.execute(
        &format!(
            "UPDATE {name}{alias} SET {to} = (SELECT {since} FROM {rows} wms_new WHERE {on}), {current} = 0, {marks} \
             WHERE {current} = 1 AND EXISTS ({changed})"
        ),
        &[],
    )?;
    let gone = match history.ends_missing {
        false => 0,
        true => sql.execute(
            &format!(
                "UPDATE {name}{alias} SET {to} = {}, {current} = 0, {marks} \
                 WHERE {current} = 1 AND NOT EXISTS (SELECT 1 FROM {rows} wms_new WHERE {on})",
                stamp.loaded_at
            ),
            &[],
        )?,
    };
    let inserted = sql.execute(
        &format!(
            "INSERT INTO {name} ({}, {from}, {to}, {current}, {}) SELECT {}, {since}, NULL, 1, {}, {} \
             FROM {rows} wms_new WHERE NOT EXISTS (SELECT 1 FROM {name} wms_old WHERE {on} AND {current} = 1)",
            writer.names("", &own),
            writer.names("", MARKS),
            writer.names("wms_new.", &own),
            stamp.run_id,
            stamp.loaded_at,
        ),
        &[],
    )?;
    Ok(Moved { inserted, updated: ended + gone, deleted: 0 })
}

fn pairs(table: &Table<'_>, columns: &[String], between: &str, pair: impl Fn(&str, &str) -> String) -> String {
    let one = |column: &String| {
        let name = table.writer.name(column);
        pair(&format!("wms_old.{name}"), &format!("wms_new.{name}"))
    };
    columns.iter().map(one).collect::<Vec<_>>().join(between)
}
