//! Drivers: the implementations of the flow's ports for reading and writing databases. Only this crate and the host's
//! state know SQL drivers; their errors and values are turned into the flow's own types here.
//!
//! | module | what it is for |
//! |---|---|
//! | `digits` | the digits of a number, and whether they fit |
//! | `oracle` | Oracle as source and as target |
//! | `sqlite` | SQLite as source and as target |

mod digits;
pub mod oracle;
pub mod sqlite;
