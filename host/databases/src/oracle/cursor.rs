//! The rows of a query, batch by batch, from the driver's cursor into columns of our own: the driver itself
//! would give the whole result as one batch. A row with a value that cannot be kept exactly, or is too large, is
//! taken out of the batch.

use std::sync::{Arc, Mutex, PoisonError};

use arrow_array::{BooleanArray, RecordBatch, RecordBatchOptions};
use arrow_schema::{ArrowError, Field, Schema, SchemaRef};
use arrow_select::filter::filter_record_batch;
use serde_json::json;
use wmshost_flow::{Batch, Cause, Cursor, Failure, Rejected, Stage, cell_as_json};

use super::client::Rows;
use super::column::{ColumnBuilder, TOO_LONG, Taken};
use super::connect::LentLink;
use super::failure::Trouble;
use super::types::Reading;
use crate::digits::{self, quote};

/// The rule that a row with a misfit breaks.
const BAD_VALUE: &str = "bad-value";
/// Who takes such rows out.
const DRIVER: &str = "oracle";
/// Rows to make room for at most; a batch may become longer.
const ROOM_ROWS: usize = 65_536;
/// A batch ends at so many bytes, or at a quarter of what it may have.
const BATCH_BYTES: usize = 32 << 20;
/// Bytes of a cell beside its text or bytes, at most.
const CELL_BYTES: usize = 17;

/// A cell that did not fit.
struct Misfit {
    row: usize,
    column: usize,
    text: String,
    why: &'static str,
    /// The most bytes that it could have had.
    most: usize,
}

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
    /// The most bytes of one batch's columns.
    pub(super) batch_bytes: usize,
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
    /// Why reading broke off: from then on every call fails, so that nobody takes it for the end.
    broken: Option<Failure>,
    lob_bytes: usize,
    batch_bytes: usize,
}

