//! The rows of a query, batch by batch, from the driver's cursor into columns of our own: the driver itself
//! would give the whole result as one batch. A row with a value that cannot be kept exactly is taken out of the
//! batch, or fails the read if the stream wants so.

use std::sync::{Arc, Mutex, PoisonError};

use arrow_array::{RecordBatch, RecordBatchOptions};
use arrow_schema::{Field, Schema, SchemaRef};
use wmshost_flow::{Batch, Cursor, Failure, Rejected};

use super::client::Rows;
use super::column::{Cell, ColumnBuilder, TOO_LONG, row_as_json};
use super::connect::LentLink;
use super::failure::Trouble;
use super::types::Reading;

/// The rule that a row with a misfit breaks.
const BAD_VALUE: &str = "bad-value";
/// Who takes such rows out.
const DRIVER: &str = "oracle";
/// Rows to make room for at most; a batch may become longer.
const ROOM_ROWS: usize = 65_536;
/// A batch ends at so many bytes of text and binary.
const BATCH_BYTES: usize = 32 << 20;

/// A connection that a session and its cursors share; it goes back to the pool after the last of them.
pub(super) type SharedLink = Arc<Mutex<LentLink>>;

/// How the rows of a query are read.
pub(super) struct Reader {
    /// Where failures say they come from.
    pub(super) place: Arc<str>,
    /// The connection that they come by.
    pub(super) link: SharedLink,
    /// How each column is read.
    pub(super) readings: Vec<Reading>,
    /// The largest text or binary object.
    pub(super) lob_bytes: usize,
    /// Whether a row that cannot be kept fails the read.
    pub(super) bad_value_fails: bool,
}

/// The rows of a query.
pub(super) struct QueryCursor<R: Rows> {
    place: Arc<str>,
    rows: R,
    link: SharedLink,
    names: Vec<String>,
    /// The types as the server calls them, for messages.
    declared: Vec<String>,
    readings: Vec<Reading>,
    schema: SchemaRef,
    at_end: bool,
    lob_bytes: usize,
    bad_value_fails: bool,
}

impl<R: Rows> QueryCursor<R> {
    /// A cursor over a query that was started.
    pub(super) fn new(rows: R, reader: Reader) -> Result<Self, Failure> {
        let Reader { place, link, readings, lob_bytes, bad_value_fails } = reader;
        let names: Vec<String> = rows.columns().iter().map(|column| column.name.clone()).collect();
        for (at, name) in names.iter().enumerate() {
            if names[..at].contains(name) {
                return Err(Failure::permanent(format!(
                    "{place}: the statement gives two columns the name {name}; rename one by AS"
                )));
            }
        }
        // A join can make a NULL of any column.
        let fields = names.iter().zip(&readings).map(|(name, reading)| Field::new(name, reading.arrow(), true));
        let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
        let declared = rows.columns().iter().map(|column| column.declared.clone()).collect();
        Ok(Self { place, rows, link, names, declared, readings, schema, at_end: false, lob_bytes, bad_value_fails })
    }

    /// Reads up to so many rows; gives how many went in, and those that did not.
    fn fill(&mut self, columns: &mut [ColumnBuilder], max_rows: usize) -> Result<(usize, Vec<Rejected>), Failure> {
        let (mut rows, mut bytes, mut rejected) = (0, 0, Vec::new());
        let mut cells = Vec::with_capacity(columns.len());
        while rows + rejected.len() < max_rows && bytes < BATCH_BYTES {
            let Some(row) = self.rows.next() else {
                self.at_end = true;
                break;
            };
            let mut row = row.map_err(|trouble| self.failed(&trouble))?;
            cells.clear();
            for (at, reading) in self.readings.iter().enumerate() {
                let read = R::cell(&mut row, at, *reading, self.lob_bytes);
                cells.push(read.map_err(|trouble| self.failed(&trouble))?);
            }
            bytes += cells.iter().map(Cell::bytes).sum::<usize>();
            if let Some(reason) = self.misfit(&cells) {
                if self.bad_value_fails {
                    return Err(Failure::permanent(format!("{}: {reason}", self.place)));
                }
                let row = row_as_json(&self.names, &self.readings, &cells);
                bytes += row.len();
                rejected.push(Rejected { rule: BAD_VALUE.to_owned(), reason, by: DRIVER.to_owned(), row });
                continue;
            }
            columns.iter_mut().zip(cells.drain(..)).for_each(|(column, cell)| column.push(cell));
            rows += 1;
        }
        Ok((rows, rejected))
    }

    /// Why the row does not fit, without its value.
    fn misfit(&self, cells: &[Cell]) -> Option<String> {
        cells.iter().enumerate().find_map(|(at, cell)| match cell {
            Cell::Misfit(_, why) => {
                let limit = if *why == TOO_LONG { format!(": {} bytes", self.lob_bytes) } else { String::new() };
                let (name, declared) = (&self.names[at], &self.declared[at]);
                Some(format!("the column {name}, declared {declared}, holds a value that {why}{limit}"))
            }
            _ => None,
        })
    }

    fn failed(&self, trouble: &Trouble) -> Failure {
        if trouble.class.is_gone() {
            self.link.lock().unwrap_or_else(PoisonError::into_inner).mark_broken();
        }
        trouble.failure(format_args!("{}, reading rows", self.place))
    }
}

impl<R: Rows> Cursor for QueryCursor<R> {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn next(&mut self, max_rows: usize) -> Result<Option<Batch>, Failure> {
        if self.at_end {
            return Ok(None);
        }
        let room = max_rows.min(ROOM_ROWS);
        let mut columns: Vec<_> = self.readings.iter().map(|reading| ColumnBuilder::new(*reading, room)).collect();
        let filled = self.fill(&mut columns, max_rows);
        if filled.is_err() {
            // The driver would go on behind the rows that were lost.
            self.at_end = true;
        }
        let (rows, rejected) = filled?;
        if rows == 0 && rejected.is_empty() {
            return Ok(None);
        }
        let broken = |error| Failure::permanent(format!("{}: {error}", self.place));
        let columns = columns.iter_mut().map(ColumnBuilder::finish).collect::<Result<Vec<_>, _>>().map_err(broken)?;
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        let rows = RecordBatch::try_new_with_options(Arc::clone(&self.schema), columns, &options).map_err(broken)?;
        Ok(Some(Batch { rows, rejected }))
    }
}
