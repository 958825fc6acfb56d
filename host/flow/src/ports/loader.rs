//! Port: the stage that writes a stream. It writes through the target session that it was created with; the flow begins
//! and commits the transactions around its calls.

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;

use super::target::WriteStats;
use crate::failure::Failure;
use crate::metadata::checkpoint::LoadMode;
use crate::stream::policy::SchemaPolicy;

/// A request to write a stream.
#[derive(Debug, Clone)]
pub struct LoadRequest {
    /// The stream's name.
    pub stream: String,
    /// The target table.
    pub table: String,
    /// The way in which batches are combined with the rows that are in the table.
    pub mode: LoadMode,
    /// The columns of every batch to come.
    pub columns: SchemaRef,
    /// The columns that identify a row.
    pub key: Vec<String>,
    /// The column by which the newer of two versions of a row is found.
    pub version: Option<String>,
    /// The policy for columns that the table does not have, or that do not fit its types.
    pub schema: SchemaPolicy,
    /// True if this continues an interrupted load.
    pub resume: bool,
}

/// The stage that writes a stream. Each call returns the counts that the target reports, not those of the loader.
pub trait Loader: Send {
    /// Prepares the table.
    fn prepare(&mut self, request: &LoadRequest) -> Result<WriteStats, Failure>;
    /// Announces the number of the batch that is written next, for log messages in the meantime.
    fn begin_batch(&mut self, _number: u64) {}
    /// Writes one batch.
    fn load(&mut self, rows: RecordBatch) -> Result<WriteStats, Failure>;
    /// Puts the result in place after all batches were written.
    fn finish(&mut self) -> Result<WriteStats, Failure>;
}
