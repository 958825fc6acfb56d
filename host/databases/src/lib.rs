//! Drivers: the implementations of the flow's ports for reading and writing databases. Their
//! errors and values become the flow's own types here; besides this crate, only the history of runs and the sample
//! warehouse know a SQL driver, that of SQLite.
//!
//! | module | what it is for |
//! |---|---|
//! | `clash` | a row that is kept as deleted and keeps a loaded one out |
//! | `digits` | the digits of a number, and whether they fit |
//! | `oracle` | Oracle as source and as target |
//! | `sqlite` | SQLite as source and as target |
//! | `write_session` | the parts of a writing session that both share |

mod clash;
mod digits;
pub mod oracle;
pub mod sqlite;
mod write_session;
