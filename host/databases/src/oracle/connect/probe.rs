//! Testing a connection: whether the server can be reached, which version it has, and the rights that the user lacks,
//! each with the GRANT to ask for.

use std::time::{Duration, Instant};

use wmshost_flow::Failure;
use wmshost_sql::Value;

use super::manager::{PooledConnection, connections};
use super::settings::{Settings, Snapshot};
use crate::oracle::failure::ErrorClass;
use crate::oracle::names::{owned, quoted, spelled};
use crate::oracle::sql_session::{query, with_client};

/// The number of round trips that are timed; the quickest is reported.
const PINGS: usize = 3;

/// The result of testing a connection.
#[derive(Debug, Clone)]
pub struct Probe {
    /// Its version.
    pub version: String,
    /// The quickest of a few round trips.
    pub round_trip: Duration,
    /// The time zone of its own moments.
    pub database_zone: String,
    /// Missing rights without which the streams do not run.
    pub missing: Vec<Missing>,
    /// Missing rights with which the streams would run better.
    pub wanted: Vec<Missing>,
}

/// A right that is missing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    /// The action that is not possible, in words.
    pub what: String,
    /// The statement that an administrator has to run.
    pub grant: String,
}

/// Tests a source and the tables that are read from it.
pub fn probe_source(settings: Settings, tables: &[&str], label: &str) -> Result<Probe, Failure> {
    let (mut connection, mut probe, place, settings) = reach(settings, label)?;
    let user = spelled(&settings.user);
    for table in tables {
        let plain = format!("SELECT 1 FROM {} WHERE 1 = 0", quoted(table));
        let back = format!("SELECT 1 FROM {} AS OF SCN {{}} WHERE 1 = 0", quoted(table));
        if let Some(words) = refusal(&mut connection, &plain, &place)? {
            probe.missing.push(Missing {
                what: format!("the table {} cannot be read ({words})", spelled(table)),
                grant: format!("GRANT SELECT ON {} TO {user}", owned(&settings, table)),
            });
        } else if settings.snapshot == Snapshot::Scn
            && let Some(scn) = scn(&mut connection, &place)?
            && let Some(words) = refusal(&mut connection, &back.replace("{}", &scn), &place)?
        {
            probe.missing.push(Missing {
                what: format!("the table {} cannot be read as of the run's moment ({words})", spelled(table)),
                grant: format!("GRANT FLASHBACK ON {} TO {user}", owned(&settings, table)),
            });
        }
    }
    if let Some(words) = refusal(&mut connection, "SELECT MIN(start_date) FROM v$transaction", &place)? {
        probe.wanted.push(Missing {
            what: format!("open transactions cannot be seen ({words}); `commit_lag` is used instead"),
            grant: format!("GRANT SELECT ON V_$TRANSACTION TO {user}"),
        });
    }
    if settings.snapshot == Snapshot::Scn && refusal(&mut connection, EXACT_SCN, &place)?.is_some() {
        probe.wanted.push(Missing {
            what: "the system change number is known to about three seconds only".to_owned(),
            grant: format!("GRANT SELECT ON V_$DATABASE TO {user}"),
        });
    }
    Ok(probe)
}

/// Tests a target.
pub fn probe_target(settings: Settings, label: &str) -> Result<Probe, Failure> {
    let (mut connection, mut probe, place, settings) = reach(settings, label)?;
    let user = spelled(&settings.user);
    let own = settings.schema.as_ref().is_none_or(|schema| spelled(schema) == user);
    let any = if own { "" } else { "ANY " };
    let mut lacks = |right: &str| -> Result<Option<String>, Failure> {
        let found = "SELECT privilege FROM session_privs WHERE privilege = :1";
        let found = query(&mut connection, &place, found, &[Value::Text(right.to_owned())])?;
        Ok(found.is_empty().then(|| format!("GRANT {right} TO {user}")))
    };
    if let Some(grant) = lacks(&format!("CREATE {any}TABLE"))? {
        probe.missing.push(Missing { what: "tables cannot be created".to_owned(), grant });
    }
    if let Some(grant) = lacks(&format!("CREATE {any}VIEW"))? {
        probe.wanted.push(Missing { what: "models that are views cannot be created".to_owned(), grant });
    }
    Ok(probe)
}

const EXACT_SCN: &str = "SELECT TO_CHAR(current_scn) FROM v$database";

fn reach(mut settings: Settings, label: &str) -> Result<(PooledConnection, Probe, String, Settings), Failure> {
    // A test reports the first failure, without retries.
    settings.connect_budget = Duration::ZERO;
    let place = format!("connection {label}");
    let connections = connections(place.clone(), settings.clone())?;
    let mut connection = crate::oracle::sql_session::take(&connections)?;
    let version = with_client(&mut connection, &place, |client| client.version())?;
    let mut round_trip = Duration::MAX;
    for _ in 0..PINGS {
        let begun = Instant::now();
        with_client(&mut connection, &place, |client| client.ping())?;
        round_trip = round_trip.min(begun.elapsed());
    }
    let zone = query(&mut connection, &place, "SELECT DBTIMEZONE FROM dual", &[])?;
    let database_zone = match zone.into_iter().next().and_then(|row| row.into_iter().next()) {
        Some(Value::Text(zone)) => zone,
        _ => "unknown".to_owned(),
    };
    let probe = Probe { version, round_trip, database_zone, missing: Vec::new(), wanted: Vec::new() };
    Ok((connection, probe, place, settings))
}

/// The server's message, if it refuses a query.
fn refusal(connection: &mut PooledConnection, statement: &str, place: &str) -> Result<Option<String>, Failure> {
    match connection.client().and_then(|client| client.describe(statement)) {
        Ok(_) => Ok(None),
        Err(oracle_error) if oracle_error.class == ErrorClass::Denied || oracle_error.code == Some(904) => {
            Ok(Some(oracle_error.to_string()))
        }
        Err(oracle_error) => Err(oracle_error.failure(place)),
    }
}

fn scn(connection: &mut PooledConnection, place: &str) -> Result<Option<String>, Failure> {
    let any = "SELECT TO_CHAR(TIMESTAMP_TO_SCN(SYSTIMESTAMP)) FROM dual";
    let statement = if refusal(connection, EXACT_SCN, place)?.is_none() { EXACT_SCN } else { any };
    let rows = query(connection, place, statement, &[])?;
    Ok(rows.into_iter().flatten().next().map(|value| value.to_string()))
}
