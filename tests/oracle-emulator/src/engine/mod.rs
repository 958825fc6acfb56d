//! PostgreSQL as the engine of the emulator.
//!
//! | module | purpose |
//! |---|---|
//! | `cluster` | a private PostgreSQL that lives as long as the emulator |
//! | `link` | one connection to it |
//! | `catalogue/` | Oracle's views, functions and pseudo-tables in PostgreSQL |
//! | `refusal` | its errors as Oracle's numbers and messages |
//! | `snapshot` | the snapshots of `AS OF SCN` |
//! | `columns` | columns in Oracle's types |
//! | `rows` | the rows of a query |
//! | `session` | statements and transactions as Oracle has them |
//! | `definition` | DDL, and temporary tables |

mod cluster;
mod columns;
mod definition;
mod link;
mod refusal;
mod rows;
mod session;
mod snapshot;

pub(crate) use cluster::{Cluster, OWNER, PREFIX, missing};
pub(crate) use columns::Column;
pub(crate) use link::{Field, Link, Parameter};
pub(crate) use refusal::{BYTES_CHECK, Refusal};
pub(crate) use rows::Rows;
pub(crate) use session::{Changed, Session, Shared};
pub(crate) use snapshot::Snapshots;

/// The files that a new cluster runs, in this order.
pub(crate) const CATALOGUE: [&str; 3] = [
    include_str!("catalogue/values.sql"),
    include_str!("catalogue/tables.sql"),
    include_str!("catalogue/instance.sql"),
];
