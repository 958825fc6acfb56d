//! The moment of a run: the system change number that all its sessions read as of, and a time before which no change can
//! still be committed, so that the next run reads a transaction that commits late. That time is the start of the oldest
//! open transaction, where it can be seen; where it cannot, the declared `commit_lag` bounds it.
//!
//! | situation | how far the clock is set back |
//! |---|---|
//! | the open transactions of all instances can be seen (`GV$TRANSACTION`) | to the start of the oldest |
//! | those of this instance alone can be seen, and there is no other | to the start of the oldest |
//! | those of this instance alone can be seen, and there may be others | to the start of the oldest, or by `commit_lag` if that is more |
//! | none can be seen | by `commit_lag` |
//! | a standby, which shows no transaction of the primary database | by `commit_lag` and the apply lag |
//! | the number is known to a few seconds only (`TIMESTAMP_TO_SCN`) | by these seconds, too, and at least by `commit_lag` |

use wmshost_flow::{Failure, Micros};
use wmshost_sql::Value;

use crate::oracle::connect::manager::PooledConnection;
use crate::oracle::connect::settings::{Settings, Snapshot};
use crate::oracle::failure::ErrorClass;
use crate::oracle::sql_session::{failed, query};

const SECOND: i64 = 1_000_000;

/// The queries for the exact system change number.
const EXACT_SCN: [&str; 2] = [
    "SELECT TO_CHAR(current_scn) FROM v$database",
    "SELECT TO_CHAR(dbms_flashback.get_system_change_number) FROM dual",
];
/// The query for a number that is up to some seconds old; it needs no right.
const NEAR_SCN: &str = "SELECT TO_CHAR(TIMESTAMP_TO_SCN(SYSTIMESTAMP)) FROM dual";
/// The age that such a number can have. The server maps times to numbers every three seconds.
const NEAR: i64 = 5 * SECOND;

/// The cast is needed because the clock may be finer than microseconds.
const NOW: &str = "SELECT CAST(SYS_EXTRACT_UTC(SYSTIMESTAMP) AS TIMESTAMP(6)) FROM dual";
/// The server's local time, and when the oldest open transaction began by it; NULL if none is open. Of all instances, and
/// of the one that the session is in.
const OLDEST: &str = "SELECT CAST(SYSDATE AS TIMESTAMP), CAST(MIN(start_date) AS TIMESTAMP) FROM gv$transaction";
const OLDEST_HERE: &str = "SELECT CAST(SYSDATE AS TIMESTAMP), CAST(MIN(start_date) AS TIMESTAMP) FROM v$transaction";
/// `NO` if there is one instance only.
const PARALLEL: &str = "SELECT parallel FROM v$instance";
/// The role of the database; it needs no right.
const ROLE: &str = "SELECT SYS_CONTEXT('USERENV', 'DATABASE_ROLE') FROM dual";
/// The lag of a standby against its primary database, as an interval.
const APPLY_LAG: &str = "SELECT value FROM v$dataguard_stats WHERE name = 'apply lag'";

/// The data that all sessions of a source share.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SnapshotPoint {
    /// The system change number that everything is read as of.
    pub(crate) scn: Option<u64>,
    /// The source's clock, set back to before the start of the oldest open transaction.
    pub(crate) now: Micros,
}

impl SnapshotPoint {
    /// Takes the moment of a run. The clock is read first, then the open transactions, then the number: a transaction that
    /// is open at the number began either before the clock was read, and is seen, or after it.
    pub(crate) fn take(connection: &mut PooledConnection, place: &str, settings: &Settings) -> Result<Self, Failure> {
        let now = match query(connection, place, NOW, &[])?.first().map(Vec::as_slice) {
            // CAST rounds: its result may be half a microsecond ahead.
            Some([Value::Timestamp(now)]) => now - 1,
            _ => {
                return Err(Failure::permanent(format!(
                    "{place}: the server's clock is outside of the years 1 to 9999"
                )));
            }
        };
        let late = Lateness::ask(connection, settings)?;
        late.remarks.iter().for_each(|remark| tracing::info!("{place}: {remark}"));
        let (scn, lag) = match settings.snapshot {
            Snapshot::Scn => {
                let (scn, is_exact) = scn(connection, place)?;
                let lag = if is_exact { late.lag } else { late.lag.max(commit_lag(settings)).saturating_add(NEAR) };
                (Some(scn), lag)
            }
            Snapshot::Statement => (None, late.lag),
        };
        tracing::debug!(scn, lag_seconds = lag / SECOND, "{place}: the moment of the run is taken");
        Ok(Self { scn, now: now.saturating_sub(lag) })
    }
}

/// The bound of late commits.
#[derive(Debug)]
pub(crate) struct Lateness {
    /// The microseconds by which the clock is set back.
    lag: i64,
    /// Remarks about things that cannot be seen, and their replacement.
    pub(crate) remarks: Vec<String>,
    /// The view whose rows would say more exactly how late, if the user may not see it.
    pub(crate) unseen: Option<&'static str>,
}

