//! Databases by what the pipeline says of them.

use std::path::Path;
use std::sync::Arc;

use wmshost_databases::sqlite;
use wmshost_flow::{Clock, Failure, Source, Target};
use wmshost_pipeline::{Connection, OracleConnection};

/// Opens a source for so many sessions, in one snapshot.
pub(crate) fn source(label: &str, connection: &Connection, sessions: usize) -> Result<Arc<dyn Source>, Failure> {
    match connection {
        Connection::Sqlite(file) => sqlite::open_source(&file.path, sessions, label),
        Connection::Oracle(server) => Err(no_oracle(label, server)),
    }
}

/// Opens a target.
pub(crate) fn target(label: &str, connection: &Connection, clock: Arc<dyn Clock>) -> Result<Arc<dyn Target>, Failure> {
    match connection {
        Connection::Sqlite(file) => sqlite::open_target(&file.path, label, clock),
        Connection::Oracle(server) => Err(no_oracle(label, server)),
    }
}

/// The file of a SQLite connection.
pub(crate) fn sqlite_file<'a>(label: &str, connection: &'a Connection) -> Result<&'a Path, Failure> {
    match connection {
        Connection::Sqlite(file) => Ok(&file.path),
        Connection::Oracle(server) => Err(no_oracle(label, server)),
    }
}

fn no_oracle(label: &str, server: &OracleConnection) -> Failure {
    Failure::invalid_config(format!(
        "connection {label} ({}:{}): this version of wmshost has no Oracle driver yet; run a pipeline on \
         SQLite, such as pipelines/dev.toml",
        server.host, server.port
    ))
}
