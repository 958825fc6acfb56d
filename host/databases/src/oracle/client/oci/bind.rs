//! Values and batches to the server. Numbers are sent as their digits, never as a binary fraction.

use arrow_array::cast::AsArray as _;
use arrow_array::types::{Date32Type, Decimal128Type, Float64Type, Int64Type, TimestampMicrosecondType};
use arrow_array::{Array, ArrayRef};
use arrow_schema::DataType;
use oracle::sql_type::{OracleType, Timestamp, ToSql};
use oracle::{Batch, Connection, SqlValue};
use wmshost_sql::Value;

use super::error::oracle_error;
use crate::oracle::failure::{ErrorClass, OracleError};
use crate::oracle::moment::{Parts, parts_of};

const DAY: i64 = 86_400_000_000;

/// A value with the type that it is bound as.
pub(crate) struct Bound {
    kind: OracleType,
    value: Box<dyn ToSql>,
}

impl ToSql for Bound {
    fn oratype(&self, _: &Connection) -> oracle::Result<OracleType> {
        Ok(self.kind.clone())
    }

    fn to_sql(&self, into: &mut SqlValue<'_>) -> oracle::Result<()> {
        self.value.to_sql(into)
    }
}

/// Values as the driver binds them.
pub(crate) fn all_bindable(values: &[Value]) -> Result<Vec<Bound>, OracleError> {
    let bound = |(at, value)| bindable(value).ok_or_else(|| OracleError::unbindable(at + 1));
    values.iter().enumerate().map(bound).collect()
}

/// A value as the driver binds it; `None` if the server cannot hold it.
fn bindable(value: &Value) -> Option<Bound> {
    let (kind, value): (OracleType, Box<dyn ToSql>) = match value {
        Value::Null => (OracleType::Varchar2(1), Box::new(OracleType::Varchar2(1))),
        Value::Boolean(flag) => (OracleType::Int64, Box::new(i64::from(*flag))),
        Value::Int64(value) => (OracleType::Int64, Box::new(*value)),
        Value::Float64(value) => (OracleType::BinaryDouble, Box::new(*value)),
        Value::Decimal(text) => {
            let is_number = text.bytes().all(|byte| byte.is_ascii_digit() || b"-.".contains(&byte));
            (OracleType::Number(0, 0), Box::new(is_number.then(|| text.clone())?))
        }
        Value::Text(text) => (OracleType::Varchar2(width(text.len())), Box::new(text.clone())),
        Value::Binary(bytes) => (OracleType::Raw(width(bytes.len())), Box::new(bytes.clone())),
        Value::Date(days) => (OracleType::Date, Box::new(moment(i64::from(*days).checked_mul(DAY)?)?)),
        Value::Timestamp(micros) => (OracleType::Timestamp(6), Box::new(moment(*micros)?)),
    };
    Some(Bound { kind, value })
}

/// A width of this many bytes: at least one, or the server cannot determine the type.
fn width(bytes: usize) -> u32 {
    u32::try_from(bytes.max(1)).unwrap_or(u32::MAX)
}

fn moment(micros: i64) -> Option<Timestamp> {
    let Parts { year, month, day, hour, minute, second, nanoseconds } = parts_of(micros)?;
    let [month, day, hour, minute, second] = [month, day, hour, minute, second].map(u32::from);
    Timestamp::new(year.into(), month, day, hour, minute, second, nanoseconds).ok()
}

/// The type that a parameter of many rows is bound as: that of its first value, wide enough for all of them.
pub(crate) fn type_of_many<'v>(values: impl Iterator<Item = &'v Value> + Clone) -> OracleType {
    let longest = values.clone().map(|value| match value {
        Value::Text(text) => text.len(),
        Value::Binary(bytes) => bytes.len(),
        _ => 0,
    });
    let longest = width(longest.max().unwrap_or(0));
    match values.into_iter().find(|value| **value != Value::Null) {
        None | Some(Value::Null | Value::Text(_)) => OracleType::Varchar2(longest),
        Some(Value::Boolean(_) | Value::Int64(_) | Value::Decimal(_)) => OracleType::Number(0, 0),
        Some(Value::Float64(_)) => OracleType::BinaryDouble,
        Some(Value::Binary(_)) => OracleType::Raw(longest),
        Some(Value::Date(_) | Value::Timestamp(_)) => OracleType::Timestamp(6),
    }
}

