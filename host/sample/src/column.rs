//! Decimals and timestamps as the file stores them, bound without allocating a string per value.

use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, Value, ValueRef};

use crate::moment::Moment;

/// A timestamp as text.
pub(crate) struct Stamp([u8; 26]);

impl From<Moment> for Stamp {
    fn from(moment: Moment) -> Self {
        Self(moment.text())
    }
}

impl ToSql for Stamp {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(ValueRef::Text(&self.0)))
    }
}

impl FromSql for Moment {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        Self::parse(value.as_str()?).ok_or_else(|| FromSqlError::Other("not a timestamp of the sample".into()))
    }
}

/// A decimal number in whole units of its last decimal place; the scale is the number of places. It is bound as the
/// nearest double, which for up to 15 digits reads back as the same decimal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Decimal<const SCALE: u32>(pub(crate) i64);

/// An amount of money in cents.
pub(crate) type Money = Decimal<2>;

/// A weight or a volume in thousandths.
pub(crate) type Measure = Decimal<3>;

/// A cost in ten-thousandths.
pub(crate) type Cost = Decimal<4>;

impl<const SCALE: u32> ToSql for Decimal<SCALE> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        let unit = 10_i64.pow(SCALE);
        Ok(ToSqlOutput::Owned(match self.0 % unit {
            0 => Value::Integer(self.0 / unit),
            _ => Value::Real(self.0 as f64 / unit as f64),
        }))
    }
}

impl<const SCALE: u32> FromSql for Decimal<SCALE> {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let unit = 10_i64.pow(SCALE);
        match value {
            ValueRef::Integer(whole) => Ok(Self(whole.saturating_mul(unit))),
            ValueRef::Real(real) => Ok(Self((real * unit as f64).round() as i64)),
            _ => Err(FromSqlError::InvalidType),
        }
    }
}
