//! One value of a row in the type of its column: what it is hashed as, and its order among the others of the column.

use std::cmp::Ordering;

use arrow_array::Array;
use arrow_array::cast::AsArray as _;
use arrow_array::types::{Date32Type, Decimal128Type, Float64Type, Int64Type, TimestampMicrosecondType};
use arrow_schema::DataType;

use super::hash::{NULL, bytes, decimal};

/// A value. Its text and bytes are borrowed, or its own.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum StoredValue<B> {
    /// NULL.
    Null,
    /// A truth value.
    Boolean(bool),
    /// A whole number.
    Int64(i64),
    /// A binary fraction.
    Float64(f64),
    /// A decimal: its number without the point, and the digits after that.
    Decimal(i128, i8),
    /// A text in UTF-8, or bytes.
    Bytes(B),
    /// Days since 1970-01-01.
    Date(i32),
    /// Microseconds since 1970-01-01 00:00.
    Timestamp(i64),
}

impl<'a> StoredValue<&'a [u8]> {
    /// Returns a cell's value; `None` for a type that no column of a stream has.
    #[inline]
    pub(crate) fn of(column: &'a dyn Array, row: usize) -> Option<Self> {
        if column.is_null(row) {
            return Some(Self::Null);
        }
        Some(match column.data_type() {
            DataType::Boolean => Self::Boolean(column.as_boolean().value(row)),
            DataType::Int64 => Self::Int64(column.as_primitive::<Int64Type>().value(row)),
            DataType::Float64 => Self::Float64(column.as_primitive::<Float64Type>().value(row)),
            DataType::Decimal128(_, scale) => Self::Decimal(column.as_primitive::<Decimal128Type>().value(row), *scale),
            DataType::Utf8 => Self::Bytes(column.as_string::<i32>().value(row).as_bytes()),
            DataType::Binary => Self::Bytes(column.as_binary::<i32>().value(row)),
            DataType::Date32 => Self::Date(column.as_primitive::<Date32Type>().value(row)),
            DataType::Timestamp(..) => Self::Timestamp(column.as_primitive::<TimestampMicrosecondType>().value(row)),
            _ => return None,
        })
    }

    /// Returns the value with its own bytes.
    pub(crate) fn to_owned(self) -> StoredValue<Vec<u8>> {
        match self {
            Self::Null => StoredValue::Null,
            Self::Boolean(value) => StoredValue::Boolean(value),
            Self::Int64(value) => StoredValue::Int64(value),
            Self::Float64(value) => StoredValue::Float64(value),
            Self::Decimal(unscaled, scale) => StoredValue::Decimal(unscaled, scale),
            Self::Bytes(bytes) => StoredValue::Bytes(bytes.to_vec()),
            Self::Date(days) => StoredValue::Date(days),
            Self::Timestamp(micros) => StoredValue::Timestamp(micros),
        }
    }

    /// Returns the number that represents it in the hash of its row, for a target that is not Oracle.
    #[inline]
    pub fn number(self) -> u64 {
        match self {
            Self::Null => NULL,
            Self::Boolean(value) => value.into(),
            Self::Int64(value) | Self::Timestamp(value) => value.cast_unsigned(),
            Self::Float64(value) => value.to_bits(),
            Self::Decimal(unscaled, scale) => decimal(unscaled, scale),
            Self::Bytes(value) => bytes(value, false),
            Self::Date(days) => i64::from(days).cast_unsigned(),
        }
    }
}

impl<B: AsRef<[u8]>> StoredValue<B> {
    /// Compares it with another of its column; `None` if they have no common order.
    #[inline]
    pub(crate) fn order<C: AsRef<[u8]>>(&self, other: &StoredValue<C>) -> Option<Ordering> {
        use StoredValue as Other;
        Some(match (self, other) {
            (Self::Int64(one), Other::Int64(two)) | (Self::Timestamp(one), Other::Timestamp(two)) => one.cmp(two),
            (Self::Bytes(one), Other::Bytes(two)) => one.as_ref().cmp(two.as_ref()),
            (Self::Null, Other::Null) => Ordering::Equal,
            (Self::Null, _) => Ordering::Less,
            (_, Other::Null) => Ordering::Greater,
            (Self::Decimal(one, scale), Other::Decimal(two, other)) if scale == other => one.cmp(two),
            (Self::Date(one), Other::Date(two)) => one.cmp(two),
            (Self::Boolean(one), Other::Boolean(two)) => one.cmp(two),
            _ => return None,
        })
    }
}
