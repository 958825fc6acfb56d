//! Rows of allocation. Up to eight are created within a second, by one allocation run; some runs are updated within a
//! second too, and occasionally two rows get the same change key. Dirty rows per million: quantity NULL 1,500, negative
//! 1,000 or zero 300, status padded 1,500, in lower case 1,500, unknown 1,000 or NULL 200, business key (order, item,
//! location) of the row before 1,500, change key NULL 1,000.

use rusqlite::{Statement, params};

use super::{Spellings, changed_at};
use crate::column::Stamp;
use crate::moment::{DAY, MINUTE, Moment, SECOND};
use crate::random::{MILLION, Purpose, Random};
use crate::world::{Bulk, FIRST_ALLOCATION, FIRST_ITEM, FIRST_LOCATION, FIRST_ORDER, World, bulk_key};

pub(crate) const INSERT: &str = "INSERT INTO allocation (allocation_id, order_id, item_id, location_id, \
    quantity_allocated, allocation_status, allocated_by_user, priority_level, created_date, last_updated) \
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";

/// Statuses in the order in which an allocation passes through them.
pub(crate) const STATUSES: [Spellings; 4] = [
    ["ALLOCATED", " ALLOCATED", "allocated"],
    ["RESERVED", "RESERVED ", "reserved"],
    ["PICKED", " PICKED ", "picked"],
    ["SHIPPED", "SHIPPED  ", "shipped"],
];

const UNKNOWN: [&str; 4] = ["HOLD", "CANC", "???", "X"];
const OLD: [(u64, usize); 4] = [(15, 0), (15, 1), (35, 2), (935, 3)];
const YOUNG: [(u64, usize); 4] = [(25, 0), (15, 1), (20, 2), (40, 3)];
const OPEN: [(u64, usize); 3] = [(60, 0), (30, 1), (10, 2)];
/// The time without a change after which an allocation counts as old.
const YOUTH: i64 = 2 * DAY;

/// The time from creation to the last change, in microseconds. With the bulk updates, 0.64 % are longer than a day.
pub(crate) const GAP: [(i64, i64); 9] = [
    (0, 5 * SECOND),
    (100_000, 6 * MINUTE),
    (250_000, 21 * MINUTE),
    (504_000, 56 * MINUTE),
    (750_000, 165 * MINUTE),
    (907_000, 370 * MINUTE),
    (970_000, 720 * MINUTE),
    (996_400, DAY),
    (1_000_000, 17 * DAY),
];

/// The number of rows of an allocation run, by weight.
const RUN: [(u64, u64); 8] = [(55, 1), (20, 2), (10, 3), (6, 4), (4, 5), (2, 6), (2, 7), (1, 8)];
/// Runs that are updated within one second, and rows of those that repeat the key before them, per million.
const TOGETHER: u64 = 80_000;
const TIED: u64 = 50_000;
/// The largest number of microseconds between the rows of a run.
const PACE: i64 = 60_000;
/// The number of positions within a row's share of the calendar at which a run may begin.
const FINE: u64 = 1_024;

const USERS: [(u64, &str); 10] = [
    (22, "OPERATOR01"),
    (18, "OPERATOR02"),
    (14, "OPERATOR03"),
    (12, "OPERATOR04"),
    (10, "OPERATOR05"),
    (8, "OPERATOR06"),
    (6, "OPERATOR07"),
    (5, "SUPERVISOR1"),
    (3, "SUPERVISOR2"),
    (2, "HANDHELD1"),
];

const NO_USER: u64 = 240_000;
const PRIORITIES: [(u64, i64); 5] = [(60, 1), (18, 2), (12, 3), (7, 4), (3, 5)];
const NO_PRIORITY: u64 = 150_000;

/// One allocation.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Allocation {
    pub(crate) id: i64,
    pub(crate) order: i64,
    pub(crate) item: i64,
    pub(crate) location: i64,
    pub(crate) quantity: Option<i64>,
    pub(crate) status: Option<&'static str>,
    pub(crate) user: Option<&'static str>,
    pub(crate) priority: Option<i64>,
    pub(crate) created: Moment,
    pub(crate) updated: Option<Moment>,
}

impl Allocation {
    /// Returns a clean row for an order line; `refers_to` is order, item and location.
    pub(crate) fn new(id: i64, refers_to: [i64; 3], quantity: i64, created: Moment, random: &mut Random) -> Self {
        let [order, item, location] = refers_to;
        Self {
            id,
            order,
            item,
            location,
            quantity: Some(quantity),
            status: Some(STATUSES[0][0]),
            user: user(random),
            priority: (!random.chance(NO_PRIORITY)).then(|| random.weighted(&PRIORITIES)).flatten(),
            created,
            updated: Some(created),
        }
    }

