//! Opening databases by their connections in the pipeline.

use std::sync::Arc;

use wmshost_databases::oracle::{
    self, Address, BareNumber, ClientKind, Password, Protocol, Server, Settings, Snapshot, Tags, Trust,
};
use wmshost_databases::sqlite;
use wmshost_flow::{Clock, Failure, Source, SourceGrant, SourceSession, SqlSession, Target};
use wmshost_pipeline::{Connection, OracleAddress, OracleConnection, Secret, Service};

/// The labels of a session's work.
pub struct SessionTags<'a> {
    /// The pipeline's name.
    pub pipeline: &'a str,
    /// The run's id.
    pub run_id: &'a str,
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
            oracle::open_source(Settings { tags, ..settings(server) }, sessions, label)
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
        Connection::Oracle(server) => oracle::open_target(settings(server), sessions, label, clock),
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
        Connection::Oracle(server) => oracle::open_reader(settings(server), label).map(Some),
    }
}

/// Returns why this program cannot use a connection where it runs; `None` if it can. Nothing is connected.
pub(crate) fn unusable(connection: &Connection) -> Option<String> {
    match connection {
        Connection::Sqlite(_) => None,
        Connection::Oracle(server) => oracle::unusable(&settings(server)),
    }
}

/// An Oracle server as the driver's settings.
pub(crate) fn settings(server: &OracleConnection) -> Settings {
    let password = |secret: &Secret| Password::new(secret.reveal());
    let mut settings = Settings::new(address(&server.address), &server.username, password(&server.password));
    settings.client = if server.by_instant_client { ClientKind::Oci } else { ClientKind::Thin };
    settings.schema = server.schema.clone();
    settings.trust = Trust {
        ca_file: server.ca_file.clone(),
        wallet: server.wallet.clone(),
        wallet_password: server.wallet_password.as_ref().map(password),
    };
    settings.server = match &server.pooled_class {
        None => Server::Dedicated,
        Some(class) => Server::Pooled { class: class.clone() },
    };
    settings.sdu = server.sdu;
    settings.connect_timeout = server.connect_timeout;
    settings.connect_budget = server.connect_budget;
    settings.call_timeout = server.call_timeout;
    settings.wait_timeout = server.pool_timeout;
    settings.ping_after = server.ping_after;
    settings.max_lifetime = server.max_lifetime;
    settings.connections = server.connections;
    settings.fetch_rows = server.fetch_rows;
    settings.array_rows = server.array_rows;
    settings.bulk_merge_rows = server.bulk_merge_rows;
    settings.bare_number = if server.bare_number_is_text { BareNumber::Text } else { BareNumber::Decimal };
    settings.lob_bytes = server.lob_bytes;
    settings.commit_lag = server.commit_lag;
    settings.snapshot = if server.one_snapshot { Snapshot::Scn } else { Snapshot::Statement };
    settings
}

fn address(address: &OracleAddress) -> Address {
    match address {
        OracleAddress::Descriptor(text) => Address::Descriptor(text.clone()),
        OracleAddress::Alias { name, folder } => Address::Alias { name: name.clone(), folder: folder.clone() },
        OracleAddress::Host { host, port, service, encrypted } => Address::Host {
            host: host.clone(),
            port: *port,
            service: match service {
                Service::Name(name) => oracle::Service::Name(name.clone()),
                Service::Sid(sid) => oracle::Service::Sid(sid.clone()),
            },
            protocol: if *encrypted { Protocol::Tcps } else { Protocol::Tcp },
        },
    }
}
