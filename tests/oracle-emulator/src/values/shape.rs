//! Column types in PostgreSQL, and their description in the protocol.

use super::codes::{engine, wire};
use super::kind::{Kind, LONGEST_RAW, LONGEST_TEXT, MICROS};
use crate::engine::Field;

/// The units of an interval of years and months, as PostgreSQL numbers them.
const YEAR_TO_MONTH: i32 = 6;

impl Kind {
    /// The type of a column that PostgreSQL returns, if nothing better is known.
    pub(crate) fn of(field: &Field) -> Self {
        let length = || field.modifier.checked_sub(4).filter(|length| *length > 0).map(|length| length as u32);
        match field.kind {
            engine::NUMERIC if field.modifier >= 4 => {
                let modifier = field.modifier - 4;
                // The scale has 11 bits and a sign.
                let scale = ((modifier & 0x7ff) ^ 1024) - 1024;
                Kind::Number(Some(((modifier >> 16) as u8, scale as i8)))
            }
            engine::NUMERIC | engine::INT2 | engine::INT4 | engine::INT8 | engine::OID => Kind::Number(None),
            engine::FLOAT4 => Kind::BinaryFloat,
            engine::FLOAT8 => Kind::BinaryDouble,
            engine::BPCHAR => Kind::Char(length().unwrap_or(1), true),
            engine::VARCHAR => Kind::Varchar2(length().unwrap_or(LONGEST_TEXT), true),
            engine::DATE => Kind::Date,
            engine::TIMESTAMP if field.modifier == 0 => Kind::Date,
            engine::TIMESTAMP => Kind::Timestamp(u8::try_from(field.modifier).unwrap_or(MICROS)),
            engine::TIMESTAMPTZ => Kind::TimestampTz(u8::try_from(field.modifier).unwrap_or(MICROS)),
            engine::BOOL => Kind::Boolean,
            // The units of an interval are the upper half of the modifier.
            engine::INTERVAL if field.modifier >> 16 == YEAR_TO_MONTH => Kind::IntervalYm(9),
            engine::INTERVAL => Kind::IntervalDs(9, MICROS),
            engine::BYTEA => Kind::Raw(LONGEST_RAW),
            _ => Kind::Varchar2(LONGEST_TEXT, false),
        }
    }

    /// The type in PostgreSQL's spelling.
    pub(crate) fn in_engine(&self) -> String {
        match self {
            Kind::Number(None) | Kind::Float(_) => "numeric".to_owned(),
            Kind::Number(Some((precision, scale))) => format!("numeric({precision},{scale})"),
            Kind::BinaryFloat => "float4".to_owned(),
            Kind::BinaryDouble => "float8".to_owned(),
            Kind::Varchar2(length, _) | Kind::NVarchar2(length) => format!("varchar({length})"),
            Kind::Char(length, _) | Kind::NChar(length) => format!("char({length})"),
            Kind::Date => "oracle.date".to_owned(),
            Kind::Timestamp(scale) => format!("timestamp({})", scale.min(&MICROS)),
            Kind::TimestampTz(scale) | Kind::TimestampLtz(scale) => format!("timestamptz({})", scale.min(&MICROS)),
            Kind::IntervalYm(_) => "interval year to month".to_owned(),
            Kind::IntervalDs(_, scale) => format!("interval day to second({})", scale.min(&MICROS)),
            Kind::Boolean => "boolean".to_owned(),
            Kind::Raw(_) | Kind::Blob | Kind::LongRaw => "bytea".to_owned(),
            Kind::Clob | Kind::NClob | Kind::Long => "text".to_owned(),
            Kind::Rowid => "varchar(18)".to_owned(),
        }
    }

    /// The number of bytes that PostgreSQL has to count by a check of its own.
    pub(crate) fn bytes_checked(&self) -> Option<u32> {
        match self {
            Kind::Varchar2(length, false) | Kind::Char(length, false) | Kind::Raw(length) => Some(*length),
            // However many characters are allowed, there is no room for more bytes.
            Kind::Varchar2(length, true) if length * 4 > LONGEST_TEXT => Some(LONGEST_TEXT),
            _ => None,
        }
    }

