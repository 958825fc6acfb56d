//! The search for the rows on which a transform fails: by halves, in fresh instances, within a time limit of its own.
//! Only for transforms that keep no state, so that the parts of a batch have the same result as the whole.

use std::ops::Range;
use std::time::Duration;

use arrow_array::RecordBatch;
use arrow_select::concat::concat_batches;

use super::attempt::Attempt;
use crate::failure::Failure;
use crate::failure::kind::FailureKind;
use crate::ports::transform::{RejectedRow, Transformed};
use crate::rows::batch::Cause;
use crate::rows::cell_json::{key_in_words, keys_in_words};
use crate::stream::policy::OnTrap;

/// The largest number of rows of one batch that may go to quarantine this way before the search is given up.
const MOST_FAILING_ROWS: usize = 100;
/// The shortest time of a probe, in which even a busy machine can process a few rows.
const SHORTEST_PROBE: Duration = Duration::from_millis(20);

/// A search in one batch.
pub(super) struct Bisection<'s, 'a> {
    attempt: &'s mut Attempt<'a>,
    rows: &'s RecordBatch,
    /// The failure of the whole batch.
    failure: Failure,
    /// The time at which the search is given up, by the monotonic clock.
    until: Duration,
    /// The longest computing time of one probe.
    probe: Duration,
    /// The output for the good parts, with positions in the whole batch.
    good: Vec<Transformed>,
    failing: Vec<RejectedRow>,
}

impl<'s, 'a> Bisection<'s, 'a> {
    /// Begins a search. All probes together may take as long as one call. If the batch took too long, a probe gets a
    /// small share of that: a search that only names a row ends after an eighth of the time of a call.
    pub(super) fn of(attempt: &'s mut Attempt<'a>, rows: &'s RecordBatch, failure: Failure) -> Self {
        let time = attempt.transform.call_time();
        let halvings = rows.num_rows().max(1).next_power_of_two().trailing_zeros() + 1;
        let (all, probe) = match (failure.kind, attempt.on_trap) {
            (FailureKind::Timeout, OnTrap::Quarantine) => (time, time / (8 * halvings)),
            (FailureKind::Timeout, _) => (time / 8, time / (16 * halvings)),
            _ => (time, time),
        };
        let until = attempt.context.clock.elapsed().saturating_add(all);
        let probe = probe.max(SHORTEST_PROBE).min(time);
        Self { attempt, rows, failure, until, probe, good: Vec::new(), failing: Vec::new() }
    }

    /// Returns the output for the batch without the rows that fail; or the failure that names what was found.
    pub(super) fn run(mut self) -> Result<Transformed, Failure> {
        let failure = self.failure.clone();
        self.split(0..self.rows.num_rows(), failure)?;
        if self.failing.is_empty() {
            return Err(self.joint_failure(0..self.rows.num_rows()));
        }
        let Self { attempt, good, failing, .. } = self;
        tracing::warn!(
            stream = attempt.stream,
            batch = attempt.number,
            "{} rows on which plugin {} fails go to quarantine",
            failing.len(),
            attempt.transform.plugin()
        );
        joined(attempt, good, failing)
    }

    /// Searches a part that failed as a whole.
    fn split(&mut self, part: Range<usize>, failure: Failure) -> Result<(), Failure> {
        self.attempt.transform.renew()?;
        if part.is_empty() {
            return Err(failure);
        }
        if part.len() == 1 {
            return self.single(part.start, failure);
        }
        let middle = part.start + part.len() / 2;
        let mut fails = false;
        for half in [part.start..middle, middle..part.end] {
            if let Some(failure) = self.probe(&half, self.probe)? {
                fails = true;
                self.split(half, failure)?;
            }
        }
        if fails { Ok(()) } else { Err(self.joint_failure(part)) }
    }

    /// Tries a part; returns its failure, or `None` if it is good.
    fn probe(&mut self, part: &Range<usize>, time: Duration) -> Result<Option<Failure>, Failure> {
        let left = self.until.saturating_sub(self.attempt.context.clock.elapsed());
        if left.is_zero() {
            return Err(self.out_of_time(part));
        }
        let time = time.min(left);
        let rows = self.rows.slice(part.start, part.len());
        match self.attempt.call(&rows, time, true)? {
            Ok(changed) => {
                self.keep(part, changed);
                Ok(None)
            }
            Err(failure) if failure.kind == FailureKind::Timeout && self.failure.kind != FailureKind::Timeout => {
                Err(self.out_of_time(part))
            }
            Err(failure) => Ok(Some(failure)),
        }
    }

    /// Keeps the output for a part.
    fn keep(&mut self, part: &Range<usize>, changed: Transformed) {
        let Transformed { rows, positions, mut rejected } = changed;
        let offset = position(part.start);
        let positions = match positions {
            Some(positions) => positions.into_iter().map(|at| at + offset).collect(),
            None => (offset..position(part.end)).collect(),
        };
        rejected.iter_mut().for_each(|row| row.position += offset);
        self.good.push(Transformed { rows, positions: Some(positions), rejected });
    }

