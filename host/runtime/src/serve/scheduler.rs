//! The scheduler: it decides which runs begin now. It has no clock, no threads and no processes: a caller passes the time
//! and carries out what it decides, so that a month passes in a test within seconds.
//!
//! A unit is due at the newest time of its line that has come and that the book does not have yet; older ones are covered by
//! it. Times are compared by the set of those that were decided, not with the last look at a clock: a clock that is set
//! back begins nothing twice, and one that was ahead keeps nothing from beginning.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::tz::TimeZone;
use wmshost_flow::{Failure, Micros};
use wmshost_pipeline::{CronLine, Misfire};

use super::book::{Book, Due, DueStatus, UnitKey};

/// The time by which a due run may begin late, such as for a busy machine, before it counts as missed.
const TOLERANCE: Micros = 60 * SECOND;
const SECOND: Micros = 1_000_000;
const DAY: Micros = 86_400 * SECOND;
/// The most runs for one due time, where their processes are lost.
const MOST_ATTEMPTS: u32 = 3;

/// A part of a pipeline with its schedule.
#[derive(Debug, Clone)]
pub(super) struct Unit {
    /// The unit that is due.
    pub(super) key: UnitKey,
    /// When it is due.
    pub(super) line: CronLine,
    /// The zone by whose clock the line is read.
    pub(super) zone: TimeZone,
    /// The longest time by which it begins later than it is due.
    pub(super) jitter: Duration,
    /// The policy for due times that were missed.
    pub(super) misfire: Misfire,
}

/// A run that begins now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Start {
    /// The unit that is due.
    pub(super) unit: UnitKey,
    /// The time at which it was due, UTC.
    pub(super) due: Micros,
    /// The id of the run.
    pub(super) run_id: String,
    /// True if the run may be going on already: it is only waited for.
    pub(super) is_adopted: bool,
    /// The process of the run that may be going on, if the book has it.
    pub(super) process: Option<u32>,
}

/// The fate of a run whose scheduler is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// It never began.
    NotBegun,
    /// Its process is alive.
    Alive,
    /// It has ended with this exit code.
    Ended(u8),
    /// Its process has ended and left no exit code, or was stopped together with the scheduler.
    Lost,
}

/// A unit and what is known of its next due time.
struct Planned {
    unit: Unit,
    since: Micros,
    /// Nothing can be due before this time.
    wake: Micros,
    /// A due time that came in time, but waits.
    in_time: Option<Micros>,
}

/// The scheduler.
pub(super) struct Scheduler {
    planned: BTreeMap<UnitKey, Planned>,
    /// The runs that have begun and not ended, by their ids.
    running: BTreeMap<String, UnitKey>,
    concurrency: usize,
    /// The process that schedules.
    owner: u32,
    last_look: Micros,
    skipped: Vec<Skipped>,
}

/// A due time that was left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Skipped {
    /// The unit that was due.
    pub(super) unit: UnitKey,
    /// The time at which it was due, UTC.
    pub(super) due: Micros,
    /// The reason.
    pub(super) why: &'static str,
}

impl Unit {
    /// The time by which this due time begins later. It follows from the unit and the time: a scheduler that is
    /// started again waits for no other.
    fn delay(&self, due: Micros) -> Micros {
        let most = Micros::try_from(self.jitter.as_micros()).unwrap_or(0);
        if most == 0 {
            return 0;
        }
        let hash = blake3::hash(format!("{} {} {due}", self.key.pipeline, self.key.line).as_bytes());
        let drawn = hash.as_bytes().iter().take(7).fold(0, |sum: Micros, byte| sum << 8 | Micros::from(*byte));
        drawn % (most + 1)
    }

