//! Opening a server for writing.

use std::sync::Arc;

use wmshost_flow::{Clock, Failure, SqlSession, Target, TargetGrant, TargetSession};

use super::connect::{Links, links};
use super::plain::Plain;
use super::settings::Settings;
use super::writer::Writer;

/// Opens an Oracle server for writing, for up to `sessions` sessions at a time. Nothing is connected before a
/// session is asked for.
pub fn open_target(
    mut settings: Settings,
    sessions: usize,
    label: &str,
    clock: Arc<dyn Clock>,
) -> Result<Arc<dyn Target>, Failure> {
    // Beside every stream a connection for changes of its table, and one for the host.
    settings.connections = settings.connections.max(sessions + 2);
    Ok(Arc::new(OracleTarget { links: links(format!("target {label}"), settings)?, clock }))
}

/// A session that reads what the host keeps in a server.
pub fn open_reader(mut settings: Settings, label: &str) -> Result<Box<dyn SqlSession>, Failure> {
    settings.connections = settings.connections.max(2);
    Ok(Box::new(Plain::new(links(format!("target {label}"), settings)?)?))
}

struct OracleTarget {
    links: Arc<Links>,
    clock: Arc<dyn Clock>,
}

impl Target for OracleTarget {
    fn session(&self, grant: TargetGrant) -> Result<Box<dyn TargetSession>, Failure> {
        Ok(Box::new(Writer::new(Arc::clone(&self.links), grant, Arc::clone(&self.clock))?))
    }

    fn sql(&self) -> Result<Box<dyn SqlSession>, Failure> {
        Ok(Box::new(Plain::new(Arc::clone(&self.links))?))
    }
}
