//! Reads a stream part by part, and knows its position after every batch.

use std::collections::VecDeque;

use wmshost_plugin::contract::extraction::{Method, NullKeys, Request};
use wmshost_plugin::contract::types::{Schema, Value};
use wmshost_plugin::source::{Cursor, Dialect, Session};
use wmshost_plugin::{AnyColumn, Batch, Reader, Result, Rows, Step, Violation, invalid_config, log, permanent};

use crate::bookmark::{ReadPosition, ticks};
use crate::dialect::Statement;
use crate::read_plan::{self, Horizon, LastRow, ReadPlan};
use crate::select::{self, ReadStep};
use crate::table::{Field, Table};

/// The rule of rows without a change key.
const NULL_CHANGE_KEY: &str = "null-change-key";

/// A stream being read.
#[derive(Debug)]
pub struct TableReader<S: Session> {
    /// The rows of the part that is being read.
    cursor: Option<S::Cursor>,
    session: S,
    table: Table,
    schema: Schema,
    method: Method,
    null_keys: NullKeys,
    horizon: Horizon,
    /// The position of the stream.
    place: ReadPosition,
    /// The parts that remain, beginning with the one that is being read.
    parts: VecDeque<ReadStep>,
    batch_rows: u32,
}

impl<S: Session> TableReader<S> {
    /// Begins to read a stream. Every mistake of the request is found here.
    pub fn open(session: S, request: &Request) -> Result<Self> {
        let missing = || invalid_config(format!("the source has no table {}, or it is not granted", request.table));
        let description = session.describe(&request.table)?.ok_or_else(missing)?;
        let table = Table::check(request, &description, session.dialect())?;
        let horizon = horizon(&session, &table)?;
        let ReadPlan { start, parts } = match (&request.window, request.method) {
            (Some(window), _) => read_plan::window(request, &table, window)?,
            (None, Method::Full) => read_plan::whole(request, &table)?,
            (None, Method::Append) => read_plan::append(request, &table)?,
            (None, Method::Incremental) => read_plan::incremental(request, &table, horizon)?,
        };
        tell(request, &parts);
        let notes =
            [read_plan::backwards(request, &table, &start, horizon), read_plan::wraps(request, &table, horizon)];
        notes.iter().flatten().for_each(log::warn);
        let mut reader = Self {
            cursor: None,
            session,
            schema: table.schema(),
            table,
            method: request.method,
            null_keys: request.null_keys,
            horizon,
            place: start,
            parts: parts.into(),
            batch_rows: request.batch_rows.max(1),
        };
        if let Some(cursor) = reader.cursor_of_part()? {
            reader.schema = cursor.schema();
        }
        Ok(reader)
    }

    /// The rows of the part that is being read; `None` if there is nothing more to read.
    fn cursor_of_part(&mut self) -> Result<Option<&mut S::Cursor>> {
        if let (None, Some(part)) = (&self.cursor, self.parts.front()) {
            let statement = select::rows(self.session.dialect(), &self.table, part);
            self.cursor = Some(run(&self.session, &statement)?);
        }
        Ok(self.cursor.as_mut())
    }

    /// Moves the position after the last row of a batch that has a whole key. If there is none, the position stays
    /// before those rows, and they are read again.
    fn advance(&mut self, rows: &Batch) -> Result<()> {
        let Some(part) = self.parts.front() else { return Ok(()) };
        if let Some(row) = last_row(&Rows::of(rows), &self.table, part)? {
            self.place = read_plan::behind(&self.place, part, row, self.horizon);
        }
        Ok(())
    }

    /// Rejects rows without a change key, or fails, if the stream asks for it.
    fn judge_change_keys(&self, batch: &Batch) -> Result<()> {
        let (NullKeys::Reject | NullKeys::Fail, Some(place)) = (self.null_keys, self.table.change_key) else {
            return Ok(());
        };
        let rows = Rows::of(batch);
        let missing = rows.missing(&self.table.columns[place].display_column)?;
        match (!missing.is_empty(), self.null_keys) {
            (false, _) => Ok(()),
            (true, NullKeys::Fail) => Err(permanent(format!(
                "table {} has a row without {}; correct it, or set null_keys to a value other than \"fail\"",
                self.table.name, self.table.columns[place].display_column
            ))),
            (true, _) => {
                let reason = "its change key is NULL: no incremental run would see when it changes";
                rows.reject(&[Violation { rule: NULL_CHANGE_KEY, reason, rows: &missing }])
            }
        }
    }

    fn end_part(&mut self) {
        self.cursor = None;
        if let Some(part) = self.parts.pop_front() {
            self.place = read_plan::at_end(&self.place, &part, self.method, self.horizon);
        }
    }

