//! The options with which an Oracle server is opened: its address, the user, certificates, time limits, and the size of
//! requests.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use crate::diagnostics::join;
use crate::key_type::Key;
use crate::keys::connection as keys;
use crate::secret::Secret;
use crate::section_reader::SectionReader;

/// An Oracle server.
#[derive(Debug, Clone)]
pub struct OracleConnection {
    /// True for Oracle's Instant Client, false for the thin driver, which needs no installation.
    pub by_instant_client: bool,
    /// Its address.
    pub address: OracleAddress,
    /// The user to log in as.
    pub username: String,
    /// That user's password.
    pub password: Secret,
    /// The schema of the tables; `None` for the user's own.
    pub schema: Option<String>,
    /// A file of certificates to trust in addition to those of the public authorities.
    pub ca_file: Option<PathBuf>,
    /// A folder with `ewallet.pem`.
    pub wallet: Option<PathBuf>,
    /// The wallet's password.
    pub wallet_password: Option<Secret>,
    /// The class of connections in the server's resident pool; `None` for a dedicated server process.
    pub pooled_class: Option<String>,
    /// The size of a network packet, in bytes.
    pub sdu: u32,
    /// The time limit of one attempt to connect.
    pub connect_timeout: Duration,
    /// The time limit of all attempts to connect together.
    pub connect_budget: Duration,
    /// The time limit of one answer of the server.
    pub call_timeout: Duration,
    /// The longest wait for a free connection.
    pub pool_timeout: Duration,
    /// The idle time after which a connection is tested before it is used.
    pub ping_after: Duration,
    /// The age after which a connection is not used again.
    pub max_lifetime: Duration,
    /// The largest number of connections at a time.
    pub connections: usize,
    /// Rows per round trip when reading; `None` for a number that suits the server.
    pub fetch_rows: Option<u32>,
    /// Rows per round trip when writing.
    pub array_rows: usize,
    /// The number of rows from which on a batch is merged at once, through a temporary table.
    pub bulk_merge_rows: usize,
    /// True if numbers that are declared without precision are read as text.
    pub bare_number_is_text: bool,
    /// The largest text or binary object that is read, in bytes.
    pub lob_bytes: usize,
    /// The time by which the source's clock is set back if its open transactions are not visible.
    pub commit_lag: Duration,
    /// True if all sessions of a run read the same snapshot.
    pub one_snapshot: bool,
}

/// The address of an Oracle server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OracleAddress {
    /// A host and a service of its listener.
    Host {
        /// Its host name or address.
        host: String,
        /// Its port.
        port: u16,
        /// The service to request from the listener.
        service: Service,
        /// True if the connection is encrypted.
        encrypted: bool,
    },
    /// A complete connect descriptor.
    Descriptor(String),
    /// A name in a file `tnsnames.ora`.
    Alias {
        /// The name.
        name: String,
        /// The folder of the file.
        folder: PathBuf,
    },
}

/// The service to request from an Oracle listener.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Service {
    /// A service name.
    Name(String),
    /// A system identifier.
    Sid(String),
}

impl OracleConnection {
    /// Returns a text that identifies the database: it is equal for two connections to the same tables, as far as this
    /// can be found out, and for no others.
    pub(crate) fn database(&self) -> String {
        let schema = self.schema.as_ref().unwrap_or(&self.username).to_uppercase();
        match &self.address {
            OracleAddress::Host { host, port, service, .. } => {
                format!("{}:{port} {service:?} {schema}", host.to_lowercase())
            }
            OracleAddress::Descriptor(text) => format!("{text} {schema}"),
            OracleAddress::Alias { name, .. } => format!("{} {schema}", name.to_lowercase()),
        }
    }
}

/// Writes the address for people, without secrets.
impl fmt::Display for OracleConnection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "oracle {}", self.username)?;
        match &self.address {
            OracleAddress::Host { host, port, service: Service::Name(name), .. } => write!(f, "@{host}:{port}/{name}"),
            OracleAddress::Host { host, port, service: Service::Sid(sid), .. } => write!(f, "@{host}:{port} sid {sid}"),
            OracleAddress::Descriptor(_) => f.write_str(" by descriptor"),
            OracleAddress::Alias { name, .. } => write!(f, "@{name}"),
        }
    }
}

