//! The output of `receipt check`.

use schemars::JsonSchema;
use serde::Serialize;
use wmshost_runtime::history::RunRecord;
use wmshost_runtime::receipts::{CheckedReceipt, Link, RangeDocument, RunReceipt, Signed, StreamReceipt};

use crate::report::count;

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
    /// Its number among the receipts of the pipeline; null if it cannot be read.
    sequence: Option<u64>,
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
    /// The differences in words.
    differences: Vec<String>,
    /// The reason why there is no proof.
    reason: Option<String>,
}

impl CheckedReceiptDocument {
    /// The receipt of a run of the history. One that cannot be read has that as its fault.
    pub(crate) fn of_run(run: &RunRecord, receipt: &RunReceipt) -> Self {
        let file = receipt.file.display().to_string();
        match &receipt.checked {
            Ok(checked) => Self::of(file, checked),
            Err(why) => Self {
                file,
                in_order: false,
                pipeline: run.pipeline.clone(),
                run_id: run.run_id.clone(),
                sequence: None,
                link: "unknown",
                signed_by: None,
                faults: vec![why.clone()],
                streams: Vec::new(),
            },
        }
    }

    pub(crate) fn of(file: String, checked: &CheckedReceipt) -> Self {
        let CheckedReceipt { receipt, faults, link, signed } = checked;
        let stream = |stream: &StreamReceipt| ProvenStreamDocument {
            stream: stream.stream.clone(),
            result: result(stream),
            differences: differences(stream),
            reason: stream.reason.clone(),
        };
        Self {
            file,
            in_order: checked.is_in_order(),
            pipeline: receipt.pipeline.clone(),
            run_id: receipt.run_id.clone(),
            sequence: Some(receipt.sequence),
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

/// The largest number of ranges, and of keys, that are named of a stream.
const MOST_NAMED: usize = 10;

/// The differences of a stream in words: the first ranges and keys.
pub(crate) fn differences(stream: &StreamReceipt) -> Vec<String> {
    let Some(proof) = &stream.proof else { return Vec::new() };
    let range = |range: &RangeDocument| {
        let place = match &range.from {
            Some(key) => format!("the keys from {key} on"),
            None if proof.scope == "whole" => "the first keys".to_owned(),
            None => "the rows that were read".to_owned(),
        };
        let (source, target) = (count(range.source.rows), count(range.target.rows));
        format!("{place} differ: {source} rows were loaded, the target had {target}")
    };
    let ranges = proof.different().take(MOST_NAMED).map(range);
    ranges.chain(proof.different_keys.iter().take(MOST_NAMED).map(|key| format!("the row {key} differs"))).collect()
}

/// The result of a stream in words.
pub(crate) fn result(stream: &StreamReceipt) -> &'static str {
    match &stream.proof {
        Some(proof) if proof.equal => "equal",
        Some(_) => "differs",
        None => "not proven",
    }
}
