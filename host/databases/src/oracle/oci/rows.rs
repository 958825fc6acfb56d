//! The rows of a query, from ODPI-C's array of fetched rows.

use oracle::sql_type::{Blob, Clob, InnerValue, Lob as _, Nclob, OracleType};
use oracle::{ResultSet, Row, SqlValue};
use wmshost_flow::Value;

use super::column::columns;
use super::trouble::trouble;
use crate::oracle::client::{ColumnInfo, Kind, Rows};
use crate::oracle::column::{Cell, days_text, moment_misfit, months_text, number_misfit, too_many_bytes};
use crate::oracle::failure::{Class, Trouble};
use crate::oracle::lob;
use crate::oracle::moment::{Parts, micros_of};
use crate::oracle::number::unscaled;
use crate::oracle::types::Reading;

/// A query that was started.
pub(super) struct OciRows {
    rows: ResultSet<'static, Row>,
    columns: Vec<ColumnInfo>,
}

impl OciRows {
    pub(super) fn new(rows: ResultSet<'static, Row>) -> Self {
        let columns = columns(rows.column_info());
        Self { rows, columns }
    }
}

impl Rows for OciRows {
    type Row = Row;

    fn columns(&self) -> &[ColumnInfo] {
        &self.columns
    }

    fn next(&mut self) -> Option<Result<Row, Trouble>> {
        self.rows.next().map(|row| row.map_err(|error| trouble(&error)))
    }

    fn cell(row: &mut Row, at: usize, reading: Reading, most: usize) -> Result<Cell, Trouble> {
        let value = &row.sql_values()[at];
        if matches!(reading, Reading::TextLob | Reading::BytesLob) {
            return lob_cell(value, reading, most);
        }
        cell(value, reading, most).map_err(|error| trouble(&error))?.ok_or_else(|| unexpected(value))
    }
}

fn unexpected(value: &SqlValue<'_>) -> Trouble {
    let kind = value.oracle_type().map_or_else(|_| "?".to_owned(), ToString::to_string);
    Trouble::new(Class::Wrong, format!("the driver gave a value of {kind} for a column of another type"))
}

/// Reads a large object by its locator.
fn lob_cell(value: &SqlValue<'_>, reading: Reading, most: usize) -> Result<Cell, Trouble> {
    let of_driver = |error: oracle::Error| trouble(&error);
    if value.is_null().map_err(of_driver)? {
        return Ok(Cell::Null);
    }
    let read = match (value.oracle_type().map_err(of_driver)?, reading) {
        (OracleType::NCLOB, Reading::TextLob) => {
            let mut found: Nclob = value.get().map_err(of_driver)?;
            let size = found.size().map_err(of_driver)?;
            lob::text(&mut found, size, most)
        }
        (_, Reading::TextLob) => {
            let mut found: Clob = value.get().map_err(of_driver)?;
            let size = found.size().map_err(of_driver)?;
            lob::text(&mut found, size, most)
        }
        _ => {
            let mut found: Blob = value.get().map_err(of_driver)?;
            let size = found.size().map_err(of_driver)?;
            lob::binary(&mut found, size, most)
        }
    };
    read.map_err(|error| lob::trouble(&error))
}

