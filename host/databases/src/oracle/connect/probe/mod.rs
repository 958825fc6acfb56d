//! Testing a connection: whether the server can be reached, what kind of database it is, and the rights that the user
//! lacks, each with the statement to ask for where one helps.
//!
//! | module | what it is for |
//! |---|---|
//! | `source` | the tables that are read, and their moment |
//! | `target` | creating and filling tables |

mod source;
mod target;

use std::time::{Duration, Instant};

use wmshost_flow::Failure;
use wmshost_sql::Value;

pub use self::source::probe_source;
pub use self::target::{Purpose, probe_target};
use super::login_memory::LoginMemory;
use super::manager::{PooledConnection, connections};
use super::settings::Settings;
use crate::oracle::failure::ErrorClass;
use crate::oracle::sql_session;
use crate::oracle::sql_session::{charset, query, with_client};

/// The number of round trips that are timed; the quickest is reported.
const PINGS: usize = 3;
/// The number of days before the end of a password from which on it is remarked.
const SOON_DAYS: i64 = 30;

/// The state of the user's account, and the days until its password expires; NULL if it never does.
const ACCOUNT: &str = "SELECT account_status, FLOOR(expiry_date - SYSDATE) FROM user_users";

/// The result of testing a connection.
#[derive(Debug, Clone)]
pub struct Probe {
    /// Its version.
    pub version: String,
    /// The quickest of a few round trips.
    pub round_trip: Duration,
    /// The time zone of its own moments.
    pub database_zone: String,
    /// The character set of its text.
    pub charset: String,
    /// The character set of its national text; empty if the server does not say.
    pub national_charset: String,
    /// The days until the user's password expires; `None` if it never does or the server does not say.
    pub password_days: Option<i64>,
    /// Remarks about the database and the account, in sentences.
    pub remarks: Vec<String>,
    /// Missing rights and features without which the streams do not run.
    pub missing: Vec<Missing>,
    /// Missing rights with which the streams would run better.
    pub wanted: Vec<Missing>,
}

/// A right or a feature that is missing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    /// The action that is not possible, in words, and what to do where no statement helps.
    pub what: String,
    /// The statement that an administrator has to run; `None` if none helps.
    pub grant: Option<String>,
}

impl Missing {
    /// A right that a statement grants.
    fn right(what: String, grant: String) -> Self {
        Self { what, grant: Some(grant) }
    }
}

/// A connection that is tested.
struct Tested {
    connection: PooledConnection,
    settings: Settings,
    place: String,
    probe: Probe,
}

impl Tested {
    /// Reaches the server of a connection.
    fn reach(mut settings: Settings, label: &str) -> Result<Self, Failure> {
        // A test reports the first failure, without retries.
        settings.connect_budget = Duration::ZERO;
        let place = format!("connection {label}");
        // A person asked for it.
        LoginMemory::of(&settings).forget();
        let connections = connections(place.clone(), settings.clone())?;
        let mut connection = sql_session::take(&connections)?;
        let version = with_client(&mut connection, &place, |client| client.version())?;
        let mut round_trip = Duration::MAX;
        for _ in 0..PINGS {
            let begun = Instant::now();
            with_client(&mut connection, &place, |client| client.ping())?;
            round_trip = round_trip.min(begun.elapsed());
        }
        let zone = query(&mut connection, &place, "SELECT DBTIMEZONE FROM dual", &[])?;
        let database_zone = match zone.into_iter().flatten().next() {
            Some(Value::Text(zone)) => zone,
            _ => "unknown".to_owned(),
        };
        let charset = charset(&mut connection, &place)?;
        let probe = Probe {
            version,
            round_trip,
            database_zone,
            charset: charset.name.clone(),
            national_charset: charset.national.clone(),
            password_days: None,
            remarks: Vec::new(),
            missing: Vec::new(),
            wanted: Vec::new(),
        };
        let mut tested = Self { connection, settings, place, probe };
        tested.look_at_account()?;
        Ok(tested)
    }

    /// Finds out when the password expires, before a scheduled run does.
    fn look_at_account(&mut self) -> Result<(), Failure> {
        let Ok(rows) = self.attempt(ACCOUNT)? else { return Ok(()) };
        let Some([Value::Text(status), Value::Int64(days)]) = rows.first().map(Vec::as_slice) else { return Ok(()) };
        self.probe.password_days = Some(*days);
        let user = &self.settings.user;
        if status.contains("GRACE") {
            let left = format!("the password of {user} has expired; it is accepted for {days} more days. Change it");
            self.probe.remarks.push(left);
        } else if *days <= SOON_DAYS {
            self.probe.remarks.push(format!("the password of {user} expires in {days} days"));
        }
        Ok(())
    }

    /// Runs a query that may be refused; the inner error is the server's message.
    fn attempt(&mut self, statement: &str) -> Result<Result<Vec<Vec<Value>>, String>, Failure> {
        let Some(words) = self.refusal(statement)? else {
            return query(&mut self.connection, &self.place, statement, &[]).map(Ok);
        };
        Ok(Err(words))
    }

    /// The server's message, if it refuses a query.
    fn refusal(&mut self, statement: &str) -> Result<Option<String>, Failure> {
        match self.connection.client().and_then(|client| client.describe(statement)) {
            Ok(_) => Ok(None),
            Err(oracle_error) if oracle_error.class == ErrorClass::Denied || oracle_error.code == Some(904) => {
                Ok(Some(oracle_error.to_string()))
            }
            Err(oracle_error) => Err(oracle_error.failure(&self.place)),
        }
    }

    /// Returns whether the user has a right, by itself or by a role.
    fn has_right(&mut self, right: &str) -> Result<bool, Failure> {
        let found = "SELECT privilege FROM session_privs WHERE privilege = :1";
        let found = query(&mut self.connection, &self.place, found, &[Value::Text(right.to_owned())])?;
        Ok(!found.is_empty())
    }
}
