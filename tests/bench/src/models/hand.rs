//! The same models by hand: the statements that the host prints, and the indexes that it made.

use std::path::Path;

use anyhow::Context as _;
use rusqlite::{Connection, OpenFlags};
use serde_json::Value as Json;

/// The models of a listing, dependencies first.
pub(super) fn models(listing: &Path) -> anyhow::Result<Vec<Json>> {
    let nodes: Vec<Json> = serde_json::from_slice(&std::fs::read(listing)?)?;
    let mut models: Vec<Json> = nodes.into_iter().filter(|node| node["kind"] == "model").collect();
    models.sort_by_key(|node| (node["level"].as_u64(), node["name"].as_str().map(str::to_owned)));
    Ok(models)
}

/// The statements that a person would type: a table from each SELECT, a view for each view, and then the indexes.
pub(crate) fn by_hand(listing: &Path, target: &Path, host: &Path) -> anyhow::Result<()> {
    let indexes = indexes(host)?;
    let database = Connection::open(target)?;
    database.execute_batch("PRAGMA synchronous = NORMAL; PRAGMA cache_size = -65536; PRAGMA analysis_limit = 1000")?;
    for node in models(listing)? {
        let text = |key: &str| node[key].as_str().unwrap_or_default();
        let (table, select) = (text("table"), text("compiled"));
        let statement = match text("materialized") {
            "ephemeral" => continue,
            "view" => format!("CREATE VIEW {table} AS {select}"),
            _ => format!(
                "CREATE TABLE {table} AS SELECT made.*, 'hand' AS wms_run_id, '2026-01-01 00:00:00.000000' AS wms_loaded_at \
                 FROM ({select}) made"
            ),
        };
        database.execute_batch(&format!("BEGIN; {statement}; COMMIT")).with_context(|| table.to_owned())?;
        for (of, index) in indexes.iter().filter(|(of, _)| of.eq_ignore_ascii_case(table)) {
            database.execute_batch(index).with_context(|| format!("an index of {of}"))?;
        }
        database.execute_batch(&format!("ANALYZE {table}")).with_context(|| format!("statistics of {table}"))?;
    }
    Ok(())
}

/// The indexes that the host made on its tables, except those that only the host needs.
fn indexes(host: &Path) -> anyhow::Result<Vec<(String, String)>> {
    let database = Connection::open_with_flags(host, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let mut found = database.prepare(
        "SELECT tbl_name, sql FROM sqlite_schema WHERE type = 'index' AND sql NOT LIKE '%wms_loaded_at%' \
         AND tbl_name NOT LIKE 'WMS%' ORDER BY name",
    )?;
    let rows = found.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}
