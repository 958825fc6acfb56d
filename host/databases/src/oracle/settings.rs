//! The settings for reaching an Oracle server, and the limits of its use. No secret is shown, not by `{:?}` either.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

/// The number of statements that a connection keeps open.
pub(super) const STATEMENTS: usize = 40;

/// A server, the account to log in with, and the limits of their use.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The client that connects to it.
    pub client: ClientKind,
    /// Its address.
    pub address: Address,
    /// The user to log in as.
    pub user: String,
    /// That user's password.
    pub password: Password,
    /// The schema of the tables; `None` for the user's own.
    pub schema: Option<String>,
    /// The certificates to trust.
    pub trust: Trust,
    /// The kind of server process: dedicated, or lent from the server's own pool.
    pub server: Server,
    /// The size of a network packet, in bytes.
    pub sdu: u32,
    /// The time limit of one try to connect.
    pub connect_timeout: Duration,
    /// The time limit of all tries to connect together.
    pub connect_budget: Duration,
    /// The time limit of one call.
    pub call_timeout: Duration,
    /// Rows per round trip when reading; `None` for the number that suits the server's version.
    pub fetch_rows: Option<u32>,
    /// Rows per round trip when writing.
    pub array_rows: usize,
    /// A batch of this many rows is merged by way of a temporary table.
    pub bulk_merge_rows: usize,
    /// Connections at a time.
    pub connections: usize,
    /// The longest wait for a free connection.
    pub wait_timeout: Duration,
    /// A connection that was idle for longer is tested before it is used.
    pub ping_after: Duration,
    /// A connection older than this is not used again.
    pub max_lifetime: Duration,
    /// The type of numbers that are declared without a precision.
    pub bare_number: BareNumber,
    /// The largest text or binary object that is read, in bytes.
    pub lob_bytes: usize,
    /// The time by which the source's clock is set back where its open transactions are not visible.
    pub commit_lag: Duration,
    /// The way in which the sessions of a run agree on a moment.
    pub snapshot: Snapshot,
    /// The labels of the sessions, for those who look at the server.
    pub tags: Tags,
}

impl Settings {
    /// A server with the usual limits.
    pub fn new(address: Address, user: impl Into<String>, password: Password) -> Self {
        Self {
            client: ClientKind::Thin,
            address,
            user: user.into(),
            password,
            schema: None,
            trust: Trust::default(),
            server: Server::Dedicated,
            sdu: 65_535,
            connect_timeout: Duration::from_secs(15),
            connect_budget: Duration::from_secs(60),
            call_timeout: Duration::from_secs(300),
            fetch_rows: None,
            array_rows: 5_000,
            bulk_merge_rows: 500,
            connections: 16,
            wait_timeout: Duration::from_secs(60),
            ping_after: Duration::from_secs(30),
            max_lifetime: Duration::from_secs(3_600),
            bare_number: BareNumber::Decimal,
            lob_bytes: 1 << 20,
            commit_lag: Duration::from_secs(60),
            snapshot: Snapshot::Scn,
            tags: Tags::default(),
        }
    }
}

/// The client that connects to a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClientKind {
    /// Oracle's own driver in pure Rust; nothing has to be installed.
    Thin,
    /// Oracle's Instant Client, which must be installed, if the program was built with the feature `oci`.
    Oci,
}

/// The address of a server.
#[derive(Debug, Clone)]
pub enum Address {
    /// A host, and the service that its listener is asked for.
    Host {
        /// The host's name or address.
        host: String,
        /// The listener's port.
        port: u16,
        /// The service that the listener is asked for.
        service: Service,
        /// The protocol, which decides whether the connection is encrypted.
        protocol: Protocol,
    },
    /// A whole connect descriptor: `(DESCRIPTION=…)`.
    Descriptor(String),
    /// A name in a file `tnsnames.ora`.
    Alias {
        /// The name.
        name: String,
        /// The folder of the file.
        folder: PathBuf,
    },
}

/// The service that a listener is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Service {
    /// A service name.
    Name(String),
    /// A system identifier.
    Sid(String),
}

/// The protocol of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// Plain TCP, without encryption.
    Tcp,
    /// TLS; the server's certificate must be for its host's name.
    Tcps,
}

/// The certificates of an encrypted connection. Those of the public authorities are always trusted.
#[derive(Debug, Clone, Default)]
pub struct Trust {
    /// A file of certificates to trust.
    pub ca_file: Option<PathBuf>,
    /// A folder with `ewallet.pem`.
    pub wallet: Option<PathBuf>,
    /// The wallet's password.
    pub wallet_password: Option<Password>,
}

/// The kind of server process for a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Server {
    /// A process of its own.
    Dedicated,
    /// A process of the server's resident pool, which is lent to connections of the same class.
    Pooled {
        /// The class.
        class: String,
    },
}

