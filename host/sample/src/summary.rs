//! Summaries of the changes to a sample warehouse per table, and their progress. Prints nothing.

use std::path::PathBuf;
use std::time::Instant;

use rusqlite::Connection;

/// The number of rows between two reports of progress.
const REPORT_EVERY: u64 = 4_096;

/// The changes of a call to one table.
#[derive(Debug, Clone, PartialEq)]
pub struct TableSummary {
    /// The table's name.
    pub table: &'static str,
    /// Rows in the table afterwards.
    pub rows: u64,
    /// Rows added.
    pub inserted: u64,
    /// Rows that were updated.
    pub updated: u64,
    /// Rows that were deleted.
    pub deleted: u64,
    /// The growth of the file by this table and its index, in bytes; 0 if free pages sufficed.
    pub bytes: u64,
    /// The time spent on this table, in seconds.
    pub seconds: f64,
}

/// The changes of a call to a sample warehouse.
#[derive(Debug, Clone, PartialEq)]
pub struct Summary {
    /// The sample warehouse.
    pub file: PathBuf,
    /// One entry per table, in the order in which they were written.
    pub tables: Vec<TableSummary>,
    /// The size of the database afterwards, in bytes.
    pub bytes: u64,
    /// The duration of the whole call, in seconds.
    pub seconds: f64,
}

/// The function that receives the progress: table, rows done, rows in total.
pub(crate) type Progress<'a> = &'a mut dyn FnMut(&str, u64, u64);

/// The rows that a step touched.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Touched {
    pub(crate) inserted: u64,
    pub(crate) updated: u64,
    pub(crate) deleted: u64,
}

/// Counts the rows of one table while they are written.
pub(crate) struct Meter<'a> {
    table: &'static str,
    total: u64,
    done: u64,
    began: Instant,
    bytes_before: u64,
    progress: Progress<'a>,
    pub(crate) touched: Touched,
}

impl<'a> Meter<'a> {
    pub(crate) fn start(
        connection: &Connection,
        table: &'static str,
        total: u64,
        progress: Progress<'a>,
    ) -> rusqlite::Result<Self> {
        progress(table, 0, total);
        let bytes_before = database_bytes(connection)?;
        Ok(Self { table, total, done: 0, began: Instant::now(), bytes_before, progress, touched: Touched::default() })
    }

    pub(crate) fn inserted(&mut self) {
        self.touched.inserted += 1;
        self.step();
    }

    pub(crate) fn updated(&mut self, rows: usize) {
        self.touched.updated += rows as u64;
        self.step();
    }

    pub(crate) fn deleted(&mut self, rows: usize) {
        self.touched.deleted += rows as u64;
        self.step();
    }

    fn step(&mut self) {
        self.done += 1;
        if self.done.is_multiple_of(REPORT_EVERY) {
            (self.progress)(self.table, self.done, self.total.max(self.done));
        }
    }

    /// Reports the end and returns the summary; `rows` is the number of the table's rows before.
    pub(crate) fn finish(self, connection: &Connection, rows: u64) -> rusqlite::Result<TableSummary> {
        (self.progress)(self.table, self.done, self.done);
        let Touched { inserted, updated, deleted } = self.touched;
        Ok(TableSummary {
            table: self.table,
            rows: rows + inserted - deleted,
            inserted,
            updated,
            deleted,
            bytes: database_bytes(connection)?.saturating_sub(self.bytes_before),
            seconds: self.began.elapsed().as_secs_f64(),
        })
    }
}

/// Returns the size of the database in bytes, including what the open transaction has added.
pub(crate) fn database_bytes(connection: &Connection) -> rusqlite::Result<u64> {
    let pages: i64 = connection.pragma_query_value(None, "page_count", |row| row.get(0))?;
    let page: i64 = connection.pragma_query_value(None, "page_size", |row| row.get(0))?;
    Ok(pages.unsigned_abs() * page.unsigned_abs())
}