/// The type that a column of a batch is bound as.
pub(crate) fn type_of(column: &ArrayRef) -> Result<OracleType, OracleError> {
    let longest = |lengths: &mut dyn Iterator<Item = usize>| width(lengths.max().unwrap_or(0));
    Ok(match column.data_type() {
        DataType::Int64 => OracleType::Int64,
        DataType::Decimal128(..) => OracleType::Number(0, 0),
        DataType::Float64 => OracleType::BinaryDouble,
        DataType::Utf8 => OracleType::Varchar2(longest(&mut column.as_string::<i32>().iter().flatten().map(str::len))),
        DataType::Binary => OracleType::Raw(longest(&mut column.as_binary::<i32>().iter().flatten().map(<[u8]>::len))),
        DataType::Date32 | DataType::Timestamp(..) => OracleType::Timestamp(6),
        other => return Err(OracleError::new(ErrorClass::Permanent, format!("a column of {other} cannot be bound"))),
    })
}

fn decimal_text(value: i128, scale: u8) -> String {
    let digits = format!("{:0width$}", value.unsigned_abs(), width = usize::from(scale) + 1);
    let (whole, fraction) = digits.split_at(digits.len() - usize::from(scale));
    let point = if scale > 0 { "." } else { "" };
    format!("{}{whole}{point}{fraction}", if value < 0 { "-" } else { "" })
}

/// Sets one cell of the row under construction.
pub(crate) fn set(
    batch: &mut Batch<'_>,
    at: usize,
    column: &ArrayRef,
    row: usize,
    kind: &OracleType,
) -> Result<(), OracleError> {
    let beyond = || OracleError::new(ErrorClass::Permanent, "the moment is outside of the years 1 to 9999".to_owned());
    let done = match column.data_type() {
        // A type as a value is a NULL of it.
        _ if column.is_null(row) => batch.set(at + 1, kind),
        DataType::Int64 => batch.set(at + 1, &column.as_primitive::<Int64Type>().value(row)),
        DataType::Decimal128(_, scale) => {
            let text = decimal_text(column.as_primitive::<Decimal128Type>().value(row), scale.unsigned_abs());
            batch.set(at + 1, &text)
        }
        DataType::Float64 => batch.set(at + 1, &column.as_primitive::<Float64Type>().value(row)),
        DataType::Utf8 => batch.set(at + 1, &column.as_string::<i32>().value(row)),
        DataType::Binary => batch.set(at + 1, &column.as_binary::<i32>().value(row)),
        DataType::Date32 => {
            let days = i64::from(column.as_primitive::<Date32Type>().value(row));
            batch.set(at + 1, &moment(days * DAY).ok_or_else(beyond)?)
        }
        _ => {
            let micros = column.as_primitive::<TimestampMicrosecondType>().value(row);
            batch.set(at + 1, &moment(micros).ok_or_else(beyond)?)
        }
    };
    done.map_err(|error| oracle_error(&error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_server_cannot_hold_is_not_bound() {
        for value in [Value::Timestamp(i64::MAX), Value::Date(i32::MAX), Value::Decimal("1,5".into())] {
            assert!(bindable(&value).is_none(), "{value:?}");
        }
        assert!(all_bindable(&[Value::Null, Value::Boolean(true), Value::Date(0)]).is_ok());
    }

    #[test]
    fn decimals_keep_every_digit() {
        for (value, scale, text) in [(-5, 2, "-0.05"), (1_250, 2, "12.50"), (7, 0, "7"), (0, 3, "0.000")] {
            assert_eq!(decimal_text(value, scale), text);
        }
    }

    #[test]
    fn many_values_are_bound_by_one_type_that_fits_all() {
        let values = [Value::Null, Value::Text("ä".into()), Value::Text("abc".into())];
        assert_eq!(type_of_many(values.iter()), OracleType::Varchar2(3));
        assert_eq!(type_of_many([Value::Null].iter()), OracleType::Varchar2(1));
        assert_eq!(type_of_many([Value::Null, Value::Date(1)].iter()), OracleType::Timestamp(6));
    }
}
