//! The changes of a day to the masters: updates, some new rows, and a few deletions.

use rusqlite::{Connection, Statement, params};

use super::day::Day;
use super::pick::some_of;
use crate::column::{Cost, Decimal, Measure};
use crate::random::{Purpose, Random};
use crate::rows::item::Item;
use crate::rows::location::{Location, used};
use crate::rows::{item, location};
use crate::schema::{ITEM_MASTER, LOCATION};
use crate::summary::{Meter, Progress, TableSummary};
use crate::world::{FIRST_ITEM, FIRST_LOCATION, item_cost};

/// An item that orders can refer to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stocked {
    pub(super) id: i64,
    pub(super) cost: Cost,
}

/// The numbers of a day's changes to a master.
struct Plan {
    updated: u64,
    inserted: u64,
    deleted: u64,
}

impl Plan {
    fn of(changes: u64) -> Self {
        let inserted = if changes < 2 { 0 } else { (changes / 10).max(1) };
        let deleted = if changes < 3 { 0 } else { (changes / 20).max(1) };
        Self { updated: changes - inserted - deleted, inserted, deleted }
    }

    /// Returns the positions to touch, with true for those to delete. The last row stays: the next id follows from it,
    /// and no id is used twice.
    fn touched(&self, rows: usize, random: &mut Random) -> Vec<(usize, bool)> {
        let mut left = [(self.updated, false), (self.deleted, true)];
        let picks: Vec<i64> = some_of(0, rows as u64, self.updated + self.deleted, random).collect();
        let mut touched = Vec::new();
        for pick in picks {
            let last = pick as usize + 1 == rows;
            let delete = !last && random.weighted(&left).unwrap_or(false);
            let slot = &mut left[usize::from(delete)].0;
            *slot = slot.saturating_sub(1);
            touched.push((pick as usize, delete));
        }
        touched
    }
}

/// Changes item_master; returns the remaining and the new items.
pub(super) fn items(
    connection: &Connection,
    day: &Day,
    progress: Progress<'_>,
) -> rusqlite::Result<(Vec<Stocked>, TableSummary)> {
    let mut random = day.random(Purpose::DayItems);
    let mut items: Vec<Stocked> = connection
        .prepare("SELECT item_id, ifnull(standard_cost, 1) FROM item_master ORDER BY item_id")?
        .query_map([], |row| Ok(Stocked { id: row.get(0)?, cost: row.get(1)? }))?
        .collect::<Result<_, _>>()?;
    let (rows, plan) = (items.len(), Plan::of(day.share(items.len() as u64)));
    let total = plan.updated + plan.inserted + plan.deleted;
    let mut meter = Meter::start(connection, ITEM_MASTER, total, progress)?;
    let mut update = ItemUpdates::new(connection)?;
    let mut delete = connection.prepare("DELETE FROM item_master WHERE item_id = ?1")?;
    let mut gone = Vec::new();
    for (position, deleted) in plan.touched(rows, &mut random) {
        let item = &mut items[position];
        if deleted {
            meter.deleted(delete.execute([item.id])?);
            gone.push(item.id);
        } else {
            meter.updated(update.apply(item, &mut random)?);
        }
    }
    let next = items.last().map_or(FIRST_ITEM, |item| item.id + 1);
    items.retain(|item| gone.binary_search(&item.id).is_err());
    let mut insert = connection.prepare(item::INSERT)?;
    for id in next..next + plan.inserted as i64 {
        let index = (id - FIRST_ITEM).unsigned_abs();
        Item::of(day.seed(), index).insert(&mut insert)?;
        items.push(Stocked { id, cost: item_cost(day.seed(), index) });
        meter.inserted();
    }
    let summary = meter.finish(connection, rows as u64)?;
    Ok((items, summary))
}

/// The possible updates of an item.
struct ItemUpdates<'a> {
    cost: Statement<'a>,
    active: Statement<'a>,
    storage: Statement<'a>,
}

