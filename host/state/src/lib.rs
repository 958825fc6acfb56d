//! The host's own records, in its own folder: the history of runs. The progress of streams is not stored here but in
//! the target, with the rows.
//!
//! | module | what it is for |
//! |---|---|
//! | `history` | the history of runs, with the outcome of each of their streams |

mod history;

pub use history::{History, PluginRecord, RunRecord, RunStatus, StreamRecord};
