//! A month with a fake clock: two machines on one target, crashes at every moment, clocks that are set, and the night in
//! which clocks are set forward.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use wmshost_flow::{LEASE_SECONDS, LastRun, Micros};
use wmshost_pipeline::{CronLine, Misfire};

use super::book::{Book, Due, DueStatus, UnitKey};
use super::gate::done_by;
use super::scheduler::{Fate, Scheduler, Start, Unit};
use crate::run_id::new_run_id;

const SECOND: Micros = 1_000_000;
const MINUTE: Micros = 60 * SECOND;
const HOUR: Micros = 60 * MINUTE;
const DAY: Micros = 24 * HOUR;
/// The time between two looks.
const STEP: Micros = 30 * SECOND;

/// Numbers that look random and are the same in each test.
struct Draw(u64);

impl Draw {
    fn below(&mut self, most: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % most
    }

    fn micros(&mut self, least: Micros, most: Micros) -> Micros {
        least + Micros::try_from(self.below((most - least).unsigned_abs())).unwrap()
    }
}

/// A clock that does not move.
struct At(Micros);

impl wmshost_flow::Clock for At {
    fn now(&self) -> Micros {
        self.0
    }

    fn elapsed(&self) -> Duration {
        Duration::ZERO
    }
}

/// A run that was begun by a scheduler, or waits for the other machine.
struct Child {
    start: Start,
    /// The time at which its process begins to work, once it has the lease.
    ends: Option<Micros>,
    began_at: Micros,
}

/// The target that both machines write.
#[derive(Default)]
struct Target {
    /// The machine that holds a unit, and the time at which its lease expires.
    leases: BTreeMap<UnitKey, (usize, Micros)>,
    last_runs: BTreeMap<UnitKey, LastRun>,
}

/// A run that came to its end, by the true time.
#[derive(Debug)]
struct Done {
    unit: UnitKey,
    due: Micros,
    began: Micros,
}

struct Machine {
    number: usize,
    book: Book,
    scheduler: Option<Scheduler>,
    /// The number of times that its scheduler was started, which is its process.
    starts: u32,
    started_at: Micros,
    back_at: Micros,
    ahead: Micros,
    children: Vec<Child>,
    /// The fates of runs, as the history of the machine has them.
    history: BTreeMap<String, Fate>,
}

struct World {
    now: Micros,
    draw: Draw,
    target: Target,
    done: Vec<Done>,
    units: Vec<Unit>,
}

/// A unit with this line, in Berlin, with this jitter in seconds.
pub(super) fn unit(line: &str, misfire: Misfire, jitter: u64) -> Unit {
    Unit {
        key: UnitKey { pipeline: "wms".to_owned(), line: line.to_owned() },
        line: CronLine::parse(line).unwrap(),
        zone: TimeZone::get("Europe/Berlin").unwrap(),
        jitter: Duration::from_secs(jitter),
        misfire,
    }
}

fn at(text: &str) -> Micros {
    text.parse::<Timestamp>().unwrap().as_microsecond()
}

impl Machine {
    fn new(number: usize) -> Self {
        let (book, history) = (Book::in_memory(), BTreeMap::new());
        Self {
            number,
            book,
            scheduler: None,
            starts: 0,
            started_at: 0,
            back_at: 0,
            ahead: 0,
            children: Vec::new(),
            history,
        }
    }

    fn owner(&self) -> u32 {
        self.starts
    }

    /// Starts the scheduler, which recovers what it finds.
    fn start(&mut self, world: &World) {
        self.starts += 1;
        self.started_at = world.now;
        let mut scheduler = Scheduler::new(4, self.owner());
        scheduler.plan(&self.book, &["wms"], world.units.clone(), world.now + self.ahead).unwrap();
        self.scheduler = Some(scheduler);
    }

    /// The scheduler dies, and each of its runs dies with it or goes on.
    fn crash(&mut self, world: &mut World) {
        self.scheduler = None;
        self.back_at = world.now + world.draw.micros(MINUTE, 20 * MINUTE);
        for child in std::mem::take(&mut self.children) {
            match child.ends {
                // A run that had not begun leaves nothing.
                None => {}
                Some(_) if world.draw.below(2) == 0 => {
                    self.history.insert(child.start.run_id.clone(), Fate::Lost);
                }
                Some(_) => self.children.push(child),
            }
        }
    }

    fn look(&mut self, world: &mut World) {
        let now = world.now + self.ahead;
        let Some(scheduler) = &mut self.scheduler else { return };
        let mut drawn = 0;
        let mut new_id = || {
            drawn += 1;
            new_run_id(&At(now + drawn))
        };
        let fate = |due: &Due| Ok(self.history.get(&due.run_id).copied().unwrap_or(Fate::NotBegun));
        let owner = self.starts;
        let is_alive = |process: u32| process == owner;
        let mut starts = Vec::new();
        // Without runs there is nothing to recover, once a start has looked.
        let may_be_lost = world.now % (2 * MINUTE) == 0 && !self.children.is_empty();
        if may_be_lost || world.now - self.started_at < STEP {
            starts = scheduler.recover(&self.book, (now, &BTreeSet::new()), &is_alive, &fate, &mut new_id).unwrap();
        }
        starts.extend(scheduler.begin(&self.book, now, &BTreeSet::new(), &mut new_id).unwrap());
        for start in starts.into_iter().filter(|start| !start.is_adopted) {
            self.children.push(Child { start, ends: None, began_at: 0 });
        }
    }

