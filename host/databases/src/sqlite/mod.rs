//! SQLite as a source and as a target.
//!
//! | module | what it is for |
//! |---|---|
//! | `types` | declared column types and Arrow types, both ways |
//! | `moment` | dates and timestamps as text |
//! | `decimal` | exact decimals as text, whole numbers and binary fractions |
//! | `table` | what SQLite knows of a table |
//! | `failure` | what SQLite's errors mean for the flow |
//! | `statement` | a prepared statement that keeps its connection |
//! | `guard` | what a guest's statement may touch |
//! | `read_connection` | a read-only connection with its guard and its limits |
//! | `source` | one snapshot over many lanes |
//! | `version` | a mark that changes with the file |
//! | `session` | one stream's reading |
//! | `order` | the host's order of a column, in SQLite's words |
//! | `column_types` | what a granted table's columns are, and how it is ordered |
//! | `rewrite` | comparisons of a guest's statement, by what values mean |
//! | `column` | cells to Arrow columns |
//! | `cursor` | the rows of a query |
//! | `cell_sizes` | a statement in the form that measures its cells |
//! | `bad_cell` | why a cell does not fit, and the row that it is in |
//! | `target` | opening a database for writing |
//! | `writer_queue` | one writer at a time, in turn |
//! | `target_session` | one stream's transactions |
//! | `sql_session` | plain SQL, for the host's own tables |
//! | `scratch` | databases in memory |
//! | `ddl` | creating and changing tables |
//! | `encode` | Arrow columns to what SQLite stores |
//! | `batch_table` | encoded rows as a table that a statement can select from |
//! | `storable` | the rows of a batch that can be stored |
//! | `insert` | inserting and merging |
//! | `swap` | staged tables |
//! | `unique` | unique indexes that a staged table is held to |
//! | `remove` | deleting rows, or marking them as deleted |
//! | `load_times` | when rows were loaded |

mod bad_cell;
mod batch_table;
mod cell_sizes;
mod column;
mod column_types;
mod cursor;
mod ddl;
mod decimal;
mod encode;
mod failure;
mod guard;
mod insert;
mod load_times;
mod moment;
mod order;
mod read_connection;
mod remove;
mod rewrite;
mod scratch;
mod session;
mod source;
mod sql_session;
mod statement;
mod storable;
mod swap;
mod table;
mod target;
mod target_session;
mod types;
mod unique;
mod version;
mod writer_queue;

pub use scratch::open_scratch;
pub use source::{open_source, open_source_of};
pub use target::{open_target, read_target};
