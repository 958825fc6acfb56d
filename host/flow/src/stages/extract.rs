//! The extract stage: reads batch after batch from the source.

use crossbeam_channel::Sender;

use super::message::{BatchEnvelope, Message};
use crate::failure::Stage;
use crate::ports::extractor::{Extractor, Step};
use crate::stream::context::{StageFailure, StreamContext};

/// Reads until the end, a failure, a cancellation, or until the receiver is gone.
pub(crate) fn extract(
    extractor: &mut dyn Extractor,
    out: &Sender<Message>,
    context: &StreamContext,
) -> Result<(), StageFailure> {
    for number in 1.. {
        if context.cancel.is_set() {
            break;
        }
        let step = extractor.next().map_err(StageFailure::in_batch(Stage::Extract, number))?;
        let (message, end) = match step {
            Step::Chunk(chunk) => (Message::Batch(BatchEnvelope::new(number, chunk)), false),
            Step::End(bookmark) => (Message::End(bookmark), true),
        };
        if out.send(message).is_err() || end {
            break;
        }
    }
    Ok(())
}
