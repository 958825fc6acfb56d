//! Conversion between the contract's types and the flow's: failures, values, bookmarks, columns. Data from a plugin is
//! checked, never trusted.

use std::sync::Arc;

use arrow_schema::{DataType, Field, FieldRef, Schema, SchemaRef, TimeUnit};
use wmshost_contract_rules as rules;
use wmshost_flow::{Bookmark, Failure, FailureKind, Position, Value, is_decimal};

use crate::bindings::types as wit;
use crate::checks::{check_name, refused};
use crate::text::{sanitize, truncate};

/// The most positions of a bookmark.
const BOOKMARK_POSITIONS: usize = 16;
/// The longest message that is kept of a plugin's failure, in bytes.
const MESSAGE_BYTES: usize = 4 << 10;

pub(crate) fn failure_to_wit(failure: Failure) -> wit::Failure {
    let message = truncate(failure.to_string(), MESSAGE_BYTES);
    match failure.kind {
        FailureKind::InvalidConfig => wit::Failure::InvalidConfig(message),
        FailureKind::Denied => wit::Failure::Denied(message),
        FailureKind::Transient => wit::Failure::Transient(message),
        FailureKind::Limit | FailureKind::Timeout => wit::Failure::Limit(message),
        FailureKind::Permanent
        | FailureKind::Trap
        | FailureKind::Busy
        | FailureKind::Cancelled
        | FailureKind::Guard => wit::Failure::Permanent(message),
    }
}

pub(crate) fn failure_from_wit(failure: wit::Failure) -> Failure {
    let (kind, message) = match failure {
        wit::Failure::InvalidConfig(message) => (FailureKind::InvalidConfig, message),
        wit::Failure::Denied(message) => (FailureKind::Denied, message),
        wit::Failure::Transient(message) => (FailureKind::Transient, message),
        wit::Failure::Permanent(message) => (FailureKind::Permanent, message),
        wit::Failure::Limit(message) => (FailureKind::Limit, message),
    };
    Failure::new(kind, sanitize(message, MESSAGE_BYTES))
}

pub(crate) fn value_from_wit(value: wit::Value) -> Result<Value, Failure> {
    Ok(match value {
        wit::Value::Null => Value::Null,
        wit::Value::Boolean(v) => Value::Boolean(v),
        wit::Value::Int64(v) => Value::Int64(v),
        wit::Value::Float64(v) => Value::Float64(v),
        wit::Value::Decimal(v) if is_decimal(&v) => Value::Decimal(v),
        wit::Value::Decimal(_) => {
            return Err(Failure::permanent(
                "a decimal is an optional minus, digits, and an optional point with digits",
            ));
        }
        wit::Value::Text(v) => Value::Text(v),
        wit::Value::Binary(v) => Value::Binary(v),
        wit::Value::Date(v) => Value::Date(v),
        wit::Value::Timestamp(v) => Value::Timestamp(v),
    })
}

pub(crate) fn value_to_wit(value: &Value) -> wit::Value {
    match value {
        Value::Null => wit::Value::Null,
        Value::Boolean(v) => wit::Value::Boolean(*v),
        Value::Int64(v) => wit::Value::Int64(*v),
        Value::Float64(v) => wit::Value::Float64(*v),
        Value::Decimal(v) => wit::Value::Decimal(v.clone()),
        Value::Text(v) => wit::Value::Text(v.clone()),
        Value::Binary(v) => wit::Value::Binary(v.clone()),
        Value::Date(v) => wit::Value::Date(*v),
        Value::Timestamp(v) => wit::Value::Timestamp(*v),
    }
}

pub(crate) fn bookmark_to_wit(bookmark: &Bookmark) -> wit::Bookmark {
    let position = |p: &Position| wit::Position { name: p.name.clone(), value: value_to_wit(&p.value) };
    bookmark.0.iter().map(position).collect()
}

