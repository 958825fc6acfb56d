//! The types with which the host declares columns, in one place for all code that creates tables: drivers, models and
//! the host's own tables.
//!
//! | Arrow | SQLite | Oracle |
//! |---|---|---|
//! | Boolean | `BOOLEAN` | `NUMBER(1)` |
//! | Int64 | `INTEGER` | `NUMBER(19)` |
//! | Float64 | `DOUBLE` | `BINARY_DOUBLE` |
//! | Utf8 | `TEXT` | `VARCHAR2(4000 BYTE)`; in a key `VARCHAR2(255 CHAR)` |
//! | Binary | `BLOB` | `RAW(2000)`; in a key `RAW(255)` |
//! | Date32 | `DATE_ONLY` | loaded: `TIMESTAMP(0)`, to be distinguishable from a foreign `DATE`, which has a time; of a model: `DATE` |
//! | Timestamp(µs) | `TIMESTAMP(6)` | `TIMESTAMP(6)` |
//! | Timestamp(µs, UTC) | `TIMESTAMPTZ(6)` | `TIMESTAMP(6) WITH TIME ZONE` |
//! | Null, of a model whose type the SQL does not show | none: any value as it is | `NUMBER` |
//! | Decimal128(p, s), p ≤ 15 | `DECIMAL(p,s)`, `DECIMAL_WHOLE(p)`: a number | `NUMBER(p,s)` |
//! | Decimal128(p, s), p > 15 | `DECIMAL_TEXT(p,s)`: text, since a number has only about 15 digits there | `NUMBER(p,s)` |
//!
//! Loaded decimals of 1 and 19 whole digits are `NUMBER(2)` and `NUMBER(20)` on Oracle, to be distinguishable from
//! Boolean and Int64.

use arrow_schema::{DataType, TimeUnit};

use crate::Dialect;

/// The largest number of digits of a decimal.
pub const MOST_DIGITS: u8 = 38;
/// The largest number of digits that SQLite keeps in a number; a decimal with more is text there.
pub const NUMBER_DIGITS: u8 = 15;

/// The purpose for which a column is declared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColumnPurpose {
    /// Rows of a stream. The column must be read back with the type it was declared for.
    Loaded,
    /// The same, in the table's key.
    LoadedKey,
    /// Rows of a model, with which the database computes.
    Modelled,
}

/// The type of a column in a table of the host's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MetadataType {
    /// Text of at most 128 characters.
    Name,
    /// Text of at most 2,000 characters.
    Text,
    /// Text of any length.
    Long,
    /// A whole number.
    Integer,
}

impl Dialect {
    /// Returns the type to declare for an Arrow type; `None` if the database has no type for it.
    pub fn declared_type(self, kind: &DataType, purpose: ColumnPurpose) -> Option<String> {
        declared_type(self, kind, purpose)
    }

    /// Returns the type to declare for a column of a model that is in an index with this number of texts: an Oracle index
    /// entry holds some 6,000 bytes.
    pub fn declared_in_index(self, kind: &DataType, texts: usize) -> Option<String> {
        let share = 6_000 / texts.max(1);
        match (self, kind) {
            (Self::Oracle, DataType::Utf8) => Some(format!("VARCHAR2({} BYTE)", share.min(4_000))),
            (Self::Oracle, DataType::Binary) => Some(format!("RAW({})", share.min(2_000))),
            _ => self.declared_type(kind, ColumnPurpose::Modelled),
        }
    }

    /// Returns the types of the audit columns: the run that wrote a row, and the time of that write.
    pub fn declared_audit_types(self) -> [&'static str; 2] {
        match self {
            Self::Sqlite => ["TEXT", "TIMESTAMP(6)"],
            Self::Oracle => ["VARCHAR2(128)", "TIMESTAMP(6)"],
        }
    }