    /// Makes one row in a hundred dirty.
    pub(crate) fn soil(&mut self, rank: usize, before: Option<&Self>, random: &mut Random) {
        match random.below(MILLION) {
            0..1_500 => self.quantity = None,
            1_500..2_500 => self.quantity = self.quantity.map(|quantity| -quantity),
            2_500..2_800 => self.quantity = Some(0),
            2_800..4_300 => self.status = Some(STATUSES[rank][1]),
            4_300..5_800 => self.status = Some(STATUSES[rank][2]),
            5_800..6_800 => self.status = random.one_of(&UNKNOWN),
            6_800..7_000 => self.status = None,
            7_000..8_500 => {
                if let Some(before) = before {
                    (self.order, self.item, self.location) = (before.order, before.item, before.location);
                }
            }
            8_500..9_500 => self.updated = None,
            _ => {}
        }
    }

    pub(crate) fn insert(&self, statement: &mut Statement<'_>) -> rusqlite::Result<usize> {
        statement.execute(params![
            self.id,
            self.order,
            self.item,
            self.location,
            self.quantity,
            self.status,
            self.user,
            self.priority,
            Stamp::from(self.created),
            self.updated.map(Stamp::from),
        ])
    }
}

/// Returns one of ten users, or `None`.
pub(crate) fn user(random: &mut Random) -> Option<&'static str> {
    (!random.chance(NO_USER)).then(|| random.weighted(&USERS)).flatten()
}

/// The rows that one allocation run created.
struct Run {
    left: u64,
    began: Moment,
    /// The creation time of the last row, as an offset from the run's start.
    offset: i64,
    order: u64,
    line: u64,
    /// The second in which all rows of the run were last changed, if they were changed together.
    second: Option<Moment>,
    last_key: Option<Moment>,
}

/// All allocations of a sample, in the order of their ids.
pub(crate) struct Allocations<'a> {
    world: &'a World,
    bulks: [Bulk; 2],
    index: u64,
    random: Random,
    run: Run,
    before: Option<Allocation>,
}

impl<'a> Allocations<'a> {
    pub(crate) fn new(world: &'a World) -> Self {
        let random = Random::keyed(world.seed, Purpose::Allocation, 0);
        let run = Run { left: 0, began: world.until, offset: 0, order: 0, line: 0, second: None, last_key: None };
        Self { world, bulks: world.bulks(world.allocations), index: 0, random, run, before: None }
    }

    fn start_run(&mut self) {
        let (world, random) = (self.world, &mut self.random);
        let began = world.calendar.at(self.index * FINE + random.below(FINE), world.allocations * FINE);
        let order = (u128::from(self.index) * u128::from(world.orders) / u128::from(world.allocations)) as u64;
        let mut order = order.saturating_sub(random.below(24));
        while world.line_count(order) == 0 {
            order -= 1;
        }
        let changed = began.plus(random.quantile(&GAP));
        let together = random.chance(TOGETHER) && changed.plus(2 * SECOND) < world.until;
        // The next full second, so that no row changes before it is created.
        let second = Moment::from_micros((changed.micros() / SECOND + 1) * SECOND);
        self.run = Run {
            left: random.weighted(&RUN).unwrap_or(1),
            began,
            offset: 0,
            order,
            line: random.below(8),
            second: together.then_some(second),
            last_key: None,
        };
    }

    /// Returns the change key of a row that was created at a time, and true if the row is still in progress.
    fn key(&mut self, created: Moment) -> (Moment, bool) {
        if let Some(key) = bulk_key(&self.bulks, self.index, created) {
            return (key, false);
        }
        let random = &mut self.random;
        let Some(second) = self.run.second else {
            let gap = random.quantile(&GAP);
            return changed_at(created, gap, self.world.until, random);
        };
        let fresh = second.plus(random.between(0, SECOND - 1));
        let key = self.run.last_key.filter(|_| random.chance(TIED)).unwrap_or(fresh);
        self.run.last_key = Some(key);
        (key, false)
    }

    fn row(&mut self) -> Allocation {
        if self.run.left == 0 {
            self.start_run();
        }
        let (world, random, run) = (self.world, &mut self.random, &mut self.run);
        let line = run.line % world.line_count(run.order);
        (run.left, run.line) = (run.left - 1, run.line + 1);
        let created = run.began.plus(run.offset).min(world.until);
        run.offset += random.between(1, PACE);
        let planned = world.line(run.order, line);
        let location = FIRST_LOCATION + world.place(planned.item, self.index, random) as i64;
        let (order, item) = (FIRST_ORDER + run.order as i64, FIRST_ITEM + planned.item as i64);
        let quantity = if random.chance(700_000) { planned.quantity } else { random.between(1, planned.quantity) };
        let id = FIRST_ALLOCATION + self.index as i64;
        let mut row = Allocation::new(id, [order, item, location], quantity, created, random);
        let (key, under_way) = self.key(created);
        let age = world.until.since(key);
        let shares: &[_] = if under_way { &OPEN } else { if age > YOUTH { &OLD } else { &YOUNG } };
        let rank = self.random.weighted(shares).unwrap_or(0);
        row.status = Some(STATUSES[rank][0]);
        row.updated = Some(key);
        row.soil(rank, self.before.as_ref(), &mut self.random);
        row
    }
}

impl Iterator for Allocations<'_> {
    type Item = Allocation;

    fn next(&mut self) -> Option<Allocation> {
        if self.index == self.world.allocations {
            return None;
        }
        let row = self.row();
        self.index += 1;
        self.before = Some(row);
        Some(row)
    }
}
