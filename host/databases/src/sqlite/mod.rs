//! SQLite as a source and as a target.
//!
//! | module | what it is for |
//! |---|---|
//! | `types` | declared column types and Arrow types, both ways |
//! | `moment` | dates and timestamps as text |
//! | `decimal` | exact decimals as text, whole numbers and binary fractions |
//! | `table` | SQLite's description of a table |
//! | `failure` | the meaning of SQLite's errors for the flow |
//! | `statement` | a prepared statement that keeps its connection |
//! | `guard` | the rules for what a guest's statement may access |
//! | `read_connection` | a read-only connection with its guard and its limits |
//! | `source` | one snapshot over many connections |
//! | `version` | a version of the file that changes with every write |
//! | `session` | the reading session of one stream |
//! | `order` | the host's order of a column, in SQLite's SQL |
//! | `column_types` | the types of a granted table's columns, and the order by them |
//! | `rewrite` | comparisons of a guest's statement, by the meaning of values |
//! | `column` | cells to Arrow columns |
//! | `cursor` | the rows of a query |
//! | `cell_sizes` | a statement in the form that measures its cells |
//! | `bad_cell` | the reason why a cell does not fit, and the row that it is in |
//! | `target` | opening a database for writing |
//! | `writer_queue` | one writer at a time, in turn |
//! | `target_session` | the transactions of one stream |
//! | `sql_session` | plain SQL, for the host's own tables |
//! | `scratch` | databases in memory |
//! | `ddl` | creating and changing tables |
//! | `encode` | Arrow columns to the values that SQLite stores |
//! | `batch_table` | encoded rows as a table that a statement can select from |
//! | `storable` | the rows of a batch that can be stored |
//! | `insert` | inserting and merging |
//! | `swap` | staged tables |
//! | `unique` | unique indexes that a staged table copies |
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
