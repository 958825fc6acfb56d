//! ODPI-C's description of a column.

use oracle::sql_type::OracleType;

use crate::oracle::client::{ColumnInfo, Kind};
use crate::oracle::types::NO_SCALE;

/// The columns of a query.
pub(super) fn columns(described: &[oracle::ColumnInfo]) -> Vec<ColumnInfo> {
    described.iter().map(column).collect()
}

fn column(column: &oracle::ColumnInfo) -> ColumnInfo {
    let (kind, precision, scale) = kind_of(column.oracle_type());
    let letters = match column.oracle_type() {
        OracleType::Char(size) | OracleType::NChar(size) => *size as usize,
        _ => 0,
    };
    let (name, declared) = (column.name().to_owned(), column.oracle_type().to_string());
    ColumnInfo { name, kind, precision, scale, letters, nullable: column.nullable(), declared }
}

/// The kind of a type, its digits, and those after the point.
fn kind_of(kind: &OracleType) -> (Kind, u8, i8) {
    let seconds = |kind, digits: u8| (kind, 0, i8::try_from(digits).unwrap_or(9));
    match kind {
        OracleType::Number(precision, scale) => (Kind::Number, *precision, *scale),
        OracleType::Float(precision) => (Kind::Number, *precision, NO_SCALE),
        OracleType::Int64 | OracleType::UInt64 => (Kind::Number, 0, NO_SCALE),
        OracleType::BinaryDouble => (Kind::BinaryDouble, 0, 0),
        OracleType::BinaryFloat => (Kind::BinaryFloat, 0, 0),
        OracleType::Varchar2(_) | OracleType::NVarchar2(_) => (Kind::Varchar, 0, 0),
        OracleType::Char(_) | OracleType::NChar(_) => (Kind::Char, 0, 0),
        OracleType::Long => (Kind::Long, 0, 0),
        OracleType::LongRaw => (Kind::LongRaw, 0, 0),
        OracleType::CLOB | OracleType::NCLOB => (Kind::Clob, 0, 0),
        OracleType::BLOB => (Kind::Blob, 0, 0),
        OracleType::Raw(_) => (Kind::Raw, 0, 0),
        OracleType::Rowid => (Kind::Rowid, 0, 0),
        OracleType::Date => (Kind::Date, 0, 0),
        OracleType::Timestamp(digits) => seconds(Kind::Timestamp, *digits),
        OracleType::TimestampTZ(digits) => seconds(Kind::TimestampTz, *digits),
        OracleType::TimestampLTZ(digits) => seconds(Kind::TimestampLtz, *digits),
        OracleType::IntervalYM(_) => (Kind::IntervalYm, 0, 0),
        OracleType::IntervalDS(..) => (Kind::IntervalDs, 0, 0),
        OracleType::Boolean => (Kind::Boolean, 0, 0),
        _ => (Kind::Other, 0, 0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oracle::settings::BareNumber;
    use crate::oracle::types::{Reading, reading};

    #[test]
    fn numbers_are_read_as_by_the_thin_driver() {
        for (kind, expected) in [
            (OracleType::Number(12, 2), Reading::Decimal(12, 2)),
            (OracleType::Number(10, 0), Reading::Int64),
            (OracleType::Number(0, NO_SCALE), Reading::Decimal(38, 10)),
            (OracleType::Float(126), Reading::Decimal(38, 10)),
        ] {
            let (kind, precision, scale) = kind_of(&kind);
            let (name, declared) = ("c".to_owned(), "?".to_owned());
            let column = ColumnInfo { name, kind, precision, scale, letters: 0, nullable: true, declared };
            assert_eq!(reading(&column, BareNumber::Decimal), Some(expected), "{column:?}");
        }
    }

    #[test]
    fn types_that_cannot_be_read_are_not_taken_for_others() {
        for kind in [OracleType::BFILE, OracleType::Json, OracleType::Xml, OracleType::RefCursor] {
            assert_eq!(kind_of(&kind).0, Kind::Other, "{kind}");
        }
    }
}
