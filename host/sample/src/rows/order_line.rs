//! Rows of order_dtl. Dirty rows per million: quantity NULL 1,000, negative 1,000 or zero 300, price NULL 500, line
//! total wrong 1,500, change key NULL 1,000. Lines of one order may share a change key: they were written by one
//! statement.

use rusqlite::{Statement, params};

use super::changed_at;
use crate::column::{Decimal, Money, Stamp};
use crate::moment::{DAY, HOUR, MINUTE, Moment, SECOND};
use crate::random::{MILLION, Purpose, Random};
use crate::world::{Bulk, FIRST_ITEM, FIRST_LINE, FIRST_ORDER, World, bulk_key};

pub(crate) const INSERT: &str = "INSERT INTO order_dtl (order_detail_id, order_id, item_id, quantity_ordered, \
    unit_price, line_total, last_updated) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";

/// The time from an order's date to the last change of a line, in microseconds.
const GAP: [(i64, i64); 4] = [(0, SECOND), (700_000, 20 * MINUTE), (950_000, 12 * HOUR), (1_000_000, 9 * DAY)];
/// Orders whose lines were written by one statement, per million.
const AT_ONCE: u64 = 30_000;

/// One line of an order.
pub(crate) struct OrderLine {
    pub(crate) id: i64,
    pub(crate) order: i64,
    pub(crate) item: i64,
    pub(crate) quantity: Option<i64>,
    pub(crate) price: Option<Money>,
    pub(crate) total: Money,
    pub(crate) updated: Option<Moment>,
}

impl OrderLine {
    /// Returns a clean line.
    pub(crate) fn new(id: i64, order: i64, item: i64, quantity: i64, price: Money, updated: Moment) -> Self {
        let total = Decimal(price.0 * quantity);
        Self { id, order, item, quantity: Some(quantity), price: Some(price), total, updated: Some(updated) }
    }

    /// Makes nearly one line in a hundred dirty.
    pub(crate) fn soil(&mut self, random: &mut Random) {
        match random.below(MILLION) {
            0..1_000 => self.quantity = None,
            1_000..2_000 => self.quantity = self.quantity.map(|quantity| -quantity),
            2_000..2_300 => self.quantity = Some(0),
            2_300..2_800 => self.price = None,
            2_800..4_300 => self.total = Decimal(self.total.0 + random.between(2, 20_000)),
            4_300..5_300 => self.updated = None,
            _ => {}
        }
    }

    pub(crate) fn insert(&self, statement: &mut Statement<'_>) -> rusqlite::Result<usize> {
        statement.execute(params![
            self.id,
            self.order,
            self.item,
            self.quantity,
            self.price,
            self.total,
            self.updated.map(Stamp::from),
        ])
    }
}

/// Writes the lines of an order; `first` is the index of the first of them among all lines. Returns their number.
pub(crate) fn lines_of(
    world: &World,
    bulks: &[Bulk],
    order: u64,
    first: u64,
    mut write: impl FnMut(&OrderLine) -> rusqlite::Result<()>,
) -> rusqlite::Result<u64> {
    let lines = world.line_count(order);
    let ordered = world.ordered_at(order);
    let mut random = Random::keyed(world.seed, Purpose::LineRow, order);
    let key = |random: &mut Random| {
        let gap = random.quantile(&GAP);
        changed_at(ordered, gap, world.until, random).0
    };
    let shared = random.chance(AT_ONCE).then(|| key(&mut random));
    for line in 0..lines {
        let planned = world.line(order, line);
        let key = shared.unwrap_or_else(|| key(&mut random));
        let index = first + line;
        let key = bulk_key(bulks, index, ordered).unwrap_or(key);
        let (order, item) = (FIRST_ORDER + order as i64, FIRST_ITEM + planned.item as i64);
        let id = FIRST_LINE + index as i64;
        let mut row = OrderLine::new(id, order, item, planned.quantity, planned.price, key);
        row.soil(&mut random);
        write(&row)?;
    }
    Ok(lines)
}
