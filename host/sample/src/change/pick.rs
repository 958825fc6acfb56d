//! The selection of the rows that a day touches, and their roles.

use rusqlite::Connection;

use super::day::{Incremental, Role};
use crate::random::Random;

/// The latest rows are the busiest: the latest tenth of a table gets 60 % of its changes.
const YOUNG_PART: u64 = 10;
const YOUNG_PERCENT: u64 = 60;

/// Returns the number of new rows among this number of changes.
pub(super) fn new_rows(changes: u64) -> u64 {
    if changes < 2 { 0 } else { (changes * 30).div_ceil(100) }
}

/// A number of rows assigned to roles, to be drawn in random order.
pub(super) struct Roles {
    left: [(u64, Role); 4],
}

impl Roles {
    /// Ties, late rows and rows without a key occur as soon as there are enough rows to tell them apart.
    pub(super) fn of(rows: u64) -> Self {
        let tied = if rows < 20 { 0 } else { (rows / 20).max(2) };
        let late = if rows < 2 { 0 } else { rows.div_ceil(25) };
        let unkeyed = if rows < 10 { 0 } else { rows.div_ceil(500) };
        let fresh = rows - tied - late - unkeyed;
        Self { left: [(fresh, Role::Fresh), (tied, Role::Tied), (late, Role::Late), (unkeyed, Role::Unkeyed)] }
    }

    /// Draws a role and removes it.
    pub(super) fn draw(&mut self, random: &mut Random) -> Role {
        let role = random.weighted(&self.left).unwrap_or(Role::Fresh);
        self.take(role);
        role
    }

    fn take(&mut self, role: Role) {
        for (left, kind) in &mut self.left {
            if *kind == role {
                *left = left.saturating_sub(1);
            }
        }
    }

    fn unkeyed(&self) -> u64 {
        self.left[3].0
    }
}

/// Returns `wanted` different numbers from a range, in ascending order; every set of them is equally likely.
pub(super) fn some_of(first: i64, count: u64, wanted: u64, random: &mut Random) -> impl Iterator<Item = i64> {
    let mut wanted = wanted.min(count);
    (0..count).filter_map(move |index| {
        let taken = random.below(count - index) < wanted;
        wanted -= u64::from(taken);
        taken.then_some(first + index as i64)
    })
}

/// Returns the rows to update, by id. A few that have no change key get one; the rest is drawn.
pub(super) fn rows_to_update(
    connection: &Connection,
    table: &Incremental,
    wanted: u64,
    random: &mut Random,
) -> rusqlite::Result<Vec<(i64, Role)>> {
    let mut roles = Roles::of(wanted);
    let unkeyed = without_key(connection, table, roles.unkeyed())?;
    let mut rows = Vec::new();
    for id in &unkeyed {
        roles.take(Role::Fresh);
        rows.push((*id, Role::Fresh));
    }
    let drawn = wanted.saturating_sub(rows.len() as u64);
    let ids = (table.last_id - table.first_id + 1).unsigned_abs();
    let young = ids.div_ceil(YOUNG_PART);
    let from_young = (drawn * YOUNG_PERCENT).div_ceil(100).min(young);
    let from_old = (drawn - from_young).min(ids - young);
    let border = table.first_id + (ids - young) as i64;
    let mut picks: Vec<i64> = some_of(table.first_id, ids - young, from_old, random).collect();
    picks.extend(some_of(border, young, from_young, random));
    picks.retain(|id| unkeyed.binary_search(id).is_err());
    for id in picks {
        rows.push((id, roles.draw(random)));
    }
    Ok(rows)
}

/// Returns the lowest ids of rows without a change key, in ascending order.
fn without_key(connection: &Connection, table: &Incremental, limit: u64) -> rusqlite::Result<Vec<i64>> {
    let Incremental { name, pk, .. } = table;
    connection
        .prepare(&format!("SELECT {pk} FROM {name} WHERE last_updated IS NULL ORDER BY {pk} LIMIT ?1"))?
        .query_map([limit as i64], |row| row.get(0))?
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Purpose;

    #[test]
    fn exactly_as_many_as_wanted_and_none_twice() {
        let mut random = Random::keyed(5, Purpose::Day, 0);
        for (count, wanted) in [(0, 3), (1, 1), (100, 7), (100, 100), (5, 9)] {
            let picks: Vec<i64> = some_of(10, count, wanted, &mut random).collect();
            assert_eq!(picks.len() as u64, wanted.min(count));
            assert!(picks.is_sorted_by(|a, b| a < b) && picks.iter().all(|id| (10..10 + count as i64).contains(id)));
        }
    }

    #[test]
    fn roles_are_dealt_out_exactly() {
        let mut random = Random::keyed(5, Purpose::Day, 1);
        for (rows, expected) in [(0, [0, 0, 0, 0]), (1, [1, 0, 0, 0]), (10, [8, 0, 1, 1]), (1_000, [908, 50, 40, 2])] {
            let mut roles = Roles::of(rows);
            let drawn: Vec<Role> = (0..rows).map(|_| roles.draw(&mut random)).collect();
            let count = |role| drawn.iter().filter(|drawn| **drawn == role).count();
            assert_eq!([Role::Fresh, Role::Tied, Role::Late, Role::Unkeyed].map(count), expected);
        }
    }
}
