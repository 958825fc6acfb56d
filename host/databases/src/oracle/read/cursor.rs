//! The rows of a query, batch by batch, from the driver's cursor into columns of our own: the driver itself would
//! return the whole result as one batch. A row with a value that cannot be kept exactly, or is too large, is taken out
//! of the batch.

use std::borrow::Cow;
use std::sync::{Arc, Mutex, PoisonError};

use arrow_array::{ArrayRef, BooleanArray, RecordBatch, RecordBatchOptions};
use arrow_schema::{ArrowError, Field, Schema, SchemaRef};
use arrow_select::filter::filter_record_batch;
use serde_json::json;
use wmshost_flow::{Batch, Cause, Cursor, Failure, Rejected, Stage, cell_as_json};

use super::column::{CellOutcome, ColumnBuilder, TOO_LONG};
use super::convert::converted;
use super::rules::ColumnReading;
use crate::digits;
use crate::digits::quote;
use crate::oracle::client::Rows;
use crate::oracle::connect::manager::PooledConnection;
use crate::oracle::failure::OracleError;
use crate::oracle::types::Reading;

/// The rule that a row with a bad cell breaks.
const BAD_VALUE: &str = "bad-value";
/// The component that is named as taking such rows out.
const DRIVER: &str = "oracle";
/// The most rows to allocate for in advance; a batch may become longer.
const ROOM_ROWS: usize = 65_536;
/// A batch ends at this number of bytes, or at a quarter of its limit.
const BATCH_BYTES: usize = 32 << 20;
/// The most bytes of a cell besides its text or bytes.
const CELL_BYTES: usize = 17;

/// A cell that did not fit.
struct BadCell {
    row: usize,
    column: usize,
    text: String,
    why: Cow<'static, str>,
    /// The most bytes that it could have had.
    most: usize,
}

/// A connection that a session and its cursors share; it goes back to the pool after the last of them.
pub(crate) type SharedConnection = Arc<Mutex<PooledConnection>>;

/// The parameters for reading the rows of a query.
pub(crate) struct Reader {
    /// The place that failures name.
    pub(crate) place: Arc<str>,
    /// The connection that the rows come from.
    pub(crate) connection: SharedConnection,
    /// The reading of each column.
    pub(crate) readings: Vec<ColumnReading>,
    /// The largest text or binary object.
    pub(crate) lob_bytes: usize,
    /// The most bytes of one batch's columns.
    pub(crate) batch_bytes: usize,
}

/// The rows of a query.
pub(crate) struct QueryCursor<R: Rows> {
    place: Arc<str>,
    rows: R,
    connection: SharedConnection,
    names: Vec<String>,
    /// The types as the server calls them, for messages.
    declared: Vec<String>,
    readings: Vec<ColumnReading>,
    schema: SchemaRef,
    at_end: bool,
    /// The reason why reading broke off. From then on every call fails, so that no caller takes it for the end.
    broken: Option<Failure>,
    lob_bytes: usize,
    batch_bytes: usize,
}

impl<R: Rows> QueryCursor<R> {
    /// A cursor over a query that was started.
    pub(crate) fn new(rows: R, reader: Reader) -> Result<Self, Failure> {
        let Reader { place, connection, readings, lob_bytes, batch_bytes } = reader;
        let names: Vec<String> = rows.columns().iter().map(|column| column.name.clone()).collect();
        for (at, name) in names.iter().enumerate() {
            if names[..at].contains(name) {
                return Err(Failure::permanent(format!(
                    "{place}: the statement returns two columns with the name {name}"
                ))
                .advise("rename one with AS"));
            }
        }
        // A join can make any column NULL.
        let fields = names.iter().zip(&readings).map(|(name, reading)| Field::new(name, reading.arrow(), true));
        let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
        let declared = rows.columns().iter().map(|column| column.declared.clone()).collect();
        Ok(Self {
            place,
            rows,
            connection,
            names,
            declared,
            readings,
            schema,
            at_end: false,
            broken: None,
            lob_bytes,
            batch_bytes,
        })
    }