    /// Moves the runs on.
    fn work(&mut self, world: &mut World) {
        let now = world.now + self.ahead;
        for mut child in std::mem::take(&mut self.children) {
            let unit = child.start.unit.clone();
            let lease = world.target.leases.get(&unit).copied();
            let is_held = lease.is_some_and(|(machine, until)| machine != self.number && until > world.now);
            match child.ends {
                None if is_held => self.children.push(child),
                None => {
                    let last_runs: Vec<LastRun> = world.target.last_runs.get(&unit).cloned().into_iter().collect();
                    if done_by(&last_runs, &["s"], child.start.due, now).is_some() {
                        self.end(&child, DueStatus::Elsewhere, None, now);
                        continue;
                    }
                    child.ends = Some(world.now + world.draw.micros(10 * SECOND, 20 * MINUTE));
                    child.began_at = world.now;
                    self.history.insert(child.start.run_id.clone(), Fate::Alive);
                    self.hold(world, unit);
                    self.children.push(child);
                }
                Some(ends) if world.now < ends => {
                    self.hold(world, unit);
                    self.children.push(child);
                }
                Some(_) => {
                    world.target.leases.remove(&unit);
                    let run_id = child.start.run_id.clone();
                    let last = LastRun {
                        stream: "s".to_owned(),
                        run_id: run_id.clone(),
                        status: "succeeded".to_owned(),
                        ended_at: now,
                        succeeded_at: Some(now),
                        failure: None,
                    };
                    world.target.last_runs.insert(unit.clone(), last);
                    world.done.push(Done { unit, due: child.start.due, began: child.began_at });
                    self.history.insert(run_id, Fate::Ended(0));
                    self.end(&child, DueStatus::Ended, Some(0), now);
                }
            }
        }
    }

    /// The scheduler, if there is one, writes the end of a run.
    fn end(&mut self, child: &Child, status: DueStatus, exit_code: Option<u8>, now: Micros) {
        if let Some(scheduler) = &mut self.scheduler {
            self.book.end(&child.start.run_id, status, (exit_code, None), now).unwrap();
            scheduler.ended(&child.start.run_id);
        }
    }

    fn hold(&self, world: &mut World, unit: UnitKey) {
        world.target.leases.insert(unit, (self.number, world.now + LEASE_SECONDS * SECOND));
    }
}

/// Lets a month pass from the first of March 2026; returns the runs that came to an end.
fn month(seed: u64, units: Vec<Unit>, machines: &mut [Machine], step: impl Fn(&World, &mut Machine)) -> Vec<Done> {
    let (start, end) = (at("2026-03-01T00:00:00Z"), at("2026-04-01T00:00:00Z"));
    let mut world = World { now: start, draw: Draw(seed), target: Target::default(), done: Vec::new(), units };
    while world.now < end {
        for machine in machines.iter_mut() {
            step(&world, machine);
            if machine.scheduler.is_none() && world.now >= machine.back_at {
                machine.start(&world);
            }
            machine.look(&mut world);
            // A crash between the decision and the run, and one after it.
            let is_unlucky = machine.scheduler.is_some() && world.draw.below(750) == 0;
            if is_unlucky && machine.back_at != Micros::MAX {
                machine.crash(&mut world);
            }
            machine.work(&mut world);
        }
        world.now += STEP;
    }
    world.done
}

/// The due times of a unit between two moments.
fn dues(unit: &Unit, from: Micros, to: Micros) -> Vec<Micros> {
    let mut after = from;
    let next = || {
        after = unit.line.next_after(after, &unit.zone)?;
        Some(after)
    };
    std::iter::from_fn(next).take_while(|due| *due < to).collect()
}

fn text(time: Micros) -> String {
    Timestamp::from_microsecond(time).unwrap().to_string()
}

fn assert_none_doubled(done: &[Done]) {
    let mut seen = BTreeSet::new();
    for Done { unit, due, .. } in done {
        assert!(seen.insert((unit, due)), "{} of {} ran twice", unit.line, text(*due));
    }
}

