//! Rows without a key: each side is a bag of rows, and equal rows have to be there equally often. Both sides are read in
//! step, so that only rows are held, as their hashes, which the other side has not shown yet. A target that was loaded from
//! the same source has them in much the same order.

use std::collections::HashMap;

use arrow_array::RecordBatch;
use crossbeam_channel::Receiver;

use super::comparison::Comparison;
use super::reading::{Reading, asked_to_stop, broke_off};
use super::scan::TargetScan;
use crate::failure::Failure;
use crate::rows::hash::{Hashing, row_hashes};
use crate::stream::context::StreamContext;

/// Compares the rows of both sides by number.
pub(super) struct Bags<'a> {
    pub(super) target: TargetScan,
    /// The columns that both sides have.
    pub(super) common: &'a [String],
    pub(super) hashing: Hashing,
    pub(super) found: &'a mut Comparison,
    pub(super) context: &'a StreamContext,
}

/// The lead of the source over the target in each row that it has shown; rows that are even are left out.
#[derive(Default)]
struct Lead(HashMap<u64, i64>);

impl Lead {
    fn add(&mut self, hashes: Vec<u64>, by: i64) {
        for hash in hashes {
            let lead = self.0.entry(hash).or_default();
            *lead += by;
            if *lead == 0 {
                self.0.remove(&hash);
            }
        }
    }

    /// The rows that only the source has, and those that only the target has.
    fn rest(&self) -> (u64, u64) {
        let of = |sign: i64| self.0.values().map(|lead| (lead * sign).max(0).unsigned_abs()).sum();
        (of(1), of(-1))
    }
}

impl Bags<'_> {
    /// Compares what it receives until the reading stage reports that it has read everything.
    pub(super) fn run(&mut self, readings: &Receiver<Reading>) -> Result<(), Failure> {
        let (mut lead, mut parts) = (Lead::default(), 0);
        loop {
            match readings.recv() {
                Ok(Reading::Part(part)) => {
                    parts += 1;
                    self.found.rejected += part.batch.rejected.len() as u64;
                    self.found.source_rows += part.batch.rows.num_rows() as u64;
                    lead.add(self.hashes(&part.batch.rows)?, 1);
                    self.follow(&mut lead, self.found.source_rows)?;
                }
                Ok(Reading::End { parts: sent }) if sent == parts => {
                    self.follow(&mut lead, u64::MAX)?;
                    (self.found.missing, self.found.extra) = lead.rest();
                    self.found.ranges = 1;
                    self.found.ranges_different = u64::from(self.found.differing() > 0);
                    self.found.is_complete = true;
                    return Ok(());
                }
                Ok(Reading::End { .. }) | Err(_) => return Err(broke_off()),
            }
        }
    }

    /// Reads the target until it has shown this many rows.
    fn follow(&mut self, lead: &mut Lead, rows: u64) -> Result<(), Failure> {
        while self.found.target_rows < rows {
            if self.context.cancel.is_set() {
                return Err(asked_to_stop());
            }
            let Some(batch) = self.target.next(None, &mut |_, _| {})? else { break };
            self.found.target_rows += batch.num_rows() as u64;
            lead.add(self.hashes(&batch)?, -1);
        }
        Ok(())
    }

    fn hashes(&self, rows: &RecordBatch) -> Result<Vec<u64>, Failure> {
        row_hashes(rows, self.common, self.hashing)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_rows_count_as_often_as_they_occur() {
        let mut lead = Lead::default();
        lead.add(vec![1, 1, 1, 2, 3], 1);
        lead.add(vec![3, 1, 4, 4], -1);
        assert_eq!(lead.rest(), (3, 2));
        lead.add(vec![2, 1, 1], -1);
        lead.add(vec![4, 4], 1);
        assert_eq!((lead.rest(), lead.0.len()), ((0, 0), 0));
    }
}
