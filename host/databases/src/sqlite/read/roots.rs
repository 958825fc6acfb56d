//! The rows of a query, hashed as SQLite passes them: no batch is made of them. A row with a cell that does not fit its
//! column, or that only a batch can hold, ends it: then the rows are read, which says what is wrong.

use arrow_schema::DataType;
use rusqlite::{Error, ErrorCode};
use wmshost_flow::{Failure, RangeRoots, StoredValue};

use super::column::EXACT_AS_REAL;
use crate::forms::{self, Conversion};
use crate::sqlite::moment::{parse_date, parse_timestamp};
use crate::sqlite::statement::{Cell, Running};

/// The number of rows between two signs of life.
const ROWS: usize = 8_192;

/// Adds all rows; `false` if they have to be read instead. The error is SQLite's, or the failure of `alive`.
pub(crate) fn add_to_roots(
    running: &mut Running<'_>,
    conversions: &[&Conversion],
    roots: &mut RangeRoots,
    alive: &mut dyn FnMut() -> Result<(), Failure>,
) -> Result<bool, Result<Failure, Error>> {
    let is_key = |(at, kind): &(usize, DataType)| conversions.get(*at).is_some_and(|column| column.kind == *kind);
    if conversions.iter().any(|column| column.form.is_some()) || !roots.key().iter().all(is_key) {
        return Ok(false);
    }
    loop {
        for _ in 0..ROWS {
            match running.step() {
                Ok(true) => {}
                Ok(false) => return Ok(true),
                Err(error) if error.sqlite_error_code() == Some(ErrorCode::TooBig) => return Ok(false),
                Err(error) => return Err(Err(error)),
            }
            let number = |at: usize| of(&conversions[at].kind, running.cell(at), StoredValue::number);
            let value = |at: usize| of(&conversions[at].kind, running.cell(at), |value| value);
            if roots.add(number, value).is_none() {
                return Ok(false);
            }
        }
        alive().map_err(Ok)?;
    }
}

/// The result of `take` for the value of a cell, which is as a batch would have it; `None` if it does not fit. It is called
/// where the kind of the value is known: a value that is passed on costs more.
#[inline]
fn of<'c, T>(kind: &DataType, cell: Cell<'c>, take: impl Fn(StoredValue<&'c [u8]>) -> T) -> Option<T> {
    Some(match (kind, cell) {
        (_, Cell::Null) => take(StoredValue::Null),
        (DataType::Int64, Cell::Integer(value)) => take(StoredValue::Int64(value)),
        (DataType::Utf8, Cell::Text(text)) => take(StoredValue::Bytes(text)),
        (DataType::Timestamp(_, zone), Cell::Text(text)) => {
            take(StoredValue::Timestamp(parse_timestamp(text, zone.is_some())?))
        }
        (DataType::Decimal128(precision, scale), cell) => {
            take(StoredValue::Decimal(forms::decimal(cell.stored()?, *precision, scale.unsigned_abs())?, *scale))
        }
        (DataType::Float64, Cell::Real(value)) => take(StoredValue::Float64(value)),
        (DataType::Float64, Cell::Integer(value)) if value.unsigned_abs() <= EXACT_AS_REAL => {
            take(StoredValue::Float64(value as f64))
        }
        (DataType::Boolean, Cell::Integer(value @ 0..=1)) => take(StoredValue::Boolean(value == 1)),
        (DataType::Binary, Cell::Blob(bytes)) => take(StoredValue::Bytes(bytes)),
        (DataType::Date32, Cell::Text(text)) => take(StoredValue::Date(parse_date(text)?)),
        _ => return None,
    })
}