    /// The newest due time after `anchor` whose delay has passed.
    fn newest_due(&self, anchor: Micros, now: Micros) -> Option<Micros> {
        // Of a line of every minute that nobody looked at for a year, the last day is enough.
        let starts = [DAY, 40 * DAY, Micros::MAX].map(|back| anchor.max(now.saturating_sub(back)));
        let is_new = |at: &usize| *at == 0 || starts[*at] != starts[*at - 1];
        (0..starts.len()).filter(is_new).find_map(|at| {
            let (mut from, mut newest) = (starts[at], None);
            while let Some(due) = self.line.next_after(from, &self.zone).filter(|due| *due <= now) {
                newest = if due + self.delay(due) <= now { Some(due) } else { newest };
                from = due;
            }
            newest
        })
    }

    /// The time at which the delay of a due time after `anchor` passes next. A delay that is longer than the time between
    /// two due times lets a later one be the first.
    fn upcoming(&self, anchor: Micros, now: Micros) -> Option<Micros> {
        let longest = Micros::try_from(self.jitter.as_micros()).unwrap_or(0);
        let mut from = anchor.max(now.saturating_sub(longest + 1));
        let mut first = None;
        while let Some(due) =
            self.line.next_after(from, &self.zone).filter(|due| first.is_none_or(|first| *due < first))
        {
            let start = due + self.delay(due);
            if start > now {
                first = Some(first.map_or(start, |first: Micros| first.min(start)));
            }
            from = due;
        }
        first
    }
}

impl Scheduler {
    /// A scheduler for this many runs at once, in this process.
    pub(super) fn new(concurrency: usize, owner: u32) -> Self {
        let (planned, running, last_look) = (BTreeMap::new(), BTreeMap::new(), Micros::MIN);
        Self { planned, running, concurrency, owner, last_look, skipped: Vec::new() }
    }

    /// Replaces the units of these pipelines, or none of them if the book fails. Runs that have begun go on.
    pub(super) fn plan(
        &mut self,
        book: &Book,
        pipelines: &[&str],
        units: Vec<Unit>,
        now: Micros,
    ) -> Result<(), Failure> {
        let planned = book.at_once(|| {
            for pipeline in pipelines {
                let of_pipeline = units.iter().filter(|unit| unit.key.pipeline == *pipeline);
                let lines: Vec<&str> = of_pipeline.map(|unit| unit.key.line.as_str()).collect();
                book.retain(pipeline, &lines)?;
            }
            let planned = |unit: Unit| {
                let since = book.register(&unit.key, now)?;
                Ok(Planned { unit, since, wake: Micros::MIN, in_time: None })
            };
            units.into_iter().map(planned).collect::<Result<Vec<_>, Failure>>()
        })?;
        self.planned.retain(|key, _| !pipelines.contains(&key.pipeline.as_str()));
        self.planned.extend(planned.into_iter().map(|planned| (planned.unit.key.clone(), planned)));
        Ok(())
    }

    /// The time at which something can be due next.
    pub(super) fn wake(&self) -> Micros {
        self.planned.values().map(|planned| planned.wake).min().unwrap_or(Micros::MAX)
    }

    /// Takes the due times that were left out since the last call.
    pub(super) fn take_skipped(&mut self) -> Vec<Skipped> {
        std::mem::take(&mut self.skipped)
    }

    /// A run has ended.
    pub(super) fn ended(&mut self, run_id: &str) {
        self.running.remove(run_id);
    }

    /// Forgets the runs that were decided and did not begin, because of a failure; the next recovery begins them.
    pub(super) fn keep(&mut self, has_begun: impl Fn(&str) -> bool) {
        self.running.retain(|run_id, _| has_begun(run_id));
    }

