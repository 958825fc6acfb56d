//! One moment over many sessions. At the start of a run the source is asked for the moment that all its sessions share.

use std::sync::Arc;

use wmshost_flow::{Failure, Source, SourceGrant, SourceSession};

use super::session::Session;
use super::snapshot_point::SnapshotPoint;
use crate::oracle::connect::manager::{ConnectionPool, connections};
use crate::oracle::connect::settings::Settings;
use crate::oracle::sql_session;

/// Opens an Oracle server for reading, as of now, for up to `sessions` sessions at a time.
pub fn open_source(mut settings: Settings, sessions: usize, label: &str) -> Result<Arc<dyn Source>, Failure> {
    // Beside a stream's own connection, those of its readers; and one for the moment itself.
    let readers = if settings.readers > 1 { settings.readers } else { 0 };
    settings.connections = settings.connections.max(sessions * (1 + readers) + 1);
    let connections = connections(format!("source {label}"), settings)?;
    let mut connection = sql_session::take(&connections)?;
    let manager = connections.manager();
    let moment = SnapshotPoint::take(&mut connection, &manager.place, &manager.settings)?;
    drop(connection);
    Ok(Arc::new(OracleSource { connections, moment }))
}

struct OracleSource {
    connections: Arc<ConnectionPool>,
    moment: SnapshotPoint,
}

impl Source for OracleSource {
    fn session(&self, grant: &SourceGrant) -> Result<Box<dyn SourceSession>, Failure> {
        let moment = if grant.by_statement { SnapshotPoint { scn: None, ..self.moment } } else { self.moment };
        Ok(Box::new(Session::new(&self.connections, grant, moment)?))
    }

    /// A number that changes with every commit of any session says nothing about the tables that are read.
    fn version(&self) -> Option<String> {
        None
    }
}
