//! An Oracle server as it is opened: the settings that pipeline files have and that the driver takes. No secret is shown,
//! not by `{:?}` either.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use crate::key_type::Key;
use crate::keys::connection as keys;
use crate::secret::Secret;

/// An Oracle server: its address, the user, certificates, time limits, and the size of requests.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The client library.
    pub client: ClientKind,
    /// Its address.
    pub address: Address,
    /// The user to log in as.
    pub user: String,
    /// That user's password.
    pub password: Secret,
    /// The schema of the tables; `None` for the user's own.
    pub schema: Option<String>,
    /// The certificates.
    pub trust: Trust,
    /// The kind of server process.
    pub server: Server,
    /// The size of a network packet, in bytes.
    pub sdu: u32,
    /// The time limit of one attempt to connect.
    pub connect_timeout: Duration,
    /// The time limit of all attempts to connect together.
    pub connect_budget: Duration,
    /// The time limit of one answer of the server.
    pub call_timeout: Duration,
    /// Rows per round trip when reading; `None` for a number that suits the server, its round trip and the rows.
    pub fetch_rows: Option<u32>,
    /// The sessions that read one table together.
    pub readers: usize,
    /// Rows per round trip when writing.
    pub array_rows: usize,
    /// The number of rows from which on a batch is merged at once, through a temporary table.
    pub bulk_merge_rows: usize,
    /// The largest number of connections at a time.
    pub connections: usize,
    /// The longest wait for a free connection.
    pub pool_timeout: Duration,
    /// The idle time after which a connection is tested before it is used.
    pub ping_after: Duration,
    /// The age after which a connection is not used again.
    pub max_lifetime: Duration,
    /// The type of numbers that are declared without precision.
    pub bare_number: BareNumber,
    /// The largest text or binary object that is read, in bytes.
    pub lob_bytes: usize,
    /// The time by which the source's clock is set back if its open transactions are not visible.
    pub commit_lag: Duration,
    /// The snapshot that the sessions of a run read.
    pub snapshot: Snapshot,
    /// The tags of its sessions, as `V$SESSION` shows them.
    pub tags: Tags,
    /// The folder in which refused logins are remembered; `None` to remember none.
    pub refused_logins: Option<PathBuf>,
}

impl Settings {
    /// A server with the defaults of pipeline files.
    pub fn new(address: Address, user: impl Into<String>, password: Secret) -> Self {
        let seconds = |key: &Key| Duration::from_secs(key.default_number());
        let count = |key: &Key| usize::try_from(key.default_number()).unwrap_or_default();
        Self {
            client: ClientKind::Thin,
            address,
            user: user.into(),
            password,
            schema: None,
            trust: Trust::default(),
            server: Server::Dedicated,
            sdu: u32::try_from(keys::SDU.default_number()).unwrap_or_default(),
            connect_timeout: seconds(&keys::CONNECT_TIMEOUT),
            connect_budget: seconds(&keys::CONNECT_BUDGET),
            call_timeout: seconds(&keys::CALL_TIMEOUT),
            fetch_rows: None,
            readers: count(&keys::READERS),
            array_rows: count(&keys::ARRAY_ROWS),
            bulk_merge_rows: count(&keys::BULK_MERGE_ROWS),
            connections: count(&keys::CONNECTIONS),
            pool_timeout: seconds(&keys::POOL_TIMEOUT),
            ping_after: seconds(&keys::PING_AFTER),
            max_lifetime: seconds(&keys::MAX_LIFETIME),
            bare_number: BareNumber::Decimal,
            lob_bytes: count(&keys::LOB_MIB) << 20,
            commit_lag: seconds(&keys::COMMIT_LAG),
            snapshot: Snapshot::Scn,
            tags: Tags::default(),
            refused_logins: None,
        }
    }

    /// Returns a text that identifies the database: it is equal for two connections to the same tables, as far as this
    /// can be found out, and for no others.
    pub(crate) fn database(&self) -> String {
        let schema = self.schema.as_ref().unwrap_or(&self.user).to_uppercase();
        match &self.address {
            Address::Host { host, port, service, .. } => {
                format!("{}:{port} {service:?} {schema}", host.to_lowercase())
            }
            Address::Descriptor(text) => format!("{text} {schema}"),
            Address::Alias { name, .. } => format!("{} {schema}", name.to_lowercase()),
        }
    }
}

/// Writes the address for people, without secrets.
impl fmt::Display for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "oracle {}", self.user)?;
        match &self.address {
            Address::Descriptor(_) => f.write_str(" by descriptor"),
            address => write!(f, "@{address}"),
        }
    }
}

/// A descriptor is not shown: it may name hosts and folders that are nobody's business.
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Host { host, port, service: Service::Name(name), .. } => write!(f, "{host}:{port}/{name}"),
            Self::Host { host, port, service: Service::Sid(sid), .. } => write!(f, "{host}:{port} sid {sid}"),
            Self::Descriptor(_) => f.write_str("descriptor"),
            Self::Alias { name, .. } => f.write_str(name),
        }
    }
}

/// The client library.
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
    /// A host and a service of its listener.
    Host {
        /// Its host name or address.
        host: String,
        /// Its port.
        port: u16,
        /// The service to request from the listener.
        service: Service,
        /// The protocol.
        protocol: Protocol,
    },
    /// A complete connect descriptor: `(DESCRIPTION=…)`.
    Descriptor(String),
    /// A name in a file `tnsnames.ora`.
    Alias {
        /// The name.
        name: String,
        /// The folder of the file.
        folder: PathBuf,
    },
}

/// The service to request from a listener.
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
    /// Unencrypted.
    Tcp,
    /// Encrypted; the server's certificate must name its host.
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
    pub wallet_password: Option<Secret>,
}

/// The kind of process that serves a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Server {
    /// A process of its own.
    Dedicated,
    /// A process of the server's resident pool, shared by sessions of the same class.
    Pooled {
        /// The class.
        class: String,
    },
}

/// The type of a number whose column declares no precision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BareNumber {
    /// A decimal of 38 digits, 10 of them after the point; one that does not fit is a bad value.
    Decimal,
    /// Text with every digit.
    Text,
}

/// The snapshot that the sessions of a run read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Snapshot {
    /// One system change number for all of them.
    Scn,
    /// None: each statement reads what is committed when it starts; for users without the right to FLASHBACK.
    Statement,
}

/// The tags of a session, as `V$SESSION` shows them.
#[derive(Debug, Clone, Default)]
pub struct Tags {
    /// The module: the pipeline.
    pub module: String,
    /// The action: the stream.
    pub action: String,
    /// The client identifier: the run.
    pub client_id: String,
}
