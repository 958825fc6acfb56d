//! Connecting, with retries within a budget, and the pool that holds the connections.

use std::sync::{Arc, Mutex, OnceLock};

use tempfile::TempDir;
use wmshost_flow::Failure;

use super::connection::{Connection, client_objection};
use super::login_memory::LoginMemory;
use super::pool::{Limits, ManageConnection, Pool, Pooled};
use super::retry::{Breaker, BreakerOpen, RealTime, RetryError, retry_within};
use super::settings::{Settings, violation};
use crate::oracle::charset::Charset;
use crate::oracle::failure::OracleError;

/// The connections to one server.
pub(crate) type ConnectionPool = Pool<ConnectionManager>;

/// A connection that is lent.
pub(crate) type PooledConnection = Pooled<ConnectionManager>;

/// Makes connections.
pub(crate) struct ConnectionManager {
    /// The place that failures name; a label, never an address.
    pub(crate) place: String,
    /// The server.
    pub(crate) settings: Settings,
    /// Held during a change of a table's definition, so that there is one at a time.
    pub(crate) definitions: Mutex<()>,
    /// The database's character set, once it was asked for.
    pub(crate) charset: OnceLock<Arc<Charset>>,
    login_memory: LoginMemory,
    wallet: Option<Wallet>,
    breaker: Breaker,
}

/// The folder that the driver reads certificates from.
enum Wallet {
    Given(String),
    /// A folder with the CA file as a wallet, because the driver knows wallets only.
    Made(TempDir),
}

impl Wallet {
    fn of(settings: &Settings) -> std::io::Result<Option<Self>> {
        if let Some(folder) = &settings.trust.wallet {
            return Ok(Some(Self::Given(folder.to_string_lossy().into_owned())));
        }
        let Some(file) = &settings.trust.ca_file else { return Ok(None) };
        let folder = tempfile::tempdir()?;
        std::fs::copy(file, folder.path().join("ewallet.pem"))?;
        Ok(Some(Self::Made(folder)))
    }

    fn folder(&self) -> String {
        match self {
            Self::Given(folder) => folder.clone(),
            Self::Made(folder) => folder.path().to_string_lossy().into_owned(),
        }
    }
}

/// Returns why the program cannot use these settings where it runs; `None` if it can. Nothing is connected.
pub fn unusable(settings: &Settings) -> Option<String> {
    violation(settings).or_else(|| client_objection(settings))
}

/// A pool for a server. Nothing is connected yet.
pub(crate) fn connections(place: String, settings: Settings) -> Result<Arc<ConnectionPool>, Failure> {
    if let Some(violation) = unusable(&settings) {
        return Err(Failure::invalid_config(format!("{place}: {violation}")));
    }
    let wallet = Wallet::of(&settings)
        .map_err(|error| Failure::invalid_config(format!("{place}: the CA file cannot be read: {}", error.kind())))?;
    let limits = Limits {
        most: settings.connections.max(1),
        wait: settings.pool_timeout,
        ping_after: settings.ping_after,
        max_lifetime: settings.max_lifetime,
    };
    let login_memory = LoginMemory::of(&settings);
    Ok(Pool::new(
        ConnectionManager {
            place,
            settings,
            definitions: Mutex::default(),
            charset: OnceLock::new(),
            login_memory,
            wallet,
            breaker: Breaker::default(),
        },
        limits,
    ))
}

impl ConnectionManager {
    /// Connects once, whatever happened before.
    fn try_once(&self) -> Result<Connection, OracleError> {
        Connection::open(&self.settings, self.wallet.as_ref().map(Wallet::folder).as_deref())
    }

    fn refusal(&self, closed: &BreakerOpen) -> Failure {
        match closed {
            BreakerOpen::Refused(oracle_error) => oracle_error.failure(&self.place),
            BreakerOpen::For(span) => Failure::transient(format!(
                "{}: connecting failed repeatedly; the next attempt is possible in {} s",
                self.place,
                span.as_secs().max(1)
            )),
        }
    }
}

impl ManageConnection for ConnectionManager {
    type Connection = Connection;

    fn place(&self) -> &str {
        &self.place
    }

    fn connect(&self) -> Result<Connection, Failure> {
        if let Some(refused) = self.login_memory.refused(&self.settings) {
            return Err(refused.failure(format_args!("{}, in an earlier run", self.place)).advise(
                "change the password where the pipeline reads it from, or have it tried once more by `wmshost check \
                 PIPELINE --connect`",
            ));
        }
        let made =
            retry_within(&self.place, self.settings.connect_budget, &self.breaker, &RealTime, || self.try_once());
        match &made {
            Ok(_) => self.login_memory.forget(),
            Err(RetryError::Failed(_, oracle_error)) => self.login_memory.note(&self.settings, oracle_error),
            Err(RetryError::BreakerOpen(_)) => {}
        }
        made.map_err(|given_up| match given_up {
            RetryError::BreakerOpen(closed) => self.refusal(&closed),
            RetryError::Failed(_, oracle_error) if !oracle_error.class.is_retryable() => {
                oracle_error.failure(&self.place)
            }
            RetryError::Failed(tries, oracle_error) => {
                oracle_error.failure(format_args!("{}, after {tries} tries", self.place))
            }
        })
    }

    fn is_valid(&self, connection: &Connection) -> bool {
        connection.answers(&self.settings)
    }
}
