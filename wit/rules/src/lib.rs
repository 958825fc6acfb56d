//! The contract's rules about columns. The host checks the columns of plugins with them, and so does the SDK's batch in
//! memory: a column that passes in a native test also passes in the host. No dependencies, no I/O.
//!
//! | module | what it checks |
//! |---|---|
//! | `kind` | types of columns, and their names in messages |
//! | `promise` | the columns that a plugin made against those that it promised |
//! | `values` | names, lengths, offsets, digits |

mod kind;
mod promise;
mod values;

pub use kind::ColumnType;
pub use promise::{Column, null_mistake, shape_mistakes};
pub use values::{
    LABELS, NAME_BYTES, check_bitmap, check_decimal_type, check_decimals, check_labels, check_length, check_name,
    check_offsets, check_texts, not_utf8,
};

use std::fmt;

/// The reason why a column that a plugin wrote is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// A limit was reached.
    Limit(String),
    /// The data is wrong and stays wrong.
    Wrong(String),
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Limit(message) | Self::Wrong(message) => f.write_str(message),
        }
    }
}

impl std::error::Error for Refusal {}
