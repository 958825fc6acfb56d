//! Drivers: what the flow's ports for reading and writing databases become on a real one. Only this crate and
//! the host's state know SQL drivers; whatever they say is turned into the flow's own types here.
//!
//! | room | what it is for |
//! |---|---|
//! | `oracle` | Oracle as source and as target |
//! | `sqlite` | SQLite as source and as target |

pub mod oracle;
pub mod sqlite;
