//! The numbers of rows, and the facts that several tables share. Each fact follows only from the seed and an index, so
//! that a table can be written without another one in memory.

use crate::calendar::Calendar;
use crate::column::{Cost, Decimal, Money};
use crate::moment::{MINUTE, Moment};
use crate::random::{Purpose, Random};

/// The number of days before the end of the sample in which its orders were placed.
pub const SPAN_DAYS: i64 = 400;
/// The first id of each table; they are far apart, so that a mix-up of keys is noticed.
pub(crate) const FIRST_ITEM: i64 = 10_001;
pub(crate) const FIRST_LOCATION: i64 = 1_001;
pub(crate) const FIRST_ORDER: i64 = 2_000_001;
pub(crate) const FIRST_LINE: i64 = 5_000_001;
pub(crate) const FIRST_ALLOCATION: i64 = 10_000_001;
const FEWEST_ITEMS: u64 = 20;
const FEWEST_LOCATIONS: u64 = 10;
/// The number of lines of an order, by weight; 3.2 on average.
const LINES: [(u64, u64); 7] = [(20, 1), (22, 2), (20, 3), (15, 4), (11, 5), (7, 6), (5, 8)];
/// Orders without a line, per million.
const EMPTY_ORDERS: u64 = 3_000;

/// The quantity of a line, in pieces.
const QUANTITY: [(i64, i64); 6] =
    [(0, 1), (500_000, 4), (800_000, 12), (960_000, 60), (995_000, 400), (1_000_000, 3_000)];

/// The standard cost of an item, in ten-thousandths.
const COST: [(i64, i64); 5] =
    [(0, 5_000), (450_000, 100_000), (850_000, 1_000_000), (985_000, 10_000_000), (1_000_000, 80_000_000)];

/// The number of locations around an item's home; more than the span of allocations within which those of one order
/// are.
const NEIGHBOURHOOD: u64 = 127;

/// A bulk update: many rows were given the same change key.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bulk {
    from: u64,
    to: u64,
    at: Moment,
}

impl Bulk {
    /// Returns a bulk update of `share` in a million of `rows`, after `after` in a million of them were created.
    fn new(calendar: &Calendar, rows: u64, after: u64, share: u64) -> Self {
        let part = |millionths: u64| (u128::from(rows) * u128::from(millionths) / 1_000_000) as u64;
        let to = part(after);
        Self { from: to.saturating_sub(part(share)), to, at: calendar.at(to, rows).plus(90 * MINUTE + 271_828) }
    }

    /// Returns the change key that it gave to a row; `None` if it did not touch the row.
    fn key(&self, index: u64, created: Moment) -> Option<Moment> {
        ((self.from..self.to).contains(&index) && created <= self.at).then_some(self.at)
    }
}

/// A line as planned by its order.
pub(crate) struct PlannedLine {
    /// The index of the item.
    pub(crate) item: u64,
    /// The quantity in pieces.
    pub(crate) quantity: i64,
    /// The price of a piece.
    pub(crate) price: Money,
}

/// The sample: its options, and the numbers that follow from them.
pub(crate) struct World {
    pub(crate) seed: u64,
    pub(crate) allocations: u64,
    pub(crate) orders: u64,
    pub(crate) items: u64,
    pub(crate) locations: u64,
    pub(crate) until: Moment,
    pub(crate) calendar: Calendar,
}

impl World {
    /// Returns a sample with a quarter as many orders as allocations, with 3.2 lines each; one item per 50 allocations
    /// and one location per 100, but never fewer than 20 and 10.
    pub(crate) fn new(seed: u64, allocations: u64, until: Moment) -> Self {
        Self {
            seed,
            allocations,
            orders: allocations.div_ceil(4),
            items: (allocations / 50).max(FEWEST_ITEMS),
            locations: (allocations / 100).max(FEWEST_LOCATIONS),
            until,
            calendar: Calendar::new(until, SPAN_DAYS),
        }
    }

    /// Returns the bulk updates of an incremental table with this number of rows: 0.5 % of them at once, later 0.25 %.
    pub(crate) fn bulks(&self, rows: u64) -> [Bulk; 2] {
        [(381_000, 5_000), (811_000, 2_500)].map(|(after, share)| Bulk::new(&self.calendar, rows, after, share))
    }

    /// Returns the time at which an order was placed. No allocation that can refer to it is earlier.
    pub(crate) fn ordered_at(&self, order: u64) -> Moment {
        let lead = Random::keyed(self.seed, Purpose::Order, order).between(20 * MINUTE, 80 * MINUTE);
        self.calendar.at(order, self.orders).plus(-lead)
    }

    /// Returns the number of lines of an order. The first order always has one; a tiny sample has tiny orders.
    pub(crate) fn line_count(&self, order: u64) -> u64 {
        let mut random = Random::keyed(self.seed, Purpose::Line, order);
        if order > 0 && random.chance(EMPTY_ORDERS) { 0 } else { line_count(&mut random).min(self.allocations) }
    }

    /// Returns the number of rows of order_dtl.
    pub(crate) fn line_total(&self) -> u64 {
        (0..self.orders).map(|order| self.line_count(order)).sum()
    }

    /// Returns a line of an order.
    pub(crate) fn line(&self, order: u64, line: u64) -> PlannedLine {
        let mut random = Random::keyed(self.seed, Purpose::Line, order ^ ((line + 1) << 40));
        let item = random.skewed(self.items);
        let quantity = quantity(&mut random);
        PlannedLine { item, quantity, price: price(item_cost(self.seed, item), &mut random) }
    }

    /// Returns the index of the location from which an allocation takes an item: mostly near the item's home, sometimes
    /// anywhere. Two allocations for one line take it from different locations, if there are enough of them.
    pub(crate) fn place(&self, item: u64, allocation: u64, random: &mut Random) -> u64 {
        if random.chance(300_000) {
            return random.below(self.locations);
        }
        let home = Random::keyed(self.seed, Purpose::Home, item).below(self.locations);
        (home + allocation % NEIGHBOURHOOD) % self.locations
    }
}

/// Returns the key that a bulk update gave to a row, if one did.
pub(crate) fn bulk_key(bulks: &[Bulk], index: u64, created: Moment) -> Option<Moment> {
    bulks.iter().find_map(|bulk| bulk.key(index, created))
}

/// Draws the number of lines of an order.
pub(crate) fn line_count(random: &mut Random) -> u64 {
    random.weighted(&LINES).unwrap_or(1)
}

/// Draws the quantity of a line.
pub(crate) fn quantity(random: &mut Random) -> i64 {
    random.quantile(&QUANTITY)
}

/// Returns the standard cost of an item, before it is made dirty.
pub(crate) fn item_cost(seed: u64, item: u64) -> Cost {
    Decimal(Random::keyed(seed, Purpose::Cost, item).quantile(&COST))
}

/// Draws a selling price: 5 to 60 % above cost, at least a cent.
pub(crate) fn price(cost: Cost, random: &mut Random) -> Money {
    Decimal((cost.0 * random.between(105, 160) / 10_000).max(1))
}
