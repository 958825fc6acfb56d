//! The target's side of a comparison. Range after range is compared with the source's rows; missing and different rows
//! are loaded on the way, and rows that the source no longer has are deleted at the end, if both sides were read to
//! their ends.

use std::time::Duration;

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use crossbeam_channel::{Receiver, RecvTimeoutError};
use wmshost_sql::Dialect;

use super::comparison::{Comparison, Depth, MOST_SAMPLES};
use super::difference::{CompareRules, Difference, DifferenceKind, Differences, KeyJoin, Side};
use super::reading::{Range, Reading, Waiting, asked_to_stop, broke_off};
use super::scan::TargetScan;
use crate::failure::Failure;
use crate::metadata::checkpoint::Checkpoint;
use crate::metadata::{Action, Known, LEASE_RENEWAL_INTERVAL, Lease, Ledger, Quarantine, id_without_key, take_loaded};
use crate::ports::events::{Event, StreamStats};
use crate::ports::loader::Loader;
use crate::ports::target::{Refused, Removal, SharedTarget};
use crate::rows::bad_rows;
use crate::rows::batch::Rejected;
use crate::rows::cell_json::row_as_json;
use crate::rows::origin::Origin;
use crate::stream::context::StreamContext;
use crate::stream::policy::{DeleteGuard, Deletes, OnBadValue};
use crate::stream::put_into_quarantine;
use crate::stream::transaction::{in_transaction, lock};
use crate::values::key::{Bound, Keys};

/// The largest number of the target's rows that are held in memory at once for a range.
const MOST_TARGET_ROWS: u64 = 32_768;

/// Compares range after range of the source with the target.
pub(super) struct Comparer<'a> {
    pub(super) stream: &'a str,
    pub(super) target: TargetScan,
    pub(super) comparing: CompareRules<'a>,
    /// The columns of the source's rows.
    pub(super) columns: &'a SchemaRef,
    pub(super) depth: Depth,
    pub(super) repair: Option<Repair<'a>>,
    /// True if a comparison of keys may be followed by one of rows.
    pub(super) may_read_rows: bool,
    /// True if a run reads a row again that has changed.
    pub(super) follows_changes: bool,
    /// True if rows that are marked as deleted in the target are in the source again; keys alone cannot load them.
    pub(super) has_returned: bool,
    pub(super) found: &'a mut Comparison,
    pub(super) context: &'a StreamContext,
}

/// The parts that a repair needs.
pub(super) struct Repair<'a> {
    pub(super) loader: &'a mut dyn Loader,
    pub(super) target: &'a SharedTarget,
    pub(super) lease: &'a Lease,
    pub(super) deletes: Deletes,
    pub(super) guard: DeleteGuard,
    pub(super) on_bad_value: OnBadValue,
    pub(super) table: String,
    /// The name and the checkpoint that the ledger records for the comparison.
    pub(super) note: (String, Checkpoint),
    /// The stream's rows in quarantine, without the rows lacking a whole key that the source still has.
    pub(super) quarantined: Known,
    /// Keys of the rows to delete once everything was read.
    pub(super) to_remove: Vec<RecordBatch>,
    /// The time of the last renewal of the lease.
    pub(super) renewed: Duration,
}

