//! One connection to the server, with its session set up: no setting of the server's or of the account's decides
//! what a value means.
//!
//! The driver's own connecting has no limit once the listener has answered, it gives up by a panic where it
//! meets what it does not know, and closing waits for a server that may be gone. So both happen on threads of
//! their own, which are waited for only so long.

use std::sync::Once;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use oracledb::{Config, Connection, Error};

use super::failure::{Class, Trouble, trouble};
use super::names::quoted;
use super::settings::{Address, Server, Settings, Tags, connect_text};

/// How long to wait for a server to say goodbye.
const CLOSING: Duration = Duration::from_secs(2);
/// Statements that the driver keeps open per connection.
const STATEMENTS: usize = 40;
/// The first version whose answers cost the same per row at any size.
const QUICK_VERSION: usize = 23;

/// What every session is set to. The territory comes first, since it resets what is behind it.
const SESSION: &str = "ALTER SESSION SET NLS_TERRITORY = 'AMERICA' NLS_LANGUAGE = 'AMERICAN' \
     NLS_NUMERIC_CHARACTERS = '.,' NLS_SORT = 'BINARY' NLS_COMP = 'BINARY' \
     NLS_DATE_FORMAT = 'YYYY-MM-DD HH24:MI:SS' NLS_TIMESTAMP_FORMAT = 'YYYY-MM-DD HH24:MI:SS.FF6' \
     NLS_TIMESTAMP_TZ_FORMAT = 'YYYY-MM-DD HH24:MI:SS.FF6 TZH:TZM' TIME_ZONE = '+00:00'";

/// A connection.
pub(super) struct Link {
    connection: Option<Connection>,
    /// The server's version: 19, 23 …
    pub(super) version: usize,
    /// The most bytes that a name may have there.
    pub(super) name_bytes: usize,
}

impl Link {
    /// Tries once to connect.
    pub(super) fn open(settings: &Settings, wallet: Option<&str>) -> Result<Self, Trouble> {
        install_provider();
        let config = config(settings, wallet).map_err(|error| trouble(&error))?;
        let (done, result) = mpsc::channel();
        let session = session_statements(settings);
        let call_timeout = settings.call_timeout;
        let connect = move || {
            let _ = done.send(connect(config, &session, call_timeout));
        };
        thread::Builder::new()
            .name("oracle-connect".to_owned())
            .spawn(connect)
            .map_err(|error| Trouble::new(Class::Gone, format!("no thread could be started: {error}")))?;
        match result.recv_timeout(settings.connect_timeout) {
            Ok(Ok(link)) => Ok(link),
            Ok(Err(error)) => Err(trouble(&error)),
            Err(RecvTimeoutError::Timeout) => {
                let most = settings.connect_timeout.as_secs_f64();
                Err(Trouble::new(Class::Gone, format!("nothing was answered within {most} s (connect_timeout)")))
            }
            Err(RecvTimeoutError::Disconnected) => Err(Trouble::new(
                Class::Wrong,
                "the thin driver broke off while logging in; it knows neither native network encryption nor accounts \
                 with an 11G verifier only: use TCPS and set the password anew, or the driver oci"
                    .to_owned(),
            )),
        }
    }

    /// The connection.
    pub(super) fn connection(&self) -> Result<&Connection, Trouble> {
        self.connection.as_ref().ok_or_else(|| Trouble::new(Class::Gone, "the connection was closed".to_owned()))
    }

    /// Whether the server still answers, within a short time.
    pub(super) fn answers(&self, settings: &Settings) -> bool {
        let Ok(connection) = self.connection() else { return false };
        let ping = || -> Result<(), Error> {
            connection.set_call_timeout(Some(settings.connect_timeout.min(settings.call_timeout)))?;
            connection.ping()?;
            connection.set_call_timeout(Some(settings.call_timeout))
        };
        ping().is_ok()
    }

    /// Has the session say whose work it does. Costs no round trip: it travels with the next call.
    pub(super) fn tag(&self, tags: &Tags) {
        let Ok(connection) = self.connection() else { return };
        let _ = connection.set_module(up_to(&tags.module, 64));
        let _ = connection.set_action(up_to(&tags.action, 64));
        let _ = connection.set_client_identifier(up_to(&tags.client_id, 64));
    }

    /// The rows per round trip that suit the server.
    pub(super) fn fetch_rows(&self, settings: &Settings) -> u32 {
        settings.fetch_rows.unwrap_or(if self.version >= QUICK_VERSION { 1_000 } else { 250 })
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        let Some(connection) = self.connection.take() else { return };
        let (done, closed) = mpsc::channel();
        let close = move || {
            drop(connection);
            let _ = done.send(());
        };
        if thread::Builder::new().name("oracle-close".to_owned()).spawn(close).is_ok()
            && closed.recv_timeout(CLOSING) == Err(RecvTimeoutError::Timeout)
        {
            tracing::debug!("a server did not take leave within {CLOSING:?}");
        }
    }
}

/// The first bytes of a text, cut between letters.
fn up_to(text: &str, bytes: usize) -> &str {
    &text[..text.floor_char_boundary(bytes)]
}

/// The driver panics where two providers of cryptography are linked and none was chosen.
fn install_provider() {
    static ONCE: Once = Once::new();
    // Somebody else's choice is as good.
    ONCE.call_once(|| drop(rustls::crypto::aws_lc_rs::default_provider().install_default()));
}

fn config(settings: &Settings, wallet: Option<&str>) -> Result<Config, Error> {
    let mut config = Config::default()
        .set_credentials(&settings.user, settings.password.reveal())
        .set_driver_name("wmshost : thin")
        .set_stmtcachesize(STATEMENTS)
        .set_transport_connect_timeout(Some(settings.connect_timeout));
    if let Some(wallet) = wallet {
        config = config.set_wallet_location(wallet);
    }
    if let Some(password) = &settings.trust.wallet_password {
        config = config.set_wallet_password(password.reveal());
    }
    if let Server::Pooled { class } = &settings.server {
        config = config.set_cclass(class.as_str());
    }
    if let Address::Alias { folder, .. } = &settings.address {
        config = config.set_config_dir(&folder.to_string_lossy());
    }
    config.set_connect_string(&connect_text(settings))
}

fn session_statements(settings: &Settings) -> Vec<String> {
    let mut statements = vec![SESSION.to_owned()];
    if let Some(schema) = &settings.schema {
        statements.push(format!("ALTER SESSION SET CURRENT_SCHEMA = {}", quoted(schema)));
    }
    statements
}

fn connect(config: Config, session: &[String], call_timeout: Duration) -> Result<Link, Error> {
    let connection = oracledb::connect(config)?;
    connection.set_call_timeout(Some(call_timeout))?;
    for statement in session {
        connection.execute(statement, &[])?;
    }
    let version = connection.version()?.0;
    let name_bytes = connection.max_identifier_length()?;
    Ok(Link { connection: Some(connection), version, name_bytes: if name_bytes == 0 { 30 } else { name_bytes } })
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
