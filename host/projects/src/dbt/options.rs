//! The choices of an import.

use std::collections::BTreeMap;
use std::time::Duration;

use wmshost_sql::Dialect;

/// The choices of an import.
#[derive(Debug, Clone)]
pub struct DbtOptions {
    /// The SQL that the project is written in.
    pub dialect: Dialect,
    /// The values of variables, which win over those of the project.
    pub variables: BTreeMap<String, String>,
    /// The stream of a source's table: `group.table` to the stream's name.
    pub streams: BTreeMap<String, String>,
    /// The longest time for the Jinja of one file.
    pub time_limit: Duration,
}
