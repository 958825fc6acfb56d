//! The host's own records, in its own folder: the history of runs. The progress of streams is not stored here but in
//! the target, with the rows.
//!
//! | module | what it is for |
//! |---|---|
//! | `format` | the file and its format |
//! | `records` | runs, their streams, models and plugins |
//! | `recorder` | one run while it goes on |
//! | `store` | reading and writing them |
//! | `failures` | the questions about failures in a row |

mod failures;
mod format;
mod recorder;
mod records;
mod store;

pub use recorder::RunRecorder;
pub use records::{FailureReason, ModelRecord, PluginRecord, RunKind, RunParts, RunRecord, RunStatus, StreamRecord};
pub use store::{History, RunFilter};
