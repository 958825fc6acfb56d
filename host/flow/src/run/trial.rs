//! Rows through transforms as in a run, without a source and a target: for tests of plugins.

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;

use super::open::{refuse_state, try_transform};
use crate::failure::{Stage, StreamFailure};
use crate::ports::extractor::Opened;
use crate::ports::transform::Transform;
use crate::rows::batch::Batch;
use crate::stages::transform::TransformStage;
use crate::stream::context::{StageFailure, StreamContext};
use crate::stream::policy::{OnBadValue, OnTrap};

/// The transforms of a stream, and the rows that they are tried on.
pub struct Trial {
    /// The stream's name.
    pub stream: String,
    /// The transforms, in their order.
    pub transforms: Vec<Box<dyn Transform>>,
    /// The columns of the rows, and those that identify a row.
    pub opened: Opened,
    /// The column by which the newer of two versions of a row is found.
    pub version: Option<String>,
    /// The reaction when a transform traps.
    pub on_trap: OnTrap,
    /// The policy for rows without a key.
    pub on_bad_value: OnBadValue,
}

impl Trial {
    /// Asks every transform for its columns, and tries it on a batch without rows; returns the columns after all of them.
    pub fn open(&mut self) -> Result<SchemaRef, StreamFailure> {
        let mut columns = SchemaRef::clone(&self.opened.schema);
        for transform in &mut self.transforms {
            let made = try_transform(transform.as_mut(), &columns, &self.opened.key, self.version.as_deref());
            let made = made.and_then(|made| refuse_state(transform.as_ref(), self.on_trap).map(|()| made));
            columns =
                made.map_err(|failure| StageFailure::before(Stage::Transform)(failure).of_stream(&self.stream))?;
        }
        Ok(columns)
    }

    /// Passes a batch through the transforms, which were opened with these columns as the result.
    pub fn change(
        &mut self,
        number: u64,
        rows: RecordBatch,
        columns: &SchemaRef,
        context: &StreamContext,
    ) -> Result<Batch, StreamFailure> {
        let mut stage = TransformStage {
            stream: &self.stream,
            transforms: &mut self.transforms,
            columns,
            key: &self.opened.key,
            version: self.version.as_deref(),
            change_key: None,
            on_trap: self.on_trap,
            on_bad_value: self.on_bad_value,
            context,
        };
        let changed = stage.change(number, Batch::new(rows));
        changed.map_err(|failure| StageFailure::in_batch(Stage::Transform, number)(failure).of_stream(&self.stream))
    }
}
