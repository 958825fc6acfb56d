//! Port: the stage that changes batches.

use std::time::Duration;

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;

use crate::failure::Failure;
use crate::rows::batch::Cause;

/// The circumstances of one call of `process`.
#[derive(Debug, Clone, Copy)]
pub struct Call {
    /// The number of the batch in the run, from 1.
    pub batch: u64,
    /// The longest computing time of the call.
    pub time: Duration,
    /// True if the call is one of many that search for a row: its log messages were reported before.
    pub is_probe: bool,
}

/// A row that a transform rejects, with the reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RejectedRow {
    /// Its position in the batch that the transform received.
    pub position: u32,
    /// The policy that decides about it.
    pub cause: Cause,
    /// The short name of the rule that the row violates.
    pub rule: String,
    /// The reason in words.
    pub reason: String,
    /// The component that rejected it.
    pub by: String,
    /// The digest of that plugin's bytes; `None` if it is not known.
    pub digest: Option<String>,
}

/// The output of a transform for a batch.
#[derive(Debug, Clone)]
pub struct Transformed {
    /// The rows that continue to the next stage.
    pub rows: RecordBatch,
    /// For each of them its position in the input batch, ascending; `None` if every row is at its own position. A
    /// position that is neither here nor among the rejected ones was filtered out.
    pub positions: Option<Vec<u32>>,
    /// The rows that go to quarantine.
    pub rejected: Vec<RejectedRow>,
}

/// The stage that changes the batches of one stream, in order.
pub trait Transform: Send {
    /// Returns the plugin's name in the pipeline file.
    fn plugin(&self) -> &str;
    /// Returns the output columns of `process` for these columns.
    fn output_schema(&mut self, input: &SchemaRef) -> Result<SchemaRef, Failure>;
    /// Returns the columns that `output_schema` last returned.
    fn promised(&self) -> Option<SchemaRef>;
    /// Returns whether it keeps state from one batch to the next, so that a fresh instance cannot replace it within a
    /// stream.
    fn keeps_state(&self) -> bool;
    /// Returns the longest computing time of one call.
    fn call_time(&self) -> Duration;
    /// Replaces the present instance with a fresh one.
    fn renew(&mut self) -> Result<(), Failure>;
    /// Changes one batch.
    fn process(&mut self, rows: RecordBatch, call: &Call) -> Result<Transformed, Failure>;
}