    /// Handles a row on which the plugin fails: in a fresh instance too, so that no row before it can be the reason.
    fn single(&mut self, row: usize, failure: Failure) -> Result<(), Failure> {
        let quarantines = self.attempt.on_trap == OnTrap::Quarantine;
        let is_slow = failure.kind == FailureKind::Timeout;
        let mut failure = failure;
        if quarantines || !is_slow {
            // A row that is only slow is kept.
            let time = if is_slow { self.probe.max(self.attempt.transform.call_time() / 8) } else { self.probe };
            match self.probe(&(row..row + 1), time)? {
                None => return Ok(()),
                Some(again) => failure = again,
            }
        }
        if !quarantines {
            return Err(self.named_failure(row));
        }
        self.attempt.transform.renew()?;
        if self.failing.len() == MOST_FAILING_ROWS {
            return Err(failure.and(format_args!("more than {MOST_FAILING_ROWS} rows of the batch cause it")));
        }
        let rule = match failure.kind {
            FailureKind::Trap => "trap",
            FailureKind::Limit | FailureKind::Timeout => "limit",
            _ => "failure",
        };
        let by = self.attempt.transform.plugin().to_owned();
        let position = position(row);
        let (rule, reason) = (rule.to_owned(), failure.to_string());
        self.failing.push(RejectedRow { position, cause: Cause::Breakdown, rule, reason, by, digest: None });
        Ok(())
    }

    /// Returns the failure that names a row.
    fn named_failure(&self, row: usize) -> Failure {
        let key = key_in_words(self.rows, row, self.attempt.promise.key);
        let row = row + 1;
        let does_it = match self.failure.kind {
            FailureKind::Timeout => format!("row {row} of the batch alone{key} takes longer than {:?}", self.probe),
            _ => format!("row {row} of the batch causes it{key}"),
        };
        self.failure.clone().and(does_it).advise("Put such rows into quarantine with on_trap = \"quarantine\"")
    }

    /// Returns the failure of a part that fails although none of its halves does.
    fn joint_failure(&mut self, part: Range<usize>) -> Failure {
        let whole = part.len() == self.rows.num_rows();
        let is_row_by_row = self.failure.kind != FailureKind::Timeout;
        if whole && is_row_by_row && self.passes_afresh() {
            let why = "a fresh instance processes the same batch, so that no row is the cause: the plugin accumulates \
                       memory from batch to batch, or is not deterministic";
            return self.failure.clone().and(why).advise(
                "Fix the plugin, raise the limit ([limits]), or let a fresh instance continue with on_trap = \"retry\"",
            );
        }
        let (first, last) = (part.start + 1, part.end);
        let keys = keys_in_words(self.rows, &part, self.attempt.promise.key);
        self.failure
            .clone()
            .and(format_args!("rows {first} to {last} of the batch cause it together{keys}, but none of them alone"))
            .advise("Raise the limit ([limits]) or make batches smaller (extract_batch_rows)")
    }

    fn passes_afresh(&mut self) -> bool {
        let (rows, time) = (self.rows, self.attempt.transform.call_time());
        self.attempt.transform.renew().is_ok() && self.attempt.call(rows, time, true).is_ok_and(|made| made.is_ok())
    }

    /// Returns the failure of a search that took too long, with the part that was searched last.
    fn out_of_time(&self, part: &Range<usize>) -> Failure {
        let (first, last) = (part.start + 1, part.end);
        let keys = keys_in_words(self.rows, part, self.attempt.promise.key);
        self.failure.clone().and(format_args!(
            "the search for the row took too long; it ended among rows {first} to {last} of the batch{keys}"
        ))
    }
}

fn position(row: usize) -> u32 {
    u32::try_from(row).unwrap_or(u32::MAX)
}

/// Combines the good parts into one batch, and adds the rows on which the plugin fails to its rejected ones.
fn joined(attempt: &Attempt<'_>, good: Vec<Transformed>, failing: Vec<RejectedRow>) -> Result<Transformed, Failure> {
    let schema = match (good.first(), &attempt.promise.columns) {
        (Some(first), _) => first.rows.schema(),
        (None, Some(promised)) => promised.clone(),
        (None, None) => return Err(Failure::permanent("a transform was not asked for its columns")),
    };
    let rows = concat_batches(&schema, good.iter().map(|part| &part.rows))
        .map_err(|error| Failure::permanent(format!("the parts of the batch do not fit together: {error}")))?;
    let mut positions = Vec::with_capacity(rows.num_rows());
    let mut rejected = failing;
    for part in good {
        positions.extend(part.positions.unwrap_or_default());
        rejected.extend(part.rejected);
    }
    rejected.sort_by_key(|row| row.position);
    Ok(Transformed { rows, positions: Some(positions), rejected })
}
