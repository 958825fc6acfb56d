//! The rows of a query, batch by batch, straight from SQLite's cells into Arrow columns. A row with a cell that
//! does not fit its column's declared type is taken out of the batch, or fails the read if the stream wants so.

use std::fmt::Write as _;
use std::sync::Arc;

use arrow_array::{RecordBatch, RecordBatchOptions};
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use rusqlite::{Error, ErrorCode};
use wmshost_flow::{Batch, Cause, Cursor, Failure, Rejected, Stage};

use super::column::ColumnBuilder;
use super::failure::failure;
use super::lane::{Lane, limits};
use super::meaning::Decided;
use super::statement::{Cell, Running, Statement};
use super::types::arrow_type;

/// The rule that a row with a misfit breaks.
const BAD_VALUE: &str = "bad-value";
/// Who takes such rows out.
const DRIVER: &str = "sqlite";
/// Rows to make room for at most; a batch may become longer.
const ROOM_ROWS: usize = 65_536;

/// A column of the result and the declared type that decided what it is.
pub(super) struct ResultColumn {
    builder: ColumnBuilder,
    name: String,
    /// `None` for an expression: the first row decided.
    declared: Option<String>,
}

/// Where the statement stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// Before a row that was not fetched yet.
    Between,
    /// On a row that was fetched but not read.
    OnRow,
    /// Behind the last row.
    AtEnd,
}

/// The rows of a query.
pub(super) struct QueryCursor {
    source: Arc<str>,
    lane: Lane,
    statement: Statement,
    schema: SchemaRef,
    columns: Vec<ResultColumn>,
    place: Place,
    /// Why reading broke off: from then on every call fails, so that nobody takes it for the end.
    broken: Option<Failure>,
    bad_value_fails: bool,
}

/// A failure while SQLite computes rows.
pub(super) fn computing_failure(source: &str, error: Error) -> Failure {
    if error.sqlite_error_code() == Some(ErrorCode::OperationInterrupted) {
        let most = u64::from(limits::TICKS_PER_CALL) * limits::STEPS_PER_TICK as u64;
        return Failure::limit("source statement steps in one call", most, "more")
            .within(format_args!("{source}: read smaller parts, or by an index"));
    }
    failure(format_args!("{source}, reading rows"), error)
}

impl QueryCursor {
    /// The columns of a statement that was bound but not run yet. Where one is an expression, which has no
    /// declared type, the first row is fetched and decides.
    pub(super) fn columns_of(
        running: &mut Running<'_>,
        decided: &Decided,
    ) -> Result<(Vec<ResultColumn>, Place), Error> {
        let declared: Vec<_> = (0..running.column_count()).map(|at| running.declared(at)).collect();
        let place = match declared.iter().all(Option::is_some) {
            true => Place::Between,
            false if running.step()? => Place::OnRow,
            false => Place::AtEnd,
        };
        let columns = declared.into_iter().enumerate().map(|(at, declared)| {
            // A number beyond all decimals is read as text here; to describe its table is a failure.
            let data_type = match &declared {
                Some(declared) => {
                    decided_type(running, at, decided).or_else(|| arrow_type(declared)).unwrap_or(DataType::Utf8)
                }
                None => type_of(running.cell(at)),
            };
            ResultColumn { builder: ColumnBuilder::new(data_type), name: running.column_name(at), declared }
        });
        Ok((columns.collect(), place))
    }

    /// A cursor over a statement that was bound.
    pub(super) fn new(
        source: Arc<str>,
        lane: Lane,
        statement: Statement,
        (columns, place): (Vec<ResultColumn>, Place),
        bad_value_fails: bool,
    ) -> Result<Self, Failure> {
        for (at, column) in columns.iter().enumerate() {
            if columns[..at].iter().any(|other| other.name == column.name) {
                return Err(Failure::permanent(format!(
                    "{source}: the statement gives two columns the name {}; rename one by AS",
                    column.name
                )));
            }
        }
        // A join can make a NULL of any column.
        let fields = columns.iter().map(|column| Field::new(&column.name, column.builder.data_type().clone(), true));
        let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
        Ok(Self { source, lane, statement, schema, columns, place, broken: None, bad_value_fails })
    }

