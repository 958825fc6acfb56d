//! The transform stage: changes batch after batch, holds the plugins to the columns that they promised, and finds
//! the rows that break them.

use std::ops::Range;

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use arrow_select::concat::concat_batches;
use crossbeam_channel::{Receiver, Sender};

use crate::batch::{Batch, Cause, Rejected};
use crate::commit::Message;
use crate::failure::{Failure, FailureKind, Stage};
use crate::origin::Origin;
use crate::policy::OnTrap;
use crate::stream::StageFailure;
use crate::transform::Transform;

/// The rule that a row breaks which breaks a plugin.
const RULE: &str = "trap";
/// The most rows of one batch that may break a plugin before the batch is given up.
const MOST_BREAKING_ROWS: usize = 100;

/// The transform stage of one stream.
pub(crate) struct Changes<'a> {
    pub(crate) transforms: &'a mut [Box<dyn Transform>],
    /// The columns that the table was prepared for.
    pub(crate) columns: &'a SchemaRef,
    pub(crate) key: &'a [String],
    pub(crate) on_trap: OnTrap,
}

impl Changes<'_> {
    /// Changes what comes until the end, a failure, or until nobody listens any more.
    pub(crate) fn run(mut self, input: &Receiver<Message>, out: &Sender<Message>) -> Result<(), StageFailure> {
        for message in input {
            let message = match message {
                Message::End(bookmark) => Message::End(bookmark),
                Message::Parcel(mut parcel) => {
                    let at = StageFailure::in_batch(Stage::Transform, parcel.number);
                    parcel.batch = self.change(parcel.batch).map_err(&at)?;
                    Message::Parcel(parcel)
                }
            };
            if out.send(message).is_err() {
                break;
            }
        }
        Ok(())
    }

    /// One batch through all transforms.
    pub(crate) fn change(&mut self, mut batch: Batch) -> Result<Batch, Failure> {
        for transform in self.transforms.iter_mut() {
            batch = Breaking { transform: transform.as_mut(), key: self.key, on_trap: self.on_trap }.process(batch)?;
        }
        check_columns(self.columns, &batch.rows.schema())?;
        Ok(batch)
    }
}

/// Whether a plugin broke down, so that only a fresh instance can go on.
fn is_breakdown(failure: &Failure) -> bool {
    matches!(failure.kind, FailureKind::Trap | FailureKind::Limit) && failure.site.is_some()
}

/// One transform that may break down.
struct Breaking<'a> {
    transform: &'a mut dyn Transform,
    key: &'a [String],
    on_trap: OnTrap,
}

impl Breaking<'_> {
    fn process(&mut self, batch: Batch) -> Result<Batch, Failure> {
        let mut tried = self.transform.process(batch.clone());
        if self.on_trap == OnTrap::Retry && tried.as_ref().is_err_and(is_breakdown) {
            self.transform.renew()?;
            tried = self.transform.process(batch.clone());
        }
        match tried {
            Err(failure) if is_breakdown(&failure) => self.without_breaking_rows(batch, failure),
            tried => tried,
        }
    }

    /// Finds the rows that break the plugin, by halves; fails with the first, or goes on without them.
    fn without_breaking_rows(&mut self, batch: Batch, failure: Failure) -> Result<Batch, Failure> {
        let rejected = batch.rejected.clone();
        let mut search = Search { batch: &batch, good: Vec::new(), origins: Vec::new(), rejected, breaking: Vec::new() };
        search.go(self, 0..batch.rows.num_rows(), Some(failure))?;
        let Search { good, origins, rejected, breaking, .. } = search;
        tracing::warn!("{} rows break a plugin and go to quarantine", breaking.len());
        let schema = match good.first() {
            Some(first) => first.schema(),
            None => self.output_of_none(&batch.rows)?,
        };
        let rows = concat_batches(&schema, &good)
            .map_err(|error| Failure::permanent(format!("the parts of the batch do not fit together: {error}")))?;
        let lengths: Vec<_> = good.iter().map(RecordBatch::num_rows).collect();
        let origin = batch.origin.together(&origins, &lengths);
        Ok(Batch { rows, rejected, origin })
    }

    fn output_of_none(&mut self, rows: &RecordBatch) -> Result<SchemaRef, Failure> {
        self.transform.renew()?;
        Ok(self.transform.process(Batch::new(rows.slice(0, 0)))?.rows.schema())
    }
}

/// The search for rows that break a plugin.
struct Search<'a> {
    batch: &'a Batch,
    good: Vec<RecordBatch>,
    origins: Vec<Origin>,
    rejected: Vec<Rejected>,
    breaking: Vec<usize>,
}

impl Search<'_> {
    /// Goes through a part of the batch; `known` is the failure if the part is known to break the plugin.
    fn go(&mut self, plugin: &mut Breaking<'_>, part: Range<usize>, known: Option<Failure>) -> Result<(), Failure> {
        if part.is_empty() {
            return Ok(());
        }
        let failure = match known {
            Some(failure) => failure,
            None => match plugin.transform.process(self.batch.slice(part.start, part.len())) {
                Ok(batch) => {
                    self.good.push(batch.rows);
                    self.origins.push(batch.origin);
                    self.rejected.extend(batch.rejected);
                    return Ok(());
                }
                Err(failure) if is_breakdown(&failure) => failure,
                Err(failure) => return Err(failure),
            },
        };
        plugin.transform.renew()?;
        if part.len() > 1 {
            let middle = part.start + part.len() / 2;
            self.go(plugin, part.start..middle, None)?;
            return self.go(plugin, middle..part.end, None);
        }
        self.found(plugin, part.start, failure)
    }

    fn found(&mut self, plugin: &Breaking<'_>, row: usize, failure: Failure) -> Result<(), Failure> {
        self.breaking.push(row);
        if plugin.on_trap != OnTrap::Quarantine {
            let key = self.batch.origin.key_in_words(row, plugin.key);
            return Err(Failure {
                message: format!(
                    "{}; row {} of the batch does it{key}. Put such rows into quarantine by on_trap = \"quarantine\"",
                    failure.message,
                    row + 1
                ),
                ..failure
            });
        }
        if self.breaking.len() > MOST_BREAKING_ROWS {
            return Err(Failure {
                message: format!("{}; more than {MOST_BREAKING_ROWS} rows of the batch do it", failure.message),
                ..failure
            });
        }
        let by = failure.site.as_ref().map_or_else(String::new, |site| site.plugin.clone());
        let origin = &self.batch.origin;
        self.rejected.push(Rejected {
            cause: Cause::Breakdown,
            rule: RULE.to_owned(),
            reason: failure.message,
            stage: Stage::Transform,
            by,
            digest: None,
            row: origin.row_as_json(row),
            place: Some(origin.place(row)),
        });
        Ok(())
    }
}

/// Refuses a batch whose columns are not those that the table was prepared for.
fn check_columns(promised: &SchemaRef, found: &SchemaRef) -> Result<(), Failure> {
    if promised.fields().len() != found.fields().len() {
        return Err(Failure::permanent(format!(
            "the batch has {} columns where {} were promised",
            found.fields().len(),
            promised.fields().len()
        )));
    }
    let mut pairs = promised.fields().iter().zip(found.fields());
    let differs = pairs.find(|(a, b)| a.name() != b.name() || a.data_type() != b.data_type());
    differs.map_or(Ok(()), |(a, b)| {
        Err(Failure::permanent(format!(
            "the batch has column {} ({}) where {} ({}) was promised",
            b.name(),
            b.data_type(),
            a.name(),
            a.data_type()
        )))
    })
}
