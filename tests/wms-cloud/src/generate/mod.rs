//! A tenant from a seed: the sample warehouse in Oracle WMS Cloud's words. Values are synthetic, and references are
//! consistent.
//!
//! | module | rows |
//! |---|---|
//! | `lookups` | statuses, types and units |
//! | `masters` | companies, facilities, users, items and locations |
//! | `orders` | orders, their lines, waves and loads |
//! | `stock` | inventory, containers, allocations, tasks and the history of inventory |
//! | `inbound` | purchase orders and shipments that come in |
//! | `shape` | the quirks that are in the data |

mod inbound;
mod lookups;
mod masters;
mod orders;
mod shape;
mod stock;

use anyhow::{Context, Result};
use rusqlite::{Connection, Row as Record};
use wmshost_sample::{CreateOptions, Moment};

use crate::quirks::Quirks;
use crate::store::Tables;
use crate::value::{DAY, STANDARD, Value, read_decimal};

pub(crate) use lookups::{ALLOCATION_STATUSES, ORDER_STATUSES};

/// The facility of most rows.
pub(crate) const MAIN_FACILITY: i64 = 1;
/// The facility that the user loses under Q38.
pub(crate) const OTHER_FACILITY: i64 = 2;
/// The company of all rows.
pub(crate) const COMPANY: i64 = 1;

/// The rows of a tenant with this number of allocations up to a moment of the warehouse's clocks.
pub(crate) fn tenant(seed: u64, allocations: u64, until: Moment, quirks: Quirks) -> Result<Tables> {
    let folder = tempfile::tempdir().context("making a folder")?;
    let file = folder.path().join("warehouse.db");
    let options = CreateOptions { until, ..CreateOptions::new(&file, allocations, seed) };
    wmshost_sample::create(&options, |_, _, _| {}).context("making the sample warehouse")?;
    let sample = Connection::open(&file)?;
    let mut tables = Tables::new();
    let now = until.micros() - STANDARD;
    lookups::fill(&mut tables);
    masters::fill(&mut tables, &sample, now)?;
    orders::fill(&mut tables, &sample)?;
    stock::fill(&mut tables, &sample)?;
    inbound::fill(&mut tables, allocations, now);
    shape::apply(&mut tables, seed, now, quirks);
    Ok(tables)
}

/// Calls a function for each record of a query on the sample warehouse.
fn each(sample: &Connection, query: &str, mut take: impl FnMut(&Record<'_>) -> rusqlite::Result<()>) -> Result<()> {
    let mut statement = sample.prepare(query)?;
    let mut records = statement.query([])?;
    while let Some(record) = records.next()? {
        take(record)?;
    }
    Ok(())
}

/// A decimal of a record, which the query has cast to a text.
fn decimal(record: &Record<'_>, column: &str) -> rusqlite::Result<Value> {
    let text: Option<String> = record.get(column)?;
    Ok(text.as_deref().and_then(read_decimal).map_or(Value::Null, |(digits, scale)| Value::Decimal(digits, scale)))
}

/// A text of a record; a NULL is a blank text, as in the API.
fn text(record: &Record<'_>, column: &str) -> rusqlite::Result<Value> {
    Ok(Value::text(record.get::<_, Option<String>>(column)?.unwrap_or_default()))
}

/// An instant of a record, whose column shows the warehouse's clocks.
fn instant(record: &Record<'_>, column: &str) -> rusqlite::Result<Option<i64>> {
    let text: Option<String> = record.get(column)?;
    Ok(text.and_then(|text| text.parse::<Moment>().ok()).map(|moment| moment.micros() - STANDARD))
}

/// The date that the warehouse's clocks show at an instant.
pub(crate) fn local_date(instant: i64) -> Value {
    Value::Date((instant + STANDARD).div_euclid(DAY))
}
