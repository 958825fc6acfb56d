//! A query of a guest, with its parameters and its limits.

use wmshost_sql::Value;

/// A guest's statement, as it was asked for.
pub(crate) struct Query {
    pub(crate) text: String,
    pub(crate) parameters: Vec<Value>,
    /// The most bytes of one batch's columns.
    pub(crate) batch_bytes: usize,
}
