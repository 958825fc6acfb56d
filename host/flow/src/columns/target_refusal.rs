//! The values that a target cannot hold in a column that the host declared.
//!
//! | target | type | refused |
//! |---|---|---|
//! | SQLite | float64 | NaN |
//! | SQLite | timestamps and dates | years outside of 0000 to 9999, in which text would not sort |
//! | Oracle | utf8 | more than 4,000 bytes, in a key 255 characters; an empty text, which is NULL to Oracle |
//! | Oracle | binary | more than 2,000 bytes, in a key 255; empty bytes |
//! | Oracle | timestamps and dates | years outside of 1 to 9999 |

use arrow_schema::DataType;
use wmshost_sql::{ColumnPurpose, Dialect};

/// Returns the values of a type that a target refuses or changes, in words; `None` if it holds all of them as they are.
pub(crate) fn target_refusal(dialect: Dialect, kind: &DataType, purpose: ColumnPurpose) -> Option<&'static str> {
    let is_key = purpose == ColumnPurpose::LoadedKey;
    match (dialect, kind) {
        (Dialect::Sqlite, DataType::Float64) => Some("NaN"),
        (Dialect::Sqlite, DataType::Timestamp(..) | DataType::Date32) => Some("years outside of 0000 to 9999"),
        (Dialect::Oracle, DataType::Utf8) if is_key => {
            Some("more than 255 characters; an empty text, which is NULL to Oracle")
        }
        (Dialect::Oracle, DataType::Utf8) => Some("more than 4000 bytes; an empty text, which is NULL to Oracle"),
        (Dialect::Oracle, DataType::Binary) if is_key => Some("more than 255 bytes; empty bytes"),
        (Dialect::Oracle, DataType::Binary) => Some("more than 2000 bytes; empty bytes"),
        (Dialect::Oracle, DataType::Timestamp(..) | DataType::Date32) => Some("years outside of 1 to 9999"),
        _ => None,
    }
}
