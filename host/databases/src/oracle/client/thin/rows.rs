//! The rows of a query, from the driver's cursor.

use arrow_array::builder::StringBuilder;
use oracledb::{Cursor, Error, Lob, OracleIntervalDS, OracleIntervalYM, OracleNumber, OracleTimestamp, Row};

use super::column::columns;
use super::error::oracle_error;
use super::value::micros;
use crate::oracle::client::Rows;
use crate::oracle::client::column_info::ColumnInfo;
use crate::oracle::client::panic::caught;
use crate::oracle::failure::OracleError;
use crate::oracle::number::{all_digits, unscaled};
use crate::oracle::read::column::{CellOutcome, ColumnBuilder, days_text, months_text, put_bytes, put_text};
use crate::oracle::read::lob;

/// A query that was started.
pub(crate) struct ThinRows {
    cursor: Cursor,
    columns: Vec<ColumnInfo>,
}

impl ThinRows {
    pub(crate) fn new(cursor: Cursor) -> Self {
        let columns = columns(cursor.columns());
        Self { cursor, columns }
    }
}

impl Rows for ThinRows {
    type Row = Row;

    fn columns(&self) -> &[ColumnInfo] {
        &self.columns
    }

    #[inline]
    fn next(&mut self) -> Option<Result<Row, OracleError>> {
        match caught(|| self.cursor.next()) {
            Ok(row) => row.map(|row| row.map_err(|error| oracle_error(&error))),
            Err(broken) => Some(Err(broken)),
        }
    }

    #[inline]
    fn take(
        column: &mut ColumnBuilder,
        row: &mut Row,
        at: usize,
        most_bytes: usize,
    ) -> Result<CellOutcome, OracleError> {
        match column {
            ColumnBuilder::TextLob(_) | ColumnBuilder::BytesLob(_) => caught(|| take_lob(column, row, at, most_bytes))?,
            column => take(column, row, at, most_bytes).map_err(|error| oracle_error(&error)),
        }
    }
}

#[inline]
fn take(column: &mut ColumnBuilder, row: &Row, at: usize, most_bytes: usize) -> Result<CellOutcome, Error> {
    let mut taken = CellOutcome::Kept(0);
    match column {
        ColumnBuilder::Int64(column) => {
            let number = row.get::<Option<OracleNumber>>(at)?;
            let value = number.as_ref().and_then(|number| i64::try_from(unscaled(number, 19, 0)?).ok());
            taken = fits(number.as_ref(), value.is_some());
            column.append_option(value);
        }
        ColumnBuilder::Decimal(column, precision, scale) => {
            let number = row.get::<Option<OracleNumber>>(at)?;
            let value = number.as_ref().and_then(|number| unscaled(number, *precision, *scale));
            taken = fits(number.as_ref(), value.is_some());
            column.append_option(value);
        }
        ColumnBuilder::Digits(column) => {
            let number = row.get::<Option<OracleNumber>>(at)?;
            let text = number.as_ref().and_then(all_digits);
            taken = fits(number.as_ref(), text.is_some());
            column.append_option(text);
        }
        ColumnBuilder::Double(column) => column.append_option(row.get::<Option<f64>>(at)?),
        ColumnBuilder::Single(column) => column.append_option(row.get::<Option<f32>>(at)?.map(f64::from)),
        ColumnBuilder::Text(column) => match row.get::<Option<&str>>(at) {
            Ok(text) => taken = put_text(column, text, most_bytes),
            // A row's address can only be read as an owned text.
            Err(_) => taken = put_text(column, row.get::<Option<String>>(at)?.as_deref(), most_bytes),
        },
        ColumnBuilder::Bytes(column) => taken = put_bytes(column, row.get::<Option<&[u8]>>(at)?, most_bytes),
        ColumnBuilder::Timestamp(column, _) => {
            let moment = row.get::<Option<OracleTimestamp>>(at)?;
            let micros = moment.as_ref().and_then(micros);
            if let (Some(moment), None) = (&moment, micros) {
                taken = CellOutcome::moment(moment);
            }
            column.append_option(micros);
        }
        ColumnBuilder::Months(column) => put(column, row.get::<Option<OracleIntervalYM>>(at)?.as_ref(), |span| {
            months_text(span.years().into(), span.months().into())
        }),
        ColumnBuilder::Seconds(column) => put(column, row.get::<Option<OracleIntervalDS>>(at)?.as_ref(), |span| {
            let [hours, minutes, seconds] = [span.hours(), span.minutes(), span.seconds()].map(i32::from);
            days_text([span.days(), hours, minutes, seconds, span.nanoseconds()])
        }),
        ColumnBuilder::Flag(column) => column.append_option(row.get::<Option<bool>>(at)?),
        // `take_lob` reads these.
        ColumnBuilder::TextLob(column) => column.append_null(),
        ColumnBuilder::BytesLob(column) => column.append_null(),
    }
    Ok(taken)
}

/// Reads a large object by its locator, which knows how large it is.
fn take_lob(
    column: &mut ColumnBuilder,
    row: &mut Row,
    at: usize,
    most_bytes: usize,
) -> Result<CellOutcome, OracleError> {
    let found: Option<Lob> = row.take(at).map_err(|error| oracle_error(&error))?;
    let broken = |error| lob::oracle_error(&error);
    let size = |found: &mut Lob| found.get_size().map(|size| size as u64).map_err(|error| oracle_error(&error));
    let (text, bytes) = match (&column, found) {
        (_, None) => (None, None),
        (ColumnBuilder::TextLob(_), Some(mut found)) => {
            let size = size(&mut found)?;
            (Some(lob::text(&mut found, size, most_bytes).map_err(broken)?), None)
        }
        (_, Some(mut found)) => {
            let size = size(&mut found)?;
            (None, Some(lob::binary(&mut found, size, most_bytes).map_err(broken)?))
        }
    };
    Ok(column.put_lob(text, bytes))
}

fn fits(number: Option<&OracleNumber>, is_kept: bool) -> CellOutcome {
    match number {
        Some(number) if !is_kept => CellOutcome::number(number),
        _ => CellOutcome::Kept(0),
    }
}

fn put<T>(column: &mut StringBuilder, value: Option<&T>, text: impl FnOnce(&T) -> String) {
    column.append_option(value.map(text));
}