    /// Reads up to this many rows; returns how many came, and the cells that did not fit, by their rows.
    fn fill(&mut self, columns: &mut [ColumnBuilder], max_rows: usize) -> Result<(usize, Vec<BadCell>), Failure> {
        let fixed = CELL_BYTES * columns.len();
        let enough = BATCH_BYTES.min(self.batch_bytes / 4);
        // The limit of a row, so that the batch holds it after the others.
        let most_of_row = (self.batch_bytes - enough).saturating_sub(fixed);
        let (mut rows, mut bytes, mut bad_cells) = (0, 0, Vec::new());
        while rows < max_rows && bytes < enough {
            let Some(row) = self.rows.next() else {
                self.at_end = true;
                break;
            };
            let mut row = row.map_err(|oracle_error| self.failed(&oracle_error))?;
            let mut left = most_of_row;
            for (column, builder) in columns.iter_mut().enumerate() {
                let most = self.lob_bytes.min(left);
                match R::take(builder, &mut row, column, most).map_err(|oracle_error| self.failed(&oracle_error))? {
                    CellOutcome::Kept(more) => {
                        bytes += more;
                        left = left.saturating_sub(more);
                    }
                    CellOutcome::BadCell(bad_cell) => {
                        let (text, why) = *bad_cell;
                        bad_cells.push(BadCell { row: rows, column, text, why: Cow::Borrowed(why), most });
                    }
                }
            }
            bytes += fixed;
            rows += 1;
        }
        Ok((rows, bad_cells))
    }

    /// Why a row does not fit, without its value.
    fn reason(&self, bad_cell: &BadCell) -> String {
        let (name, declared) = (&self.names[bad_cell.column], &self.declared[bad_cell.column]);
        let why = if bad_cell.why != TOO_LONG {
            self.digits(bad_cell).unwrap_or_else(|| bad_cell.why.clone().into_owned())
        } else if bad_cell.most < self.lob_bytes {
            format!(
                "makes its row larger than what a batch holds (batch_mib of [limits]): {} bytes are left for it, it has {}",
                bad_cell.most, bad_cell.text
            )
        } else {
            format!("{}: {} bytes, it has {}", bad_cell.why, self.lob_bytes, bad_cell.text)
        };
        format!("the column {name}, declared {declared}, holds a value that {why}")
    }

    /// The message about a number with more digits than the column keeps.
    fn digits(&self, bad_cell: &BadCell) -> Option<String> {
        match self.readings[bad_cell.column].reading {
            Reading::Int64 => digits::bad_cell(&bad_cell.text, 18, 0),
            Reading::Decimal(precision, scale) => digits::bad_cell(&bad_cell.text, precision, scale),
            _ => None,
        }
    }

    /// Takes the rows with cells that did not fit out of a batch.
    fn without_bad_cells(&self, rows: RecordBatch, bad_cells: &[BadCell]) -> Result<Batch, ArrowError> {
        if bad_cells.is_empty() {
            return Ok(Batch::new(rows));
        }
        let mut fits = vec![true; rows.num_rows()];
        let mut rejected = Vec::new();
        for bad_cells in bad_cells.chunk_by(|one, other| one.row == other.row) {
            fits[bad_cells[0].row] = false;
            rejected.push(Rejected {
                cause: Cause::BadValue,
                rule: BAD_VALUE.to_owned(),
                reason: bad_cells.iter().map(|bad_cell| self.reason(bad_cell)).collect::<Vec<_>>().join("; "),
                value: quoted_values(bad_cells),
                stage: Stage::Extract,
                by: DRIVER.to_owned(),
                digest: None,
                row: as_json(&rows.slice(bad_cells[0].row, 1), bad_cells),
                place: Some(bad_cells[0].row),
            });
        }
        Ok(Batch::read(filter_record_batch(&rows, &BooleanArray::from(fits))?, rejected))
    }

