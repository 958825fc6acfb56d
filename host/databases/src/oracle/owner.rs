//! The owner of a table, and the user to whom rights are granted, as a GRANT names them.

use wmshost_flow::Failure;
use wmshost_sql::Value;

use super::connect::manager::PooledConnection;
use super::connect::settings::Settings;
use super::names::spelled;
use super::sql_session::query;

/// The table of a synonym; the schema's own synonym comes before a public one. A synonym over a database link has none.
pub(crate) const SYNONYM: &str = "SELECT table_owner, table_name FROM all_synonyms \
     WHERE synonym_name = :1 AND owner IN (SYS_CONTEXT('USERENV', 'CURRENT_SCHEMA'), 'PUBLIC') AND db_link IS NULL \
     ORDER BY DECODE(owner, 'PUBLIC', 1, 0)";

/// The table with its owner, whatever synonym it is read by.
pub(crate) fn owned(
    connection: &mut PooledConnection,
    place: &str,
    settings: &Settings,
    table: &str,
) -> Result<String, Failure> {
    let table = spelled(table);
    let meant = query(connection, place, SYNONYM, &[Value::Text(table.clone())])?;
    if let Some([Value::Text(owner), Value::Text(meant)]) = meant.first().map(Vec::as_slice) {
        return Ok(format!("{owner}.{meant}"));
    }
    Ok(format!("{}.{table}", settings.schema.as_deref().map_or_else(|| grantee(settings), spelled)))
}

/// The user whose rights count. A proxy user logs in for another one, whose name is in brackets: `etl[WMS]`.
pub(crate) fn grantee(settings: &Settings) -> String {
    let user = settings.user.split_once('[').and_then(|(_, rest)| rest.strip_suffix(']')).unwrap_or(&settings.user);
    spelled(user)
}