pub(crate) fn bookmark_from_wit(bookmark: wit::Bookmark) -> Result<Bookmark, Failure> {
    if bookmark.len() > BOOKMARK_POSITIONS {
        return Err(Failure::limit("bookmark_positions", BOOKMARK_POSITIONS, bookmark.len()));
    }
    let positions = bookmark.into_iter().map(|wit::Position { name, value }| {
        let value = value_from_wit(value)?;
        let bytes = name.len() + value_bytes(&value);
        if bytes > Position::MAX_BYTES {
            return Err(Failure::limit("bookmark_position_bytes", Position::MAX_BYTES, bytes));
        }
        Ok(Position { name, value })
    });
    positions.collect::<Result<_, _>>().map(Bookmark)
}

fn value_bytes(value: &Value) -> usize {
    match value {
        Value::Decimal(v) | Value::Text(v) => v.len(),
        Value::Binary(v) => v.len(),
        _ => 8,
    }
}

/// A column's type in the contract; `None` for Arrow types that no driver makes.
fn kind_to_wit(kind: &DataType) -> Option<wit::ColumnType> {
    Some(match kind {
        DataType::Boolean => wit::ColumnType::Boolean,
        DataType::Int64 => wit::ColumnType::Int64,
        DataType::Float64 => wit::ColumnType::Float64,
        DataType::Decimal128(precision, scale) => {
            wit::ColumnType::Decimal(wit::DecimalType { precision: *precision, scale: u8::try_from(*scale).ok()? })
        }
        DataType::Utf8 => wit::ColumnType::Utf8,
        DataType::Binary => wit::ColumnType::Binary,
        DataType::Date32 => wit::ColumnType::Date,
        DataType::Timestamp(TimeUnit::Microsecond, zone) => {
            wit::ColumnType::Timestamp(if zone.is_some() { wit::Zone::Utc } else { wit::Zone::None })
        }
        _ => return None,
    })
}

pub(crate) fn kind_from_wit(kind: wit::ColumnType) -> DataType {
    match kind {
        wit::ColumnType::Boolean => DataType::Boolean,
        wit::ColumnType::Int64 => DataType::Int64,
        wit::ColumnType::Float64 => DataType::Float64,
        wit::ColumnType::Decimal(d) => DataType::Decimal128(d.precision, i8::try_from(d.scale).unwrap_or(i8::MAX)),
        wit::ColumnType::Utf8 => DataType::Utf8,
        wit::ColumnType::Binary => DataType::Binary,
        wit::ColumnType::Date => DataType::Date32,
        wit::ColumnType::Timestamp(zone) => timestamp_type(zone),
    }
}

/// The Arrow type of a timestamp column.
pub(crate) fn timestamp_type(zone: wit::Zone) -> DataType {
    let zone = (zone == wit::Zone::Utc).then(|| Arc::from("UTC"));
    DataType::Timestamp(TimeUnit::Microsecond, zone)
}

pub(crate) fn columns_to_wit<'a>(fields: impl IntoIterator<Item = &'a FieldRef>) -> Result<Vec<wit::Column>, Failure> {
    let column = |field: &FieldRef| {
        let kind = kind_to_wit(field.data_type()).ok_or_else(|| {
            Failure::permanent(format!(
                "column {} has the type {}, which plugins cannot have",
                field.name(),
                field.data_type()
            ))
        })?;
        Ok(wit::Column { name: field.name().clone(), kind, nullable: field.is_nullable() })
    };
    fields.into_iter().map(column).collect()
}

/// The schema that a plugin made: names must be unique, not empty and not too long, types possible.
pub(crate) fn columns_from_wit(columns: Vec<wit::Column>, most: usize) -> Result<SchemaRef, Failure> {
    if columns.len() > most {
        return Err(Failure::limit("batch_columns", most, columns.len()));
    }
    let mut fields: Vec<Field> = Vec::with_capacity(columns.len());
    for wit::Column { name, kind, nullable } in columns {
        check_name(&name)?;
        if fields.iter().any(|field| *field.name() == name) {
            return Err(Failure::permanent(format!("two columns are called {name}")));
        }
        if let wit::ColumnType::Decimal(d) = &kind {
            rules::check_decimal_type(&name, d.precision, d.scale).map_err(refused)?;
        }
        fields.push(Field::new(name, kind_from_wit(kind), nullable));
    }
    Ok(Arc::new(Schema::new(fields)))
}
