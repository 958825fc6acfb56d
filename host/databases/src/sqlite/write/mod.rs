//! Writing: transactions, tables and their rows.
//!
//! | module | what it is for |
//! |---|---|
//! | `additions` | parts of a table that somebody added |
//! | `batch_table` | encoded rows as a table that a statement can select from |
//! | `ddl` | creating and changing tables |
//! | `encode` | Arrow columns to what SQLite stores |
//! | `insert` | inserting and merging |
//! | `load_times` | when rows were loaded |
//! | `opened_file` | the file that is still the one that was opened |
//! | `plan` | a prepared statement that writes batches into a table |
//! | `remove` | deleting rows, or marking them as deleted |
//! | `session` | the session of one stream's writing |
//! | `storable` | the rows of a batch that can be stored |
//! | `swap` | staged tables |
//! | `target` | opening a database for writing |
//! | `target_session` | the flow's port for writing, over all of these |
//! | `unique` | unique indexes that a staged table is held to |
//! | `writer_queue` | one writer at a time, in turn |

mod additions;
mod batch_table;
mod ddl;
mod encode;
mod insert;
mod load_times;
pub(crate) mod opened_file;
mod plan;
mod remove;
mod session;
mod storable;
mod swap;
pub(crate) mod target;
mod target_session;
mod unique;
pub(crate) mod writer_queue;