/// Reads the keys of an Oracle connection.
pub(crate) fn read(scope: &mut SectionReader<'_>) -> Option<OracleConnection> {
    for key in [&keys::USERNAME, &keys::PASSWORD] {
        scope.require(key);
    }
    let by_instant_client = scope.choice(&keys::CLIENT, &[("thin", false), ("oci", true)]);
    let address = address(scope);
    let username = scope.text(&keys::USERNAME);
    let password = scope.secret(&keys::PASSWORD);
    let (ca_file, wallet) = trust(scope);
    let pooled = scope.choice(&keys::SERVER, &[("dedicated", false), ("pooled", true)]);
    let class = scope.text(&keys::CONNECTION_CLASS);
    let schema = scope.text(&keys::SCHEMA);
    let wallet_password = scope.secret(&keys::WALLET_PASSWORD);
    let [connect_timeout, connect_budget, call_timeout, pool_timeout, ping_after, max_lifetime, commit_lag] = [
        &keys::CONNECT_TIMEOUT,
        &keys::CONNECT_BUDGET,
        &keys::CALL_TIMEOUT,
        &keys::POOL_TIMEOUT,
        &keys::PING_AFTER,
        &keys::MAX_LIFETIME,
        &keys::COMMIT_LAG,
    ]
    .map(|key| scope.span(key));
    let [sdu, connections, fetch_rows, array_rows, bulk_merge_rows, lob_mib] =
        [&keys::SDU, &keys::CONNECTIONS, &keys::FETCH_ROWS, &keys::ARRAY_ROWS, &keys::BULK_MERGE_ROWS, &keys::LOB_MIB]
            .map(|key| scope.count(key));
    let bare_number_is_text = scope.choice(&keys::BARE_NUMBER, &[("decimal", false), ("text", true)]);
    let one_snapshot = scope.choice(&keys::SNAPSHOT, &[("scn", true), ("statement", false)]);
    Some(OracleConnection {
        by_instant_client: by_instant_client?,
        address: address?,
        username: username?,
        password: password?,
        schema,
        ca_file,
        wallet,
        wallet_password,
        pooled_class: pooled?.then(|| class.unwrap_or_default()),
        sdu: u32::try_from(sdu?).ok()?,
        connect_timeout: connect_timeout?,
        connect_budget: connect_budget?,
        call_timeout: call_timeout?,
        pool_timeout: pool_timeout?,
        ping_after: ping_after?,
        max_lifetime: max_lifetime?,
        connections: usize::try_from(connections?).ok()?,
        fetch_rows: fetch_rows.and_then(|rows| u32::try_from(rows).ok()),
        array_rows: usize::try_from(array_rows?).ok()?,
        bulk_merge_rows: usize::try_from(bulk_merge_rows?).ok()?,
        bare_number_is_text: bare_number_is_text?,
        lob_bytes: usize::try_from(lob_mib?).ok()? << 20,
        commit_lag: commit_lag?,
        one_snapshot: one_snapshot?,
    })
}

/// Reads the address, which must be set in exactly one way.
fn address(scope: &mut SectionReader<'_>) -> Option<OracleAddress> {
    if scope.has(&keys::DESCRIPTOR) || scope.has(&keys::TNS_ALIAS) {
        return named_address(scope);
    }
    scope.require(&keys::HOST);
    let host = scope.text(&keys::HOST);
    let port = scope.count(&keys::PORT).and_then(|port| u16::try_from(port).ok());
    let service = service(scope);
    let encrypted = scope.choice(&keys::PROTOCOL, &[("tcp", false), ("tcps", true)]);
    Some(OracleAddress::Host { host: host?, port: port?, service: service?, encrypted: encrypted? })
}

fn named_address(scope: &mut SectionReader<'_>) -> Option<OracleAddress> {
    let by = if scope.has(&keys::DESCRIPTOR) { keys::DESCRIPTOR } else { keys::TNS_ALIAS };
    let beside = [
        keys::HOST,
        keys::PORT,
        keys::SERVICE_NAME,
        keys::SID,
        keys::PROTOCOL,
        keys::SERVER,
        keys::CONNECTION_CLASS,
        keys::SDU,
        keys::TNS_ALIAS,
    ];
    for key in beside.iter().filter(|key| key.name != by.name) {
        refuse_beside(scope, key, &by);
    }
    if by.name == keys::DESCRIPTOR.name {
        return scope.text(&keys::DESCRIPTOR).map(OracleAddress::Descriptor);
    }
    scope.require(&keys::TNS_ADMIN);
    let (name, folder) = (scope.text(&keys::TNS_ALIAS), scope.path(&keys::TNS_ADMIN));
    Some(OracleAddress::Alias { name: name?, folder: folder? })
}

fn refuse_beside(scope: &mut SectionReader<'_>, key: &Key, other: &Key) {
    if scope.has(key) {
        let path = join(&scope.path, key.name);
        let message = format!("cannot be combined with `{}`", other.name);
        scope.sink.of(&path, message, Some(format!("keep one of them; `{}` contains all of it", other.name)));
    }
}

fn trust(scope: &mut SectionReader<'_>) -> (Option<PathBuf>, Option<PathBuf>) {
    if scope.has(&keys::CA_FILE) && scope.has(&keys::WALLET) {
        let path = join(&scope.path, keys::CA_FILE.name);
        let advice = "put the authority's certificate into the wallet's ewallet.pem".to_owned();
        scope.sink.of(&path, "cannot be combined with `wallet`", Some(advice));
    }
    (scope.path(&keys::CA_FILE), scope.path(&keys::WALLET))
}

fn service(scope: &mut SectionReader<'_>) -> Option<Service> {
    let (name, sid) = (scope.text(&keys::SERVICE_NAME), scope.text(&keys::SID));
    match (scope.has(&keys::SERVICE_NAME), scope.has(&keys::SID)) {
        (true, true) => {
            let key = join(&scope.path, keys::SID.name);
            let advice = "keep the one that the server's listener knows".to_owned();
            scope.sink.of(&key, "cannot be combined with `service_name`", Some(advice));
            None
        }
        (false, false) => {
            let advice = "add `service_name = …`, or `sid = …` for an old server".to_owned();
            let [key, other] = [keys::SERVICE_NAME, keys::SID].map(|key| join(&scope.path, key.name));
            if scope.sink.is_reported(&key) || scope.sink.is_reported(&other) {
                return None;
            }
            scope.sink.of(&key, "is missing", Some(advice));
            None
        }
        _ => name.map(Service::Name).or(sid.map(Service::Sid)),
    }
}
