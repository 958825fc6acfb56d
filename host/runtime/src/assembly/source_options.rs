//! The options of a source's connection that decide which rows and values are read.

use std::collections::BTreeMap;

use wmshost_flow::{LARGEST_VALUE, SOURCE_SCHEMA};
use wmshost_pipeline::Connection;

/// The option with the address of a web service: rows of another tenant are other rows.
const SERVICE_ADDRESS: &str = "address of the service";

/// The options of a source's connection that decide which rows and values are read.
pub(super) fn options(source: &Connection) -> BTreeMap<String, String> {
    let (lob_bytes, schema) = match source {
        Connection::Sqlite(file) => (file.lob_bytes, None),
        Connection::Http(service) => return [(SERVICE_ADDRESS.to_owned(), service.base.to_string())].into(),
        Connection::Oracle(server) => {
            let own = || "the user's own".to_owned();
            (server.lob_bytes, Some(server.schema.as_ref().map_or_else(own, |schema| schema.to_uppercase())))
        }
    };
    let largest = (LARGEST_VALUE.to_owned(), format!("{} MiB", lob_bytes >> 20));
    [largest].into_iter().chain(schema.map(|schema| (SOURCE_SCHEMA.to_owned(), schema))).collect()
}