    /// Returns the type to declare for a column of the host's own tables.
    pub fn declared_metadata_type(self, kind: MetadataType) -> &'static str {
        match (self, kind) {
            (Self::Sqlite, MetadataType::Integer) => "INTEGER",
            (Self::Sqlite, _) => "TEXT",
            (Self::Oracle, MetadataType::Name) => "VARCHAR2(128 CHAR)",
            (Self::Oracle, MetadataType::Text) => "VARCHAR2(2000 CHAR)",
            (Self::Oracle, MetadataType::Long) => "CLOB",
            (Self::Oracle, MetadataType::Integer) => "NUMBER(18)",
        }
    }

    /// Returns the maximum of bytes of a text in a table.
    pub fn longest_text(self) -> usize {
        match self {
            Self::Sqlite => usize::MAX,
            Self::Oracle => 4_000,
        }
    }
}

fn declared_type(dialect: Dialect, kind: &DataType, usage: ColumnPurpose) -> Option<String> {
    if let DataType::Decimal128(precision, scale) = kind {
        let in_range = (1..=MOST_DIGITS).contains(precision) && (0..=*precision as i8).contains(scale);
        return in_range.then(|| decimal(dialect, *precision, *scale, usage));
    }
    if let DataType::Timestamp(unit, zone) = kind
        && (*unit != TimeUnit::Microsecond || zone.as_ref().is_some_and(|zone| !is_utc(zone)))
    {
        return None;
    }
    let [sqlite, oracle] = match (kind, usage) {
        (DataType::Boolean, _) => ["BOOLEAN", "NUMBER(1)"],
        (DataType::Int64, _) => ["INTEGER", "NUMBER(19)"],
        (DataType::Float64, _) => ["DOUBLE", "BINARY_DOUBLE"],
        (DataType::Utf8, ColumnPurpose::LoadedKey) => ["TEXT", "VARCHAR2(255 CHAR)"],
        (DataType::Utf8, _) => ["TEXT", "VARCHAR2(4000 BYTE)"],
        (DataType::Binary, ColumnPurpose::LoadedKey) => ["BLOB", "RAW(255)"],
        (DataType::Binary, _) => ["BLOB", "RAW(2000)"],
        (DataType::Date32, ColumnPurpose::Modelled) => ["DATE_ONLY", "DATE"],
        (DataType::Date32, _) => ["DATE_ONLY", "TIMESTAMP(0)"],
        (DataType::Timestamp(_, None), _) => ["TIMESTAMP(6)", "TIMESTAMP(6)"],
        (DataType::Timestamp(..), _) => ["TIMESTAMPTZ(6)", "TIMESTAMP(6) WITH TIME ZONE"],
        (DataType::Null, ColumnPurpose::Modelled) => ["", "NUMBER"],
        _ => return None,
    };
    Some(if dialect == Dialect::Sqlite { sqlite } else { oracle }.to_owned())
}

fn decimal(dialect: Dialect, precision: u8, scale: i8, usage: ColumnPurpose) -> String {
    match (dialect, precision, scale) {
        (Dialect::Oracle, 1 | 19, 0) if usage != ColumnPurpose::Modelled => format!("NUMBER({},0)", precision + 1),
        (Dialect::Oracle, ..) => format!("NUMBER({precision},{scale})"),
        (Dialect::Sqlite, ..) if precision > NUMBER_DIGITS => format!("DECIMAL_TEXT({precision},{scale})"),
        (Dialect::Sqlite, _, 0) => format!("DECIMAL_WHOLE({precision})"),
        (Dialect::Sqlite, ..) => format!("DECIMAL({precision},{scale})"),
    }
}

/// Returns an expression for a value as a column of this type stores it on SQLite: a decimal of more than 15 digits is
/// text with all its digits after the point, so that equal values are equal texts. `None` if values are stored
/// unchanged.
pub fn stored_decimal(value: &str, kind: &DataType) -> Option<String> {
    let DataType::Decimal128(precision, scale) = kind else { return None };
    let zeros =
        if *scale > 0 { format!(" || '.{}'", "0".repeat(usize::from(scale.unsigned_abs()))) } else { String::new() };
    (*precision > NUMBER_DIGITS).then(|| {
        format!(
            "CASE typeof({value}) WHEN 'integer' THEN CAST({value} AS TEXT){zeros} WHEN 'real' THEN \
             printf('%.{scale}f', {value}) ELSE {value} END"
        )
    })
}

/// Returns whether a zone is UTC, in any of its spellings.
pub fn is_utc(zone: &str) -> bool {
    matches!(zone, "UTC" | "Z" | "+00:00")
}
