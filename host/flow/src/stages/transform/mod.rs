//! The transform stage: changes batch after batch, checks that the plugins keep their promises, and finds the rows on
//! which they fail.
//!
//! | module | what it is for |
//! |---|---|
//! | `promise` | columns, keys, order, counts and NULL as promised |
//! | `attempt` | one batch through one plugin that may fail |
//! | `bisection` | the rows on which a plugin fails, by halves |
//! | `recovery` | the way on after a failure: a second try, or the search for rows |

mod attempt;
mod bisection;
mod promise;
mod recovery;
#[cfg(test)]
mod tests;

use arrow_schema::SchemaRef;
use attempt::Attempt;
use crossbeam_channel::{Receiver, Sender};
use promise::{Promise, check_shape};

use super::message::Message;
use crate::failure::{Failure, Stage};
use crate::ports::extractor::NullKeys;
use crate::ports::transform::{RejectedRow, Transform};
use crate::rows::bad_rows::{without_long_keys, without_null_change_keys, without_null_keys};
use crate::rows::batch::{Batch, Rejected};
use crate::rows::origin::Origin;
use crate::stream::context::{StageFailure, StreamContext};
use crate::stream::policy::{OnBadValue, OnTrap};

pub(crate) use promise::check_stable_columns;
pub use promise::{hold_to_promise, type_name};

/// The transform stage of one stream.
pub(crate) struct TransformStage<'a> {
    pub(crate) stream: &'a str,
    pub(crate) transforms: &'a mut [Box<dyn Transform>],
    /// The columns that the table was prepared for.
    pub(crate) columns: &'a SchemaRef,
    pub(crate) key: &'a [String],
    /// The column by which the newer of two versions of a row is found.
    pub(crate) version: Option<&'a str>,
    /// The column without which a row is not moved, and what becomes of such a row.
    pub(crate) change_key: Option<(String, NullKeys)>,
    pub(crate) on_trap: OnTrap,
    pub(crate) on_bad_value: OnBadValue,
    pub(crate) context: &'a StreamContext,
}

impl TransformStage<'_> {
    /// Changes the batches it receives until the end, a failure, or until the receiver is gone.
    pub(crate) fn run(mut self, input: &Receiver<Message>, out: &Sender<Message>) -> Result<(), StageFailure> {
        for message in input {
            let message = match message {
                Message::End(bookmark) => Message::End(bookmark),
                Message::Batch(mut envelope) => {
                    let read = self.admit(envelope.batch);
                    let read = read.map_err(StageFailure::in_batch(Stage::Extract, envelope.number))?;
                    let changed = self.transform(envelope.number, read);
                    envelope.batch = changed.map_err(StageFailure::in_batch(Stage::Transform, envelope.number))?;
                    Message::Batch(envelope)
                }
            };
            if out.send(message).is_err() {
                break;
            }
        }
        Ok(())
    }

    /// Passes one batch through all transforms, without the rows that cannot be moved at all.
    pub(crate) fn change(&mut self, number: u64, batch: Batch) -> Result<Batch, Failure> {
        let read = self.admit(batch)?;
        self.transform(number, read)
    }

    /// Rejects the rows of a batch that was just read which cannot be moved, by the stream's policy.
    fn admit(&self, batch: Batch) -> Result<Batch, Failure> {
        let batch = match &self.change_key {
            Some((change_key, null_keys)) => without_null_change_keys(batch, change_key, *null_keys, self.key)?,
            None => batch,
        };
        let batch = without_long_keys(without_null_keys(batch, self.key)?, self.key)?;
        self.on_bad_value.check(&batch.rejected, self.key)?;
        Ok(batch)
    }

    fn transform(&mut self, number: u64, batch: Batch) -> Result<Batch, Failure> {
        let Batch { mut rows, mut rejected, mut origin } = batch;
        for transform in self.transforms.iter_mut() {
            let promise = Promise { columns: transform.promised(), key: self.key, version: self.version };
            let mut attempt = Attempt {
                stream: self.stream,
                number,
                transform: transform.as_mut(),
                promise: &promise,
                on_trap: self.on_trap,
                context: self.context,
            };
            let changed = attempt.process(&rows)?;
            rejected.extend(changed.rejected.into_iter().map(|row| as_read(row, &origin)));
            origin = origin.at(changed.positions);
            rows = changed.rows;
        }
        check_shape(self.columns, rows.schema_ref())?;
        Ok(Batch { rows, rejected, origin })
    }
}

/// Converts a rejected row to the row as it is in the source.
fn as_read(row: RejectedRow, origin: &Origin) -> Rejected {
    let RejectedRow { position, cause, rule, reason, by, digest } = row;
    let (row, place) = (origin.row_as_json(position as usize), Some(origin.place(position as usize)));
    Rejected { cause, rule, reason, value: None, stage: Stage::Transform, by, digest, row, place }
}
