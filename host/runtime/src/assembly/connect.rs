//! Opening databases by their connections in the pipeline.

use std::sync::Arc;

use wmshost_databases::oracle::{self, Settings, Tags};
use wmshost_databases::sqlite;
use wmshost_flow::{Clock, Failure, Source, SourceGrant, SourceSession, SqlSession, Target};
use wmshost_pipeline::{Connection, Resolved, StreamPlan};

use crate::data_dir::DataDir;

/// The labels of a session's work.
pub struct SessionTags<'a> {
    /// The pipeline's name.
    pub pipeline: &'a str,
    /// The run's id.
    pub run_id: &'a str,
}

/// The settings of a server, with the host's folder of refused logins.
pub(crate) fn remembering(server: &Settings) -> Settings {
    Settings { refused_logins: Some(DataDir::find().refused_logins()), ..server.clone() }
}

/// Opens a source for this many sessions, in one snapshot.
pub(crate) fn source(
    label: &str,
    connection: &Connection,
    sessions: usize,
    session_tags: &SessionTags<'_>,
) -> Result<Arc<dyn Source>, Failure> {
    match connection {
        Connection::Sqlite(file) => sqlite::open_source_of(&file.path, sessions, label, file.lob_bytes),
        Connection::Oracle(server) => {
            let tags = Tags {
                module: session_tags.pipeline.to_owned(),
                client_id: session_tags.run_id.to_owned(),
                ..Tags::default()
            };
            oracle::open_source(Settings { tags, ..remembering(server) }, sessions, label)
        }
    }
}

/// Opens a target for this many sessions.
pub(crate) fn target(
    label: &str,
    connection: &Connection,
    sessions: usize,
    clock: Arc<dyn Clock>,
) -> Result<Arc<dyn Target>, Failure> {
    match connection {
        Connection::Sqlite(file) => sqlite::open_target(&file.path, label, clock),
        Connection::Oracle(server) => oracle::open_target(remembering(server), sessions, label, clock),
    }
}

/// A session that reads one table of a target, as it is now.
pub fn target_reader(
    label: &str,
    connection: &Connection,
    table: &str,
    session_tags: &SessionTags<'_>,
) -> Result<Box<dyn SourceSession>, Failure> {
    let grant = SourceGrant::of([table.to_owned()].into());
    let opened = match connection {
        // The source's limit has already applied to the values in the target.
        Connection::Sqlite(file) => sqlite::open_source_of(&file.path, 1, label, usize::MAX),
        Connection::Oracle(_) => source(label, connection, 1, session_tags),
    };
    opened?.session(&grant)
}

/// A session that reads the host's own tables in a target; `None` if the target does not exist yet.
pub fn reader(label: &str, connection: &Connection) -> Result<Option<Box<dyn SqlSession>>, Failure> {
    match connection {
        Connection::Sqlite(file) => sqlite::read_target(&file.path, label),
        Connection::Oracle(server) => oracle::open_reader(remembering(server), label).map(Some),
    }
}

/// A session that reads what the host keeps in the target of a stream; `None` if the target does not exist yet.
pub(crate) fn stream_reader(pipeline: &Resolved, plan: &StreamPlan) -> Result<Option<Box<dyn SqlSession>>, Failure> {
    reader(&plan.target, stream_target(pipeline, plan)?)
}

/// The connection of a stream's target.
pub(crate) fn stream_target<'a>(pipeline: &'a Resolved, plan: &StreamPlan) -> Result<&'a Connection, Failure> {
    let missing = || Failure::invalid_config(format!("there is no connection {}", plan.target));
    pipeline.connections.get(&plan.target).ok_or_else(missing)
}

/// Returns why this program cannot use a connection where it runs; `None` if it can. Nothing is connected.
pub(crate) fn unusable(connection: &Connection) -> Option<String> {
    match connection {
        Connection::Sqlite(_) => None,
        Connection::Oracle(server) => oracle::unusable(server),
    }
}