    fn count(&self, part: &ReadStep) -> Option<u64> {
        let mut cursor = run(&self.session, &select::count(self.session.dialect(), &self.table, part)).ok()?;
        let counted = cursor.next(1).ok()??;
        match Rows::of(&counted).any(select::COUNT).ok()?.value(0)? {
            Value::Int64(count) => u64::try_from(count).ok(),
            Value::Decimal(text) | Value::Text(text) => text.split('.').next()?.parse().ok(),
            _ => None,
        }
    }
}

impl<S: Session> Reader for TableReader<S> {
    fn schema(&self) -> Schema {
        self.schema.clone()
    }

    fn key(&self) -> Vec<String> {
        self.table.key.iter().map(|place| self.table.columns[*place].display_column.clone()).collect()
    }

    fn expected_rows(&self) -> Option<u64> {
        self.parts.iter().map(|part| self.count(part)).sum()
    }

    fn next(&mut self) -> Result<Step> {
        let batch_rows = self.batch_rows;
        while let Some(cursor) = self.cursor_of_part()? {
            match cursor.next(batch_rows)? {
                Some(rows) => {
                    self.advance(&rows)?;
                    self.judge_change_keys(&rows)?;
                    return Ok(Step::Chunk(rows, self.place.bookmark(&self.table)));
                }
                None => self.end_part(),
            }
        }
        Ok(Step::End(self.place.bookmark(&self.table)))
    }
}

fn run<S: Session>(session: &S, statement: &Statement) -> Result<S::Cursor> {
    session.query(&statement.text, &statement.parameters)
}

/// The source's clock, and the latest change key that is not after it.
fn horizon<S: Session>(session: &S, table: &Table) -> Result<Horizon> {
    let Some(change_key) = table.change_key.map(|place| &table.columns[place]) else {
        return Ok(Horizon { now: 0, high: None });
    };
    let ticks = ticks(table);
    let now = ticks.now(session.now()?);
    let (dialect, until) = (session.dialect(), ticks.value(now));
    let is_exact = change_key.order.as_ref().is_ok_and(|order| order.bounds.is_none());
    // Usually no row is of the future or cannot be read, and the greatest value is the latest up to now.
    let greatest = match dialect {
        Dialect::Sqlite => first(session, &select::stored_greatest(table, change_key), table, change_key)?,
        Dialect::Oracle => None,
    };
    let stored = match greatest.filter(|greatest| *greatest <= now) {
        None => first(session, &select::stored_latest(dialect, table, change_key, &until), table, change_key)?,
        latest => latest,
    };
    if is_exact {
        return Ok(Horizon { now, high: stored });
    }
    // The stored value that sorts last may be spelled differently from the latest one, which is at this time or after
    // it.
    let from = stored.map(|stored| ticks.value(stored));
    let high = first(session, &select::latest(dialect, table, change_key, from.as_ref(), &until), table, change_key)?;
    Ok(Horizon { now, high })
}

/// The change key in the first row of a statement whose change key can be read.
fn first<S: Session>(session: &S, statement: &Statement, table: &Table, change_key: &Field) -> Result<Option<i64>> {
    let mut cursor = run(session, statement)?;
    while let Some(rows) = cursor.next(1)? {
        let rows = Rows::of(&rows);
        if rows.count() > 0 {
            let latest = rows.any(&change_key.display_column)?.value(0);
            return Ok(latest.and_then(|value| ticks(table).moment(&value)));
        }
    }
    Ok(None)
}

/// The last row of a batch that has a whole key: reading can continue only after such a row.
fn last_row(rows: &Rows<'_>, table: &Table, part: &ReadStep) -> Result<Option<LastRow>> {
    let column = |place: &usize| rows.any(&table.columns[*place].display_column);
    let key: Vec<AnyColumn> = table.order.iter().map(column).collect::<Result<_>>()?;
    let moments = match (part, &table.change_key) {
        (ReadStep::ByChange(_) | ReadStep::Within(..), Some(change_key)) => Some(column(change_key)?),
        _ => None,
    };
    for row in (0..rows.count()).rev() {
        let Some(key) = key.iter().map(|column| column.value(row)).collect() else { continue };
        let moment = moments.as_ref().and_then(|moments| ticks(table).moment(&moments.value(row)?));
        if moments.is_none() || moment.is_some() {
            return Ok(Some(LastRow { moment, key }));
        }
    }
    Ok(None)
}

fn tell(request: &Request, parts: &[ReadStep]) {
    let what = match parts {
        [ReadStep::ByKey { after: None }] => "the whole table is read",
        [ReadStep::ByKey { .. }, ..] => "an interrupted load of the whole table goes on",
        [ReadStep::Added { .. }, ..] => "what was added is read",
        _ => "what changed is read",
    };
    log::info(format!("table {}: {what}", request.table));
}
