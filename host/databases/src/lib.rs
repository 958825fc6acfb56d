//! Drivers: what the flow's ports for reading and writing databases become on a real one. Only this crate and
//! the host's state know SQL drivers; whatever they say is turned into the flow's own types here.
//!
//! | module | what it is for |
//! |---|---|
//! | `digits` | how many digits a number has |
//! | `oracle` | Oracle as source and as target |
//! | `sqlite` | SQLite as source and as target |

mod digits;
pub mod oracle;
pub mod sqlite;