/// Reads a cell; `None` if it is not of the type that it was described as.
fn cell(value: &SqlValue<'_>, reading: Reading, most_bytes: usize) -> oracle::Result<Option<Cell>> {
    if value.is_null()? {
        return Ok(Some(Cell::Null));
    }
    Ok(Some(match (value.as_inner_value()?, reading) {
        (InnerValue::Int64(whole), Reading::Int64) => Cell::Int64(whole),
        (InnerValue::Int64(whole), Reading::Decimal(precision, scale)) => {
            let text = whole.to_string();
            unscaled(&text, precision, scale).map_or_else(|| number_misfit(&text), Cell::Decimal)
        }
        (InnerValue::Int64(whole), Reading::Digits) => Cell::Text(whole.to_string()),
        (InnerValue::Number(text), Reading::Int64) => {
            let whole = unscaled(text, 19, 0).and_then(|whole| i64::try_from(whole).ok());
            whole.map_or_else(|| number_misfit(&text), Cell::Int64)
        }
        (InnerValue::Number(text), Reading::Decimal(precision, scale)) => {
            unscaled(text, precision, scale).map_or_else(|| number_misfit(&text), Cell::Decimal)
        }
        (InnerValue::Number(text), Reading::Digits) => Cell::Text(text.to_owned()),
        (InnerValue::Double(value), Reading::Double) => Cell::Float64(value),
        (InnerValue::Float(value), Reading::Single) => Cell::Float64(value.into()),
        (InnerValue::Char(bytes), Reading::Text) if bytes.len() > most_bytes => too_many_bytes(bytes.len()),
        (InnerValue::Char(bytes), Reading::Text) => Cell::Text(String::from_utf8_lossy(bytes).into_owned()),
        (InnerValue::Rowid(_), Reading::Text) => Cell::Text(value.get()?),
        (InnerValue::Raw(bytes), Reading::Bytes) if bytes.len() > most_bytes => too_many_bytes(bytes.len()),
        (InnerValue::Raw(bytes), Reading::Bytes) => Cell::Bytes(bytes.to_owned()),
        (InnerValue::Timestamp(_), Reading::Moment { .. }) => {
            let moment: oracle::sql_type::Timestamp = value.get()?;
            micros(&moment).map_or_else(|| moment_misfit(&moment), Cell::Moment)
        }
        (InnerValue::IntervalYM(_), Reading::Months) => {
            let span: oracle::sql_type::IntervalYM = value.get()?;
            Cell::Text(months_text(span.years().into(), span.months().into()))
        }
        (InnerValue::IntervalDS(_), Reading::Seconds) => {
            let span: oracle::sql_type::IntervalDS = value.get()?;
            Cell::Text(days_text([span.days(), span.hours(), span.minutes(), span.seconds(), span.nanoseconds()]))
        }
        (InnerValue::Boolean(flag), Reading::Flag) => Cell::Flag(flag),
        _ => return Ok(None),
    }))
}

/// Microseconds since 1970-01-01T00:00:00 UTC; the driver gives a moment in the zone that it was written in.
fn micros(at: &oracle::sql_type::Timestamp) -> Option<i64> {
    let small = |number: u32| u8::try_from(number).ok();
    let local = micros_of(&Parts {
        year: i16::try_from(at.year()).ok()?,
        month: small(at.month())?,
        day: small(at.day())?,
        hour: small(at.hour())?,
        minute: small(at.minute())?,
        second: small(at.second())?,
        nanoseconds: at.nanosecond(),
    })?;
    Some(local - i64::from(at.tz_offset()) * 1_000_000)
}

/// A value of the host's own statements.
pub(super) fn plain(value: &SqlValue<'_>, kind: Kind) -> oracle::Result<Value> {
    if value.is_null()? {
        return Ok(Value::Null);
    }
    Ok(match kind {
        Kind::Number => {
            let text: String = value.get()?;
            text.parse().map_or(Value::Decimal(text), Value::Int64)
        }
        Kind::BinaryDouble => Value::Float64(value.get()?),
        Kind::BinaryFloat => Value::Float64(f64::from(value.get::<f32>()?)),
        Kind::Date | Kind::Timestamp | Kind::TimestampTz | Kind::TimestampLtz => {
            let moment: oracle::sql_type::Timestamp = value.get()?;
            micros(&moment).map_or_else(|| Value::Text(moment.to_string()), Value::Timestamp)
        }
        Kind::Raw | Kind::LongRaw | Kind::Blob => Value::Binary(value.get()?),
        Kind::Boolean => Value::Boolean(value.get()?),
        _ => Value::Text(value.get()?),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_taken_to_utc() {
        let noon = oracle::sql_type::Timestamp::new(2026, 1, 31, 9, 0, 0, 500_000_000).expect("a moment");
        let there = noon.and_tz_hm_offset(-3, 0).expect("a moment");
        assert_eq!(micros(&noon), Some(1_769_850_000_500_000));
        assert_eq!(micros(&there), Some(1_769_860_800_500_000));
        let fine = oracle::sql_type::Timestamp::new(2026, 1, 31, 9, 0, 0, 1).expect("a moment");
        assert_eq!(micros(&fine), None);
    }
}
