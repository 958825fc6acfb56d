//! The changes of a day to allocations: they advance from ALLOCATED to SHIPPED, shipped ones are corrected, and new
//! order lines get theirs.

use rusqlite::{Connection, OptionalExtension, Statement, params};

use super::day::{Day, Role};
use super::orders::NewLine;
use super::pick::{Roles, new_rows, rows_to_update};
use crate::column::Stamp;
use crate::moment::MINUTE;
use crate::random::{Purpose, Random};
use crate::rows::allocation::{Allocation, STATUSES, user};
use crate::rows::{allocation, rank};
use crate::summary::{Meter, Progress, TableSummary};

/// The rank of a completed allocation.
const SHIPPED: usize = STATUSES.len() - 1;

/// Changes allocation.
pub(super) fn allocations(
    connection: &Connection,
    day: &Day,
    lines: &[NewLine],
    places: &[i64],
    progress: Progress<'_>,
) -> rusqlite::Result<TableSummary> {
    let table = &day.allocations;
    let mut random = day.random(Purpose::DayAllocations);
    let changes = day.share(table.rows);
    let mut meter = Meter::start(connection, table.name, changes, progress)?;
    let new = new_rows(changes);
    update(connection, day, changes - new, &mut random, &mut meter)?;
    let mut roles = Roles::of(new);
    let mut insert = connection.prepare(allocation::INSERT)?;
    let mut arrivals = Arrivals { day, lines, places, earlier: earlier_line(connection)? };
    let mut before = None;
    for id in (table.last_id + 1)..=(table.last_id + new as i64) {
        let role = roles.draw(&mut random);
        let Some(mut row) = arrivals.row(id, role, &mut random)? else {
            continue;
        };
        if role == Role::Fresh {
            row.soil(0, before.as_ref(), &mut random);
        }
        row.insert(&mut insert)?;
        meter.inserted();
        before = Some(row);
    }
    meter.finish(connection, table.rows)
}

fn update(
    connection: &Connection,
    day: &Day,
    wanted: u64,
    random: &mut Random,
    meter: &mut Meter<'_>,
) -> rusqlite::Result<()> {
    let mut read = connection.prepare(
        "SELECT allocation_status, quantity_allocated, created_date, last_updated FROM allocation \
         WHERE allocation_id = ?1",
    )?;
    let mut write = connection.prepare(
        "UPDATE allocation SET allocation_status = ?2, quantity_allocated = ?3, \
         allocated_by_user = ifnull(allocated_by_user, ?4), last_updated = ?5 WHERE allocation_id = ?1",
    )?;
    for (id, role) in rows_to_update(connection, &day.allocations, wanted, random)? {
        let found: Option<(Option<String>, Option<i64>, _, _)> =
            read.query_row([id], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))).optional()?;
        let Some((status, quantity, created, previous)) = found else {
            continue;
        };
        let key = day.next_key(role, &day.allocations, (Some(created), previous), random).map(Stamp::from);
        let (next, quantity) = match rank(&STATUSES, status.as_deref()) {
            None => (0, quantity),
            Some(SHIPPED) => (SHIPPED, Some(corrected(quantity))),
            Some(rank) => (random.between(rank as i64 + 1, SHIPPED as i64) as usize, quantity),
        };
        meter.updated(write.execute(params![id, STATUSES[next][0], quantity, user(random), key])?);
    }
    Ok(())
}

/// Returns a quantity that differs: one piece less if there are several, otherwise one more.
fn corrected(quantity: Option<i64>) -> i64 {
    match quantity.unwrap_or(0).abs() {
        several @ 2.. => several - 1,
        few => few + 1,
    }
}

/// The source of new allocations.
struct Arrivals<'a> {
    day: &'a Day,
    lines: &'a [NewLine],
    places: &'a [i64],
    earlier: Statement<'a>,
}

/// Prepares a query for an order line of an earlier day: the first with at least the given id.
fn earlier_line(connection: &Connection) -> rusqlite::Result<Statement<'_>> {
    connection.prepare(
        "SELECT order_id, item_id, max(1, abs(ifnull(quantity_ordered, 1))) FROM order_dtl \
         WHERE order_detail_id >= ?1 ORDER BY order_detail_id LIMIT 1",
    )
}

impl Arrivals<'_> {
    /// Returns a new row: fresh ones are mostly for a line of today, all others for one of an earlier day. `None` if
    /// there is no line or no location left to refer to.
    fn row(&mut self, id: i64, role: Role, random: &mut Random) -> rusqlite::Result<Option<Allocation>> {
        let day = self.day;
        let place = self.places.get(random.skewed(self.places.len() as u64) as usize);
        let today = (role == Role::Fresh && random.chance(800_000))
            .then(|| self.lines.get(random.below(self.lines.len() as u64) as usize))
            .flatten();
        let (refers_to, quantity, key, created) = if let Some(line) = today {
            let key = day.moment(line.ordered, random);
            let wait = key.since(line.ordered).max(0);
            ((line.order, line.item), line.quantity, Some(key), key.plus(-random.between(0, wait)))
        } else {
            let first = random.between(day.lines.first_id, day.lines.last_id.max(day.lines.first_id));
            let found = self.earlier.query_row([first], |row| Ok(((row.get(0)?, row.get(1)?), row.get(2)?)));
            let Some((refers_to, quantity)) = found.optional()? else {
                return Ok(None);
            };
            let key = day.key(role, &day.allocations, random);
            let made = key.unwrap_or_else(|| day.moment(day.allocations.latest, random));
            (refers_to, quantity, key, made.plus(-random.between(0, 40 * MINUTE)))
        };
        Ok(place.map(|place| {
            let (order, item) = refers_to;
            let quantity = random.between(1, quantity);
            let mut row = Allocation::new(id, [order, item, *place], quantity, created, random);
            row.updated = key;
            row
        }))
    }
}
