//! The output of `discover`.

use schemars::JsonSchema;
use serde::Serialize;
use wmshost_runtime::discover::{ChangeKeyCandidate, DiscoveredColumn, DiscoveredTable, Misfit, RowCount, TableKind};

/// A table or view of a database.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct TableDocument {
    /// Its name.
    table: String,
    /// Its kind: `table`, `view` or `virtual` (a module of the database makes its rows).
    kind: &'static str,
    /// The number of its rows; null if nothing is known.
    rows: Option<u64>,
    /// The exactness of that number: `exact`, `estimate`, `at-least` or `unknown`.
    rows_are: &'static str,
    /// The columns of its primary key, in order; empty if it has none.
    key: Vec<String>,
    /// The columns of unique indexes without a column that may be NULL.
    unique: Vec<Vec<String>>,
    /// Its columns, in order.
    columns: Vec<ColumnDocument>,
    /// The columns that could be its change key, the best one first.
    change_keys: Vec<ChangeKeyDocument>,
    /// The number of its first rows that were looked at.
    sampled_rows: u64,
    /// The reasons why some of them do not fit the types of their columns.
    misfits: Vec<MisfitDocument>,
    /// The reason why it cannot be read; null if it can.
    trouble: Option<String>,
}

/// A column of a table.
#[derive(Debug, Serialize, JsonSchema)]
struct ColumnDocument {
    /// Its name.
    name: String,
    /// Its declared type; empty if it has none.
    declared: String,
    /// The type that its values are read as; null if the table cannot be read.
    read_as: Option<String>,
    /// True if NULL may occur.
    nullable: bool,
    /// The rule that makes more of the first rows fit, as a pipeline file has it; null if there is none.
    rule: Option<String>,
}

/// A column that could be a change key.
#[derive(Debug, Serialize, JsonSchema)]
struct ChangeKeyDocument {
    /// The column.
    column: String,
    /// True if its name says that it is set at each change of a row.
    named_as_change: bool,
    /// True if an index begins with it.
    indexed: bool,
    /// The share of the first rows in which it is NULL, in percent; null if there are no rows.
    null_percent: Option<f64>,
    /// The share of its values in the first rows that more than one row has, in percent; null if there are none.
    tied_percent: Option<f64>,
}

/// Rows that do not fit the types of their columns.
#[derive(Debug, Serialize, JsonSchema)]
struct MisfitDocument {
    /// The reason, without a value.
    reason: String,
    /// The number of these rows.
    rows: u64,
}

/// The name of a kind of table.
pub(crate) fn kind_name(kind: TableKind) -> &'static str {
    match kind {
        TableKind::Table => "table",
        TableKind::View => "view",
        TableKind::Virtual => "virtual",
    }
}

impl TableDocument {
    /// A table or view.
    pub(crate) fn of(found: &DiscoveredTable) -> Self {
        let (rows, rows_are) = match found.rows {
            RowCount::Exact(rows) => (Some(rows), "exact"),
            RowCount::Estimate(rows) => (Some(rows), "estimate"),
            RowCount::AtLeast(rows) => (Some(rows), "at-least"),
            RowCount::Unknown => (None, "unknown"),
        };
        Self {
            table: found.name.clone(),
            kind: kind_name(found.kind),
            rows,
            rows_are,
            key: found.key.clone(),
            unique: found.unique.clone(),
            columns: found.columns.iter().map(Into::into).collect(),
            change_keys: found.change_keys.iter().map(Into::into).collect(),
            sampled_rows: found.sample.rows,
            misfits: found.sample.misfits.iter().map(Into::into).collect(),
            trouble: found.trouble.clone(),
        }
    }
}

impl From<&DiscoveredColumn> for ColumnDocument {
    fn from(column: &DiscoveredColumn) -> Self {
        let DiscoveredColumn { name, declared, kind, nullable, rule } = column;
        let (name, declared, read_as) = (name.clone(), declared.clone(), kind.clone());
        Self { name, declared, read_as, nullable: *nullable, rule: rule.clone() }
    }
}

impl From<&ChangeKeyCandidate> for ChangeKeyDocument {
    fn from(candidate: &ChangeKeyCandidate) -> Self {
        Self {
            column: candidate.column.clone(),
            named_as_change: candidate.is_change_stamp,
            indexed: candidate.is_indexed,
            null_percent: candidate.null_percent,
            tied_percent: candidate.tied_percent,
        }
    }
}

impl From<&Misfit> for MisfitDocument {
    fn from(misfit: &Misfit) -> Self {
        Self { reason: misfit.reason.clone(), rows: misfit.rows }
    }
}