    /// Decides which runs begin now, those first that are due for longest, and writes it into the book. `paused` are the
    /// pipelines of which none begins.
    pub(super) fn begin(
        &mut self,
        book: &Book,
        now: Micros,
        paused: &BTreeSet<String>,
        new_id: &mut dyn FnMut() -> String,
    ) -> Result<Vec<Start>, Failure> {
        let was_set_back = std::mem::replace(&mut self.last_look, now) > now;
        let mut waiting = Vec::new();
        for (key, planned) in &mut self.planned {
            if paused.contains(&key.pipeline) || (now < planned.wake && !was_set_back) {
                continue;
            }
            let is_running = self.running.values().any(|running| running == key);
            match planned.look(book, now, is_running)? {
                Look::Nothing => {}
                Look::Begin(due) => waiting.push((due, key.clone())),
                Look::Skip(due, why) => {
                    if book.skip(key, due, self.owner, now, why)? {
                        self.skipped.push(Skipped { unit: key.clone(), due, why });
                    }
                }
            }
        }
        waiting.sort();
        let mut starts = Vec::new();
        for (due, unit) in waiting {
            if self.running.len() >= self.concurrency {
                break;
            }
            let run_id = new_id();
            if book.claim(&unit, due, &run_id, self.owner, now)? {
                self.running.insert(run_id.clone(), unit.clone());
                starts.push(Start { unit, due, run_id, is_adopted: false, process: None });
            }
        }
        Ok(starts)
    }

    /// Takes over the runs of schedulers that are gone; of `paused` pipelines only those that go on. `is_alive` returns true
    /// for a process of this machine that is alive.
    pub(super) fn recover(
        &mut self,
        book: &Book,
        (now, paused): (Micros, &BTreeSet<String>),
        is_alive: &dyn Fn(u32) -> bool,
        fate: &dyn Fn(&Due) -> Result<Fate, Failure>,
        new_id: &mut dyn FnMut() -> String,
    ) -> Result<Vec<Start>, Failure> {
        let mut starts = Vec::new();
        for lost in book.running()? {
            let is_served = self.planned.contains_key(&lost.unit);
            let is_own = lost.owner == self.owner && self.running.contains_key(&lost.run_id);
            let has_owner = lost.owner != self.owner && is_alive(lost.owner);
            if !is_served || is_own || has_owner {
                continue;
            }
            let (run_id, attempt, is_adopted) = match fate(&lost)? {
                Fate::Ended(exit_code) => {
                    book.end(&lost.run_id, DueStatus::Ended, (Some(exit_code), None), now)?;
                    continue;
                }
                Fate::Lost if lost.attempt >= MOST_ATTEMPTS => {
                    let note = Some("its process was lost three times");
                    book.end(&lost.run_id, DueStatus::Lost, (None, note), now)?;
                    continue;
                }
                // It begins when the pipeline is resumed.
                Fate::Lost | Fate::NotBegun if paused.contains(&lost.unit.pipeline) => continue,
                Fate::Lost => (new_id(), lost.attempt + 1, false),
                Fate::NotBegun => (lost.run_id.clone(), lost.attempt, false),
                Fate::Alive => (lost.run_id.clone(), lost.attempt, true),
            };
            if book.take_over(&lost, &run_id, attempt, self.owner)? {
                self.running.insert(run_id.clone(), lost.unit.clone());
                let process = lost.process.filter(|_| is_adopted);
                starts.push(Start { unit: lost.unit, due: lost.due, run_id, is_adopted, process });
            }
        }
        Ok(starts)
    }
}