impl Comparer<'_> {
    /// Compares what it receives until the reading stage reports that it has read everything; then deletes the rows
    /// that the source no longer has. If the reading breaks off, nothing is deleted; nor if it ends early because rows
    /// have returned.
    pub(super) fn run(&mut self, readings: &Receiver<Reading>) -> Result<(), Failure> {
        let mut waiting = Waiting::default();
        let mut parts = 0;
        loop {
            match readings.recv_timeout(LEASE_RENEWAL_INTERVAL) {
                Ok(Reading::Part(part)) => {
                    parts += 1;
                    self.quarantine(&part.batch.rejected)?;
                    let key = self.comparing.key;
                    let samples = &mut self.found.samples;
                    let mut twice = |keys: &Keys, row| name(samples, DifferenceKind::DuplicateInSource, keys, row);
                    let range = waiting.take_in(part, key, &mut twice)?;
                    self.found.rejected = waiting.rejected;
                    self.found.source_duplicates = waiting.duplicates();
                    if let Some(range) = range {
                        self.compare_range(range, &mut waiting)?;
                    }
                    if self.has_returned {
                        return Ok(());
                    }
                }
                Ok(Reading::End { parts: sent }) if sent == parts => {
                    let rest = waiting.rest();
                    self.compare_range(rest, &mut waiting)?;
                    return if self.has_returned { Ok(()) } else { self.end() };
                }
                Err(RecvTimeoutError::Timeout) => self.renew_lease()?,
                Ok(Reading::End { .. }) | Err(RecvTimeoutError::Disconnected) => {
                    return Err(broke_off());
                }
            }
        }
    }

    /// Compares one range.
    fn compare_range(&mut self, range: Range, waiting: &mut Waiting) -> Result<(), Failure> {
        self.reached("range-read");
        let Range { rows, origins, before } = range;
        let source = Side::of(rows, self.comparing)?;
        self.found.ranges += 1;
        self.found.source_rows += source.count();
        let (first, is_all) = self.next_target_rows(before.as_ref())?;
        if is_all && source.digest() == first.digest() {
            waiting.withheld.go_on();
            return self.range_compared();
        }
        let most_samples = MOST_SAMPLES.saturating_sub(self.found.samples.len());
        let comparing = CompareRules { most_samples, ..self.comparing };
        let mut meeting = KeyJoin::new(source, self.columns, comparing, &mut waiting.withheld)?;
        meeting.meet(&first)?;
        let mut is_all = is_all;
        while !is_all {
            let (more, last) = self.next_target_rows(before.as_ref())?;
            meeting.meet(&more)?;
            is_all = last;
        }
        let mut differences = meeting.end()?;
        waiting.withheld.go_on();
        self.found.unreadable_keys = waiting.withheld.unreadable;
        if self.depth == Depth::Keys {
            self.leave_missing(&mut differences)?;
        }
        self.note(&mut differences);
        if let Some(repair) = &mut self.repair {
            let (loaded, refused) =
                repair.load(differences, &origins, self.comparing.key, self.stream, self.context)?;
            self.found.loaded += loaded;
            self.found.refused += refused;
            repair.renewed = self.context.clock.elapsed();
        }
        self.range_compared()
    }

    /// Keys alone cannot be loaded: of those that the target lacks, counts the ones that are not in quarantine.
    fn leave_missing(&mut self, differences: &mut Differences) -> Result<(), Failure> {
        differences.samples.retain(|row| row.kind != DifferenceKind::Missing);
        let rows = differences.to_load.take();
        let (Some((rows, _)), Some(repair)) = (rows, &mut self.repair) else { return Ok(()) };
        let quarantined = take_loaded(&mut repair.quarantined.keys, &rows, &[], self.comparing.key);
        differences.missing -= quarantined.len() as u64;
        // A row in quarantine that was corrected is read again as a change, but never by a stream that appends.
        let may_return = differences.missing > 0 || !self.follows_changes;
        if self.may_read_rows && may_return && self.target.keeps_deleted() {
            let keys = Keys::of(&rows, self.comparing.key)?;
            let loaded = lock(repair.target).loaded_at(&repair.table, keys.columns())?;
            self.has_returned = loaded.iter().any(Option::is_some);
        }
        Ok(())
    }

    /// Puts rows that were rejected on their way into quarantine, as a run that reads them does. Of keys alone there are
    /// no rows to keep.
    fn quarantine(&mut self, rejected: &[Rejected]) -> Result<(), Failure> {
        let key = self.comparing.key;
        let Some(repair) = self.repair.as_mut().filter(|_| self.depth == Depth::Rows && !rejected.is_empty()) else {
            return Ok(());
        };
        for id in rejected.iter().filter_map(|row| id_without_key(row, key)) {
            repair.quarantined.without_key.remove(&id);
        }
        in_transaction(repair.target, Some(repair.lease), || {
            put_into_quarantine(repair.target, self.context, self.stream, (rejected, key), true).map(drop)
        })
    }

    /// Returns the next rows of the target before the bound, and true if they are the last of them.
    fn next_target_rows(&mut self, before: Option<&Bound>) -> Result<(Side, bool), Failure> {
        let (mut rows, mut count) = (Vec::new(), 0);
        let mut is_all = false;
        while count < MOST_TARGET_ROWS && !is_all {
            if self.context.cancel.is_set() {
                return Err(asked_to_stop());
            }
            let samples = &mut self.found.samples;
            let mut twice = |keys: &Keys, row| name(samples, DifferenceKind::DuplicateInTarget, keys, row);
            match self.target.next(before, &mut twice)? {
                Some(batch) => {
                    count += batch.num_rows() as u64;
                    rows.push(batch);
                }
                None => is_all = true,
            }
        }
        self.found.target_rows += count;
        self.found.target_duplicates = self.target.duplicates();
        Ok((Side::of(rows, self.comparing)?, is_all))
    }

    fn note(&mut self, differences: &mut Differences) {
        self.found.missing += differences.missing;
        self.found.extra += differences.extra;
        self.found.different += differences.different;
        self.found.outdated += differences.outdated;
        self.found.unclear += differences.unclear;
        self.found.ranges_different += u64::from(differences.count() > 0);
        self.found.samples.append(&mut differences.samples);
    }

    /// Reports that a range was compared, and renews the lease if it is due.
    fn range_compared(&mut self) -> Result<(), Failure> {
        let stats = StreamStats { read: self.found.source_rows, batches: self.found.ranges, ..StreamStats::default() };
        self.context.observer.event(&Event::Committed { stream: self.stream, stats });
        self.reached("range-compared");
        let is_old = self.repair.as_ref().is_some_and(|repair| {
            self.context.clock.elapsed().saturating_sub(repair.renewed) >= LEASE_RENEWAL_INTERVAL
        });
        if is_old { self.renew_lease() } else { Ok(()) }
    }

    /// Renews the lease while nothing is written.
    fn renew_lease(&mut self) -> Result<(), Failure> {
        let Some(repair) = &mut self.repair else { return Ok(()) };
        repair.renewed = self.context.clock.elapsed();
        in_transaction(repair.target, Some(repair.lease), || Ok(()))
    }

    /// Both sides were read to their ends: deletes the rows that the source no longer has, in the transaction that
    /// records the comparison in the ledger.
    fn end(&mut self) -> Result<(), Failure> {
        if !self.target.has_ended() {
            return Err(Failure::permanent("the target was not read to its end"));
        }
        self.found.is_complete = true;
        self.reached("all-compared");
        let Some(repair) = &mut self.repair else { return Ok(()) };
        if self.context.cancel.is_set() {
            return Err(asked_to_stop());
        }
        let removal = match repair.deletes {
            Deletes::Ignore => None,
            Deletes::Soft => Some(Removal::Soft),
            Deletes::Delete => Some(Removal::Delete),
        };
        let gone = if removal.is_some() { self.found.extra } else { 0 };
        repair.guard.check(self.stream, gone, self.found.target_rows)?;
        let ledger = Ledger { pipeline: &self.context.pipeline };
        let (context, stream, depth) = (self.context, self.stream, self.depth);
        let reached = |point| context.observer.event(&Event::Reached { stream, point });
        self.found.deleted = in_transaction(repair.target, Some(repair.lease), || {
            let mut deleted = 0;
            for keys in repair.to_remove.drain(..) {
                let Some(removal) = removal else { break };
                deleted += lock(repair.target).remove(&repair.table, &keys, removal)?;
            }
            reached("rows-removed");
            if depth == Depth::Rows {
                let quarantine = Quarantine { pipeline: &context.pipeline };
                let ids = &repair.quarantined.without_key;
                quarantine.forget_ids(lock(repair.target).sql(), stream, ids)?;
            }
            let (name, checkpoint) = &repair.note;
            let sql = &mut *lock(repair.target);
            ledger.append(sql.sql(), name, Action::Run, None, &context.run_id, Some(checkpoint))?;
            Ok(deleted)
        })?;
        self.reached("comparison-committed");
        Ok(())
    }

    fn reached(&self, point: &'static str) {
        self.context.observer.event(&Event::Reached { stream: self.stream, point });
    }
}