/// A month of two machines that crash, which must neither miss nor double a run.
fn crashing_month(seed: u64) {
    let units = vec![
        unit("*/15 * * * *", Misfire::Once, 60),
        unit("0 */2 * * *", Misfire::Once, 120),
        unit("30 2 * * *", Misfire::Once, 0),
    ];
    let mut machines = [Machine::new(0), Machine::new(1)];
    let done = month(seed, units.clone(), &mut machines, |_, _| ());
    assert_none_doubled(&done);
    assert!(machines.iter().all(|machine| machine.starts > 80), "the machines hardly crashed");
    for unit in &units {
        for due in dues(unit, at("2026-03-01T00:00:00Z"), at("2026-03-31T20:00:00Z")) {
            // A later run of the unit covers the times before it.
            let run = done.iter().find(|done| done.unit == unit.key && done.began >= due);
            let run = run.unwrap_or_else(|| panic!("{} of {} was missed", unit.line, text(due)));
            assert!(run.began - due < HOUR, "{} of {} began {}", unit.line, text(due), text(run.began));
        }
    }
    // Most of them were no repetitions and no catching up.
    assert!(done.iter().filter(|done| done.began - done.due < 3 * MINUTE).count() > done.len() / 2);
}

// A test for each seed, because they run side by side.
#[test]
fn a_month_of_two_machines_that_crash_misses_and_doubles_nothing() {
    crashing_month(1);
}

#[test]
fn another_month_of_two_machines_that_crash_misses_and_doubles_nothing() {
    crashing_month(2);
}

#[test]
fn a_quiet_month_begins_each_run_within_its_jitter_also_where_clocks_are_set() {
    let units = vec![unit("30 2 * * *", Misfire::Once, 0), unit("0 */2 * * *", Misfire::Skip, 120)];
    let mut quiet = Machine::new(0);
    quiet.back_at = Micros::MAX;
    let mut machines = [quiet];
    let done = month(9, units.clone(), &mut machines, |world, machine| {
        if machine.scheduler.is_none() {
            machine.start(world);
        }
    });
    assert_none_doubled(&done);
    for unit in &units {
        let jitter = Micros::try_from(unit.jitter.as_micros()).unwrap();
        let expected = dues(unit, at("2026-03-01T00:00:00Z"), at("2026-03-31T23:00:00Z"));
        let begun: Vec<Micros> = done.iter().filter(|done| done.unit == unit.key).map(|done| done.due).collect();
        assert_eq!(begun, expected[..begun.len()], "{}", unit.line);
        assert!(begun.len() + 1 >= expected.len(), "{}", unit.line);
        assert!(done.iter().all(|done| done.unit != unit.key || done.began - done.due <= jitter + STEP));
    }
    // The night of 29 March has no 02:30; the run is at 03:00 by the new clock.
    assert!(done.iter().any(|done| done.began / MINUTE == at("2026-03-29T01:00:00Z") / MINUTE));
}

#[test]
fn clocks_that_are_set_double_nothing_and_stop_nothing() {
    let units = vec![unit("*/15 * * * *", Misfire::Once, 0)];
    let begin = at("2026-03-01T00:00:00Z");
    let steps = |world: &World, machine: &mut Machine| {
        let day = (world.now - begin) / HOUR;
        machine.ahead = match day {
            // Back by 40 minutes for five hours; ahead by nine days for an hour; back by three hours for good.
            240..245 => -40 * MINUTE,
            360..361 => 9 * DAY,
            480.. => -3 * HOUR,
            _ => 0,
        };
    };
    let done = month(5, units.clone(), &mut [Machine::new(0)], steps);
    assert_none_doubled(&done);
    let ahead = begin + 360 * HOUR..begin + 361 * HOUR;
    for due in dues(&units[0], begin, at("2026-03-31T20:00:00Z")).into_iter().filter(|due| !ahead.contains(due)) {
        let run = done.iter().find(|done| done.began >= due);
        let late = run.map_or(Micros::MAX, |run| run.began - due);
        // A clock that goes back has times come again that are done, and so has the hour nine days later that came early.
        assert!(late < 4 * HOUR, "after {} nothing began for {late} µs", text(due));
        let is_unusual =
            [239..246, 479..484, 575..582].into_iter().any(|hours| hours.contains(&((due - begin) / HOUR)));
        assert!(is_unusual || late < HOUR, "after {} nothing began for {late} µs", text(due));
    }
}

#[test]
fn a_time_that_is_to_be_skipped_is_run_in_time_or_written_down_as_skipped() {
    let units = vec![unit("*/10 * * * *", Misfire::Skip, 0)];
    let mut machines = [Machine::new(0)];
    let done = month(7, units.clone(), &mut machines, |_, _| ());
    assert_none_doubled(&done);
    let book = machines[0].book.newest(&units[0].key, Micros::MAX, 10_000).unwrap();
    let skipped: BTreeSet<Micros> =
        book.iter().filter(|due| due.status == DueStatus::Skipped).map(|due| due.due).collect();
    assert!(skipped.len() > 100 && done.len() > 1_000, "{} {}", skipped.len(), done.len());
    for Done { due, began, .. } in &done {
        assert!(!skipped.contains(due), "{} was skipped and ran", text(*due));
        // Only a run whose scheduler died before it had begun, or with it, begins late.
        let is_repeated = || book.iter().any(|known| known.due == *due && known.attempt > 1);
        assert!(began - due < HOUR || is_repeated(), "{} began {}", text(*due), text(*began));
    }
}
