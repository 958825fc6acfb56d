//! The contract's column types.

use std::fmt;

/// The type of a column, as `types.column-type` of the contract has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColumnType {
    /// True or false.
    Boolean,
    /// Whole numbers.
    Int64,
    /// Binary floating point numbers.
    Float64,
    /// Exact decimal numbers.
    Decimal {
        /// Digits in all.
        precision: u8,
        /// Digits after the point.
        scale: u8,
    },
    /// Text.
    Utf8,
    /// Bytes.
    Binary,
    /// Days.
    Date,
    /// Microseconds.
    Timestamp {
        /// True if it names an instant rather than a wall-clock reading.
        utc: bool,
    },
}

impl fmt::Display for ColumnType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Boolean => f.write_str("boolean"),
            Self::Int64 => f.write_str("int64"),
            Self::Float64 => f.write_str("float64"),
            Self::Decimal { precision, scale } => write!(f, "decimal({precision}, {scale})"),
            Self::Utf8 => f.write_str("utf8"),
            Self::Binary => f.write_str("binary"),
            Self::Date => f.write_str("date"),
            Self::Timestamp { utc: false } => f.write_str("timestamp without zone"),
            Self::Timestamp { utc: true } => f.write_str("timestamp in UTC"),
        }
    }
}