/// The type of numbers whose column has no precision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BareNumber {
    /// A decimal of 38 digits, 10 of them after the point; one that does not fit is a bad value.
    Decimal,
    /// Text with every digit.
    Text,
}

/// The way in which the sessions of a run agree on a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Snapshot {
    /// All of them read as of one system change number.
    Scn,
    /// Each statement sees the rows that are committed when it starts; for users without the right to flashback
    /// queries.
    Statement,
}

/// The labels of a session in `V$SESSION`.
#[derive(Debug, Clone, Default)]
pub struct Tags {
    /// The column `MODULE`: the pipeline.
    pub module: String,
    /// The column `ACTION`: the stream, or the part of it that is at work.
    pub action: String,
    /// The column `CLIENT_IDENTIFIER`: the run.
    pub client_id: String,
}

/// A secret text.
#[derive(Clone)]
pub struct Password(String);

impl Password {
    /// Hides a text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    pub(super) fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(…)")
    }
}

/// The text that the driver connects with. Names that could close a bracket were refused before.
pub(super) fn connect_text(settings: &Settings) -> String {
    let (host, port, service, protocol) = match &settings.address {
        Address::Descriptor(text) => return text.clone(),
        Address::Alias { name, .. } => return name.clone(),
        Address::Host { host, port, service, protocol } => (host, port, service, protocol),
    };
    let protocol = match protocol {
        Protocol::Tcp => "tcp",
        Protocol::Tcps => "tcps",
    };
    let service = match service {
        Service::Name(name) => format!("(SERVICE_NAME={name})"),
        Service::Sid(sid) => format!("(SID={sid})"),
    };
    let server = match &settings.server {
        Server::Dedicated => "(SERVER=DEDICATED)".to_owned(),
        Server::Pooled { class } => format!("(SERVER=POOLED)(POOL_CONNECTION_CLASS={class})"),
    };
    format!(
        "(DESCRIPTION=(SDU={})(ADDRESS=(PROTOCOL={protocol})(HOST={host})(PORT={port}))(CONNECT_DATA={service}{server}))",
        settings.sdu
    )
}

/// The reason why these settings cannot be used at all; `None` if they can.
pub(super) fn violation(settings: &Settings) -> Option<String> {
    if let Address::Host { host, service: Service::Name(name) | Service::Sid(name), .. } = &settings.address {
        let plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_:$#".contains(&byte));
        if host.is_empty() || !plain(host) {
            return Some("the host's name has characters that are not allowed".to_owned());
        }
        if name.is_empty() || !plain(name) {
            return Some("the service's name has characters that are not allowed".to_owned());
        }
    }
    if let Server::Pooled { class } = &settings.server
        && !class.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte))
    {
        return Some("the connection class may have letters, digits, `-` and `_` only".to_owned());
    }
    if settings.user.is_empty() || settings.password.reveal().is_empty() {
        return Some("user or password is empty".to_owned());
    }
    if settings.trust.ca_file.is_some() && settings.trust.wallet.is_some() {
        return Some(
            "both a CA file and a wallet are set; put the authority's certificate into the wallet's ewallet.pem"
                .to_owned(),
        );
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(host: &str, service: Service) -> Settings {
        let address = Address::Host { host: host.into(), port: 1521, service, protocol: Protocol::Tcps };
        Settings::new(address, "etl", Password::new("hidden-word"))
    }

    #[test]
    fn a_descriptor_is_made_of_settings() {
        let mut settings = settings("db.example", Service::Sid("WMS".into()));
        settings.server = Server::Pooled { class: "ETL".into() };
        assert_eq!(
            connect_text(&settings),
            "(DESCRIPTION=(SDU=65535)(ADDRESS=(PROTOCOL=tcps)(HOST=db.example)(PORT=1521))\
             (CONNECT_DATA=(SID=WMS)(SERVER=POOLED)(POOL_CONNECTION_CLASS=ETL)))"
        );
    }

    #[test]
    fn a_name_cannot_leave_its_bracket() {
        for (host, service) in [("a)(HOST=b", "x"), ("a", "x)(SERVER=y"), ("", "x"), ("a b", "x"), ("a", "")] {
            assert!(violation(&settings(host, Service::Name(service.into()))).is_some(), "{host} {service}");
        }
        assert_eq!(violation(&settings("a.b-c", Service::Name("svc.domain".into()))), None);
    }

    #[test]
    fn no_secret_is_shown() {
        let mut settings = settings("a", Service::Name("b".into()));
        settings.trust.wallet_password = Some(Password::new("hidden-too"));
        assert!(!format!("{settings:?}").contains("hidden"));
    }
}
