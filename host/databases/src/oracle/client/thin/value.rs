//! Single values to the server and back, for parameters and for the host's own statements.

use oracledb::{
    Cursor, DB_TYPE_BINARY_DOUBLE, DB_TYPE_BINARY_FLOAT, DB_TYPE_BINARY_INTEGER, DB_TYPE_BOOLEAN, DB_TYPE_DATE,
    DB_TYPE_LONG_RAW, DB_TYPE_NUMBER, DB_TYPE_RAW, DB_TYPE_TIMESTAMP, DB_TYPE_TIMESTAMP_LTZ, DB_TYPE_TIMESTAMP_TZ,
    DbType, Error, OracleNumber, OracleTimestamp, Row, ToDbValue,
};
use wmshost_sql::Value;

use crate::oracle::failure::OracleError;
use crate::oracle::moment::{Parts, micros_of, parts_of};
use crate::oracle::number::all_digits;

const DAY: i64 = 86_400_000_000;

/// A value as the driver binds it; `None` if the server cannot hold it.
fn bindable(value: &Value) -> Option<Box<dyn ToDbValue>> {
    Some(match value {
        Value::Null => Box::new(None::<String>),
        Value::Boolean(value) => Box::new(i64::from(*value)),
        Value::Int64(value) => Box::new(*value),
        Value::Float64(value) => Box::new(*value),
        Value::Decimal(text) => Box::new(text.parse::<OracleNumber>().ok()?),
        Value::Text(text) => Box::new(text.clone()),
        Value::Binary(bytes) => Box::new(bytes.clone()),
        Value::Date(days) => Box::new(timestamp_of(i64::from(*days).checked_mul(DAY)?)?),
        Value::Timestamp(micros) => Box::new(timestamp_of(*micros)?),
    })
}

/// NULL of the type that a value is bound as: in many rows a parameter has one type, NULL or not.
fn null_like(value: &Value) -> Box<dyn ToDbValue> {
    match value {
        Value::Boolean(_) | Value::Int64(_) | Value::Decimal(_) => Box::new(None::<OracleNumber>),
        Value::Float64(_) => Box::new(None::<f64>),
        Value::Binary(_) => Box::new(None::<Vec<u8>>),
        Value::Date(_) | Value::Timestamp(_) => Box::new(None::<OracleTimestamp>),
        Value::Null | Value::Text(_) => Box::new(None::<String>),
    }
}

/// Rows of values as the driver binds them.
pub(crate) fn rows_bindable(rows: &[Vec<Value>]) -> Result<Vec<Vec<Box<dyn ToDbValue>>>, OracleError> {
    let columns = rows.first().map_or(0, Vec::len);
    let kinds: Vec<&Value> = (0..columns)
        .map(|at| rows.iter().filter_map(|row| row.get(at)).find(|value| **value != Value::Null))
        .map(|found| found.unwrap_or(&Value::Null))
        .collect();
    let bound = |(at, value): (usize, &Value)| match value {
        Value::Null => Ok(null_like(kinds.get(at).copied().unwrap_or(&Value::Null))),
        value => bindable(value).ok_or_else(|| OracleError::unbindable(at + 1)),
    };
    rows.iter().map(|row| row.iter().enumerate().map(bound).collect()).collect()
}

/// Values as the driver binds them.
pub(crate) fn all_bindable(values: &[Value]) -> Result<Vec<Box<dyn ToDbValue>>, OracleError> {
    let bound = |(at, value)| bindable(value).ok_or_else(|| OracleError::unbindable(at + 1));
    values.iter().enumerate().map(bound).collect()
}

/// All rows of a query.
pub(crate) fn rows(cursor: Cursor) -> Result<Vec<Vec<Value>>, Error> {
    let mut rows = Vec::new();
    for row in cursor {
        let row = row?;
        let types: Vec<_> = row.columns().iter().map(oracledb::Metadata::db_type).collect();
        let values = types.iter().enumerate().map(|(at, kind)| value(&row, at, kind));
        rows.push(values.collect::<Result<_, _>>()?);
    }
    Ok(rows)
}

