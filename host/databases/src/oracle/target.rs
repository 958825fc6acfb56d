//! Opening a server for writing.

use std::sync::Arc;

use wmshost_flow::{Clock, Failure, SqlSession, Target, TargetGrant, TargetSession};

use super::connect::{ConnectionPool, connections};
use super::settings::Settings;
use super::sql_session::OracleSqlSession;
use super::target_session::OracleTargetSession;

/// Opens an Oracle server for writing, for up to `sessions` sessions at a time. Nothing is connected before a
/// session is asked for.
pub fn open_target(
    mut settings: Settings,
    sessions: usize,
    label: &str,
    clock: Arc<dyn Clock>,
) -> Result<Arc<dyn Target>, Failure> {
    // Besides a connection per stream, one for changes of tables and one for the host.
    settings.connections = settings.connections.max(sessions + 2);
    Ok(Arc::new(OracleTarget { connections: connections(format!("target {label}"), settings)?, clock }))
}

/// A session that reads the host's own tables in a server.
pub fn open_reader(mut settings: Settings, label: &str) -> Result<Box<dyn SqlSession>, Failure> {
    settings.connections = settings.connections.max(2);
    Ok(Box::new(OracleSqlSession::new(connections(format!("target {label}"), settings)?)?))
}

struct OracleTarget {
    connections: Arc<ConnectionPool>,
    clock: Arc<dyn Clock>,
}

impl Target for OracleTarget {
    fn session(&self, grant: TargetGrant) -> Result<Box<dyn TargetSession>, Failure> {
        Ok(Box::new(OracleTargetSession::new(Arc::clone(&self.connections), grant, Arc::clone(&self.clock))?))
    }

    fn sql(&self) -> Result<Box<dyn SqlSession>, Failure> {
        Ok(Box::new(OracleSqlSession::new(Arc::clone(&self.connections))?))
    }
}
