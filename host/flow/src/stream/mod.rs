//! A stream: its definition as a run gets it, and what its phases share.
//!
//! | module | what it is for |
//! |---|---|
//! | `context` | the context of a run, and the progress and failures of one stream |
//! | `opened` | the phases of a stream between its definition and its first row |
//! | `policy` | the policies by which a stream is moved |
//! | `schema_changes` | the changes of a table's columns, in words |
//! | `transaction` | transactions of the target |

pub(crate) mod context;
pub(crate) mod opened;
pub(crate) mod policy;
pub(crate) mod schema_changes;
#[cfg(test)]
mod tests;
pub(crate) mod transaction;

use context::StreamContext;
use policy::Policy;
use transaction::lock;
use wmshost_sql::timestamp_text;

use crate::compare::{Depth, OpenTarget};
use crate::definition::Definition;
use crate::failure::Failure;
use crate::metadata::{Quarantine, RejectedIn, Trace};
use crate::ports::extractor::{ExtractRequest, Extractor};
use crate::ports::loader::Loader;
use crate::ports::target::SharedTarget;
use crate::ports::transform::Transform;
use crate::rows::batch::Rejected;

/// A stream that is ready to run: the request, and the stages that move its rows.
pub struct Stream {
    /// Its name.
    pub name: String,
    /// The request to read it; bookmark and state are filled in from the checkpoint.
    pub request: ExtractRequest,
    /// The table to write.
    pub target_table: String,
    /// Its policies.
    pub policy: Policy,
    /// The basis of its rows and its bookmark; columns are filled in when the source is opened.
    pub definition: Definition,
    /// The version marker of the source's snapshot.
    pub source_version: Option<String>,
    /// The extract stage.
    pub extractor: Box<dyn Extractor>,
    /// The transforms, in the order in which they are applied.
    pub transforms: Vec<Box<dyn Transform>>,
    /// The loader of the load stage.
    pub loader: Box<dyn Loader>,
    /// The target; the loader writes through the same session.
    pub target: SharedTarget,
    /// The name under which its checkpoints are stored: its own, or that of a window of it.
    pub checkpoint_name: String,
    /// The comparison that finds the changes which an incremental read cannot see; `None` if there is none.
    pub reconcile: Option<Reconcile>,
    /// Opens the target for reading, to prove that it has the rows that were loaded; `None` if the run leaves no receipt.
    pub receipt: Option<OpenTarget>,
}

/// Puts rows that were rejected, of a stream with this key, into quarantine as of this moment; `passes`: what rejected
/// them goes on without them. Returns how many of them it is the first to meet since none has passed them.
pub(crate) fn put_into_quarantine(
    target: &SharedTarget,
    context: &StreamContext,
    stream: &str,
    (rejected, key): (&[Rejected], &[String]),
    passes: bool,
) -> Result<u64, Failure> {
    let at = timestamp_text(context.clock.now());
    let run = RejectedIn { stream, run_id: &context.run_id, at: &at, passes };
    Quarantine { pipeline: &context.pipeline }.add(lock(target).sql(), run, rejected, key)
}

/// The parts that a stream needs to compare its source with its target.
pub struct Reconcile {
    /// The depth of the comparison.
    pub depth: Depth,
    /// The time until the next comparison is due, in microseconds.
    pub every_micros: i64,
    /// The state of other runs in the ledger before the source was opened.
    pub others: Trace,
    /// The same stream again, on the same snapshot.
    pub stream: Box<Stream>,
    /// Opens the target for reading.
    pub open_target: OpenTarget,
}