    /// Reads up to so many rows into the columns; gives how many went in, and those that did not.
    fn fill(&mut self, max_rows: usize) -> Result<(usize, Vec<Rejected>), Failure> {
        let mut running = self.statement.run();
        let (mut rows, mut bytes, mut rejected) = (0, 0, Vec::new());
        while rows + rejected.len() < max_rows && bytes < limits::BATCH_BYTES {
            if self.place == Place::Between {
                let row = running.step().map_err(|error| computing_failure(&self.source, error))?;
                if !row {
                    self.place = Place::AtEnd;
                }
            }
            if self.place == Place::AtEnd {
                break;
            }
            self.place = Place::Between;
            match read_row(&running, &mut self.columns) {
                Ok(size) => {
                    bytes += size;
                    rows += 1;
                }
                Err(at) => {
                    self.columns[..at].iter_mut().for_each(|column| column.builder.truncate(rows));
                    let misfit = rejection(&running, &self.columns, at, rows + rejected.len());
                    if self.bad_value_fails {
                        return Err(Failure::permanent(format!("{}: {}", self.source, misfit.reason)));
                    }
                    bytes += misfit.row.len();
                    rejected.push(misfit);
                }
            }
        }
        Ok((rows, rejected))
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
        self.lane.begin_call();
        for column in &mut self.columns {
            column.builder.begin(max_rows.min(ROOM_ROWS));
        }
        let batch = self.fill(max_rows).and_then(|(rows, rejected)| self.batch(rows, rejected));
        if let Err(failure) = &batch {
            // SQLite would begin again from the first row.
            self.broken = Some(failure.clone());
        }
        batch
    }
}

/// Reads the current row into the columns; gives its bytes of text, or the first column that it does not fit.
#[inline]
fn read_row(running: &Running<'_>, columns: &mut [ResultColumn]) -> Result<usize, usize> {
    let mut bytes = 0;
    for (at, column) in columns.iter_mut().enumerate() {
        bytes += column.builder.push(running.cell(at)).map_err(|_| at)?;
    }
    Ok(bytes)
}

/// The type of a column whose declared type does not say it.
fn decided_type(running: &Running<'_>, at: usize, decided: &Decided) -> Option<DataType> {
    if decided.is_empty() {
        return None;
    }
    let (table, column) = running.origin(at)?;
    decided.get(&(table.to_lowercase(), column.to_lowercase())).cloned()
}

fn type_of(cell: Cell<'_>) -> DataType {
    match cell {
        Cell::Integer(_) => DataType::Int64,
        Cell::Real(_) => DataType::Float64,
        Cell::Blob(_) => DataType::Binary,
        Cell::Text(_) | Cell::Null => DataType::Utf8,
    }
}

/// The current row as one that was taken out. The reason tells no value; the row does.
#[cold]
fn rejection(running: &Running<'_>, columns: &[ResultColumn], at: usize, place: usize) -> Rejected {
    let column = &columns[at];
    let class = match running.cell(at) {
        Cell::Null => "NULL",
        Cell::Integer(_) => "INTEGER",
        Cell::Real(_) => "REAL",
        Cell::Text(_) => "TEXT",
        Cell::Blob(_) => "BLOB",
    };
    let declared = match column.declared.as_deref() {
        None => format!("the column {}, {} in the first row,", column.name, column.builder.data_type()),
        Some("") => format!("the column {}, declared without a type,", column.name),
        Some(declared) => format!("the column {}, declared {declared},", column.name),
    };
    Rejected {
        cause: Cause::BadValue,
        rule: BAD_VALUE.to_owned(),
        reason: format!("{declared} holds a value stored as {class} that does not fit"),
        stage: Stage::Extract,
        by: DRIVER.to_owned(),
        digest: None,
        row: row_as_json(running, columns),
        place: Some(place),
    }
}

fn row_as_json(running: &Running<'_>, columns: &[ResultColumn]) -> String {
    let mut json = String::from("{");
    for (at, column) in columns.iter().enumerate() {
        let comma = if at > 0 { "," } else { "" };
        let value = match running.cell(at) {
            Cell::Null => "null".to_owned(),
            Cell::Integer(value) => value.to_string(),
            Cell::Real(value) if value.is_finite() => format!("{value:?}"),
            Cell::Real(value) => json_text(&value.to_string()),
            Cell::Text(text) => json_text(&String::from_utf8_lossy(text)),
            Cell::Blob(bytes) => json_text(&hex(bytes)),
        };
        let _ = write!(json, "{comma}{}:{value}", json_text(&column.name));
    }
    json.push('}');
    json
}

fn json_text(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}
