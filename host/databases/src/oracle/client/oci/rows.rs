//! The rows of a query, from ODPI-C's array of fetched rows.

use oracle::sql_type::{Blob, Clob, InnerValue, IntervalDS, IntervalYM, Lob as _, Nclob, OracleType, Timestamp};
use oracle::{ResultSet, Row, SqlValue};
use wmshost_sql::Value;

use super::column::columns;
use super::error::oracle_error;
use crate::oracle::client::Rows;
use crate::oracle::client::column_info::{ColumnInfo, Kind};
use crate::oracle::failure::{ErrorClass, OracleError};
use crate::oracle::moment::{Parts, micros_of};
use crate::oracle::number::{all_digits, unscaled};
use crate::oracle::read::column::{CellOutcome, ColumnBuilder, days_text, months_text, put_bytes, put_text};
use crate::oracle::read::lob;

/// A query that was started.
pub(crate) struct OciRows {
    rows: ResultSet<'static, Row>,
    columns: Vec<ColumnInfo>,
}

impl OciRows {
    pub(crate) fn new(rows: ResultSet<'static, Row>) -> Self {
        let columns = columns(rows.column_info());
        Self { rows, columns }
    }
}

impl Rows for OciRows {
    type Row = Row;

    fn columns(&self) -> &[ColumnInfo] {
        &self.columns
    }

    fn next(&mut self) -> Option<Result<Row, OracleError>> {
        self.rows.next().map(|row| row.map_err(|error| oracle_error(&error)))
    }

    fn take(
        column: &mut ColumnBuilder,
        row: &mut Row,
        at: usize,
        most_bytes: usize,
    ) -> Result<CellOutcome, OracleError> {
        let value = &row.sql_values()[at];
        if matches!(column, ColumnBuilder::TextLob(_) | ColumnBuilder::BytesLob(_)) {
            return take_lob(column, value, most_bytes);
        }
        take(column, value, most_bytes).map_err(|error| oracle_error(&error))?.ok_or_else(|| unexpected(value))
    }
}

fn unexpected(value: &SqlValue<'_>) -> OracleError {
    let kind = value.oracle_type().map_or_else(|_| "?".to_owned(), ToString::to_string);
    OracleError::new(
        ErrorClass::Permanent,
        format!("the driver returned a value of {kind} for a column of another type"),
    )
}

/// Reads a large object by its locator.
fn take_lob(column: &mut ColumnBuilder, value: &SqlValue<'_>, most: usize) -> Result<CellOutcome, OracleError> {
    let of_driver = |error: oracle::Error| oracle_error(&error);
    let broken = |error| lob::oracle_error(&error);
    if value.is_null().map_err(of_driver)? {
        return Ok(column.put_lob(None, None));
    }
    if matches!(column, ColumnBuilder::BytesLob(_)) {
        let mut found: Blob = value.get().map_err(of_driver)?;
        let size = found.size().map_err(of_driver)?;
        return Ok(column.put_lob(None, Some(lob::binary(&mut found, size, most).map_err(broken)?)));
    }
    let text = if value.oracle_type().map_err(of_driver)? == &OracleType::NCLOB {
        let mut found: Nclob = value.get().map_err(of_driver)?;
        let size = found.size().map_err(of_driver)?;
        lob::text(&mut found, size, most)
    } else {
        let mut found: Clob = value.get().map_err(of_driver)?;
        let size = found.size().map_err(of_driver)?;
        lob::text(&mut found, size, most)
    };
    Ok(column.put_lob(Some(text.map_err(broken)?), None))
}

