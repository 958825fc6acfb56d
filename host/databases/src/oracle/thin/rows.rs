//! The rows of a query, from the driver's cursor.

use oracledb::{Cursor, Error, Lob, OracleIntervalDS, OracleIntervalYM, OracleNumber, OracleTimestamp, Row};

use super::column::columns;
use super::trouble::trouble;
use super::value::micros;
use crate::oracle::client::{ColumnInfo, Rows};
use crate::oracle::column::{Cell, days_text, moment_misfit, months_text, number_misfit, too_many_bytes};
use crate::oracle::failure::Trouble;
use crate::oracle::lob;
use crate::oracle::number::unscaled;
use crate::oracle::types::Reading;

/// A query that was started.
pub(super) struct ThinRows {
    cursor: Cursor,
    columns: Vec<ColumnInfo>,
}

impl ThinRows {
    pub(super) fn new(cursor: Cursor) -> Self {
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
    fn next(&mut self) -> Option<Result<Row, Trouble>> {
        self.cursor.next().map(|row| row.map_err(|error| trouble(&error)))
    }

    #[inline]
    fn cell(row: &mut Row, at: usize, reading: Reading, most: usize) -> Result<Cell, Trouble> {
        match reading {
            Reading::TextLob | Reading::BytesLob => lob_cell(row, at, reading, most),
            _ => cell(row, at, reading, most).map_err(|error| trouble(&error)),
        }
    }
}

fn cell(row: &mut Row, at: usize, reading: Reading, most_bytes: usize) -> Result<Cell, Error> {
    Ok(match reading {
        Reading::Int64 => number(row.get::<Option<OracleNumber>>(at)?, |number| {
            unscaled(number, 19, 0).and_then(|value| i64::try_from(value).ok()).map(Cell::Int64)
        }),
        Reading::Decimal(precision, scale) => {
            number(row.get::<Option<OracleNumber>>(at)?, |number| unscaled(number, precision, scale).map(Cell::Decimal))
        }
        Reading::Digits => number(row.get::<Option<OracleNumber>>(at)?, |number| Some(Cell::Text(number.to_string()))),
        Reading::Double => row.get::<Option<f64>>(at)?.map_or(Cell::Null, Cell::Float64),
        Reading::Single => row.get::<Option<f32>>(at)?.map_or(Cell::Null, |value| Cell::Float64(value.into())),
        Reading::Text => match row.take::<Option<String>>(at)? {
            None => Cell::Null,
            Some(text) if text.len() > most_bytes => too_many_bytes(text.len()),
            Some(text) => Cell::Text(text),
        },
        // Read elsewhere.
        Reading::TextLob | Reading::BytesLob => Cell::Null,
        Reading::Bytes => match row.take::<Option<Vec<u8>>>(at)? {
            None => Cell::Null,
            Some(bytes) if bytes.len() > most_bytes => too_many_bytes(bytes.len()),
            Some(bytes) => Cell::Bytes(bytes),
        },
        Reading::Moment { .. } => match row.get::<Option<OracleTimestamp>>(at)? {
            None => Cell::Null,
            Some(moment) => micros(&moment).map_or_else(|| moment_misfit(&moment), Cell::Moment),
        },
        Reading::Months => row
            .get::<Option<OracleIntervalYM>>(at)?
            .map_or(Cell::Null, |span| Cell::Text(months_text(span.years().into(), span.months().into()))),
        Reading::Seconds => row.get::<Option<OracleIntervalDS>>(at)?.map_or(Cell::Null, |span| {
            let parts =
                [span.days(), span.hours().into(), span.minutes().into(), span.seconds().into(), span.nanoseconds()];
            Cell::Text(days_text(parts))
        }),
        Reading::Flag => row.get::<Option<bool>>(at)?.map_or(Cell::Null, Cell::Flag),
    })
}

/// Reads a large object by its locator, which knows how large it is.
fn lob_cell(row: &mut Row, at: usize, reading: Reading, most: usize) -> Result<Cell, Trouble> {
    let found: Option<Lob> = row.take(at).map_err(|error| trouble(&error))?;
    let Some(mut found) = found else { return Ok(Cell::Null) };
    let size = found.get_size().map_err(|error| trouble(&error))? as u64;
    let read = if reading == Reading::TextLob {
        lob::text(&mut found, size, most)
    } else {
        lob::binary(&mut found, size, most)
    };
    read.map_err(|error| lob::trouble(&error))
}

fn number(number: Option<OracleNumber>, read: impl FnOnce(&OracleNumber) -> Option<Cell>) -> Cell {
    let Some(number) = number else { return Cell::Null };
    read(&number).unwrap_or_else(|| number_misfit(&number))
}
