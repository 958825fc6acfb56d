//! Rows that were taken out, with the reason, in a table of the target. They are written in the transaction of
//! the rows around them. A row that breaks the same rule in a later run is not written twice.

use rusqlite::{Connection, params};
use wmshost_flow::{Rejected, TargetGrant};

/// The table's name.
pub(super) const TABLE: &str = "WMS_QUARANTINE";

const CREATE: &str = "CREATE TABLE IF NOT EXISTS main.WMS_QUARANTINE (
    id INTEGER PRIMARY KEY,
    pipeline TEXT NOT NULL,
    stream TEXT NOT NULL,
    rule TEXT NOT NULL,
    reason TEXT NOT NULL,
    rejected_by TEXT NOT NULL,
    run_id TEXT NOT NULL,
    rejected_at TIMESTAMP(6) NOT NULL,
    row TEXT NOT NULL,
    UNIQUE (pipeline, stream, rule, row)
)";

const INSERT: &str = "INSERT INTO main.WMS_QUARANTINE
    (pipeline, stream, rule, reason, rejected_by, run_id, rejected_at, row)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
    ON CONFLICT (pipeline, stream, rule, row) DO NOTHING";

/// Writes rows that are not there yet.
pub(super) fn write(
    connection: &Connection,
    grant: &TargetGrant,
    rejected_at: &str,
    rejected: &[Rejected],
) -> rusqlite::Result<()> {
    if rejected.is_empty() {
        return Ok(());
    }
    connection.execute_batch(CREATE)?;
    let TargetGrant { pipeline, stream, run_id, .. } = grant;
    let mut insert = connection.prepare(INSERT)?;
    for Rejected { rule, reason, by, row } in rejected {
        insert.execute(params![pipeline, stream, rule, reason, by, run_id, rejected_at, row])?;
    }
    Ok(())
}
