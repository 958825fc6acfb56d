//! The host's own records, in its own folder: the history of runs. The progress of streams is not stored here but in
//! the target, with the rows.
//!
//! | module | what it is for |
//! |---|---|
//! | `records` | runs, their streams and plugins |
//! | `store` | the file that they are in |

mod records;
mod store;

pub use records::{PluginRecord, RunRecord, RunStatus, StreamRecord};
pub use store::History;
