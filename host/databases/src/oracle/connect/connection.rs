//! One connection to the server, with its session set up: no setting of the server's or of the account's decides
//! what a value means.
//!
//! The driver's own connect call has no time limit once the listener has answered, it panics on an answer that it does
//! not know, and closing waits for a server that may be gone. So both run on threads of their own, which the caller
//! waits for only up to a limit.

use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use super::fetch_rows::{RowWidth, fetch_rows};
use super::settings::{ClientKind, Settings, Tags};
#[cfg(feature = "oci")]
use crate::oracle::client::oci;
use crate::oracle::client::panic::caught;
use crate::oracle::client::{Client, Opened, thin};
use crate::oracle::failure::{ErrorClass, OracleError};
use crate::oracle::names::quoted;

/// The longest wait for the server to close a session.
const CLOSING: Duration = Duration::from_secs(2);

/// The message where the program lacks the second driver.
#[cfg(not(feature = "oci"))]
const NOT_BUILT: &str = "this program was built without the client \"oci\": build it with `cargo build --release \
     -p wmshost --features oci` (a C compiler is needed), or set `client = \"thin\"`, which needs nothing";

/// The settings of every session. The territory comes first, since it resets those that follow.
const SESSION: &str = "ALTER SESSION SET NLS_TERRITORY = 'AMERICA' NLS_LANGUAGE = 'AMERICAN' \
     NLS_NUMERIC_CHARACTERS = '.,' NLS_SORT = 'BINARY' NLS_COMP = 'BINARY' \
     NLS_DATE_FORMAT = 'YYYY-MM-DD HH24:MI:SS' NLS_TIMESTAMP_FORMAT = 'YYYY-MM-DD HH24:MI:SS.FF6' \
     NLS_TIMESTAMP_TZ_FORMAT = 'YYYY-MM-DD HH24:MI:SS.FF6 TZH:TZM' TIME_ZONE = '+00:00'";

/// A connection.
pub(crate) struct Connection {
    client: Option<Box<dyn Client>>,
    /// The server's version: 19, 23 …
    pub(crate) version: usize,
    /// The most bytes that a name may have there.
    pub(crate) name_bytes: usize,
    /// The time of a round trip, as it was when the session was set up.
    round_trip: Duration,
}

impl Connection {
    /// Tries once to connect.
    pub(crate) fn open(settings: &Settings, wallet: Option<&str>) -> Result<Self, OracleError> {
        let (done, result) = mpsc::channel();
        let (asked, wallet) = (settings.clone(), wallet.map(str::to_owned));
        let connect = move || {
            if let Ok(opened) = caught(|| connect(&asked, wallet.as_deref())) {
                let _ = done.send(opened);
            }
        };
        thread::Builder::new().name("oracle-connect".to_owned()).spawn(connect).map_err(|error| {
            OracleError::new(ErrorClass::ConnectionLost, format!("no thread could be started: {error}"))
        })?;
        match result.recv_timeout(settings.connect_timeout) {
            Ok(opened) => opened,
            Err(RecvTimeoutError::Timeout) => {
                let most = settings.connect_timeout.as_secs_f64();
                Err(OracleError::new(
                    ErrorClass::ConnectionLost,
                    format!("nothing was answered within {most} s (connect_timeout)"),
                ))
            }
            Err(RecvTimeoutError::Disconnected) => {
                Err(OracleError::new(ErrorClass::Permanent, broke_off(settings.client).to_owned()))
            }
        }
    }

    /// The connection.
    pub(crate) fn client(&self) -> Result<&dyn Client, OracleError> {
        self.client
            .as_deref()
            .ok_or_else(|| OracleError::new(ErrorClass::ConnectionLost, "the connection was closed".to_owned()))
    }

    /// Returns whether the server still answers, within a short time.
    pub(crate) fn answers(&self, settings: &Settings) -> bool {
        let ping = || -> Result<(), OracleError> {
            let client = self.client()?;
            client.set_call_timeout(settings.connect_timeout.min(settings.call_timeout))?;
            client.ping()?;
            client.set_call_timeout(settings.call_timeout)
        };
        ping().is_ok()
    }

    /// Labels the session with the work it does.
    pub(crate) fn tag(&self, tags: &Tags) {
        let Ok(client) = self.client() else { return };
        let [module, action, client_id] =
            [&tags.module, &tags.action, &tags.client_id].map(|tag| up_to(tag, 64).to_owned());
        client.tag(&Tags { module, action, client_id });
    }

    /// The rows of this width per round trip.
    pub(crate) fn fetch_rows(&self, settings: &Settings, width: RowWidth) -> u32 {
        settings.fetch_rows.unwrap_or_else(|| fetch_rows(self.version, self.round_trip, width))
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        let Some(client) = self.client.take() else { return };
        let (done, closed) = mpsc::channel();
        let close = move || {
            let _ = caught(|| drop(client));
            let _ = done.send(());
        };
        if thread::Builder::new().name("oracle-close".to_owned()).spawn(close).is_ok()
            && closed.recv_timeout(CLOSING) == Err(RecvTimeoutError::Timeout)
        {
            tracing::debug!("the server did not close the session within {CLOSING:?}");
        }
    }
}

/// The first bytes of a text, cut between letters.
fn up_to(text: &str, bytes: usize) -> &str {
    &text[..text.floor_char_boundary(bytes)]
}

/// The reason why the client cannot be used with these settings here; `None` if it can.
pub(crate) fn client_objection(settings: &Settings) -> Option<String> {
    match settings.client {
        ClientKind::Thin => None,
        #[cfg(feature = "oci")]
        ClientKind::Oci => oci::violation(settings),
        #[cfg(not(feature = "oci"))]
        ClientKind::Oci => Some(NOT_BUILT.to_owned()),
    }
}

fn session_statements(settings: &Settings) -> Vec<String> {
    let mut statements = vec![SESSION.to_owned()];
    if let Some(schema) = &settings.schema {
        statements.push(format!("ALTER SESSION SET CURRENT_SCHEMA = {}", quoted(schema)));
    }
    statements
}

fn connect(settings: &Settings, wallet: Option<&str>) -> Result<Connection, OracleError> {
    let Opened { client, version, name_bytes } = match settings.client {
        ClientKind::Thin => thin::connect(settings, wallet)?,
        #[cfg(feature = "oci")]
        ClientKind::Oci => oci::connect(settings)?,
        #[cfg(not(feature = "oci"))]
        ClientKind::Oci => return Err(OracleError::new(ErrorClass::Permanent, NOT_BUILT.to_owned())),
    };
    client.set_call_timeout(settings.call_timeout)?;
    let mut round_trip = Duration::MAX;
    for statement in session_statements(settings) {
        let begun = Instant::now();
        client.execute(&statement, &[])?;
        round_trip = round_trip.min(begun.elapsed());
    }
    let name_bytes = if name_bytes == 0 { 30 } else { name_bytes };
    Ok(Connection { client: Some(client), version, name_bytes, round_trip })
}

/// The message for a driver that panicked while logging in.
fn broke_off(client: ClientKind) -> &'static str {
    match client {
        ClientKind::Thin => {
            "the thin driver broke off while logging in; it knows neither native network encryption nor accounts \
             with an 11G verifier only: use TCPS and set the password again, or the client \"oci\""
        }
        ClientKind::Oci => "the client \"oci\" broke off while logging in",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_cut_between_letters() {
        assert_eq!(up_to("äöü", 3), "ä");
        assert_eq!(up_to("abc", 64), "abc");
    }
}
