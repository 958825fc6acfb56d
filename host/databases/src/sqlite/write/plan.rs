//! A prepared statement that writes batches into a table.

use arrow_schema::SchemaRef;
use wmshost_flow::MergeRule;

use crate::sqlite::statement::Statement;

/// A statement that writes batches of one shape.
pub(crate) struct Plan {
    pub(crate) table: String,
    pub(crate) columns: SchemaRef,
    pub(crate) rule: Option<(Vec<String>, Option<String>)>,
    pub(crate) statement: Statement,
    /// For each column, whether its decimals are stored as text.
    pub(crate) as_text: Vec<bool>,
    /// The positions of the columns that must not be NULL.
    pub(crate) key: Vec<usize>,
    /// True if the table keeps rows that are marked as deleted.
    pub(crate) keeps_deleted: bool,
}

impl Plan {
    pub(super) fn is_for(&self, table: &str, columns: &SchemaRef, rule: Option<&MergeRule>) -> bool {
        let same_rule = match (&self.rule, rule) {
            (None, None) => true,
            (Some((key, version)), Some(rule)) => *key == rule.key && *version == rule.version,
            _ => false,
        };
        same_rule && self.table.eq_ignore_ascii_case(table) && self.columns == *columns
    }
}
