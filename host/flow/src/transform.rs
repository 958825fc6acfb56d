//! Port: the stage that changes batches.

use std::time::Duration;

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;

use crate::batch::Cause;
use crate::failure::Failure;

/// How one call of `process` is made.
#[derive(Debug, Clone, Copy)]
pub struct Call {
    /// The number of the batch in the run, from 1.
    pub batch: u64,
    /// The longest that the call may compute.
    pub time: Duration,
    /// True if the call is one of many that look for a row: what the plugin says then was said before.
    pub is_probe: bool,
}

/// A row that a transform takes out of a batch, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RejectedRow {
    /// Its position in the batch that the transform was given.
    pub position: u32,
    /// Which policy decides about it.
    pub cause: Cause,
    /// The short name of the rule that the row broke.
    pub rule: String,
    /// The reason in words.
    pub reason: String,
    /// Who took it out.
    pub by: String,
    /// The digest of that plugin's bytes.
    pub digest: Option<String>,
}

/// What a transform made of a batch.
#[derive(Debug, Clone)]
pub struct Transformed {
    /// The rows that go on.
    pub rows: RecordBatch,
    /// For each of them its position in the batch that was given, ascending; `None`: every row is where it was. A
    /// position that is neither here nor among the rejected ones was filtered out.
    pub positions: Option<Vec<u32>>,
    /// The rows that go to quarantine.
    pub rejected: Vec<RejectedRow>,
}

/// Changes the batches of one stream, in order.
pub trait Transform: Send {
    /// The plugin's name in the pipeline file.
    fn plugin(&self) -> &str;
    /// The columns that `process` makes of these.
    fn output_schema(&mut self, input: &SchemaRef) -> Result<SchemaRef, Failure>;
    /// The columns that `output_schema` gave last.
    fn promised(&self) -> Option<SchemaRef>;
    /// Returns whether it remembers something from one batch to the next, so that a fresh instance cannot go on in the
    /// midst of a stream.
    fn keeps_state(&self) -> bool;
    /// The longest that one call may compute.
    fn call_time(&self) -> Duration;
    /// Puts a fresh instance in the place of the one that is there.
    fn renew(&mut self) -> Result<(), Failure>;
    /// Changes one batch.
    fn process(&mut self, rows: RecordBatch, call: &Call) -> Result<Transformed, Failure>;
}
