//! SQLite as a source and as a target.
//!
//! | room | what it is for |
//! |---|---|
//! | `types` | declared column types and Arrow types, both ways |
//! | `moment` | dates and timestamps as text |
//! | `decimal` | exact decimals as text, whole numbers and binary fractions |
//! | `table` | what SQLite knows of a table |
//! | `failure` | what SQLite's errors mean for the flow |
//! | `statement` | a prepared statement that keeps its connection |
//! | `guard` | what a guest's statement may touch |
//! | `lane` | a read-only connection with its guard and its limits |
//! | `source` | one snapshot over many lanes |
//! | `version` | a mark that changes with the file |
//! | `session` | one stream's reading |
//! | `order` | the host's order of a column, in SQLite's words |
//! | `meaning` | what a granted table's columns are, and how it is ordered |
//! | `rewrite` | comparisons of a guest's statement, by what values mean |
//! | `column` | cells to Arrow columns |
//! | `cursor` | the rows of a query |
//! | `measured` | a statement in the form that measures its cells |
//! | `misfit` | why a cell does not fit, and the row that it stands in |
//! | `target` | opening a database for writing |
//! | `gate` | one writer at a time, in turn |
//! | `writer` | one stream's transactions |
//! | `plain` | plain SQL, for the host's own tables |
//! | `scratch` | databases in memory |
//! | `define` | creating and changing tables |
//! | `encode` | Arrow columns to what SQLite stores |
//! | `feed` | encoded rows as a table that a statement can select from |
//! | `storable` | the rows of a batch that can be stored |
//! | `write` | inserting and merging |
//! | `swap` | staged tables |
//! | `unique` | unique indexes that a staged table is held to |
//! | `remove` | deleting rows, or marking them as deleted |
//! | `loaded` | when rows were loaded |

mod column;
mod cursor;
mod decimal;
mod define;
mod encode;
mod failure;
mod feed;
mod gate;
mod guard;
mod lane;
mod loaded;
mod meaning;
mod measured;
mod misfit;
mod moment;
mod order;
mod plain;
mod remove;
mod rewrite;
mod scratch;
mod session;
mod source;
mod statement;
mod storable;
mod swap;
mod table;
mod target;
mod types;
mod unique;
mod version;
mod write;
mod writer;

pub use scratch::open_scratch;
pub use source::{open_source, open_source_of};
pub use target::{open_target, read_target};
