//! The thin driver's description of a column.

use oracledb::{
    DB_TYPE_BINARY_DOUBLE, DB_TYPE_BINARY_FLOAT, DB_TYPE_BINARY_INTEGER, DB_TYPE_BLOB, DB_TYPE_BOOLEAN, DB_TYPE_CHAR,
    DB_TYPE_CLOB, DB_TYPE_DATE, DB_TYPE_INTERVAL_DS, DB_TYPE_INTERVAL_YM, DB_TYPE_LONG, DB_TYPE_LONG_NVARCHAR,
    DB_TYPE_LONG_RAW, DB_TYPE_NCHAR, DB_TYPE_NCLOB, DB_TYPE_NUMBER, DB_TYPE_NVARCHAR, DB_TYPE_RAW, DB_TYPE_ROWID,
    DB_TYPE_TIMESTAMP, DB_TYPE_TIMESTAMP_LTZ, DB_TYPE_TIMESTAMP_TZ, DB_TYPE_UROWID, DB_TYPE_VARCHAR, DbType, Metadata,
};

use crate::oracle::client::{ColumnInfo, Kind};

/// The columns of a query.
pub(super) fn columns(described: &[Metadata]) -> Vec<ColumnInfo> {
    described.iter().map(column).collect()
}

fn column(column: &Metadata) -> ColumnInfo {
    let kind = if column.is_array() { Kind::Other } else { kind_of(column.db_type()) };
    ColumnInfo {
        name: column.name().to_owned(),
        kind,
        precision: column.precision(),
        scale: column.scale(),
        letters: if kind == Kind::Char { column.max_size() as usize } else { 0 },
        nullable: column.nullable(),
        declared: column.data_type(),
    }
}

/// The kind of a type. Types are compared by their contents, not by their addresses.
pub(super) fn kind_of(kind: &DbType) -> Kind {
    let kinds: [(&DbType, Kind); 24] = [
        (DB_TYPE_NUMBER, Kind::Number),
        (DB_TYPE_BINARY_INTEGER, Kind::Number),
        (DB_TYPE_BINARY_DOUBLE, Kind::BinaryDouble),
        (DB_TYPE_BINARY_FLOAT, Kind::BinaryFloat),
        (DB_TYPE_VARCHAR, Kind::Varchar),
        (DB_TYPE_NVARCHAR, Kind::Varchar),
        (DB_TYPE_CHAR, Kind::Char),
        (DB_TYPE_NCHAR, Kind::Char),
        (DB_TYPE_LONG, Kind::Long),
        (DB_TYPE_LONG_NVARCHAR, Kind::Long),
        (DB_TYPE_LONG_RAW, Kind::LongRaw),
        (DB_TYPE_CLOB, Kind::Clob),
        (DB_TYPE_NCLOB, Kind::Clob),
        (DB_TYPE_BLOB, Kind::Blob),
        (DB_TYPE_RAW, Kind::Raw),
        (DB_TYPE_ROWID, Kind::Rowid),
        (DB_TYPE_UROWID, Kind::Rowid),
        (DB_TYPE_DATE, Kind::Date),
        (DB_TYPE_TIMESTAMP, Kind::Timestamp),
        (DB_TYPE_TIMESTAMP_TZ, Kind::TimestampTz),
        (DB_TYPE_TIMESTAMP_LTZ, Kind::TimestampLtz),
        (DB_TYPE_INTERVAL_YM, Kind::IntervalYm),
        (DB_TYPE_INTERVAL_DS, Kind::IntervalDs),
        (DB_TYPE_BOOLEAN, Kind::Boolean),
    ];
    kinds.iter().find(|(known, _)| *known == kind).map_or(Kind::Other, |(_, kind)| *kind)
}

#[cfg(test)]
mod tests {
    use oracledb::{DB_TYPE_BFILE, DB_TYPE_CURSOR, DB_TYPE_JSON, DB_TYPE_OBJECT, DB_TYPE_VECTOR, DB_TYPE_XMLTYPE};

    use super::*;

    #[test]
    fn types_that_cannot_be_read_are_not_taken_for_others() {
        for kind in [DB_TYPE_JSON, DB_TYPE_VECTOR, DB_TYPE_XMLTYPE, DB_TYPE_OBJECT, DB_TYPE_BFILE, DB_TYPE_CURSOR] {
            assert_eq!(kind_of(kind), Kind::Other, "{kind}");
        }
        for (kind, expected) in
            [(DB_TYPE_NCLOB, Kind::Clob), (DB_TYPE_UROWID, Kind::Rowid), (DB_TYPE_NCHAR, Kind::Char)]
        {
            assert_eq!(kind_of(kind), expected, "{kind}");
        }
    }
}
