//! One moment over many sessions. At the start of a run the source is asked for the system change number that all its
//! sessions read as of, and for a time before which no change can still be committed: the start of the oldest open
//! transaction, so that the next run reads a transaction that commits late.

use std::sync::Arc;

use wmshost_flow::{Failure, Micros, Source, SourceGrant, SourceSession};
use wmshost_sql::Value;

use super::session::{Session, SnapshotPoint};
use crate::oracle::connect::manager::{ConnectionPool, PooledConnection, connections};
use crate::oracle::connect::settings::{Settings, Snapshot, Tags};
use crate::oracle::failure::ErrorClass;
use crate::oracle::sql_session;
use crate::oracle::sql_session::query;

const SECOND: i64 = 1_000_000;

/// The queries for the system change number, the most exact first; the last one needs no right.
const SCN: [&str; 3] = [
    "SELECT TO_CHAR(current_scn) FROM v$database",
    "SELECT TO_CHAR(dbms_flashback.get_system_change_number) FROM dual",
    "SELECT TO_CHAR(TIMESTAMP_TO_SCN(SYSTIMESTAMP)) FROM dual",
];

/// The cast is needed because the clock may be finer than microseconds.
const NOW: &str = "SELECT CAST(SYS_EXTRACT_UTC(SYSTIMESTAMP) AS TIMESTAMP(6)) FROM dual";
/// The server's local time, and when the oldest open transaction began by it; NULL if none is open.
const OLDEST: &str = "SELECT CAST(SYSDATE AS TIMESTAMP), CAST(MIN(start_date) AS TIMESTAMP) FROM v$transaction";

/// Opens an Oracle server for reading, as of now, for up to `sessions` sessions at a time.
pub fn open_source(mut settings: Settings, sessions: usize, label: &str) -> Result<Arc<dyn Source>, Failure> {
    // One more than the streams, for the moment itself.
    settings.connections = settings.connections.max(sessions + 1);
    let connections = connections(format!("source {label}"), settings)?;
    let mut connection = sql_session::take(&connections)?;
    let moment = moment(&mut connection, &connections)?;
    drop(connection);
    Ok(Arc::new(OracleSource { connections, moment }))
}

struct OracleSource {
    connections: Arc<ConnectionPool>,
    moment: SnapshotPoint,
}

impl Source for OracleSource {
    fn session(&self, grant: &SourceGrant) -> Result<Box<dyn SourceSession>, Failure> {
        let connection = sql_session::take(&self.connections)?;
        let manager = self.connections.manager();
        let action = grant.tables.iter().next().cloned().unwrap_or_default();
        connection.tag(&Tags { action, ..manager.settings.tags.clone() });
        Ok(Box::new(Session::new(manager.place.clone(), manager.settings.clone(), connection, grant, self.moment)))
    }

    /// A number that changes with every commit of any session says nothing about the tables that are read.
    fn version(&self) -> Option<String> {
        None
    }
}

/// The moment of a run. The clock is read before the number: a transaction that is open at the number began either
/// before the clock was read, and is seen, or after it.
fn moment(connection: &mut PooledConnection, connections: &Arc<ConnectionPool>) -> Result<SnapshotPoint, Failure> {
    let manager = connections.manager();
    let place = &manager.place;
    let now = match query(connection, place, NOW, &[])?.first().map(Vec::as_slice) {
        // CAST rounds: its result may be half a microsecond ahead.
        Some([Value::Timestamp(now)]) => now - 1,
        _ => return Err(Failure::permanent(format!("{place}: the server's clock is outside of the years 1 to 9999"))),
    };
    let lag = match age_of_oldest(connection, place)? {
        Some(age) => age,
        None => i64::try_from(manager.settings.commit_lag.as_micros()).unwrap_or(i64::MAX),
    };
    let now: Micros = now.saturating_sub(lag);
    let scn = match manager.settings.snapshot {
        Snapshot::Scn => Some(scn(connection, place)?),
        Snapshot::Statement => None,
    };
    tracing::debug!(scn, lag_seconds = lag / SECOND, "{place}: the moment of the run is taken");
    Ok(SnapshotPoint { scn, now })
}

/// The age of the oldest open transaction, in microseconds; `None` if the user may not see transactions.
fn age_of_oldest(connection: &mut PooledConnection, place: &str) -> Result<Option<i64>, Failure> {
    let rows = match attempt(connection, OLDEST)? {
        Ok(rows) => rows,
        Err(words) => {
            tracing::info!("{place}: open transactions cannot be seen ({words}); the declared commit_lag is used");
            return Ok(None);
        }
    };
    Ok(Some(match rows.first().map(Vec::as_slice) {
        // Its start is known to the second only.
        Some([Value::Timestamp(now), Value::Timestamp(start)]) => (now - start).max(0) + SECOND,
        _ => 0,
    }))
}

fn scn(connection: &mut PooledConnection, place: &str) -> Result<u64, Failure> {
    let mut reasons = Vec::new();
    for statement in SCN {
        match attempt(connection, statement)? {
            Ok(rows) => match rows.first().and_then(|row| row.first()) {
                Some(Value::Text(number)) if number.parse::<u64>().is_ok() => {
                    return number.parse().map_err(|_| Failure::permanent("a number cannot be parsed"));
                }
                _ => reasons.push("the answer is not a number".to_owned()),
            },
            Err(words) => reasons.push(words),
        }
    }
    Err(Failure::denied(format!(
        "{place}: the system change number cannot be asked for ({}); GRANT SELECT ON V_$DATABASE or EXECUTE ON \
         DBMS_FLASHBACK, or set `snapshot = \"statement\"`",
        reasons.join("; ")
    )))
}

/// Runs a query that may be refused; the inner error is the server's message.
fn attempt(connection: &mut PooledConnection, statement: &str) -> Result<Result<Vec<Vec<Value>>, String>, Failure> {
    match connection.client().and_then(|client| client.query(statement, &[])) {
        Ok(rows) => Ok(Ok(rows)),
        // A function of a package without the right to execute it is an unknown identifier.
        Err(oracle_error) if oracle_error.class == ErrorClass::Denied || oracle_error.code == Some(904) => {
            Ok(Err(oracle_error.to_string()))
        }
        Err(oracle_error) => {
            if oracle_error.class.is_connection_lost() {
                connection.mark_broken();
            }
            Err(oracle_error.failure("taking the moment of the run"))
        }
    }
}
