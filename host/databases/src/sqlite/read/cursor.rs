//! The rows of a query, batch by batch, straight from SQLite's cells into Arrow columns. A row with a cell that
//! does not fit its column's declared type, or is too large, is taken out of the batch.

use std::sync::Arc;

use arrow_array::{RecordBatch, RecordBatchOptions};
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use rusqlite::{Error, ErrorCode};
use wmshost_flow::{Batch, Cursor, Failure, Rejected};

use super::bad_cell::{RejectedCell, rejection};
use super::cell_sizes::measured;
use super::column::ColumnBuilder;
use super::decided::Decided;
use super::query::Query;
use super::read_connection::{ReadConnection, limits};
use crate::forms::Conversion;
use crate::sqlite::failure::failure;
use crate::sqlite::statement::{Cell, Running, Statement};
use crate::sqlite::types::arrow_type;
use crate::sqlite::watch::StatementWatch;

/// The most rows to allocate for in advance; a batch may become longer.
const ROOM_ROWS: usize = 65_536;

/// A column of the result and the declared type that decided its type.
pub(crate) struct ResultColumn {
    builder: ColumnBuilder,
    name: String,
    /// `None` for an expression: the first row decided.
    declared: Option<String>,
}

impl ResultColumn {
    /// Its type, and the form of its cells.
    pub(crate) fn conversion(&self) -> &Conversion {
        self.builder.conversion()
    }
}

/// The position of the statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// Before a row that was not fetched yet.
    Between,
    /// On a row that was fetched but not read.
    OnRow,
    /// After the last row.
    AtEnd,
}

/// The rows of a query.
pub(crate) struct QueryCursor {
    source: Arc<str>,
    reader: ReadConnection,
    statement: Statement,
    query: Query,
    schema: SchemaRef,
    columns: Vec<ResultColumn>,
    place: Place,
    /// True if the statement is the measured form, which returns a cell's size in the place of one that is too large.
    is_measured: bool,
    /// The number of rows that were fetched.
    fetched: u64,
    /// The reason why reading broke off. From then on every call fails, so that no caller takes it for the end.
    broken: Option<Failure>,
}

/// A failure while SQLite computes rows.
pub(crate) fn computing_failure(source: &str, watch: &StatementWatch, error: Error) -> Failure {
    let is_full = error.sqlite_error_code() == Some(ErrorCode::DiskFull);
    let found = failure(format_args!("{source}, reading rows"), error);
    // Only what SQLite sorts is written, into temporary files.
    let found = match is_full {
        true => Failure { advice: None, ..found }
            .advise("make room on the disk of temporary files, or name another in TMPDIR"),
        false => found,
    };
    watch.explained(source, found)
}

impl QueryCursor {
    /// The columns of a statement that was bound but not run yet. Where one is an expression, which has no
    /// declared type, the first row is fetched and decides.
    pub(crate) fn columns_of(
        running: &mut Running<'_>,
        decided: &Decided,
    ) -> Result<(Vec<ResultColumn>, Place), Error> {
        let declared: Vec<_> = (0..running.column_count()).map(|at| running.declared(at)).collect();
        let is_known = |at: usize| declared[at].is_some() || decided_conversion(running, at, decided).is_some();
        let place = match (0..declared.len()).all(is_known) {
            true => Place::Between,
            false if running.step()? => Place::OnRow,
            false => Place::AtEnd,
        };
        let columns = declared.into_iter().enumerate().map(|(at, declared)| {
            // A number beyond all decimals is read as text here; describing its table fails.
            let conversion = decided_conversion(running, at, decided).unwrap_or_else(|| match &declared {
                Some(declared) => arrow_type(declared).unwrap_or(DataType::Utf8).into(),
                None => type_of(running.cell(at)).into(),
            });
            ResultColumn { builder: ColumnBuilder::new(conversion), name: running.column_name(at), declared }
        });
        Ok((columns.collect(), place))
    }

