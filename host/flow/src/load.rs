//! Port: the stage that writes a stream. It writes through the target session that it was made with; the flow
//! begins and commits around its calls.

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;

use crate::checkpoint::LoadMode;
use crate::failure::Failure;
use crate::policy::SchemaPolicy;
use crate::target::WriteStats;

/// What is to be written.
#[derive(Debug, Clone)]
pub struct LoadRequest {
    /// The stream's name.
    pub stream: String,
    /// The target table.
    pub table: String,
    /// How batches meet the rows that are there.
    pub mode: LoadMode,
    /// The columns of every batch to come.
    pub columns: SchemaRef,
    /// The columns that identify a row.
    pub key: Vec<String>,
    /// The column that says which version of a row is newer.
    pub version: Option<String>,
    /// What becomes of columns that the table does not have, or cannot hold.
    pub schema: SchemaPolicy,
    /// True if this goes on with an interrupted load.
    pub resume: bool,
}

/// The stage that writes a stream. Each call returns what the target says it did, not what the loader says.
pub trait Loader: Send {
    /// Makes the table ready.
    fn prepare(&mut self, request: &LoadRequest) -> Result<WriteStats, Failure>;
    /// Says which batch of the run is written next, for what is logged meanwhile.
    fn begin_batch(&mut self, _number: u64) {}
    /// Writes one batch.
    fn load(&mut self, rows: RecordBatch) -> Result<WriteStats, Failure>;
    /// All batches are written: puts the result in place.
    fn finish(&mut self) -> Result<WriteStats, Failure>;
}
