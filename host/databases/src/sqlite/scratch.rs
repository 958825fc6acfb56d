//! Databases in memory that are empty and vanish with their session: for testing SQL without a warehouse.

use std::sync::Arc;

use rusqlite::Connection;
use wmshost_flow::{Failure, SqlSession};

use super::failure::failure;
use super::sql_session::SqliteSqlSession;
use super::writer_queue::WriterQueue;

/// An empty database in memory.
pub fn open_scratch() -> Result<Box<dyn SqlSession>, Failure> {
    let place = "a database in memory".to_owned();
    let connection = Connection::open_in_memory().map_err(|error| failure(&place, error))?;
    Ok(Box::new(SqliteSqlSession::new(place, connection, Arc::new(WriterQueue::default()))))
}