/// Moves a cell into its column; `None` if it does not have the type that it was described as.
fn take(column: &mut ColumnBuilder, value: &SqlValue<'_>, most_bytes: usize) -> oracle::Result<Option<CellOutcome>> {
    // A NULL has no inner value.
    let inner = if value.is_null()? { None } else { Some(value.as_inner_value()?) };
    let mut taken = CellOutcome::Kept(0);
    match (column, inner) {
        (ColumnBuilder::Int64(column), None) => column.append_null(),
        (ColumnBuilder::Int64(column), Some(InnerValue::Int64(whole))) => column.append_value(whole),
        (ColumnBuilder::Int64(column), Some(InnerValue::Number(text))) => {
            let whole = unscaled(&text, 19, 0).and_then(|whole| i64::try_from(whole).ok());
            taken = if whole.is_some() { taken } else { CellOutcome::number(&text) };
            column.append_option(whole);
        }
        (ColumnBuilder::Decimal(column, ..), None) => column.append_null(),
        (ColumnBuilder::Decimal(column, precision, scale), Some(InnerValue::Int64(whole))) => {
            let decimal = unscaled(&whole, *precision, *scale);
            taken = if decimal.is_some() { taken } else { CellOutcome::number(&whole) };
            column.append_option(decimal);
        }
        (ColumnBuilder::Decimal(column, precision, scale), Some(InnerValue::Number(text))) => {
            let decimal = unscaled(&text, *precision, *scale);
            taken = if decimal.is_some() { taken } else { CellOutcome::number(&text) };
            column.append_option(decimal);
        }
        (ColumnBuilder::Digits(column), None) => column.append_null(),
        (ColumnBuilder::Digits(column), Some(InnerValue::Int64(whole))) => column.append_value(whole.to_string()),
        (ColumnBuilder::Digits(column), Some(InnerValue::Number(text))) => {
            let digits = all_digits(&text);
            taken = if digits.is_some() { taken } else { CellOutcome::number(&text) };
            column.append_option(digits);
        }
        (ColumnBuilder::Double(column) | ColumnBuilder::Single(column), None) => column.append_null(),
        (ColumnBuilder::Double(column), Some(InnerValue::Double(value))) => column.append_value(value),
        (ColumnBuilder::Single(column), Some(InnerValue::Float(value))) => column.append_value(value.into()),
        (ColumnBuilder::Text(column), None) => column.append_null(),
        (ColumnBuilder::Text(column), Some(InnerValue::Char(bytes))) => {
            taken = put_text(column, Some(&String::from_utf8_lossy(bytes)), most_bytes);
        }
        (ColumnBuilder::Text(column), Some(InnerValue::Rowid(_))) => column.append_value(value.get::<String>()?),
        (ColumnBuilder::Bytes(column), None) => column.append_null(),
        (ColumnBuilder::Bytes(column), Some(InnerValue::Raw(bytes))) => {
            taken = put_bytes(column, Some(bytes), most_bytes);
        }
        (ColumnBuilder::Timestamp(column, _), None) => column.append_null(),
        (ColumnBuilder::Timestamp(column, _), Some(InnerValue::Timestamp(_))) => {
            let moment: Timestamp = value.get()?;
            let micros = micros(&moment);
            taken = if micros.is_some() { taken } else { CellOutcome::moment(&moment) };
            column.append_option(micros);
        }
        (ColumnBuilder::Months(column) | ColumnBuilder::Seconds(column), None) => column.append_null(),
        (ColumnBuilder::Months(column), Some(InnerValue::IntervalYM(_))) => {
            let span: IntervalYM = value.get()?;
            column.append_value(months_text(span.years().into(), span.months().into()));
        }
        (ColumnBuilder::Seconds(column), Some(InnerValue::IntervalDS(_))) => {
            let span: IntervalDS = value.get()?;
            column.append_value(days_text([
                span.days(),
                span.hours(),
                span.minutes(),
                span.seconds(),
                span.nanoseconds(),
            ]));
        }
        (ColumnBuilder::Flag(column), None) => column.append_null(),
        (ColumnBuilder::Flag(column), Some(InnerValue::Boolean(flag))) => column.append_value(flag),
        _ => return Ok(None),
    }
    Ok(Some(taken))
}

/// Microseconds since 1970-01-01T00:00:00 UTC; the driver returns a moment in the zone that it was written in.
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
pub(crate) fn plain(value: &SqlValue<'_>, kind: Kind) -> oracle::Result<Value> {
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
