//! The output of `receipt check`.

use schemars::JsonSchema;
use serde::Serialize;
use wmshost_runtime::receipts::{CheckedReceipt, Link, Signed, StreamReceipt};

/// A receipt that was checked.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct CheckedReceiptDocument {
    /// The file.
    file: String,
    /// True if nothing is wrong with it and no stream differs.
    in_order: bool,
    /// The pipeline's name.
    pipeline: String,
    /// The run's id.
    run_id: String,
    /// Its number among the receipts of the pipeline.
    sequence: u64,
    /// Its link to the one before it: `first`, `follows`, `unknown` if that is not beside it, or `broken`.
    link: &'static str,
    /// The public key that it is signed by; null if it is signed by none of those that were named, or none was.
    signed_by: Option<String>,
    /// The faults that were found, in words.
    faults: Vec<String>,
    /// The streams.
    streams: Vec<ProvenStreamDocument>,
}

/// A stream of a receipt.
#[derive(Debug, Serialize, JsonSchema)]
struct ProvenStreamDocument {
    /// The stream's name.
    stream: String,
    /// `equal`, `differs`, or `not proven`.
    result: &'static str,
    /// The reason why there is no proof.
    reason: Option<String>,
}

impl CheckedReceiptDocument {
    pub(crate) fn of(file: String, checked: &CheckedReceipt) -> Self {
        let CheckedReceipt { receipt, faults, link, signed } = checked;
        let stream = |stream: &StreamReceipt| ProvenStreamDocument {
            stream: stream.stream.clone(),
            result: result(stream),
            reason: stream.reason.clone(),
        };
        Self {
            file,
            in_order: checked.is_in_order(),
            pipeline: receipt.pipeline.clone(),
            run_id: receipt.run_id.clone(),
            sequence: receipt.sequence,
            link: match link {
                Link::First => "first",
                Link::Follows => "follows",
                Link::Unknown => "unknown",
                Link::Broken => "broken",
            },
            signed_by: match signed {
                Signed::By(key) => Some(key.clone()),
                Signed::NotChecked | Signed::ByNone => None,
            },
            faults: faults.clone(),
            streams: receipt.streams.iter().map(stream).collect(),
        }
    }
}

/// The result of a stream in words.
pub(in crate::report) fn result(stream: &StreamReceipt) -> &'static str {
    match &stream.proof {
        Some(proof) if proof.equal => "equal",
        Some(_) => "differs",
        None => "not proven",
    }
}
