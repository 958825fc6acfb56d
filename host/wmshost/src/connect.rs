//! Databases by what the pipeline says of them.

use std::sync::Arc;

use wmshost_databases::sqlite;
use wmshost_flow::{Clock, Failure, Source, SqlSession, Target};
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

/// A session that reads what the host keeps in a target; `None` if the target is not there yet.
pub(crate) fn reader(label: &str, connection: &Connection) -> Result<Option<Box<dyn SqlSession>>, Failure> {
    match connection {
        Connection::Sqlite(file) => sqlite::read_target(&file.path, label),
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
