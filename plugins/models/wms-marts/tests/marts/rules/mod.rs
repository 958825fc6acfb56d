//! Every business rule by name.
//!
//! | module | rules of |
//! |---|---|
//! | `staging` | the staging models |
//! | `performance` | times, locations, users, the fact of allocations, the daily metrics |
//! | `items` | the dimension of items, movements, turnover |
//! | `mistakes` | mistakes of the models that these replace, one test each |

mod items;
mod mistakes;
mod performance;
mod staging;

use rusqlite::Connection;
use wmshost_plugin::Sql;

use crate::build::{Moment, build_all, declared, select};
use crate::cell::Cell;
use crate::moment::{DAY, SECOND};
use crate::tables::database_of;
use crate::warehouse::{Allocation, Item, Line, Location, Mark, Order, Receipt, TODAY, Warehouse};

/// An hour in microseconds.
const HOUR: i64 = 3_600 * SECOND;
/// Midnight of today, 2026-06-30, a Tuesday.
const MIDNIGHT: i64 = TODAY * DAY;
/// Ten o'clock.
const TEN: i64 = MIDNIGHT + 10 * HOUR;

/// The models of a warehouse, built.
struct Built(Connection);

/// Builds the models, at noon of today.
fn built(warehouse: &Warehouse) -> Built {
    let database = database_of(warehouse);
    let declaration = declared(&warehouse.terms.settings(), Sql::sqlite());
    build_all(&database, &declaration, &Moment { now: MIDNIGHT + DAY / 2, watermark: None });
    Built(database)
}

impl Built {
    /// The rows of a SELECT, each as its values with `|` between them; the second text follows FROM.
    fn shown(&self, columns: &str, behind: &str) -> Vec<String> {
        let columns: Vec<_> = columns.split(", ").collect();
        let rows = select(&self.0, &format!("SELECT {} FROM {behind}", columns.join(", ")));
        let shown = |cell: &Cell| match cell {
            Cell::Null => "-".to_owned(),
            Cell::Number(number) => number.to_string(),
            Cell::Text(text) => text.clone(),
        };
        rows.iter().map(|row| columns.iter().map(|name| shown(&row[*name])).collect::<Vec<_>>().join("|")).collect()
    }
}

/// A good allocation, shipped an hour after ten o'clock of today.
fn allocation(id: i64) -> Allocation {
    Allocation {
        id,
        order: Some(1),
        item: Some(1),
        location: Some(1),
        quantity: Some(5_000),
        status: Some("SHIPPED"),
        user: Some("ANN"),
        priority: Some(1),
        created: Some(TEN),
        updated: Some(TEN + HOUR),
        mark: loaded(id),
    }
}

fn allocations(allocations: impl IntoIterator<Item = Allocation>) -> Warehouse {
    Warehouse { allocations: allocations.into_iter().collect(), ..Warehouse::default() }
}

/// A complete order of today over 10.00.
fn order(id: i64) -> Order {
    Order {
        id,
        customer: Some(1),
        date: Some(TEN),
        status: Some("NEW"),
        amount: Some(10_00),
        requested: Some(TEN + DAY),
        kind: Some("RUSH"),
        priority: Some("HIGH"),
        address: Some(1),
        updated: Some(TEN),
        mark: loaded(id),
    }
}

/// A line over 10.00.
fn line(id: i64, order: i64) -> Line {
    Line {
        id,
        order: Some(order),
        item: Some(1),
        quantity: Some(2_000),
        price: Some(5_00),
        total: Some(10_00),
        updated: Some(TEN),
        mark: loaded(id),
    }
}

/// A complete and ordinary item.
fn item(id: i64) -> Item {
    Item {
        id,
        code: Some("ABC"),
        description: Some("Screws"),
        category: Some("Hardware"),
        unit: Some("EA"),
        cost: Some(9_9999),
        active: Some("Y"),
        weight: Some(1_000),
        volume: Some(1_000),
        storage: Some("STANDARD"),
        shelf_life: None,
        hazmat: None,
        mark: loaded(id),
    }
}

/// A pick location on the ground, half full.
fn location(id: i64) -> Location {
    Location {
        id,
        code: Some("A-01"),
        kind: Some("PICK"),
        zone: Some("Z"),
        aisle: Some("01"),
        level: Some("01"),
        active: Some("Y"),
        measures: [Some(100_000), Some(100_000), Some(50_000), Some(10_000)],
        sequence: Some(1),
        mark: loaded(id),
    }
}

/// Ten pieces, received at eight o'clock of today.
fn receipt(id: i64) -> Receipt {
    Receipt {
        id,
        item: Some(1),
        quantity: Some(10_000),
        status: Some("RECEIVED"),
        received: Some(MIDNIGHT + 8 * HOUR),
        mark: loaded(id),
    }
}

fn loaded(at: i64) -> Mark {
    Mark { loaded: at, deleted: false }
}
