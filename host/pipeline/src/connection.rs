//! What a database needs to be found and opened, and which database it is.

use std::fmt;
use std::path::PathBuf;

use crate::chain::identity;
use crate::keys::connection as keys;
use crate::mistakes::join;
use crate::scope::Scope;
use crate::secret::Secret;

/// How a database is reached.
#[derive(Debug, Clone)]
pub enum Connection {
    /// A SQLite file.
    Sqlite(SqliteConnection),
    /// An Oracle server.
    Oracle(OracleConnection),
}

/// A SQLite file.
#[derive(Debug, Clone)]
pub struct SqliteConnection {
    /// The file.
    pub path: PathBuf,
}

/// An Oracle server.
#[derive(Debug, Clone)]
pub struct OracleConnection {
    /// Its host name or address.
    pub host: String,
    /// Its TCP port.
    pub port: u16,
    /// What is asked for there.
    pub service: Service,
    /// The user to log in as.
    pub username: String,
    /// That user's password.
    pub password: Secret,
    /// The schema of the tables; `None`: the user's own.
    pub schema: Option<String>,
}

/// What an Oracle listener is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Service {
    /// A service name.
    Name(String),
    /// A system identifier.
    Sid(String),
}

impl Connection {
    /// The driver's name in pipeline files and reports.
    pub fn driver(&self) -> &'static str {
        match self {
            Self::Sqlite(_) => keys::SQLITE_NAME,
            Self::Oracle(_) => keys::ORACLE_NAME,
        }
    }

    /// What is equal for two connections to the same tables, and only then as far as can be told.
    pub(crate) fn database(&self) -> String {
        match self {
            Self::Sqlite(file) => format!("file {}", identity(&file.path).display()),
            Self::Oracle(oracle) => {
                let schema = oracle.schema.as_ref().unwrap_or(&oracle.username);
                let (host, port) = (oracle.host.to_lowercase(), oracle.port);
                format!("{host}:{port} {:?} {}", oracle.service, schema.to_uppercase())
            }
        }
    }
}

/// The address, for people; no secret is in it.
impl fmt::Display for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(file) => write!(f, "sqlite {}", file.path.display()),
            Self::Oracle(oracle) => {
                let OracleConnection { host, port, service, username, .. } = oracle;
                let service = match service {
                    Service::Name(name) => format!("/{name}"),
                    Service::Sid(sid) => format!(" sid {sid}"),
                };
                write!(f, "oracle {username}@{host}:{port}{service}")
            }
        }
    }
}

/// Reads one table of `[connections]`.
pub(crate) fn read(scope: &mut Scope<'_>) -> Option<Connection> {
    scope.require(&keys::DRIVER);
    let drivers = [(keys::SQLITE_NAME, keys::SQLITE), (keys::ORACLE_NAME, keys::ORACLE)];
    let own = scope.choice(&keys::DRIVER, &drivers)?;
    let sqlite = own.len() == keys::SQLITE.len();
    let driver = if sqlite { keys::SQLITE_NAME } else { keys::ORACLE_NAME };
    for key in keys::ALL {
        if scope.has(key) && !own.iter().any(|known| known.name == key.name) {
            let known: Vec<_> = own.iter().map(|key| key.name).collect();
            let advice = format!("its keys are {}", known.join(", "));
            let message = format!("the driver {driver} has no such key");
            scope.report.of(&join(&scope.path, key.name), message, Some(advice));
        }
    }
    if sqlite {
        scope.require(&keys::PATH);
        let path = scope.path(&keys::PATH)?;
        return Some(Connection::Sqlite(SqliteConnection { path }));
    }
    oracle(scope).map(Connection::Oracle)
}

fn oracle(scope: &mut Scope<'_>) -> Option<OracleConnection> {
    for key in [&keys::HOST, &keys::USERNAME, &keys::PASSWORD] {
        scope.require(key);
    }
    let host = scope.text(&keys::HOST);
    let port = scope.count(&keys::PORT).and_then(|port| u16::try_from(port).ok());
    let service = service(scope);
    let username = scope.text(&keys::USERNAME);
    let password = scope.secret(&keys::PASSWORD);
    let schema = scope.text(&keys::SCHEMA);
    Some(OracleConnection {
        host: host?,
        port: port?,
        service: service?,
        username: username?,
        password: password?,
        schema,
    })
}

fn service(scope: &mut Scope<'_>) -> Option<Service> {
    let (name, sid) = (scope.text(&keys::SERVICE_NAME), scope.text(&keys::SID));
    match (scope.has(&keys::SERVICE_NAME), scope.has(&keys::SID)) {
        (true, true) => {
            let key = join(&scope.path, keys::SID.name);
            let advice = "keep the one that the server's listener knows".to_owned();
            scope.report.of(&key, "stands beside `service_name`", Some(advice));
            None
        }
        (false, false) => {
            let advice = "add `service_name = …`, or `sid = …` for an old server".to_owned();
            let [key, other] = [keys::SERVICE_NAME, keys::SID].map(|key| join(&scope.path, key.name));
            if scope.report.spoiled(&key) || scope.report.spoiled(&other) {
                return None;
            }
            scope.report.of(&key, "is missing", Some(advice));
            None
        }
        _ => name.map(Service::Name).or(sid.map(Service::Sid)),
    }
}
