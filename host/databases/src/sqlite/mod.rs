//! SQLite as a source and as a target.
//!
//! | module | what it is for |
//! |---|---|
//! | `types` | declared column types and Arrow types, both ways |
//! | `moment` | dates and timestamps as text |
//! | `decimal` | exact decimals as text, whole numbers and binary fractions |
//! | `table` | what SQLite knows of a table |
//! | `catalog` | the tables of a file |
//! | `failure` | what SQLite's errors mean for the flow |
//! | `statement` | a prepared statement that keeps its connection |
//! | `guard` | what a guest's statement may touch |
//! | `sql_session` | plain SQL, for the host's own tables |
//! | `scratch` | databases in memory |
//! | `copy` | copies of whole databases |
//! | `watch` | the watch over plugins' statements while they are computed |
//! | `read` | reading: one snapshot, cursors, cells to columns |
//! | `write` | writing: transactions, tables and their rows |

mod catalog;
mod copy;
pub(crate) mod decimal;
mod failure;
mod guard;
pub(crate) mod moment;
mod read;
mod scratch;
mod sql_session;
mod statement;
mod table;
mod types;
mod watch;
mod write;

pub(crate) use catalog::{read_catalog, sample_query};
pub use copy::{copy_database, replace_database};
pub use read::source::{open_source, open_source_of};
pub use scratch::open_scratch;
pub use write::target::{open_target, read_target};
