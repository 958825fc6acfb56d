//! The outputs of `sample create` and `change`.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Serialize;
use wmshost_sample::Summary;

/// The sample warehouse after it was created or changed.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct SampleDocument {
    /// The sample warehouse.
    #[schemars(with = "String")]
    file: PathBuf,
    /// The size of the database in bytes.
    bytes: u64,
    /// The duration in seconds.
    seconds: f64,
    /// The tables, in the order in which they were written.
    tables: Vec<SampleTable>,
}

/// A table of the sample warehouse.
#[derive(Debug, Serialize, JsonSchema)]
struct SampleTable {
    /// The table's name.
    table: &'static str,
    /// Its rows.
    rows: u64,
    /// Rows that were inserted.
    inserted: u64,
    /// Rows that were updated.
    updated: u64,
    /// Rows that were deleted.
    deleted: u64,
    /// The duration in seconds.
    seconds: f64,
}

impl From<&Summary> for SampleDocument {
    fn from(summary: &Summary) -> Self {
        let table = |table: &wmshost_sample::TableSummary| SampleTable {
            table: table.table,
            rows: table.rows,
            inserted: table.inserted,
            updated: table.updated,
            deleted: table.deleted,
            seconds: table.seconds,
        };
        Self {
            file: summary.file.clone(),
            bytes: summary.bytes,
            seconds: summary.seconds,
            tables: summary.tables.iter().map(table).collect(),
        }
    }
}
