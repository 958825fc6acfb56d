//! What the host remembers for itself, in its own folder: the history of runs. How far a stream has come is
//! not kept here but in the target, with the rows.
//!
//! | module | what it is for |
//! |---|---|
//! | `history` | every run and how each of its streams ended |

mod history;

pub use history::{History, PluginRecord, RunRecord, RunStatus, StreamRecord};