    /// A cursor over a statement that was bound.
    pub(crate) fn new(
        source: Arc<str>,
        reader: ReadConnection,
        statement: Statement,
        (columns, place): (Vec<ResultColumn>, Place),
        query: Query,
    ) -> Result<Self, Failure> {
        for (at, column) in columns.iter().enumerate() {
            if columns[..at].iter().any(|other| other.name == column.name) {
                return Err(Failure::permanent(format!(
                    "{source}: the statement returns two columns with the name {}",
                    column.name
                ))
                .advise("rename one with AS"));
            }
        }
        // A join can make any column NULL.
        let fields = columns.iter().map(|column| Field::new(&column.name, column.builder.data_type().clone(), true));
        let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
        let fetched = u64::from(place == Place::OnRow);
        Ok(Self { source, reader, statement, query, schema, columns, place, is_measured: false, fetched, broken: None })
    }

    /// Bytes of a row besides its texts and blobs.
    fn fixed_bytes(&self) -> usize {
        self.columns.iter().map(|column| column.builder.fixed_bytes()).sum::<usize>().max(1)
    }

    /// Reads up to this number of rows into the columns; returns the number of rows that fit, and those that did not.
    fn fill(&mut self, max_rows: usize) -> Result<(usize, Vec<Rejected>), Failure> {
        let (fixed, most) = (self.fixed_bytes(), self.query.batch_bytes);
        let (mut rows, mut bytes, mut rejected) = (0, 0, Vec::new());
        let mut running = self.statement.run();
        while rows + rejected.len() < max_rows && bytes < limits::BATCH_BYTES {
            if self.place == Place::Between {
                let stepped = running.step();
                let is_row = match stepped {
                    Err(error) if error.sqlite_error_code() == Some(ErrorCode::TooBig) && !self.is_measured => {
                        drop(running);
                        let is_row = self.measure(error)?;
                        running = self.statement.run();
                        is_row
                    }
                    stepped => stepped.map_err(|error| computing_failure(&self.source, &self.reader.watch, error))?,
                };
                self.fetched += u64::from(is_row);
                self.place = if is_row { Place::OnRow } else { Place::AtEnd };
            }
            if self.place == Place::AtEnd {
                break;
            }
            let read = match read_row(&running, &mut self.columns, self.is_measured) {
                Ok(size) if bytes + fixed + size <= most => {
                    bytes += fixed + size;
                    rows += 1;
                    self.place = Place::Between;
                    continue;
                }
                read => read.ok().map(|size| fixed + size),
            };
            truncate(&mut self.columns, rows);
            // The batch has no room for the row: it begins the next batch.
            if read.is_some_and(|size| size <= most) {
                break;
            }
            let whole = read.map(|size| {
                format!("the row has {size} bytes in all, a batch holds {most} (batch_mib of [limits] allows more)")
            });
            let cells = cells_of(&running, &self.columns, self.is_measured, whole.is_some());
            let taken = rejection(&cells, rows + rejected.len(), self.reader.value_bytes(), whole);
            bytes += taken.row.len();
            rejected.push(taken);
            self.place = Place::Between;
        }
        Ok((rows, rejected))
    }

    /// Handles a value that is too large to be read: continues with the statement in the form that measures the cells,
    /// after the rows that were read. The snapshot returns them in the same order.
    #[cold]
    fn measure(&mut self, too_big: Error) -> Result<bool, Failure> {
        let names: Vec<_> = self.columns.iter().map(|column| column.name.as_str()).collect();
        let Some(mut statement) = measured(&self.reader, &self.query, &names) else {
            return Err(computing_failure(&self.source, &self.reader.watch, too_big));
        };
        self.is_measured = true;
        self.reader.allow_rows_of(self.query.batch_bytes);
        let mut running = statement.run();
        let mut is_row = true;
        for _ in 0..=self.fetched {
            is_row = running.step().map_err(|error| computing_failure(&self.source, &self.reader.watch, error))?;
        }
        drop(running);
        self.statement = statement;
        Ok(is_row)
    }

    /// The rows in the columns as a batch; `None` if there are none.
    fn batch(&mut self, rows: usize, rejected: Vec<Rejected>) -> Result<Option<Batch>, Failure> {
        let broken = |error| Failure::permanent(format!("{}: {error}", self.source));
        let columns = self.columns.iter_mut().map(|column| column.builder.finish());
        let columns = columns.collect::<Result<Vec<_>, _>>().map_err(broken)?;
        if rows == 0 && rejected.is_empty() {
            return Ok(None);
        }
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        let schema = Arc::clone(&self.schema);
        let rows = RecordBatch::try_new_with_options(schema, columns, &options).map_err(broken)?;
        Ok(Some(Batch::read(rows, rejected)))
    }
}