/// The finding of a look at a unit.
enum Look {
    /// It is not due, or cannot begin now.
    Nothing,
    /// A run should begin for this due time.
    Begin(Micros),
    /// This due time is left out, for this reason.
    Skip(Micros, &'static str),
}

impl Planned {
    fn look(&mut self, book: &Book, now: Micros, is_running: bool) -> Result<Look, Failure> {
        if is_running && self.unit.misfire == Misfire::Once {
            return Ok(Look::Nothing);
        }
        let key = &self.unit.key;
        if self.since > now {
            self.since = book.register(key, now)?;
        }
        let anchor = book.newest_decided(key, now)?.map_or(self.since, |decided| decided.max(self.since));
        let Some(due) = self.unit.newest_due(anchor, now) else {
            self.wake = self.unit.upcoming(anchor, now).unwrap_or(Micros::MAX);
            return Ok(Look::Nothing);
        };
        // It is looked at again with each look, until it is decided.
        self.wake = now;
        let is_late = now - due - self.unit.delay(due) > TOLERANCE && self.in_time != Some(due);
        Ok(match self.unit.misfire {
            Misfire::Skip if is_late => Look::Skip(due, "it was missed"),
            Misfire::Skip if is_running => Look::Skip(due, "the run before had not ended"),
            _ => {
                self.in_time = (!is_late).then_some(due);
                Look::Begin(due)
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::month::unit;
    use super::*;

    const MINUTE: Micros = 60 * SECOND;

    fn scheduler(book: &Book) -> Scheduler {
        let mut scheduler = Scheduler::new(2, 7);
        scheduler.plan(book, &["wms"], vec![unit("* * * * *", Misfire::Once, 0)], 0).unwrap();
        scheduler
    }

    fn recover(scheduler: &mut Scheduler, book: &Book, paused: &BTreeSet<String>, fate: Fate) -> Vec<Start> {
        scheduler.recover(book, (MINUTE, paused), &|_| true, &|_| Ok(fate), &mut || "b".to_owned()).unwrap()
    }

    #[test]
    fn a_run_that_was_decided_and_did_not_begin_is_begun_by_the_next_recovery() {
        let book = Book::in_memory();
        let mut scheduler = scheduler(&book);
        let begun = scheduler.begin(&book, MINUTE, &BTreeSet::new(), &mut || "a".to_owned()).unwrap();
        assert_eq!(begun.len(), 1);
        assert_eq!(recover(&mut scheduler, &book, &BTreeSet::new(), Fate::NotBegun), []);
        scheduler.keep(|_| false);
        assert_eq!(recover(&mut scheduler, &book, &BTreeSet::new(), Fate::NotBegun), begun);
    }

    #[test]
    fn of_a_paused_pipeline_only_runs_that_go_on_are_taken_over() {
        let book = Book::in_memory();
        let mut first = scheduler(&book);
        first.begin(&book, MINUTE, &BTreeSet::new(), &mut || "a".to_owned()).unwrap();
        book.begun("a", 9).unwrap();
        let paused = BTreeSet::from(["wms".to_owned()]);
        for (fate, adopted) in [(Fate::NotBegun, None), (Fate::Lost, None), (Fate::Alive, Some((true, Some(9))))] {
            let starts = recover(&mut scheduler(&book), &book, &paused, fate);
            assert_eq!(starts.first().map(|start| (start.is_adopted, start.process)), adopted, "{fate:?}");
        }
        assert_eq!(recover(&mut scheduler(&book), &book, &BTreeSet::new(), Fate::Lost).len(), 1);
    }

    #[test]
    fn the_next_start_is_the_earliest_also_where_delays_are_longer_than_the_time_between_due_times() {
        let unit = unit("* * * * *", Misfire::Once, 600);
        let mut overtaken = 0;
        for now in (0..40).map(|at| at * 37 * SECOND + 3 * DAY) {
            let starts = (1..60).map(|minute| (now / MINUTE - 30 + minute) * MINUTE).map(|due| due + unit.delay(due));
            let later: Vec<Micros> = starts.filter(|start| *start > now).collect();
            assert_eq!(unit.upcoming(0, now), later.iter().min().copied(), "{now}");
            overtaken += usize::from(later.iter().min() != later.first());
        }
        assert!(overtaken > 10, "{overtaken}");
    }

    #[test]
    fn a_book_that_fails_leaves_the_units_as_they_were() {
        let book = Book::in_memory();
        let mut scheduler = scheduler(&book);
        book.fail_to_register("30 2 * * *");
        let units = ["0 1 * * *", "30 2 * * *"].map(|line| unit(line, Misfire::Once, 0)).to_vec();
        assert!(scheduler.plan(&book, &["wms"], units, 0).is_err());
        assert_eq!(scheduler.planned.keys().map(|key| key.line.as_str()).collect::<Vec<_>>(), ["* * * * *"]);
        assert_eq!(book.lines("wms"), ["* * * * *"]);
    }
}