/// Adds a row whose key another row has to the samples.
fn name(samples: &mut Vec<Difference>, kind: DifferenceKind, keys: &Keys, row: usize) {
    if samples.len() < MOST_SAMPLES {
        samples.push(Difference { kind, key: row_as_json(keys.columns(), row), columns: Vec::new() });
    }
}

impl Repair<'_> {
    /// Loads the rows that are missing or different in the target, and adds the extra ones to those to be deleted;
    /// returns the number of rows loaded, and of those that the target refused. These go to quarantine, and older copies
    /// of the others are deleted there.
    fn load(
        &mut self,
        differences: Differences,
        origins: &[Origin],
        key: &[String],
        stream: &str,
        context: &StreamContext,
    ) -> Result<(u64, u64), Failure> {
        if self.deletes != Deletes::Ignore {
            self.to_remove.extend(differences.to_remove);
        }
        let Some((rows, places)) = differences.to_load else { return Ok((0, 0)) };
        let (target, loader, known) = (self.target, &mut *self.loader, &mut self.quarantined.keys);
        let counts = in_transaction(target, Some(self.lease), || {
            let counts = loader.load(rows.clone())?;
            let refused = lock(target).take_refused();
            let keys = take_loaded(known, &rows, &refused, key);
            let quarantine = Quarantine { pipeline: &context.pipeline };
            quarantine.forget(lock(target).sql(), stream, &context.run_id, keys)?;
            let dialect = lock(target).sql().dialect();
            let refused = refused.into_iter().flat_map(|row| as_read(row, &places, origins, dialect));
            let refused: Vec<_> = refused.collect();
            self.on_bad_value.check(&refused, key)?;
            put_into_quarantine(target, context, stream, (&refused, key), true)?;
            Ok(counts)
        })?;
        Ok((counts.inserted + counts.updated, counts.rejected))
    }
}

/// A row that the target refused, as the source had it: `places` are those of the loaded rows in the range, whose batches
/// have these origins.
fn as_read(mut refused: Refused, places: &[usize], origins: &[Origin], dialect: Dialect) -> Vec<Rejected> {
    let mut place = places.get(refused.row).copied().unwrap_or(usize::MAX);
    for origin in origins {
        if place < origin.len() {
            refused.row = place;
            return bad_rows::refused(vec![refused], origin, dialect);
        }
        place -= origin.len();
    }
    Vec::new()
}
