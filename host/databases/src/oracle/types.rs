//! Oracle's types and Arrow types, both ways. The server's description of a column decides its type; a value that does
//! not fit is a bad value, never a rounded one.
//!
//! | Oracle | Arrow | what cannot be kept, and what happens then |
//! |---|---|---|
//! | `NUMBER(p)`, p ≤ 18; negative scale within 18 digits | Int64 | |
//! | `NUMBER(p,s)`, `INTEGER` = `NUMBER(38)` | Decimal128(p, s) | |
//! | `NUMBER(p,s)` beyond 38 digits | Utf8 | nothing: every digit is text |
//! | `NUMBER`, `FLOAT`, expressions | Decimal128(38, 10), or Utf8 if the connection says `bare_number = "text"` | more than 28 digits before or 10 after the point: bad value |
//! | `BINARY_FLOAT`, `BINARY_DOUBLE` | Float64 | nothing: every BINARY_FLOAT is a double |
//! | `CHAR`, `NCHAR` | Utf8 | nothing: with the blanks that the server pads with |
//! | `VARCHAR2`, `NVARCHAR2`, `LONG` | Utf8 | nothing; '' is NULL to Oracle itself |
//! | `CLOB`, `NCLOB` | Utf8 | more bytes than the connection's `lob_mib`: bad value; an empty one is an empty text |
//! | `RAW`, `LONG RAW` | Binary | |
//! | `BLOB` | Binary | more bytes than `lob_mib`: bad value |
//! | `DATE` | Timestamp(µs) | years before 1: bad value |
//! | `TIMESTAMP(n)` | Timestamp(µs) | years before 1, digits after the sixth: bad value |
//! | `TIMESTAMP(n) WITH TIME ZONE` | Timestamp(µs, UTC) | the same; the offset is not kept, select `TO_CHAR(c, 'TZH:TZM')` beside it if needed |
//! | `TIMESTAMP(n) WITH LOCAL TIME ZONE` | Timestamp(µs, UTC) | where the server does not send it in UTC: refused |
//! | `INTERVAL YEAR TO MONTH`, `INTERVAL DAY TO SECOND` | Utf8 | nothing: as Oracle writes them, `+01-02` and `+003 04:05:06.789000000` |
//! | `ROWID`, `UROWID` | Utf8 | |
//! | `BOOLEAN` (23ai) | Boolean | |
//! | `JSON`, `VECTOR`, `XMLTYPE`, objects, collections, `BFILE`, cursors | refused | the column must be left out, or turned to text by a view |
//!
//! | Arrow | declared in a new table |
//! |---|---|
//! | Boolean | `NUMBER(1)` with the values 0 and 1 |
//! | Int64 | `NUMBER(19)` |
//! | Decimal128(p, s) | `NUMBER(p,s)`; of 1 and 19 whole digits `NUMBER(2)` and `NUMBER(20)`, to be distinguished from the two above |
//! | Float64 | `BINARY_DOUBLE` |
//! | Utf8 | `VARCHAR2(4000 BYTE)`, in a key `VARCHAR2(255 CHAR)` |
//! | Binary | `RAW(2000)`, in a key `RAW(255)` |
//! | Date32 | `TIMESTAMP(0)` at midnight, to be distinguished from a `DATE` that was not created here and has a time |
//! | Timestamp(µs) | `TIMESTAMP(6)` |
//! | Timestamp(µs, UTC) | `TIMESTAMP(6) WITH TIME ZONE`, at +00:00 |

use std::sync::Arc;

use arrow_schema::{DataType, TimeUnit};
use wmshost_sql::{ColumnPurpose, Dialect};

use super::client::column_info::{ColumnInfo, Kind};
use super::connect::settings::BareNumber;

pub(crate) use wmshost_sql::MOST_DIGITS;

/// The most digits that fit every whole number of 64 bits.
const INT64_DIGITS: i16 = 18;
/// Digits after the point of a number whose column has no scale.
const BARE_SCALE: u8 = 10;
/// The scale by which the server describes a number without a scale of its own.
pub(crate) const NO_SCALE: i8 = -127;
/// The name that represents UTC in Arrow timestamps.
const UTC: &str = "UTC";

/// The way in which a column is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reading {
    /// A whole number.
    Int64,
    /// A decimal of this precision and scale.
    Decimal(u8, u8),
    /// A number with all its digits, as text.
    Digits,
    /// A binary fraction of 64 bits.
    Double,
    /// A binary fraction of 32 bits.
    Single,
    /// Text.
    Text,
    /// Bytes.
    Bytes,
    /// Text, by locator.
    TextLob,
    /// Bytes, by locator.
    BytesLob,
    /// A moment, in UTC if `zoned`.
    Timestamp {
        /// True if it is in a time zone.
        zoned: bool,
    },
    /// Years and months.
    Months,
    /// Days and seconds.
    Seconds,
    /// True or false.
    Flag,
}

impl Reading {
    /// The same, of a column whose large objects come by locator.
    pub(crate) fn by_locator(self, kind: Kind) -> Self {
        match kind {
            Kind::Clob => Self::TextLob,
            Kind::Blob => Self::BytesLob,
            _ => self,
        }
    }

    /// The Arrow type of the values.
    pub(crate) fn arrow(self) -> DataType {
        match self {
            Self::Int64 => DataType::Int64,
            Self::Decimal(precision, scale) => DataType::Decimal128(precision, scale as i8),
            Self::Double | Self::Single => DataType::Float64,
            Self::Digits | Self::Text | Self::TextLob | Self::Months | Self::Seconds => DataType::Utf8,
            Self::Bytes | Self::BytesLob => DataType::Binary,
            Self::Timestamp { zoned } => timestamp(zoned),
            Self::Flag => DataType::Boolean,
        }
    }
}

