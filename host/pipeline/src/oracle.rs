//! What an Oracle server needs to be found and opened: where it is, who logs in, how far it is trusted, and how
//! hard to lean on it.

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
    /// True if Oracle's Instant Client speaks to it, and not the driver that needs nothing.
    pub by_instant_client: bool,
    /// Where it is.
    pub address: OracleAddress,
    /// The user to log in as.
    pub username: String,
    /// That user's password.
    pub password: Secret,
    /// The schema of the tables; `None`: the user's own.
    pub schema: Option<String>,
    /// Certificates to trust beside those of the public authorities.
    pub ca_file: Option<PathBuf>,
    /// A folder with `ewallet.pem`.
    pub wallet: Option<PathBuf>,
    /// The wallet's password.
    pub wallet_password: Option<Secret>,
    /// The class of the server's resident pool; `None`: a process of its own.
    pub pooled_class: Option<String>,
    /// Bytes of a network packet.
    pub sdu: u32,
    /// How long one try to connect may take.
    pub connect_timeout: Duration,
    /// How long connecting may be tried again in all.
    pub connect_budget: Duration,
    /// How long the server may take for one answer.
    pub call_timeout: Duration,
    /// How long to wait for a free connection.
    pub pool_timeout: Duration,
    /// A connection that was idle for longer is tried before it is used.
    pub ping_after: Duration,
    /// A connection older than this is not used again.
    pub max_lifetime: Duration,
    /// Connections at a time.
    pub connections: usize,
    /// Rows per round trip that are read; `None`: what suits the server.
    pub fetch_rows: Option<u32>,
    /// Rows per round trip that are written.
    pub array_rows: usize,
    /// A batch of this many rows is merged at once, by way of a temporary table.
    pub bulk_merge_rows: usize,
    /// True if numbers that are declared without digits are text.
    pub bare_number_is_text: bool,
    /// The largest text or binary object that is read, in bytes.
    pub lob_bytes: usize,
    /// How far the source's clock is taken back where its open transactions cannot be seen.
    pub commit_lag: Duration,
    /// True if all sessions of a run read as of one moment.
    pub one_snapshot: bool,
}

/// Where an Oracle server is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OracleAddress {
    /// A host and what its listener is asked for.
    Host {
        /// Its host name or address.
        host: String,
        /// Its port.
        port: u16,
        /// What is asked for there.
        service: Service,
        /// True if the connection is encrypted.
        encrypted: bool,
    },
    /// A whole connect descriptor.
    Descriptor(String),
    /// A name in a file `tnsnames.ora`.
    Alias {
        /// The name.
        name: String,
        /// The folder of the file.
        folder: PathBuf,
    },
}

/// What an Oracle listener is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Service {
    /// A service name.
    Name(String),
    /// A system identifier.
    Sid(String),
}

impl OracleConnection {
    /// What is equal for two connections to the same tables, and only then as far as can be told.
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

/// The address, for people; no secret is in it.
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

/// The one way in which the server is found.
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
        let message = format!("is beside `{}`", other.name);
        scope.sink.of(&path, message, Some(format!("keep one of them; `{}` says all of it", other.name)));
    }
}

fn trust(scope: &mut SectionReader<'_>) -> (Option<PathBuf>, Option<PathBuf>) {
    if scope.has(&keys::CA_FILE) && scope.has(&keys::WALLET) {
        let path = join(&scope.path, keys::CA_FILE.name);
        let advice = "put the authority's certificate into the wallet's ewallet.pem".to_owned();
        scope.sink.of(&path, "is beside `wallet`", Some(advice));
    }
    (scope.path(&keys::CA_FILE), scope.path(&keys::WALLET))
}

fn service(scope: &mut SectionReader<'_>) -> Option<Service> {
    let (name, sid) = (scope.text(&keys::SERVICE_NAME), scope.text(&keys::SID));
    match (scope.has(&keys::SERVICE_NAME), scope.has(&keys::SID)) {
        (true, true) => {
            let key = join(&scope.path, keys::SID.name);
            let advice = "keep the one that the server's listener knows".to_owned();
            scope.sink.of(&key, "is beside `service_name`", Some(advice));
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
