//! Port: the stage that changes batches in flight.

use arrow_schema::SchemaRef;

use crate::batch::Batch;
use crate::failure::Failure;

/// Changes the batches of one stream, in order.
pub trait Transform: Send {
    /// The columns that `process` makes of these.
    fn output_schema(&mut self, input: &SchemaRef) -> Result<SchemaRef, Failure>;
    /// Puts a fresh instance in the place of one that broke down.
    fn renew(&mut self) -> Result<(), Failure>;
    /// Changes one batch; what it takes out goes among the batch's rejected rows.
    fn process(&mut self, batch: Batch) -> Result<Batch, Failure>;
}