impl<'a> ItemUpdates<'a> {
    fn new(connection: &'a Connection) -> rusqlite::Result<Self> {
        Ok(Self {
            cost: connection.prepare("UPDATE item_master SET standard_cost = ?2 WHERE item_id = ?1")?,
            active: connection.prepare(
                "UPDATE item_master SET is_active = CASE is_active WHEN 'Y' THEN 'N' ELSE 'Y' END WHERE item_id = ?1",
            )?,
            storage: connection.prepare(
                "UPDATE item_master SET storage_type = CASE storage_type WHEN 'COLD' THEN 'STANDARD' ELSE 'COLD' END \
                 WHERE item_id = ?1",
            )?,
        })
    }

    fn apply(&mut self, item: &mut Stocked, random: &mut Random) -> rusqlite::Result<usize> {
        match random.below(100) {
            0..60 => {
                item.cost = Decimal(item.cost.0.abs() * random.between(96, 112) / 100 + 1);
                self.cost.execute(params![item.id, item.cost])
            }
            60..80 => self.active.execute([item.id]),
            _ => self.storage.execute([item.id]),
        }
    }
}

/// Changes location; returns the ids of the remaining and the new locations.
pub(super) fn locations(
    connection: &Connection,
    day: &Day,
    progress: Progress<'_>,
) -> rusqlite::Result<(Vec<i64>, TableSummary)> {
    let mut random = day.random(Purpose::DayLocations);
    let mut places: Vec<i64> = connection
        .prepare("SELECT location_id FROM location ORDER BY location_id")?
        .query_map([], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    let (rows, plan) = (places.len(), Plan::of(day.share(places.len() as u64)));
    let total = plan.updated + plan.inserted + plan.deleted;
    let mut meter = Meter::start(connection, LOCATION, total, progress)?;
    let mut update = LocationUpdates::new(connection)?;
    let mut delete = connection.prepare("DELETE FROM location WHERE location_id = ?1")?;
    let mut gone = Vec::new();
    for (position, deleted) in plan.touched(rows, &mut random) {
        let id = places[position];
        if deleted {
            meter.deleted(delete.execute([id])?);
            gone.push(id);
        } else {
            meter.updated(update.apply(id, &mut random)?);
        }
    }
    let next = places.last().map_or(FIRST_LOCATION, |id| id + 1);
    places.retain(|id| gone.binary_search(id).is_err());
    let mut insert = connection.prepare(location::INSERT)?;
    for id in next..next + plan.inserted as i64 {
        Location::of(day.seed(), (id - FIRST_LOCATION).unsigned_abs()).insert(&mut insert)?;
        places.push(id);
        meter.inserted();
    }
    let summary = meter.finish(connection, rows as u64)?;
    Ok((places, summary))
}

/// The possible updates of a location.
struct LocationUpdates<'a> {
    capacity: Statement<'a>,
    fill: Statement<'a>,
    active: Statement<'a>,
}

impl<'a> LocationUpdates<'a> {
    fn new(connection: &'a Connection) -> rusqlite::Result<Self> {
        Ok(Self {
            capacity: connection
                .prepare("SELECT ifnull(capacity_volume, 100), current_volume FROM location WHERE location_id = ?1")?,
            fill: connection
                .prepare("UPDATE location SET current_volume = ?2, current_weight = ?3 WHERE location_id = ?1")?,
            active: connection.prepare(
                "UPDATE location SET is_active = CASE is_active WHEN 'Y' THEN 'N' ELSE 'Y' END WHERE location_id = ?1",
            )?,
        })
    }

    fn apply(&mut self, id: i64, random: &mut Random) -> rusqlite::Result<usize> {
        if random.chance(100_000) {
            return self.active.execute([id]);
        }
        let (room, current): (Measure, Option<Measure>) =
            self.capacity.query_row([id], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let volume = used(room, random);
        // An update that changes nothing would not count.
        let volume = if Some(volume) == current { Decimal(volume.0 + 1) } else { volume };
        self.fill.execute(params![id, volume, Decimal::<3>(volume.0 / 4)])
    }
}
