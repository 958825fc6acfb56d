//! Writing: transactions, tables and their rows.
//!
//! | module | what it is for |
//! |---|---|
//! | `bulk_merge` | merging a large batch at once |
//! | `clash` | a row that is kept as deleted and keeps a loaded one out |
//! | `commit` | committing, and whether it took place |
//! | `copied` | what a staged table demands of its rows |
//! | `ddl` | creating and changing tables |
//! | `encode` | batches as the driver binds them |
//! | `insert` | inserting, and finding the rows that cannot be |
//! | `load_times` | when rows were loaded |
//! | `merge` | inserting what is new, updating what differs |
//! | `ownership` | whether a table is the stream's own |
//! | `remove` | rows that the source no longer has |
//! | `session` | the session of one stream's writing |
//! | `swap` | staged tables |
//! | `table` | what the server knows of a table that is written |
//! | `target` | opening a server for writing |
//! | `target_session` | the flow's port for writing, over all of these |

mod bulk_merge;
mod clash;
mod commit;
mod copied;
mod ddl;
mod encode;
mod insert;
mod load_times;
mod merge;
mod ownership;
mod remove;
mod session;
mod swap;
mod table;
pub(crate) mod target;
mod target_session;
