//! The messages that travel between the stages.

use std::collections::BTreeMap;

use crate::ports::extractor::Chunk;
use crate::rows::batch::Batch;
use crate::values::Bookmark;

/// A message between the stages.
pub(crate) enum Message {
    /// Rows.
    Batch(BatchEnvelope),
    /// The end of the stream.
    End(Bookmark),
}

/// A batch in flight, with the position after it.
pub(crate) struct BatchEnvelope {
    /// The batch's number in the run, from 1.
    pub(crate) number: u64,
    /// The rows in their present state.
    pub(crate) batch: Batch,
    /// Rows that were read from the source, rejected ones included.
    pub(crate) read: u64,
    pub(crate) bookmark: Bookmark,
    pub(crate) state: BTreeMap<String, Option<Vec<u8>>>,
}

impl BatchEnvelope {
    pub(crate) fn new(number: u64, chunk: Chunk) -> Self {
        let read = (chunk.batch.rows.num_rows() + chunk.batch.rejected.len()) as u64;
        let Chunk { batch, bookmark, state } = chunk;
        Self { number, batch, read, bookmark, state }
    }
}
