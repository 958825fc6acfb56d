//! Opening databases and web services by their connections in the pipeline.

use std::collections::BTreeMap;
use std::sync::Arc;

use wmshost_databases::oracle::{self, Settings, Tags};
use wmshost_databases::sqlite;
use wmshost_flow::{Clock, Failure, Service, Source, SourceGrant, SourceSession, SqlSession, StatementLimit, Target};
use wmshost_pipeline::{Connection, Resolved, StreamPlan};
use wmshost_sandbox::{Granted, GrantedService, GrantedSource};

use super::stream_source::StreamSource;
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

/// The source of streams, open for reading.
pub(crate) enum OpenSource {
    /// A database in one snapshot.
    Database(Arc<dyn Source>),
    /// A web service, which has no snapshots.
    Service(Arc<dyn Service>),
}

impl OpenSource {
    /// Grants a stream, which moves this table, what it may read; `known` are all labels of the pipeline.
    pub(crate) fn grant(
        &self,
        (label, known): (&str, Vec<String>),
        (stream, table): (&str, &str),
        grant: &SourceGrant,
    ) -> Result<Granted, Failure> {
        let (label, known_labels) = (label.to_owned(), known);
        Ok(match self {
            Self::Database(source) => {
                let session = Box::new(StreamSource::new(source.session(grant)?, table, &grant.key));
                Granted::Database(GrantedSource { label, known_labels, session })
            }
            Self::Service(service) => {
                Granted::Service(GrantedService { label, known_labels, session: service.session(stream) })
            }
        })
    }

    /// The version marker of its snapshot, if it has one.
    pub(crate) fn version(&self) -> Option<String> {
        match self {
            Self::Database(source) => source.version(),
            Self::Service(_) => None,
        }
    }
}

/// The failure of a connection that is used as a database and is a web service.
fn no_database(label: &str) -> Failure {
    Failure::invalid_config(format!("connection {label} is a web service, not a database"))
}

/// Opens a database as a source for this many sessions, in one snapshot.
pub(crate) fn source(
    label: &str,
    connection: &Connection,
    sessions: usize,
    session_tags: &SessionTags<'_>,
    limit: &StatementLimit,
) -> Result<Arc<dyn Source>, Failure> {
    match connection {
        Connection::Sqlite(file) => sqlite::open_source_of(&file.path, sessions, label, file.lob_bytes, limit),
        Connection::Oracle(server) => {
            let tags = Tags {
                module: session_tags.pipeline.to_owned(),
                client_id: session_tags.run_id.to_owned(),
                ..Tags::default()
            };
            oracle::open_source(Settings { tags, ..remembering(server) }, sessions, label)
        }
        Connection::Http(_) => Err(no_database(label)),
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
        Connection::Http(_) => Err(no_database(label)),
    }
}

/// Records something about streams in the targets that they write, in a session of its own for each. Rows are committed
/// already: a target that cannot be reached any more is no failure, and `what` is missing there.
pub(crate) fn record_in_targets<'a, T>(
    connections: &BTreeMap<String, Connection>,
    clock: &Arc<dyn Clock>,
    records: impl Iterator<Item = (&'a str, T)>,
    (what, record): (&str, impl Fn(&mut dyn SqlSession, &[T]) -> Result<(), Failure>),
) {
    let mut of_target: BTreeMap<&str, Vec<T>> = BTreeMap::new();
    for (label, one) in records {
        of_target.entry(label).or_default().push(one);
    }
    for (label, records) in of_target {
        let open = || target(label, &connections[label], 1, Arc::clone(clock))?.sql();
        if let Err(failure) = open().and_then(|mut sql| record(sql.as_mut(), &records)) {
            tracing::warn!(target = label, "{what} were not recorded: {failure}");
        }
    }
}

/// A session that reads one table of a target, as it is now.
pub fn target_reader(
    label: &str,
    connection: &Connection,
    table: &str,
    session_tags: &SessionTags<'_>,
    limit: &StatementLimit,
) -> Result<Box<dyn SourceSession>, Failure> {
    let grant = SourceGrant::of([table.to_owned()].into());
    let opened = match connection {
        // The source's limit has already applied to the values in the target.
        Connection::Sqlite(file) => sqlite::open_source_of(&file.path, 1, label, usize::MAX, limit),
        Connection::Oracle(_) | Connection::Http(_) => source(label, connection, 1, session_tags, limit),
    };
    opened?.session(&grant)
}

/// A session that reads the host's own tables in a target; `None` if the target does not exist yet.
pub fn reader(label: &str, connection: &Connection) -> Result<Option<Box<dyn SqlSession>>, Failure> {
    match connection {
        Connection::Sqlite(file) => sqlite::read_target(&file.path, label),
        Connection::Oracle(server) => oracle::open_reader(remembering(server), label).map(Some),
        Connection::Http(_) => Err(no_database(label)),
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
        Connection::Http(service) => wmshost_http::open("unused", service).err().map(|failure| failure.to_string()),
    }
}