impl Lateness {
    /// Asks a server for the bound of late commits.
    pub(crate) fn ask(connection: &mut PooledConnection, settings: &Settings) -> Result<Self, Failure> {
        if let Some(role) = standby_role(connection)? {
            return Self::of_standby(connection, settings, &role);
        }
        let refused = match attempt(connection, OLDEST)? {
            Ok(rows) => return Ok(Self { lag: age(&rows), remarks: Vec::new(), unseen: None }),
            Err(words) => words,
        };
        let declared = commit_lag(settings);
        let unseen = Some("GV_$TRANSACTION");
        let Ok(rows) = attempt(connection, OLDEST_HERE)? else {
            let remark = format!("open transactions cannot be seen ({refused}); the declared commit_lag is used");
            return Ok(Self { lag: declared, remarks: vec![remark], unseen });
        };
        if text(&attempt(connection, PARALLEL)?.unwrap_or_default()).as_deref() == Some("NO") {
            return Ok(Self { lag: age(&rows), remarks: Vec::new(), unseen: None });
        }
        let remark = format!(
            "the open transactions of other instances cannot be seen ({refused}); the declared commit_lag is used for them"
        );
        Ok(Self { lag: age(&rows).max(declared), remarks: vec![remark], unseen })
    }

    fn of_standby(connection: &mut PooledConnection, settings: &Settings, role: &str) -> Result<Self, Failure> {
        let declared = commit_lag(settings);
        let role = role.to_lowercase();
        let behind = attempt(connection, APPLY_LAG)?;
        let behind = behind.map(|rows| text(&rows).as_deref().and_then(interval_micros));
        Ok(match behind {
            Ok(Some(behind)) => {
                let remark = format!(
                    "this is a {role}, {} s behind: open transactions of the primary database cannot be seen; the \
                     declared commit_lag is used for them",
                    behind / SECOND
                );
                Self { lag: declared.saturating_add(behind), remarks: vec![remark], unseen: None }
            }
            unknown => {
                let why = unknown.err().map_or_else(String::new, |words| format!(" ({words})"));
                let remark = format!(
                    "this is a {role}, and how far it is behind cannot be seen{why}: the declared commit_lag is used, \
                     which must be more than that and than the longest transaction"
                );
                Self { lag: declared, remarks: vec![remark], unseen: Some("V_$DATAGUARD_STATS") }
            }
        })
    }
}

/// The role of a database in which changes of another one are applied; `None` for one of its own. A snapshot standby
/// applies none.
fn standby_role(connection: &mut PooledConnection) -> Result<Option<String>, Failure> {
    let role = text(&attempt(connection, ROLE)?.unwrap_or_default());
    Ok(role.filter(|role| !["PRIMARY", "SNAPSHOT STANDBY"].contains(&role.as_str())))
}

fn commit_lag(settings: &Settings) -> i64 {
    i64::try_from(settings.commit_lag.as_micros()).unwrap_or(i64::MAX)
}

/// The age of the oldest open transaction, in microseconds.
fn age(rows: &[Vec<Value>]) -> i64 {
    match rows.first().map(Vec::as_slice) {
        // Its start is known to the second only.
        Some([Value::Timestamp(now), Value::Timestamp(start)]) => (now - start).max(0) + SECOND,
        _ => 0,
    }
}

/// The text that is the first cell.
fn text(rows: &[Vec<Value>]) -> Option<String> {
    match rows.first().and_then(|row| row.first()) {
        Some(Value::Text(text)) => Some(text.clone()),
        _ => None,
    }
}

/// The microseconds of an interval as the server writes it: `+00 00:01:05`.
fn interval_micros(text: &str) -> Option<i64> {
    let (days, time) = text.trim().trim_start_matches('+').split_once(' ')?;
    let mut parts = time.split(':').map(|part| part.split('.').next()?.parse::<i64>().ok());
    let [hours, minutes, seconds] = [parts.next()??, parts.next()??, parts.next()??];
    let days: i64 = days.parse().ok()?;
    // A fraction of a second counts as one.
    Some((((days * 24 + hours) * 60 + minutes) * 60 + seconds + 1) * SECOND)
}

/// The system change number, and whether it is exact.
pub(crate) fn scn(connection: &mut PooledConnection, place: &str) -> Result<(u64, bool), Failure> {
    let mut reasons = Vec::new();
    for statement in EXACT_SCN.into_iter().chain([NEAR_SCN]) {
        match attempt(connection, statement)? {
            Ok(rows) => match text(&rows).and_then(|number| number.parse().ok()) {
                Some(number) => return Ok((number, statement != NEAR_SCN)),
                None => reasons.push("the answer is not a number".to_owned()),
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
        Err(oracle_error) => Err(failed(connection, &oracle_error, "taking the moment of the run")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interval_is_read_and_never_too_short() {
        for (text, seconds) in [("+00 00:00:00", Some(1)), ("+01 02:03:04", Some(93_785)), ("+00 00:00:03.5", Some(4))]
        {
            assert_eq!(interval_micros(text), seconds.map(|seconds| seconds * SECOND), "{text}");
        }
        for text in ["", "unknown", "+00", "+00 00:01", "x 00:00:01"] {
            assert_eq!(interval_micros(text), None, "{text}");
        }
    }
}
