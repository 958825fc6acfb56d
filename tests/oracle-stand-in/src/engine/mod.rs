//! PostgreSQL behind the stand-in.
//!
//! | room | what it is for |
//! |---|---|
//! | `cluster` | a private PostgreSQL that comes and goes with the stand-in |
//! | `link` | one connection to it |
//! | `catalogue.sql` | Oracle's views, functions and pseudo-tables in PostgreSQL |
//! | `refusal` | its errors in Oracle's numbers and words |
//! | `snapshot` | what `AS OF SCN` reads |
//! | `columns` | what columns are in Oracle's types |
//! | `session` | statements and transactions as Oracle has them |

mod cluster;
mod columns;
mod link;
mod refusal;
mod session;
mod snapshot;

pub(crate) use cluster::{Cluster, OWNER, missing};
pub(crate) use columns::Column;
pub(crate) use link::{Field, Link, Parameter};
pub(crate) use refusal::{BYTES_CHECK, Refusal};
pub(crate) use session::{Changed, Rows, Session, Shared};
pub(crate) use snapshot::Snapshots;

/// What a new cluster is given.
pub(crate) const CATALOGUE: &str = include_str!("catalogue.sql");
