//! Rows of order_hdr. Dirty rows per million: total NULL 1,500, negative 1,000 or different from its lines' 2,000,
//! status unknown 1,000, padded 1,000 or in lower case 1,000, change key NULL 1,000.

use rusqlite::{Statement, params};

use super::{Spellings, changed_at};
use crate::column::{Decimal, Money, Stamp};
use crate::moment::{DAY, HOUR, MINUTE, Moment};
use crate::random::{MILLION, Purpose, Random};
use crate::world::{Bulk, FIRST_ORDER, World, bulk_key};

pub(crate) const INSERT: &str = "INSERT INTO order_hdr (order_id, customer_id, order_date, order_status, \
    total_amount, requested_ship_date, order_type, priority_code, ship_to_address_id, last_updated) \
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";

/// Statuses in the order in which an order passes through them; the cancelled one comes last.
pub(crate) const STATUSES: [Spellings; 5] = [
    ["NEW", " NEW ", "new"],
    ["CONFIRMED", "CONFIRMED  ", "confirmed"],
    ["IN_PROGRESS", " IN_PROGRESS", "in_progress"],
    ["COMPLETED", "COMPLETED ", "completed"],
    ["CANCELLED", " CANCELLED ", "cancelled"],
];

/// The rank at which an order ends if it is not cancelled.
pub(crate) const COMPLETED: usize = 3;
const UNKNOWN: [&str; 3] = ["ON_HOLD", "ERR", "?"];
const OLD: [(u64, usize); 5] = [(5, 0), (10, 1), (20, 2), (925, 3), (40, 4)];
const YOUNG: [(u64, usize); 5] = [(15, 0), (20, 1), (30, 2), (32, 3), (3, 4)];
const OPEN: [(u64, usize); 3] = [(40, 0), (35, 1), (25, 2)];
/// The time without a change after which an order counts as old.
const YOUTH: i64 = 4 * DAY;

/// The time from an order's date to its last change, in microseconds.
const GAP: [(i64, i64); 5] =
    [(0, MINUTE), (500_000, 8 * HOUR), (900_000, 2 * DAY), (995_000, 9 * DAY), (1_000_000, 30 * DAY)];

const TYPES: [(u64, &str); 4] = [(75, "STANDARD"), (12, "EXPRESS"), (8, "BACKORDER"), (5, "TRANSFER")];
const PRIORITIES: [(u64, &str); 4] = [(5, "URGENT"), (15, "HIGH"), (65, "NORMAL"), (15, "LOW")];

/// One order.
pub(crate) struct Order {
    pub(crate) id: i64,
    pub(crate) customer: i64,
    pub(crate) ordered: Moment,
    pub(crate) status: &'static str,
    pub(crate) total: Option<Money>,
    pub(crate) requested: Option<Moment>,
    pub(crate) kind: Option<&'static str>,
    pub(crate) priority: Option<&'static str>,
    pub(crate) address: Option<i64>,
    pub(crate) updated: Option<Moment>,
}

impl Order {
    /// Returns a clean new order.
    pub(crate) fn new(id: i64, ordered: Moment, total: Money, customers: u64, random: &mut Random) -> Self {
        let customer = random.skewed(customers) as i64;
        let days = random.between(1, 14);
        Self {
            id,
            customer: 300_001 + customer,
            ordered,
            status: STATUSES[0][0],
            total: Some(total),
            requested: (!random.chance(120_000)).then_some(ordered.plus(days * DAY)),
            kind: (!random.chance(100_000)).then(|| random.weighted(&TYPES)).flatten(),
            priority: (!random.chance(100_000)).then(|| random.weighted(&PRIORITIES)).flatten(),
            address: (!random.chance(50_000)).then_some(700_001 + customer * 3 + days % 3),
            updated: Some(ordered),
        }
    }

    /// Returns the order with an index in a sample.
    pub(crate) fn of(world: &World, bulks: &[Bulk], index: u64) -> Self {
        let mut random = Random::keyed(world.seed, Purpose::OrderRow, index);
        let lines = world.line_count(index);
        let total = (0..lines).map(|line| world.line(index, line)).map(|line| line.quantity * line.price.0).sum();
        let ordered = world.ordered_at(index);
        let id = FIRST_ORDER + index as i64;
        let mut order = Self::new(id, ordered, Decimal(total), customers(world.orders), &mut random);
        let gap = random.quantile(&GAP);
        let (updated, under_way) = changed_at(ordered, gap, world.until, &mut random);
        let updated = bulk_key(bulks, index, ordered).unwrap_or(updated);
        let age = world.until.since(updated);
        let shares: &[_] = if under_way { &OPEN } else { if age > YOUTH { &OLD } else { &YOUNG } };
        let rank = random.weighted(shares).unwrap_or(0);
        // An order without lines is not completed.
        let rank = if lines == 0 && rank == COMPLETED { 0 } else { rank };
        order.status = STATUSES[rank][0];
        order.updated = Some(updated);
        order.soil(rank, &mut random);
        order
    }

    /// Makes one order in a hundred dirty.
    pub(crate) fn soil(&mut self, rank: usize, random: &mut Random) {
        match random.below(MILLION) {
            0..1_500 => self.total = None,
            1_500..2_500 => self.total = self.total.map(|total| Decimal(-total.0.max(1))),
            2_500..4_500 => self.total = self.total.map(|total| Decimal(total.0 + random.between(2, 90_000))),
            4_500..5_500 => self.status = random.one_of(&UNKNOWN).unwrap_or(UNKNOWN[0]),
            5_500..6_500 => self.status = STATUSES[rank][1],
            6_500..7_500 => self.status = STATUSES[rank][2],
            7_500..8_500 => self.updated = None,
            _ => {}
        }
    }

    pub(crate) fn insert(&self, statement: &mut Statement<'_>) -> rusqlite::Result<usize> {
        statement.execute(params![
            self.id,
            self.customer,
            Stamp::from(self.ordered),
            self.status,
            self.total,
            self.requested.map(Stamp::from),
            self.kind,
            self.priority,
            self.address,
            self.updated.map(Stamp::from),
        ])
    }
}

/// Returns the number of customers who place this number of orders.
pub(crate) fn customers(orders: u64) -> u64 {
    (orders / 40).max(5)
}
