//! The day of changes: the number of rows that it touches in each table, and the change keys that it assigns.

use rusqlite::Connection;

use super::options::ChangeOptions;
use crate::limits::LATE_LIMIT_MINUTES;
use crate::moment::{DAY, HOUR, MINUTE, Moment};
use crate::random::{Purpose, Random};
use crate::schema::{ALLOCATION, ORDER_DTL, ORDER_HDR};

/// An incremental table before the day.
pub(super) struct Incremental {
    pub(super) name: &'static str,
    pub(super) pk: &'static str,
    pub(super) rows: u64,
    pub(super) first_id: i64,
    pub(super) last_id: i64,
    /// The latest change key; the start of the day if the table has none.
    pub(super) latest: Moment,
}

/// A day of changes.
pub(super) struct Day {
    seed: u64,
    percent: f64,
    start: Moment,
    pub(super) orders: Incremental,
    pub(super) lines: Incremental,
    pub(super) allocations: Incremental,
}

/// The way in which a changed row gets its change key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// It is some time of the day.
    Fresh,
    /// It is the one time that all tied rows share.
    Tied,
    /// It is before the day: the row's transaction was committed late.
    Late,
    /// It is NULL.
    Unkeyed,
}

impl Day {
    /// Returns the day after the latest change key of a file.
    pub(super) fn after(connection: &Connection, options: &ChangeOptions) -> rusqlite::Result<Self> {
        let mut tables = Vec::new();
        for (name, pk) in [(ORDER_HDR, "order_id"), (ORDER_DTL, "order_detail_id"), (ALLOCATION, "allocation_id")] {
            tables.push(survey(connection, name, pk)?);
        }
        let start = tables.iter().filter_map(|(_, latest)| *latest).max().unwrap_or(Moment::DEFAULT_UNTIL);
        let mut tables =
            tables.into_iter().map(|(table, latest)| Incremental { latest: latest.unwrap_or(start), ..table });
        let mut next = || tables.next().ok_or(rusqlite::Error::QueryReturnedNoRows);
        Ok(Self {
            seed: Random::keyed(options.seed, Purpose::Day, start.micros().unsigned_abs()).bits(),
            percent: options.percent,
            start,
            orders: next()?,
            lines: next()?,
            allocations: next()?,
        })
    }

    /// Returns the seed of new masters.
    pub(super) fn seed(&self) -> u64 {
        self.seed
    }

    /// Returns the draws for one purpose of the day.
    pub(super) fn random(&self, purpose: Purpose) -> Random {
        Random::keyed(self.seed, purpose, 0)
    }

    /// Returns the number of a table's rows that the day touches: at least one, if there are any.
    pub(super) fn share(&self, rows: u64) -> u64 {
        let wanted = (rows as f64 * self.percent / 100.0).round() as u64;
        wanted.max(1).min(rows)
    }

    /// Returns some time of the day, after `from`.
    pub(super) fn moment(&self, from: Moment, random: &mut Random) -> Moment {
        let from = from.max(self.start);
        from.plus(random.between(1, self.start.plus(DAY).since(from).max(1)))
    }

    /// Returns a time of the day up to `gap` microseconds before `key`, never before the day.
    pub(super) fn before(&self, key: Moment, gap: i64, random: &mut Random) -> Moment {
        key.plus(-random.between(0, gap.min(key.since(self.start) - 1).max(0)))
    }

    /// Returns a change key for a row of a table.
    pub(super) fn key(&self, role: Role, table: &Incremental, random: &mut Random) -> Option<Moment> {
        match role {
            Role::Fresh => Some(self.moment(self.start, random)),
            Role::Tied => Some(self.start.plus(10 * HOUR + 314_159)),
            Role::Late => Some(table.latest.plus(-random.between(1, LATE_LIMIT_MINUTES * MINUTE))),
            Role::Unkeyed => None,
        }
    }

    /// Returns the key for a row that had `previous` and was created at `created`. Keys never go back: a row that is
    /// too recent to be late is fresh.
    pub(super) fn next_key(
        &self,
        role: Role,
        table: &Incremental,
        (created, previous): (Option<Moment>, Option<Moment>),
        random: &mut Random,
    ) -> Option<Moment> {
        let key = self.key(role, table, random);
        if role == Role::Late && (previous >= key || created > key) {
            return self.key(Role::Fresh, table, random);
        }
        key
    }
}

/// Counts a table's rows and finds its latest key.
fn survey(
    connection: &Connection,
    name: &'static str,
    pk: &'static str,
) -> rusqlite::Result<(Incremental, Option<Moment>)> {
    let one = |what: &str| format!("(SELECT {what} FROM {name})");
    let (count, first, last) = (one("count(*)"), one(&format!("min({pk})")), one(&format!("max({pk})")));
    let query = format!("SELECT {count}, ifnull({first}, 1), ifnull({last}, 0), {}", one("max(last_updated)"));
    connection.query_row(&query, [], |row| {
        let latest: Option<Moment> = row.get(3)?;
        let rows: i64 = row.get(0)?;
        let table = Incremental {
            name,
            pk,
            rows: rows.unsigned_abs(),
            first_id: row.get(1)?,
            last_id: row.get(2)?,
            latest: Moment::DEFAULT_UNTIL,
        };
        Ok((table, latest))
    })
}
