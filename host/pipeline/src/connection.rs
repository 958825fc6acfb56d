//! The options with which a database or a web service is opened, and its identity.

use std::fmt;
use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;

use crate::diagnostics::join;
use crate::extends::identity;
use crate::keys::connection as keys;
use crate::section_reader::SectionReader;
use crate::web_service::WebService;
use crate::{oracle, oracle_reader, web_service_reader};

/// The connection to a database or a web service.
#[derive(Debug, Clone)]
pub enum Connection {
    /// A SQLite file.
    Sqlite(SqliteConnection),
    /// An Oracle server.
    Oracle(oracle::Settings),
    /// A web service, which can only be read.
    Http(WebService),
}

/// A SQLite file.
#[derive(Debug, Clone)]
pub struct SqliteConnection {
    /// The file.
    pub path: PathBuf,
    /// The largest text or binary value that is read, in bytes.
    pub lob_bytes: usize,
}

impl Connection {
    /// The driver's name in pipeline files and reports.
    pub fn driver(&self) -> &'static str {
        match self {
            Self::Sqlite(_) => keys::SQLITE_NAME,
            Self::Oracle(_) => keys::ORACLE_NAME,
            Self::Http(_) => keys::HTTP_NAME,
        }
    }

    /// Returns a text that identifies the database: it is equal for two connections to the same tables, as far as this
    /// can be found out, and for no others.
    pub fn database(&self) -> String {
        match self {
            // A file may have several names, by links.
            Self::Sqlite(file) => match std::fs::metadata(&file.path) {
                Ok(found) => format!("file {}:{}", found.dev(), found.ino()),
                Err(_) => format!("file {}", identity(&file.path).display()),
            },
            Self::Oracle(server) => server.database(),
            Self::Http(service) => format!("service {}", service.base),
        }
    }
}

/// Writes the address for people, without secrets.
impl fmt::Display for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(file) => write!(f, "sqlite {}", file.path.display()),
            Self::Oracle(server) => server.fmt(f),
            Self::Http(service) => service.fmt(f),
        }
    }
}

/// Reads one table of `[connections]`.
pub(crate) fn read(scope: &mut SectionReader<'_>) -> Option<Connection> {
    scope.require(&keys::DRIVER);
    let drivers = [(keys::SQLITE_NAME, keys::SQLITE), (keys::ORACLE_NAME, keys::ORACLE), (keys::HTTP_NAME, keys::HTTP)];
    let (driver, own) = scope.choice(&keys::DRIVER, &drivers.map(|driver| (driver.0, driver)))?;
    for key in keys::ALL {
        if scope.has(key) && !own.iter().any(|known| known.name == key.name) {
            let known: Vec<_> = own.iter().map(|key| key.name).collect();
            let advice = if driver == keys::SQLITE_NAME {
                format!("its keys are {}", known.join(", "))
            } else {
                "its keys are in pipelines/help.toml".to_owned()
            };
            let message = format!("the driver {driver} has no such key");
            scope.sink.of(&join(&scope.path, key.name), message, Some(advice));
        }
    }
    match driver {
        keys::SQLITE_NAME => {
            scope.require(&keys::PATH);
            let (path, lob_mib) = (scope.path(&keys::PATH), scope.count(&keys::LOB_MIB));
            let lob_bytes = usize::try_from(lob_mib?).unwrap_or_default() << 20;
            Some(Connection::Sqlite(SqliteConnection { path: path?, lob_bytes }))
        }
        keys::HTTP_NAME => web_service_reader::read(scope).map(Connection::Http),
        _ => oracle_reader::read(scope).map(Connection::Oracle),
    }
}
