//! The job in plain SQL: one statement and one transaction, with the rollback journal, which is the faster one for it.

use std::path::Path;

use rusqlite::{Connection, params};

use crate::job::{DERIVED_COLUMNS, LOOKBACK_MICROS, Phase, SOURCE_COLUMNS, TABLE};

/// The table as the host creates it.
const CREATE: &str = "CREATE TABLE IF NOT EXISTS main.WMS_ALLOCATION (
    allocation_id INTEGER PRIMARY KEY, order_id INTEGER, item_id INTEGER, location_id INTEGER,
    quantity_allocated DECIMAL(12,3), allocation_status TEXT, allocated_by_user TEXT, priority_level INTEGER,
    created_date TIMESTAMP(6), last_updated TIMESTAMP(6),
    allocation_status_clean TEXT, status_group TEXT, allocated_by_user_clean TEXT,
    priority_level_clean INTEGER, has_invalid_quantity BOOLEAN, has_invalid_status BOOLEAN,
    data_quality_score TEXT, wms_run_id TEXT, wms_loaded_at TIMESTAMP(6))";

/// The rules, each in terms of the columns of the SELECT below it.
const RULES: &str = "SELECT *,
        CASE WHEN has_invalid_quantity OR has_invalid_status THEN 'Poor'
             WHEN order_id IS NULL OR item_id IS NULL OR location_id IS NULL OR priority_level IS NULL
               OR created_date IS NULL OR last_updated IS NULL THEN 'Good'
             ELSE 'Excellent' END, ?1, ?2
    FROM (SELECT *,
            CASE WHEN clean IN ('ALLOCATED', 'RESERVED') THEN 'Active'
                 WHEN clean IN ('PICKED', 'SHIPPED') THEN 'Fulfilled'
                 ELSE 'Unknown' END,
            coalesce(nullif(trim(allocated_by_user), ''), 'SYSTEM'),
            coalesce(priority_level, 1),
            (quantity_allocated IS NULL OR quantity_allocated <= 0) AS has_invalid_quantity,
            (clean IS NULL OR clean NOT IN ('ALLOCATED', 'RESERVED', 'PICKED', 'SHIPPED')) AS has_invalid_status
        FROM (SELECT *, nullif(upper(trim(allocation_status)), '') AS clean FROM wms.allocation";

pub(crate) fn run(phase: Phase, source: &Path, target: &Path) -> anyhow::Result<()> {
    let connection = Connection::open(target)?;
    connection.execute_batch(
        "PRAGMA page_size = 4096; PRAGMA synchronous = NORMAL;
         PRAGMA cache_size = -8192;",
    )?;
    connection.execute("ATTACH ?1 AS wms", [source.to_string_lossy()])?;
    let (rows, on_conflict) = match phase {
        Phase::Full => {
            connection.execute_batch(CREATE)?;
            ("ORDER BY allocation_id".to_owned(), String::new())
        }
        Phase::Incremental | Phase::Idle => (since(&connection)?, update()),
    };
    let columns = [&SOURCE_COLUMNS[..], &DERIVED_COLUMNS[..]].concat().join(", ");
    let insert = format!(
        "INSERT INTO main.{TABLE} AS t ({columns}, wms_run_id, wms_loaded_at) {RULES} {rows})) WHERE true {on_conflict}"
    );
    connection.execute(&insert, params!["sql", "2026-01-01 00:00:00.000000"])?;
    Ok(())
}

/// The rows that may have changed since the last run.
fn since(connection: &Connection) -> anyhow::Result<String> {
    let seconds = LOOKBACK_MICROS / 1_000_000;
    let from: String = connection.query_row(
        &format!("SELECT datetime(max(last_updated), '-{seconds} seconds') FROM main.{TABLE}"),
        [],
        |row| row.get(0),
    )?;
    Ok(format!("WHERE last_updated >= '{from}' OR last_updated IS NULL"))
}

/// The update of an existing row, which leaves it alone if it is newer or the same.
fn update() -> String {
    let columns = SOURCE_COLUMNS[1..].iter().chain(&DERIVED_COLUMNS);
    let (sets, differences): (Vec<_>, Vec<_>) =
        columns.map(|name| (format!("{name} = excluded.{name}"), format!("excluded.{name} IS NOT t.{name}"))).unzip();
    format!(
        "ON CONFLICT (allocation_id) DO UPDATE SET {}, wms_run_id = excluded.wms_run_id,
            wms_loaded_at = excluded.wms_loaded_at
         WHERE (excluded.last_updated >= t.last_updated OR excluded.last_updated IS NULL OR t.last_updated IS NULL)
           AND ({})",
        sets.join(", "),
        differences.join(" OR ")
    )
}
