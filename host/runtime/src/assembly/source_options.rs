//! What a stream reads: the options of its source's connection that decide about rows and values, and its grant.

use std::collections::BTreeMap;

use wmshost_flow::{LARGEST_VALUE, MaskKey, SOURCE_DATABASE, SOURCE_SCHEMA, SourceGrant};
use wmshost_pipeline::oracle::Address;
use wmshost_pipeline::{self as pipeline, Connection};

/// The option with the address of a web service: rows of another tenant are other rows.
const SERVICE_ADDRESS: &str = "address of the service";

/// The options of a source's connection that decide which rows and values are read.
pub(super) fn options(source: &Connection) -> BTreeMap<String, String> {
    let (database, lob_bytes, schema) = match source {
        Connection::Sqlite(file) => {
            let path = std::path::absolute(&file.path).unwrap_or_else(|_| file.path.clone());
            (path.display().to_string(), file.lob_bytes, None)
        }
        Connection::Http(service) => return [(SERVICE_ADDRESS.to_owned(), service.base.to_string())].into(),
        Connection::Oracle(server) => {
            let own = || "the user's own".to_owned();
            (
                address(&server.address),
                server.lob_bytes,
                Some(server.schema.as_ref().map_or_else(own, |schema| schema.to_uppercase())),
            )
        }
    };
    let largest = (LARGEST_VALUE.to_owned(), format!("{} MiB", lob_bytes >> 20));
    let database = (SOURCE_DATABASE.to_owned(), database);
    [largest, database].into_iter().chain(schema.map(|schema| (SOURCE_SCHEMA.to_owned(), schema))).collect()
}

/// The address of a server without what may be kept secret.
fn address(of: &Address) -> String {
    match of {
        Address::Descriptor(text) => format!("descriptor {}", &blake3::hash(text.as_bytes()).to_hex()[..12]),
        named => named.to_string(),
    }
}

/// The part of the source that a stream may read, and as what; `most_bytes` are those of a batch where no stage has a limit.
pub(super) fn source_grant(stream: &pipeline::Stream, mask_key: Option<MaskKey>, most_bytes: usize) -> SourceGrant {
    let plan = &stream.plan;
    // The batches that a source makes pass through all stages.
    let batch_bytes = stream.stages().map(|stage| stage.limits.batch_bytes).min();
    SourceGrant {
        tables: plan.readable().cloned().collect(),
        key: plan.key.clone(),
        columns: BTreeMap::from([(plan.table.to_ascii_lowercase(), plan.columns.clone())]),
        narrowed: plan.grants.clone(),
        mask_key,
        appends: plan.method == pipeline::Method::Append,
        batch_bytes: batch_bytes.unwrap_or(most_bytes),
        by_statement: plan.reads_by_statement,
    }
}