/// The reading of a column; `None` if it cannot be read.
pub(crate) fn reading(column: &ColumnInfo, bare: BareNumber) -> Option<Reading> {
    Some(match column.kind {
        Kind::Number => of_number(column.precision, column.scale, bare),
        Kind::Varchar | Kind::Char | Kind::Long | Kind::Clob | Kind::Rowid => Reading::Text,
        Kind::Raw | Kind::LongRaw | Kind::Blob => Reading::Bytes,
        Kind::Date | Kind::Timestamp => Reading::Timestamp { zoned: false },
        Kind::TimestampTz | Kind::TimestampLtz => Reading::Timestamp { zoned: true },
        Kind::BinaryDouble => Reading::Double,
        Kind::BinaryFloat => Reading::Single,
        Kind::IntervalYm => Reading::Months,
        Kind::IntervalDs => Reading::Seconds,
        Kind::Boolean => Reading::Flag,
        Kind::Other => return None,
    })
}

fn of_number(precision: u8, scale: i8, bare: BareNumber) -> Reading {
    let (precision, scale) = match (precision, scale) {
        (_, NO_SCALE) | (0, 0) => {
            return match bare {
                BareNumber::Decimal => Reading::Decimal(MOST_DIGITS, BARE_SCALE),
                BareNumber::Text => Reading::Digits,
            };
        }
        (0, scale) => (i16::from(MOST_DIGITS), i16::from(scale)),
        (precision, scale) => (i16::from(precision), i16::from(scale)),
    };
    // A negative scale counts zeros in front of the point; a scale beyond the precision, zeros after it.
    let digits = if scale < 0 { precision - scale } else { precision.max(scale) };
    match u8::try_from(digits).ok().filter(|digits| *digits <= MOST_DIGITS) {
        None => Reading::Digits,
        Some(_) if scale <= 0 && digits <= INT64_DIGITS => Reading::Int64,
        Some(digits) => Reading::Decimal(digits, scale.max(0) as u8),
    }
}

/// An Arrow timestamp of microseconds.
pub(crate) fn timestamp(zoned: bool) -> DataType {
    DataType::Timestamp(TimeUnit::Microsecond, zoned.then(|| Arc::from(UTC)))
}

/// The type to declare for an Arrow type; `None` if Oracle has no type for it.
pub(crate) fn declared_type(arrow: &DataType, in_key: bool) -> Option<String> {
    let usage = if in_key { ColumnPurpose::LoadedKey } else { ColumnPurpose::Loaded };
    Dialect::Oracle.declared_type(arrow, usage)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_become_what_holds_all_their_values() {
        let decimal = |precision, scale| Reading::Decimal(precision, scale);
        for (precision, scale, expected) in [
            (1, 0, Reading::Int64),
            (18, 0, Reading::Int64),
            (19, 0, decimal(19, 0)),
            (38, 0, decimal(38, 0)),
            (12, 2, decimal(12, 2)),
            (38, 10, decimal(38, 10)),
            (3, 5, decimal(5, 5)),
            (5, -2, Reading::Int64),
            (18, -2, decimal(20, 0)),
            (38, -2, Reading::Digits),
            (5, 40, Reading::Digits),
            (0, 4, decimal(38, 4)),
            (0, 0, decimal(38, 10)),
            (0, NO_SCALE, decimal(38, 10)),
            (126, NO_SCALE, decimal(38, 10)),
        ] {
            assert_eq!(of_number(precision, scale, BareNumber::Decimal), expected, "NUMBER({precision},{scale})");
        }
        assert_eq!(of_number(0, NO_SCALE, BareNumber::Text), Reading::Digits);
        assert_eq!(of_number(12, 2, BareNumber::Text), decimal(12, 2));
    }

    #[test]
    fn no_number_is_a_float() {
        for (precision, scale) in (0..=38).flat_map(|precision| (-84..=127).map(move |scale| (precision, scale))) {
            let reading = of_number(precision, scale, BareNumber::Decimal);
            assert_ne!(reading.arrow(), DataType::Float64, "NUMBER({precision},{scale})");
        }
    }

    #[test]
    fn every_other_type_has_its_reading_or_none() {
        let column = |kind| ColumnInfo {
            name: "c".into(),
            kind,
            precision: 0,
            scale: 0,
            letters: 0,
            nullable: true,
            declared: "?".into(),
        };
        assert_eq!(reading(&column(Kind::Other), BareNumber::Decimal), None);
        for (kind, expected) in [
            (Kind::Char, DataType::Utf8),
            (Kind::Clob, DataType::Utf8),
            (Kind::Rowid, DataType::Utf8),
            (Kind::IntervalDs, DataType::Utf8),
            (Kind::Blob, DataType::Binary),
            (Kind::BinaryFloat, DataType::Float64),
            (Kind::Date, timestamp(false)),
            (Kind::TimestampLtz, timestamp(true)),
            (Kind::Boolean, DataType::Boolean),
        ] {
            let read = reading(&column(kind), BareNumber::Decimal);
            assert_eq!(read.map(Reading::arrow), Some(expected), "{kind:?}");
        }
    }

    #[test]
    fn what_has_no_place_is_not_declared() {
        for arrow in [
            DataType::Int32,
            DataType::Timestamp(TimeUnit::Millisecond, None),
            DataType::Timestamp(TimeUnit::Microsecond, Some("America/Sao_Paulo".into())),
            DataType::Decimal128(10, -2),
        ] {
            assert_eq!(declared_type(&arrow, false), None, "{arrow}");
        }
    }
}
