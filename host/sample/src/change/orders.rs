//! The changes of a day to orders and their lines: orders advance, new ones are inserted with their lines, and some
//! lines get another item or another quantity.

use rusqlite::{Connection, OptionalExtension, params};

use super::day::{Day, Incremental, Role};
use super::masters::Stocked;
use super::pick::{Roles, new_rows, rows_to_update};
use crate::column::{Decimal, Money, Stamp};
use crate::moment::{HOUR, Moment};
use crate::random::{Purpose, Random};
use crate::rows::order::{COMPLETED, Order, STATUSES, customers};
use crate::rows::order_line::OrderLine;
use crate::rows::{order, order_line, rank};
use crate::summary::{Meter, Progress, TableSummary};
use crate::world::{line_count, price, quantity};

/// The microseconds between the lines of a new order.
const PACE: i64 = 1_500;

/// A line of an order that was placed today.
pub(super) struct NewLine {
    pub(super) order: i64,
    pub(super) item: i64,
    pub(super) quantity: i64,
    pub(super) ordered: Moment,
    price: Money,
    role: Role,
}

/// Changes order_hdr; returns the lines of the new orders.
pub(super) fn orders(
    connection: &Connection,
    day: &Day,
    items: &[Stocked],
    progress: Progress<'_>,
) -> rusqlite::Result<(Vec<NewLine>, TableSummary)> {
    let table = &day.orders;
    let mut random = day.random(Purpose::DayOrders);
    let changes = day.share(table.rows);
    let mut meter = Meter::start(connection, table.name, changes, progress)?;
    let new = if items.is_empty() { 0 } else { new_rows(changes) };
    update_orders(connection, day, changes - new, &mut random, &mut meter)?;
    let mut roles = Roles::of(new);
    let mut insert = connection.prepare(order::INSERT)?;
    let mut lines = Vec::new();
    for id in (table.last_id + 1)..=(table.last_id + new as i64) {
        let role = roles.draw(&mut random);
        new_order(day, id, role, items, &mut lines, &mut random).insert(&mut insert)?;
        meter.inserted();
    }
    let summary = meter.finish(connection, table.rows)?;
    Ok((lines, summary))
}

fn update_orders(
    connection: &Connection,
    day: &Day,
    wanted: u64,
    random: &mut Random,
    meter: &mut Meter<'_>,
) -> rusqlite::Result<()> {
    let mut read =
        connection.prepare("SELECT order_status, order_date, last_updated FROM order_hdr WHERE order_id = ?1")?;
    let mut advance =
        connection.prepare("UPDATE order_hdr SET order_status = ?2, last_updated = ?3 WHERE order_id = ?1")?;
    let mut hurry = connection.prepare(
        "UPDATE order_hdr SET priority_code = CASE priority_code WHEN 'HIGH' THEN 'NORMAL' ELSE 'HIGH' END, \
         last_updated = ?2 WHERE order_id = ?1",
    )?;
    for (id, role) in rows_to_update(connection, &day.orders, wanted, random)? {
        let found: Option<(Option<String>, _, _)> =
            read.query_row([id], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).optional()?;
        let Some((status, ordered, previous)) = found else {
            continue;
        };
        let key = day.next_key(role, &day.orders, (Some(ordered), previous), random).map(Stamp::from);
        let next = match rank(&STATUSES, status.as_deref()) {
            None => 0,
            Some(done) if done >= COMPLETED => {
                meter.updated(hurry.execute(params![id, key])?);
                continue;
            }
            Some(_) if random.chance(40_000) => COMPLETED + 1,
            Some(rank) => random.between(rank as i64 + 1, COMPLETED as i64) as usize,
        };
        meter.updated(advance.execute(params![id, STATUSES[next][0], key])?);
    }
    Ok(())
}

