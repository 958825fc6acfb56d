//! The checkpoints of streams, and changing them by hand.
//!
//! | module | what it is for |
//! |---|---|
//! | `stored_stream` | a stream with its rows in the target's ledger |
//! | `change` | reset, rollback, set: each a new row of the ledger |
//! | `transfer` | export and import |

mod change;
mod stored_stream;
mod transfer;

pub use change::{CheckpointChange, ResetPlan};
pub use stored_stream::{LastCheckpoint, StoredStream, entry_of, last_checkpoints};
pub use transfer::{ExportedStream, Import, StateExport, read_export};
