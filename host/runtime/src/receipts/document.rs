//! A receipt as a file. Keys may be added; what a key means does not change without another number of `format`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use wmshost_flow::{Proof, Root, Scope, hex};

/// The format that is written.
pub(super) const FORMAT: u32 = 1;

/// The receipt of a run.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Receipt {
    /// The version of the format: 1.
    pub format: u32,
    /// The receipt's number among those of the pipeline, from 1.
    pub sequence: u64,
    /// SHA-256 of the file of the receipt before it; null for the first one.
    pub previous: Option<String>,
    /// The pipeline's name.
    pub pipeline: String,
    /// The run's id.
    pub run_id: String,
    /// The status of the run's streams as a whole.
    pub status: String,
    /// A time before the sources were opened (UTC): what was committed in them until then was there to be read.
    pub opened_at: String,
    /// The time of the receipt (UTC).
    pub written_at: String,
    /// The version of the program.
    pub wmshost: String,
    /// The streams of the run.
    pub streams: Vec<StreamReceipt>,
}

/// A stream of the run.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct StreamReceipt {
    /// The stream's name.
    pub stream: String,
    /// Its status.
    pub status: String,
    /// The source's table.
    pub source: Place,
    /// The target's table.
    pub target: Place,
    /// The number of rows that were read.
    pub rows_read: u64,
    /// Those of them that went to quarantine, and are in no proof.
    pub rows_rejected: u64,
    /// The plugins that moved the rows.
    pub plugins: Vec<PluginDigest>,
    /// The proof; null if there is none.
    pub proof: Option<ProofDocument>,
    /// The reason why there is no proof.
    pub reason: Option<String>,
}

/// A table of a connection.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Place {
    /// The connection's label.
    pub connection: String,
    /// The table.
    pub table: String,
}

/// A plugin.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct PluginDigest {
    /// Its name in the pipeline.
    pub plugin: String,
    /// Its version.
    pub version: String,
    /// The digest of its component.
    pub digest: String,
}

/// The proof of a stream: the rows that it loaded, and the rows that the target had then.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ProofDocument {
    /// `whole`: the run read all rows of the source, and the whole table was read back; `read`: the rows with the keys that the
    /// run read.
    pub scope: String,
    /// True if both sides are equal in every range.
    pub equal: bool,
    /// The columns that are hashed, in this order.
    pub columns: Vec<HashedColumn>,
    /// The columns that identify a row.
    pub key: Vec<String>,
    /// True if values are hashed as Oracle stores them.
    pub as_oracle: bool,
    /// The rows that were loaded.
    pub source: RootDocument,
    /// The rows of the target.
    pub target: RootDocument,
    /// The ranges of keys, in their order.
    pub ranges: Vec<RangeDocument>,
    /// The keys of the first rows that differ, as JSON; only with the scope `read`.
    pub different_keys: Vec<String>,
}

/// A column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct HashedColumn {
    /// Its name.
    pub name: String,
    /// Its type.
    #[serde(rename = "type")]
    pub kind: String,
}

/// All ranges of a side.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RootDocument {
    /// The number of rows.
    pub rows: u64,
    /// SHA-256 over the ranges.
    pub root: String,
}

/// A range of keys.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RangeDocument {
    /// The first key of the range as JSON; null if it has no beginning.
    pub from: Option<String>,
    /// The rows that were loaded.
    pub source: SumDocument,
    /// The rows of the target.
    pub target: SumDocument,
}

/// The rows of one side of a range.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SumDocument {
    /// Their number.
    pub rows: u64,
    /// The sum of their hashes modulo 2^64, in hexadecimal.
    pub sum: String,
}

impl From<&Proof> for ProofDocument {
    fn from(proof: &Proof) -> Self {
        let sum = |root: Root| SumDocument { rows: root.rows, sum: format!("{:016x}", root.sum) };
        let ranges = proof.ranges.iter().map(|range| RangeDocument {
            from: range.from.clone(),
            source: sum(range.source),
            target: sum(range.target),
        });
        let columns = proof.columns.iter().map(|(name, kind)| HashedColumn { name: name.clone(), kind: kind.clone() });
        let ranges: Vec<_> = ranges.collect();
        Self {
            scope: proof.scope.name().to_owned(),
            equal: proof.is_equal(),
            columns: columns.collect(),
            key: proof.key.clone(),
            as_oracle: proof.as_oracle,
            source: root(&ranges, |range| &range.source),
            target: root(&ranges, |range| &range.target),
            ranges,
            different_keys: proof.different_keys.clone(),
        }
    }
}

/// The root of one side: SHA-256 over a line for each range, with its first key or `-`, the number of rows and their sum.
fn root(ranges: &[RangeDocument], side: impl Fn(&RangeDocument) -> &SumDocument) -> RootDocument {
    let mut digest = Sha256::new();
    let mut rows = 0_u64;
    for range in ranges {
        let SumDocument { rows: count, sum } = side(range);
        rows = rows.saturating_add(*count);
        digest.update(format!("{} {count} {sum}\n", range.from.as_deref().unwrap_or("-")));
    }
    RootDocument { rows, root: hex(&digest.finalize()) }
}

impl ProofDocument {
    /// The ranges that differ.
    pub fn different(&self) -> impl Iterator<Item = &RangeDocument> {
        self.ranges.iter().filter(|range| range.source != range.target)
    }

    /// The contradictions in the proof, in words.
    pub(super) fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        if Scope::named(&self.scope).is_none() {
            faults.push(format!("its scope {} is none that is known", self.scope));
        }
        if self.source != root(&self.ranges, |range| &range.source) {
            faults.push("the root of the source is not that of its ranges".to_owned());
        }
        if self.target != root(&self.ranges, |range| &range.target) {
            faults.push("the root of the target is not that of its ranges".to_owned());
        }
        if self.equal != self.different().next().is_none() {
            faults.push("its ranges do not say whether both sides are equal as it does".to_owned());
        }
        faults
    }
}