impl Cursor for QueryCursor {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn next(&mut self, max_rows: usize) -> Result<Option<Batch>, Failure> {
        if let Some(failure) = &self.broken {
            return Err(failure.clone());
        }
        if self.place == Place::AtEnd {
            return Ok(None);
        }
        self.reader.watch.begin();
        if self.is_measured {
            self.reader.allow_rows_of(self.query.batch_bytes);
        }
        // With many columns, fewer rows fit into a batch.
        let max_rows = max_rows.min((self.query.batch_bytes / 2 / self.fixed_bytes()).max(1));
        for column in &mut self.columns {
            column.builder.begin(max_rows.min(ROOM_ROWS));
        }
        let filled = self.fill(max_rows);
        if self.is_measured {
            self.reader.allow_values_only();
        }
        let batch = filled.and_then(|(rows, rejected)| self.batch(rows, rejected));
        if let Err(failure) = &batch {
            // SQLite would begin again from the first row.
            self.broken = Some(failure.clone());
        }
        batch
    }
}

/// Removes the partial row after this number of rows. A column that the row did not reach has nothing to remove.
fn truncate(columns: &mut [ResultColumn], rows: usize) {
    columns.iter_mut().for_each(|column| column.builder.truncate(rows));
}

/// Reads the current row into the columns; returns its bytes of text, or the first column that it does not fit.
#[inline]
fn read_row(running: &Running<'_>, columns: &mut [ResultColumn], is_measured: bool) -> Result<usize, usize> {
    let mut bytes = 0;
    if is_measured {
        for (at, column) in columns.iter_mut().enumerate() {
            if running.cell(2 * at + 1) != Cell::Null {
                return Err(at);
            }
            bytes += column.builder.push(running.cell(2 * at)).map_err(|_| at)?;
        }
        return Ok(bytes);
    }
    for (at, column) in columns.iter_mut().enumerate() {
        bytes += column.builder.push(running.cell(at)).map_err(|_| at)?;
    }
    Ok(bytes)
}

/// The conversion of a column whose declared type does not decide it. A computed one is known by its name.
fn decided_conversion(running: &Running<'_>, at: usize, decided: &Decided) -> Option<Conversion> {
    if decided.is_empty() {
        return None;
    }
    let (table, column) = running.origin(at).unwrap_or_else(|| (String::new(), running.column_name(at)));
    decided.get(&(table.to_ascii_lowercase(), column.to_ascii_lowercase())).cloned()
}

/// The cells of the current row. If the row is too large as a whole, its largest cells count as too large.
fn cells_of<'a>(
    running: &'a Running<'_>,
    columns: &'a [ResultColumn],
    is_measured: bool,
    is_too_large: bool,
) -> Vec<RejectedCell<'a>> {
    const LARGE_BYTES: usize = 64 << 10;
    let cell = |(at, column): (usize, &'a ResultColumn)| {
        let (place, size) = if is_measured { (2 * at, Some(2 * at + 1)) } else { (at, None) };
        let cell = running.cell(place);
        let too_large = match (size.map(|size| running.cell(size)), cell) {
            (Some(Cell::Integer(bytes)), _) => Some(bytes.unsigned_abs()),
            (_, Cell::Text(bytes) | Cell::Blob(bytes)) if is_too_large && bytes.len() > LARGE_BYTES => {
                Some(bytes.len() as u64)
            }
            _ => None,
        };
        let conversion = column.builder.conversion();
        RejectedCell { name: &column.name, declared: column.declared.as_deref(), conversion, cell, too_large }
    };
    columns.iter().enumerate().map(cell).collect()
}

fn type_of(cell: Cell<'_>) -> DataType {
    match cell {
        Cell::Integer(_) => DataType::Int64,
        Cell::Real(_) => DataType::Float64,
        Cell::Blob(_) => DataType::Binary,
        Cell::Text(_) | Cell::Null => DataType::Utf8,
    }
}
