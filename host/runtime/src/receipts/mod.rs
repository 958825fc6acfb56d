//! Receipts: files that say what a run has read, and that the target had it then. They need no database to be checked.
//! `docs/operate/receipts.md` has the format and what it proves.
//!
//! | module | purpose |
//! |---|---|
//! | `document` | a receipt as a file |
//! | `chain` | writing the next receipt of a pipeline |
//! | `check` | checking a receipt by itself, against the one before it and by its signature |

mod chain;
mod check;
mod document;

pub(crate) use chain::old;
pub(crate) use chain::{Finished, ReceiptWriter};
pub(crate) use check::of_run;
pub use check::{CheckedReceipt, Link, RunReceipt, Signed, check, read};
pub use document::{ProofDocument, RangeDocument, Receipt, StreamReceipt};

use std::path::PathBuf;

/// The receipt of a run.
#[derive(Debug, Clone)]
pub struct WrittenReceipt {
    /// The file.
    pub file: PathBuf,
    /// The streams whose rows in the target differ from those that were loaded.
    pub different: Vec<String>,
    /// The streams without a proof, with the reasons.
    pub unproven: Vec<(String, String)>,
}