    fn failed(&self, oracle_error: &OracleError) -> Failure {
        if oracle_error.class.is_connection_lost() {
            self.connection.lock().unwrap_or_else(PoisonError::into_inner).mark_broken();
        }
        oracle_error.failure(format_args!("{}, reading rows", self.place))
    }
}

impl<R: Rows> Cursor for QueryCursor<R> {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn next(&mut self, max_rows: usize) -> Result<Option<Batch>, Failure> {
        if let Some(failure) = &self.broken {
            return Err(failure.clone());
        }
        if self.at_end {
            return Ok(None);
        }
        let batch = self.read(max_rows);
        if let Err(failure) = &batch {
            // The driver would go on after the rows that were lost.
            self.broken = Some(failure.clone());
        }
        batch
    }
}

impl<R: Rows> QueryCursor<R> {
    fn read(&mut self, max_rows: usize) -> Result<Option<Batch>, Failure> {
        // With many columns, fewer rows fit into a batch.
        let max_rows = max_rows.min((self.batch_bytes / 2 / (CELL_BYTES * self.readings.len()).max(1)).max(1));
        let room = max_rows.min(ROOM_ROWS);
        let mut columns: Vec<_> = self.readings.iter().map(|column| ColumnBuilder::new(column.reading, room)).collect();
        let (rows, bad_cells) = self.fill(&mut columns, max_rows)?;
        if rows == 0 {
            return Ok(None);
        }
        let mut bad_cells = bad_cells;
        let mut batch = || {
            let mut columns = columns.iter_mut().map(ColumnBuilder::finish).collect::<Result<Vec<_>, _>>()?;
            self.convert(&mut columns, &mut bad_cells)?;
            let options = RecordBatchOptions::new().with_row_count(Some(rows));
            let rows = RecordBatch::try_new_with_options(Arc::clone(&self.schema), columns, &options)?;
            self.without_bad_cells(rows, &bad_cells)
        };
        batch().map(Some).map_err(|error: ArrowError| Failure::permanent(format!("{}: {error}", self.place)))
    }
}

impl<R: Rows> QueryCursor<R> {
    /// Converts the columns that the pipeline declares otherwise; values that do not fit join the other bad cells.
    fn convert(&self, columns: &mut [ArrayRef], bad_cells: &mut Vec<BadCell>) -> Result<(), ArrowError> {
        for (at, (column, read)) in columns.iter_mut().zip(&self.readings).enumerate() {
            let Some(conversion) = &read.conversion else { continue };
            let (converted, misfits) = converted(column, conversion)?;
            *column = converted;
            bad_cells.extend(misfits.into_iter().map(|(row, text, why)| BadCell {
                row,
                column: at,
                text,
                why: Cow::Owned(why),
                most: self.lob_bytes,
            }));
        }
        bad_cells.sort_by_key(|bad_cell| (bad_cell.row, bad_cell.column));
        Ok(())
    }
}

/// The values that did not fit, as a reason in quarantine quotes them.
fn quoted_values(bad_cells: &[BadCell]) -> Option<String> {
    let values: Vec<_> = bad_cells.iter().filter(|bad_cell| bad_cell.why != TOO_LONG).map(|m| quote(&m.text)).collect();
    (!values.is_empty()).then(|| values.join(", "))
}

/// A row as a JSON object, with the values that did not fit as text, and the size of what is too large.
fn as_json(row: &RecordBatch, bad_cells: &[BadCell]) -> String {
    let schema = row.schema();
    let cells = schema.fields().iter().zip(row.columns()).enumerate().map(|(at, (field, column))| {
        let value = match bad_cells.iter().find(|bad_cell| bad_cell.column == at) {
            None => cell_as_json(column.as_ref(), 0),
            Some(bad_cell) if bad_cell.why == TOO_LONG => json!({ "too_large": bad_cell.text }).to_string(),
            Some(bad_cell) => json!(bad_cell.text).to_string(),
        };
        format!("{}:{value}", json!(field.name()))
    });
    format!("{{{}}}", cells.collect::<Vec<_>>().join(","))
}
