//! Drivers: the implementations of the flow's ports for reading and writing databases. Their
//! errors and values become the flow's own types here; besides this crate, only the history of runs and the sample
//! warehouse know a SQL driver, that of SQLite.
//!
//! | module | what it is for |
//! |---|---|
//! | `catalog` | the tables of a database, as its own catalog describes them |
//! | `clash` | a row that is kept as deleted and keeps a loaded one out |
//! | `digits` | the digits of a number, and whether they fit |
//! | `forms` | stored values as values of a stream, by the forms that a pipeline declares |
//! | `oracle` | Oracle as source and as target |
//! | `sqlite` | SQLite as source and as target |
//! | `write_session` | the parts of a writing session that both share |

mod catalog;
mod clash;
mod digits;
mod forms;
pub mod oracle;
pub mod sqlite;
mod write_session;

/// Returns the drivers of this program, each with the version of its client library where that is known.
pub fn drivers() -> Vec<String> {
    let oci = if cfg!(feature = "oci") { ", oci" } else { "" };
    vec![format!("sqlite ({})", rusqlite::version()), format!("oracle (thin{oci})")]
}

pub use catalog::{CatalogColumn, CatalogIndex, CatalogTable, RowCount, TableKind, read_catalog, sample_query};
