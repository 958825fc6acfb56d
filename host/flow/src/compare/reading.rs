//! The source's side of a comparison: rows pass the stream's own transforms and are cut into ranges of keys.

use std::cmp::Ordering;

use arrow_array::RecordBatch;
use crossbeam_channel::Sender;

use super::difference::Withheld;
use crate::failure::kind::FailureKind;
use crate::failure::{Failure, Stage};
use crate::ports::extractor::{Extractor, Step};
use crate::rows::batch::Batch;
use crate::rows::origin::Origin;
use crate::stages::transform::TransformStage;
use crate::stream::context::{StageFailure, StreamContext};
use crate::values::key::{Bound, InOrder, Keys};

/// The largest number of rows with the same key that are held in memory.
const MOST_WITH_ONE_KEY: usize = 65_536;

/// A message of the reading stage.
pub(super) enum Reading {
    /// The next rows.
    Part(Part),
    /// Everything was read. Without this message the reading broke off, whatever else may look like an end.
    End {
        /// The number of parts before it.
        parts: u64,
    },
}

/// The rows of one batch of the source.
pub(super) struct Part {
    /// The rows after the transforms, and those that were rejected.
    pub(super) batch: Batch,
    /// The last key that was read; `None` if the batch has no rows.
    last: Option<Bound>,
}

/// Reads the source through the transforms to its end, until a failure, or until the receiver is gone.
pub(super) fn read(
    extractor: &mut dyn Extractor,
    mut transform_stage: TransformStage<'_>,
    key: &[String],
    out: &Sender<Reading>,
    context: &StreamContext,
) -> Result<(), StageFailure> {
    let mut raw = InOrder::default();
    for number in 1.. {
        if context.cancel.is_set() {
            return Err(StageFailure::in_batch(Stage::Extract, number)(asked_to_stop()));
        }
        let at = StageFailure::in_batch(Stage::Extract, number);
        let message = match extractor.next().map_err(&at)? {
            Step::Chunk(chunk) => {
                let keys = Keys::of(&chunk.batch.rows, key).map_err(&at)?;
                raw.follow(&keys, |_| {}).map_err(|failure| at(failure.within(WRONG_ORDER)))?;
                let batch = transform_stage
                    .change(number, chunk.batch)
                    .map_err(StageFailure::in_batch(Stage::Transform, number))?;
                Reading::Part(Part { batch, last: keys.last() })
            }
            Step::End(_) => Reading::End { parts: number - 1 },
        };
        let is_end = matches!(message, Reading::End { .. });
        if out.send(message).is_err() || is_end {
            break;
        }
    }
    Ok(())
}

const WRONG_ORDER: &str =
    "the extractor does not read the whole table in the order of its key, so that source and target cannot be compared";

/// The failure of a comparison whose source was not read to its end.
pub(super) fn broke_off() -> Failure {
    Failure::new(FailureKind::Cancelled, "the source was not read to its end")
}

pub(super) fn asked_to_stop() -> Failure {
    Failure::new(FailureKind::Cancelled, "the comparison was asked to stop")
}

/// A range of the source's rows.
pub(super) struct Range {
    pub(super) rows: Vec<RecordBatch>,
    /// The origins of the rows of each batch.
    pub(super) origins: Vec<Origin>,
    /// The first key after the range; `None` if it extends to the end.
    pub(super) before: Option<Bound>,
}

/// The rows that have arrived but may not be complete yet: those from the last key on.
#[derive(Default)]
pub(super) struct Waiting {
    rows: Vec<RecordBatch>,
    origins: Vec<Origin>,
    seen: InOrder,
    /// The last key that was read.
    last: Option<Bound>,
    /// Rows that were rejected.
    pub(super) withheld: Withheld,
    pub(super) rejected: u64,
}

impl Waiting {
    /// Returns the number of rows that have the key of the row before them.
    pub(super) fn duplicates(&self) -> u64 {
        self.seen.duplicates
    }

    /// Adds a part; returns the range that it completes: all rows before its last key, whose rows may continue in the
    /// next part. Calls `twice` for each row that has the key of the row before it.
    pub(super) fn take_in(
        &mut self,
        part: Part,
        key: &[String],
        twice: &mut dyn FnMut(&Keys, usize),
    ) -> Result<Option<Range>, Failure> {
        let Batch { rows: all, rejected, origin } = part.batch;
        let keys = Keys::of(&all, key)?;
        let followed = self.seen.follow(&keys, |row| twice(&keys, row));
        followed.map_err(|failure| failure.within("a transform changes keys or their order"))?;
        self.rejected += rejected.len() as u64;
        self.withheld.add(rejected.into_iter().map(|rejected| rejected.row));
        let Some(last) = part.last else {
            self.hold(all, origin);
            return Ok(None);
        };
        let goes_on = match &self.last {
            Some(before) => before.order(&last)? == Ordering::Equal,
            None => false,
        };
        if goes_on {
            self.hold(all, origin);
            return self.check_one_key().map(|()| None);
        }
        let cut = keys.first_not_before(&last)?;
        let count = all.num_rows();
        self.hold(all.slice(0, cut), origin.part(0..cut));
        let range = Range { before: Some(last.clone()), ..self.rest() };
        self.hold(all.slice(cut, count - cut), origin.part(cut..count));
        self.last = Some(last);
        Ok(Some(range))
    }

    /// Returns the remaining rows after everything was read.
    pub(super) fn rest(&mut self) -> Range {
        Range { rows: std::mem::take(&mut self.rows), origins: std::mem::take(&mut self.origins), before: None }
    }

    fn hold(&mut self, rows: RecordBatch, origin: Origin) {
        if rows.num_rows() > 0 {
            self.rows.push(rows);
            self.origins.push(origin);
        }
    }

    /// Rows with the same key are held in memory until the next key arrives; fails if there are too many of them.
    fn check_one_key(&self) -> Result<(), Failure> {
        let held: usize = self.rows.iter().map(RecordBatch::num_rows).sum();
        if held <= MOST_WITH_ONE_KEY {
            return Ok(());
        }
        Err(Failure::invalid_config(format!(
            "more than {MOST_WITH_ONE_KEY} rows of the source have the same key: set `key` to columns that identify a row"
        )))
    }
}