/// Draws a new order, and adds its lines to those of the day.
fn new_order(
    day: &Day,
    id: i64,
    role: Role,
    items: &[Stocked],
    lines: &mut Vec<NewLine>,
    random: &mut Random,
) -> Order {
    let key = day.key(role, &day.orders, random);
    let ordered = match (key, role) {
        (Some(key), Role::Late) => key.plus(-random.between(0, HOUR)),
        (Some(key), _) => day.before(key, 2 * HOUR, random),
        (None, _) => day.moment(day.orders.latest, random),
    };
    let mut total = 0;
    for _ in 0..line_count(random) {
        let Some(item) = items.get(random.skewed(items.len() as u64) as usize) else {
            continue;
        };
        let (quantity, price) = (quantity(random), price(Decimal(item.cost.0.abs()), random));
        total += quantity * price.0;
        lines.push(NewLine { order: id, item: item.id, quantity, ordered, price, role });
    }
    let mut order = Order::new(id, ordered, Decimal(total), customers(day.orders.rows), random);
    let rank = random.below(3) as usize;
    order.status = STATUSES[rank][0];
    order.updated = key;
    if role == Role::Fresh {
        order.soil(rank, random);
    }
    order
}

/// Changes order_dtl: the lines of new orders, and updates for the rest of the day's share.
pub(super) fn lines(
    connection: &Connection,
    day: &Day,
    items: &[Stocked],
    new: &[NewLine],
    progress: Progress<'_>,
) -> rusqlite::Result<TableSummary> {
    let table = &day.lines;
    let mut random = day.random(Purpose::DayLines);
    let changes = day.share(table.rows).max(new.len() as u64);
    let mut meter = Meter::start(connection, table.name, changes, progress)?;
    update_lines(connection, day, items, changes - new.len() as u64, &mut random, &mut meter)?;
    let mut insert = connection.prepare(order_line::INSERT)?;
    for (id, (place, line)) in (table.last_id + 1..).zip(new.iter().enumerate()) {
        let key = match line.role {
            Role::Fresh => Some(line.ordered.plus(PACE * (1 + place as i64 % 8))),
            role => day.key(role, table, &mut random),
        };
        let mut row = OrderLine::new(id, line.order, line.item, line.quantity, line.price, line.ordered);
        row.updated = key;
        if line.role == Role::Fresh {
            row.soil(&mut random);
        }
        row.insert(&mut insert)?;
        meter.inserted();
    }
    meter.finish(connection, table.rows)
}

fn update_lines(
    connection: &Connection,
    day: &Day,
    items: &[Stocked],
    wanted: u64,
    random: &mut Random,
    meter: &mut Meter<'_>,
) -> rusqlite::Result<()> {
    let table: &Incremental = &day.lines;
    let mut read = connection.prepare(
        "SELECT item_id, quantity_ordered, unit_price, last_updated FROM order_dtl WHERE order_detail_id = ?1",
    )?;
    let mut substitute =
        connection.prepare("UPDATE order_dtl SET item_id = ?2, last_updated = ?3 WHERE order_detail_id = ?1")?;
    let mut resize = connection.prepare(
        "UPDATE order_dtl SET quantity_ordered = ?2, line_total = ?3, last_updated = ?4 WHERE order_detail_id = ?1",
    )?;
    for (id, role) in rows_to_update(connection, table, wanted, random)? {
        let found: Option<(i64, Option<i64>, Option<Money>, _)> =
            read.query_row([id], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))).optional()?;
        let Some((item, quantity, price, previous)) = found else {
            continue;
        };
        let key = day.next_key(role, table, (None, previous), random).map(Stamp::from);
        // Another quantity makes the line differ from its order's total; another item does not.
        let resized = quantity.zip(price).filter(|_| random.chance(30_000));
        let other = items.get(random.below(items.len() as u64) as usize).map_or(item, |other| other.id);
        let rows = match resized {
            Some((quantity, price)) => {
                let quantity = quantity.abs() + 1;
                resize.execute(params![id, quantity, Decimal::<2>(quantity * price.0), key])?
            }
            None => substitute.execute(params![id, other, key])?,
        };
        meter.updated(rows);
    }
    Ok(())
}