impl<R: Rows> QueryCursor<R> {
    /// A cursor over a query that was started.
    pub(super) fn new(rows: R, reader: Reader) -> Result<Self, Failure> {
        let Reader { place, link, readings, lob_bytes, batch_bytes } = reader;
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
        Ok(Self {
            place,
            rows,
            link,
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

    /// Reads up to so many rows; gives how many came, and the cells that did not fit, by their rows.
    fn fill(&mut self, columns: &mut [ColumnBuilder], max_rows: usize) -> Result<(usize, Vec<Misfit>), Failure> {
        let fixed = CELL_BYTES * columns.len();
        let enough = BATCH_BYTES.min(self.batch_bytes / 4);
        // What a row may have, so that a batch holds it behind the others.
        let most_of_row = (self.batch_bytes - enough).saturating_sub(fixed);
        let (mut rows, mut bytes, mut misfits) = (0, 0, Vec::new());
        while rows < max_rows && bytes < enough {
            let Some(row) = self.rows.next() else {
                self.at_end = true;
                break;
            };
            let mut row = row.map_err(|trouble| self.failed(&trouble))?;
            let mut left = most_of_row;
            for (column, builder) in columns.iter_mut().enumerate() {
                let most = self.lob_bytes.min(left);
                match R::take(builder, &mut row, column, most).map_err(|trouble| self.failed(&trouble))? {
                    Taken::Kept(more) => {
                        bytes += more;
                        left = left.saturating_sub(more);
                    }
                    Taken::Misfit(misfit) => {
                        let (text, why) = *misfit;
                        misfits.push(Misfit { row: rows, column, text, why, most });
                    }
                }
            }
            bytes += fixed;
            rows += 1;
        }
        Ok((rows, misfits))
    }

    /// Why a row does not fit, without its value.
    fn reason(&self, misfit: &Misfit) -> String {
        let (name, declared) = (&self.names[misfit.column], &self.declared[misfit.column]);
        let why = if misfit.why != TOO_LONG {
            self.digits(misfit).unwrap_or_else(|| misfit.why.to_owned())
        } else if misfit.most < self.lob_bytes {
            format!(
                "makes its row larger than what a batch holds (batch_mib of [limits]): {} bytes are left for it, it has {}",
                misfit.most, misfit.text
            )
        } else {
            format!("{}: {} bytes, it has {}", misfit.why, self.lob_bytes, misfit.text)
        };
        format!("the column {name}, declared {declared}, holds a value that {why}")
    }

    /// How many digits a number has where the column keeps fewer.
    fn digits(&self, misfit: &Misfit) -> Option<String> {
        match self.readings[misfit.column] {
            Reading::Int64 => digits::misfit(&misfit.text, 18, 0),
            Reading::Decimal(precision, scale) => digits::misfit(&misfit.text, precision, scale),
            _ => None,
        }
    }

    /// Takes the rows with cells that did not fit out of a batch.
    fn without_misfits(&self, rows: RecordBatch, misfits: &[Misfit]) -> Result<Batch, ArrowError> {
        if misfits.is_empty() {
            return Ok(Batch::new(rows));
        }
        let mut fits = vec![true; rows.num_rows()];
        let mut rejected = Vec::new();
        for misfits in misfits.chunk_by(|one, other| one.row == other.row) {
            fits[misfits[0].row] = false;
            rejected.push(Rejected {
                cause: Cause::BadValue,
                rule: BAD_VALUE.to_owned(),
                reason: misfits.iter().map(|misfit| self.reason(misfit)).collect::<Vec<_>>().join("; "),
                value: quoted_values(misfits),
                stage: Stage::Extract,
                by: DRIVER.to_owned(),
                digest: None,
                row: as_json(&rows.slice(misfits[0].row, 1), misfits),
                place: Some(misfits[0].row),
            });
        }
        Ok(Batch::read(filter_record_batch(&rows, &BooleanArray::from(fits))?, rejected))
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
        if let Some(failure) = &self.broken {
            return Err(failure.clone());
        }
        if self.at_end {
            return Ok(None);
        }
        let batch = self.read(max_rows);
        if let Err(failure) = &batch {
            // The driver would go on behind the rows that were lost.
            self.broken = Some(failure.clone());
        }
        batch
    }
}

impl<R: Rows> QueryCursor<R> {
    fn read(&mut self, max_rows: usize) -> Result<Option<Batch>, Failure> {
        // Of many columns fewer rows have room.
        let max_rows = max_rows.min((self.batch_bytes / 2 / (CELL_BYTES * self.readings.len()).max(1)).max(1));
        let room = max_rows.min(ROOM_ROWS);
        let mut columns: Vec<_> = self.readings.iter().map(|reading| ColumnBuilder::new(*reading, room)).collect();
        let (rows, misfits) = self.fill(&mut columns, max_rows)?;
        if rows == 0 {
            return Ok(None);
        }
        let mut batch = || {
            let columns = columns.iter_mut().map(ColumnBuilder::finish).collect::<Result<Vec<_>, _>>()?;
            let options = RecordBatchOptions::new().with_row_count(Some(rows));
            let rows = RecordBatch::try_new_with_options(Arc::clone(&self.schema), columns, &options)?;
            self.without_misfits(rows, &misfits)
        };
        batch().map(Some).map_err(|error: ArrowError| Failure::permanent(format!("{}: {error}", self.place)))
    }
}

/// The values that did not fit, as a reason in quarantine quotes them.
fn quoted_values(misfits: &[Misfit]) -> Option<String> {
    let values: Vec<_> = misfits.iter().filter(|misfit| misfit.why != TOO_LONG).map(|m| quote(&m.text)).collect();
    (!values.is_empty()).then(|| values.join(", "))
}

/// A row as a JSON object, with the values that did not fit as text, and the size of what is too large.
fn as_json(row: &RecordBatch, misfits: &[Misfit]) -> String {
    let schema = row.schema();
    let cells = schema.fields().iter().zip(row.columns()).enumerate().map(|(at, (field, column))| {
        let value = match misfits.iter().find(|misfit| misfit.column == at) {
            None => cell_as_json(column.as_ref(), 0),
            Some(misfit) if misfit.why == TOO_LONG => json!({ "too_large": misfit.text }).to_string(),
            Some(misfit) => json!(misfit.text).to_string(),
        };
        format!("{}:{value}", json!(field.name()))
    });
    format!("{{{}}}", cells.collect::<Vec<_>>().join(","))
}