/// Microseconds since 1970-01-01T00:00:00; `None` if they cannot hold the moment.
#[inline]
pub(crate) fn micros(at: &OracleTimestamp) -> Option<i64> {
    micros_of(&Parts {
        year: at.year(),
        month: at.month(),
        day: at.day(),
        hour: at.hour(),
        minute: at.minute(),
        second: at.second(),
        nanoseconds: at.nanoseconds(),
    })
}

fn timestamp_of(micros: i64) -> Option<OracleTimestamp> {
    let Parts { year, month, day, hour, minute, second, nanoseconds } = parts_of(micros)?;
    Some(OracleTimestamp::new_timestamp(year, month, day, hour, minute, second, nanoseconds))
}

fn is_any(kind: &DbType, of: &[&DbType]) -> bool {
    of.contains(&kind)
}

fn value(row: &Row, at: usize, kind: &DbType) -> Result<Value, Error> {
    if is_any(kind, &[DB_TYPE_NUMBER, DB_TYPE_BINARY_INTEGER]) {
        return Ok(row.get::<Option<OracleNumber>>(at)?.map_or(Value::Null, |number| {
            // Infinity stays a text, which is no count and no key.
            let Some(text) = all_digits(&number) else { return Value::Text(number.to_string()) };
            text.parse().map_or(Value::Decimal(text), Value::Int64)
        }));
    }
    if is_any(kind, &[DB_TYPE_BINARY_DOUBLE, DB_TYPE_BINARY_FLOAT]) {
        return if kind == DB_TYPE_BINARY_FLOAT {
            Ok(row.get::<Option<f32>>(at)?.map_or(Value::Null, |value| Value::Float64(value.into())))
        } else {
            Ok(row.get::<Option<f64>>(at)?.map_or(Value::Null, Value::Float64))
        };
    }
    if is_any(kind, &[DB_TYPE_DATE, DB_TYPE_TIMESTAMP, DB_TYPE_TIMESTAMP_TZ, DB_TYPE_TIMESTAMP_LTZ]) {
        let moment = row.get::<Option<OracleTimestamp>>(at)?;
        return Ok(moment.map_or(Value::Null, |at| micros(&at).map_or(Value::Text(at.to_string()), Value::Timestamp)));
    }
    if is_any(kind, &[DB_TYPE_RAW, DB_TYPE_LONG_RAW]) {
        return Ok(row.get::<Option<Vec<u8>>>(at)?.map_or(Value::Null, Value::Binary));
    }
    if kind == DB_TYPE_BOOLEAN {
        return Ok(row.get::<Option<bool>>(at)?.map_or(Value::Null, Value::Boolean));
    }
    Ok(row.get::<Option<String>>(at)?.map_or(Value::Null, Value::Text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_server_cannot_hold_is_not_bound() {
        let values = [Value::Int64(1), Value::Timestamp(i64::MAX)];
        assert_eq!(all_bindable(&values).err(), Some(OracleError::unbindable(2)));
        assert!(bindable(&Value::Date(i32::MAX)).is_none());
        assert!(bindable(&Value::Decimal("1,5".into())).is_none());
        assert!(all_bindable(&[Value::Null, Value::Boolean(true), Value::Date(0)]).is_ok());
    }

    #[test]
    fn a_null_has_the_type_of_its_neighbours() {
        let rows = [[Value::Null, Value::Null], [Value::Int64(1), Value::Null]].map(Vec::from);
        let bound = rows_bindable(&rows).expect("values");
        assert!(bound[0][0].db_type() == DB_TYPE_NUMBER && bound[0][1].db_type() == oracledb::DB_TYPE_VARCHAR);
        let rows = [[Value::Null], [Value::Timestamp(0)]].map(Vec::from);
        assert!(rows_bindable(&rows).expect("values")[0][0].db_type() == DB_TYPE_TIMESTAMP);
    }
}