    /// Its number in the protocol.
    pub(crate) fn wire(&self) -> u8 {
        match self {
            Kind::Number(_) | Kind::Float(_) => wire::NUMBER,
            Kind::BinaryFloat => wire::BINARY_FLOAT,
            Kind::BinaryDouble => wire::BINARY_DOUBLE,
            Kind::Varchar2(..) | Kind::NVarchar2(_) => wire::VARCHAR,
            Kind::Char(..) | Kind::NChar(_) => wire::CHAR,
            Kind::Date => wire::DATE,
            Kind::Timestamp(_) => wire::TIMESTAMP,
            Kind::TimestampTz(_) => wire::TIMESTAMP_TZ,
            Kind::TimestampLtz(_) => wire::TIMESTAMP_LTZ,
            Kind::IntervalYm(_) => wire::INTERVAL_YM,
            Kind::IntervalDs(..) => wire::INTERVAL_DS,
            Kind::Boolean => wire::BOOLEAN,
            Kind::Raw(_) => wire::RAW,
            Kind::Clob | Kind::NClob => wire::CLOB,
            Kind::Blob => wire::BLOB,
            Kind::Long => wire::LONG,
            Kind::LongRaw => wire::LONG_RAW,
            // As text: a client only passes it back.
            Kind::Rowid => wire::VARCHAR,
        }
    }

    /// Precision and scale in the protocol.
    pub(crate) fn digits(&self) -> (u8, i8) {
        match self {
            Kind::Number(None) => (0, -127),
            Kind::Number(Some(digits)) => *digits,
            Kind::Float(digits) => (*digits, -127),
            Kind::Timestamp(scale) | Kind::TimestampTz(scale) | Kind::TimestampLtz(scale) => (0, *scale as i8),
            Kind::IntervalYm(digits) => (*digits, 0),
            Kind::IntervalDs(digits, scale) => (*digits, *scale as i8),
            _ => (0, 0),
        }
    }

    /// Its size in bytes in the protocol, and in the unit it was declared with.
    pub(crate) fn sizes(&self) -> (u32, u32) {
        match self {
            Kind::Number(_) | Kind::Float(_) => (22, 0),
            Kind::BinaryFloat => (4, 0),
            Kind::BinaryDouble => (8, 0),
            // A character has up to four bytes.
            Kind::Varchar2(length, true) => ((length * 4).min(LONGEST_TEXT), *length),
            Kind::Char(length, true) => ((length * 4).min(LONGEST_RAW), *length),
            Kind::Varchar2(length, false) | Kind::Char(length, false) => (*length, *length),
            Kind::Date => (7, 0),
            Kind::NVarchar2(length) | Kind::NChar(length) => (length * 2, *length),
            Kind::Timestamp(_) | Kind::TimestampLtz(_) | Kind::IntervalDs(..) => (11, 0),
            Kind::IntervalYm(_) => (5, 0),
            Kind::Boolean => (1, 0),
            Kind::TimestampTz(_) => (13, 0),
            Kind::Raw(length) => (*length, 0),
            Kind::Clob | Kind::NClob | Kind::Blob => (LONGEST_TEXT, 0),
            Kind::Long | Kind::LongRaw => (i32::MAX as u32, 0),
            Kind::Rowid => (18, 18),
        }
    }

    /// True if it is text in the database's character set.
    pub(crate) fn is_text(&self) -> bool {
        matches!(self, Kind::Varchar2(..) | Kind::Char(..) | Kind::Clob | Kind::Long | Kind::Rowid)
    }

    /// True if its values are reached through locators.
    pub(crate) fn is_lob(&self) -> bool {
        matches!(self, Kind::Clob | Kind::NClob | Kind::Blob)
    }

    /// True if it is text in the national character set.
    pub(crate) fn is_national(&self) -> bool {
        matches!(self, Kind::NVarchar2(_) | Kind::NChar(_) | Kind::NClob)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn postgresqls_numeric_tells_precision_and_scale() {
        let field = |modifier| Field { name: String::new(), table: 0, number: 0, kind: engine::NUMERIC, modifier };
        assert_eq!(Kind::of(&field((10 << 16) + 2 + 4)), Kind::Number(Some((10, 2))));
        assert_eq!(Kind::of(&field((5 << 16) + (-2 & 0x7ff) + 4)), Kind::Number(Some((5, -2))));
        assert_eq!(Kind::of(&field(-1)), Kind::Number(None));
    }
}
