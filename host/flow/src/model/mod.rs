//! What a plugin of models declares: SQL over the tables that streams write, with tests and documentation. Only
//! words; what is made of them, the crate `wmshost-models` knows. The contract's `models.wit` says what each means.

mod assertion;

use arrow_schema::DataType;

pub use assertion::{Assertion, Bounds, Rows, Severity, Test, Threshold, UnitTest};

/// Where a model is in the flow from raw tables to what people read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Layer {
    /// One source table, cleaned.
    Staging,
    /// Joined and computed, not meant for readers.
    Intermediate,
    /// What people and dashboards read.
    Mart,
}

impl Layer {
    /// The layer's name in selections and reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Staging => "staging",
            Self::Intermediate => "intermediate",
            Self::Mart => "mart",
        }
    }
}

/// How a model becomes something that can be queried.
#[derive(Debug, Clone, PartialEq)]
pub enum Materialization {
    /// A view.
    View,
    /// A table, built aside and swapped in.
    Table,
    /// A table that only takes in what changed.
    Incremental(Increment),
    /// A table that keeps every version of every row.
    Snapshot(Snapshot),
    /// Nothing of its own: its SQL goes into the models that use it.
    Ephemeral,
}

impl Materialization {
    /// Its name in reports.
    pub fn name(&self) -> &'static str {
        match self {
            Self::View => "view",
            Self::Table => "table",
            Self::Incremental(increment) => match increment.strategy {
                Strategy::Merge(_) => "incremental merge",
                Strategy::Replace(_) => "incremental replace",
                Strategy::Append => "incremental append",
            },
            Self::Snapshot(_) => "snapshot",
            Self::Ephemeral => "ephemeral",
        }
    }

    /// Returns whether rows of its own are kept.
    pub fn has_rows(&self) -> bool {
        matches!(self, Self::Table | Self::Incremental(_) | Self::Snapshot(_))
    }
}

/// How an incremental model follows its inputs.
#[derive(Debug, Clone, PartialEq)]
pub struct Increment {
    /// How its rows meet those that are there.
    pub strategy: Strategy,
    /// A SELECT of what is affected since the watermark.
    pub changes: Option<String>,
    /// How far before the watermark to look, in seconds.
    pub lookback: u32,
    /// What becomes of the table when the columns change.
    pub on_change: OnChange,
}

/// How the rows of an incremental build meet those that are there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Strategy {
    /// By these key columns.
    Merge(Vec<String>),
    /// Window by window, as cut by these columns.
    Replace(Vec<String>),
    /// They are added.
    Append,
}

/// What becomes of the table when the model's columns differ from its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnChange {
    /// The model is built in full.
    Rebuild,
    /// New columns are added.
    AddColumns,
    /// The model fails.
    Fail,
}

/// What makes a new version of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// The columns that say which row is meant.
    pub key: Vec<String>,
    /// The columns whose change makes a new version; empty: all but the key.
    pub check_columns: Vec<String>,
    /// The column that tells since when a row is as it is.
    pub updated_at: Option<String>,
    /// True if a key that is gone ends its version.
    pub invalidate_deleted: bool,
}

/// A column that a model gives.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelColumn {
    /// Its name.
    pub name: String,
    /// Its type.
    pub kind: DataType,
    /// One sentence.
    pub summary: String,
}

/// How old something may be, in seconds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Freshness {
    /// From when on it is a warning.
    pub warn_after: Option<u64>,
    /// From when on it is an error.
    pub error_after: Option<u64>,
    /// The timestamp column whose highest value counts; `None`: when it was last loaded or built.
    pub by: Option<String>,
}

/// How a table is cut by time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Interval {
    /// By day.
    Day,
    /// By month.
    Month,
}

/// What a model's table wants beside its rows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Storage {
    /// Indexes, each by its columns.
    pub indexes: Vec<Vec<String>>,
    /// A column to cut the table by.
    pub partition: Option<(String, Interval)>,
    /// True if the optimizer's statistics are renewed.
    pub statistics: bool,
}

/// A model.
#[derive(Debug, Clone, PartialEq)]
pub struct Model {
    /// Its name.
    pub name: String,
    /// Where it is.
    pub layer: Layer,
    /// How it is built.
    pub materialization: Materialization,
    /// The streams and models that it reads.
    pub depends_on: Vec<String>,
    /// One SELECT.
    pub statement: String,
    /// The columns that it gives.
    pub columns: Vec<ModelColumn>,
    /// What must hold.
    pub tests: Vec<Test>,
    /// Proofs over a few rows.
    pub unit_tests: Vec<UnitTest>,
    /// What its table wants.
    pub storage: Storage,
    /// How old it may be.
    pub freshness: Option<Freshness>,
    /// One sentence; then what there is to know.
    pub summary: String,
    /// Words to select it by.
    pub tags: Vec<String>,
    /// Who answers for it.
    pub owner: Option<String>,
}

/// What is known and asserted of a stream's table.
#[derive(Debug, Clone, PartialEq)]
pub struct SourceTable {
    /// The stream's name.
    pub name: String,
    /// One sentence.
    pub summary: String,
    /// The columns that are known.
    pub columns: Vec<ModelColumn>,
    /// What must hold.
    pub tests: Vec<Test>,
    /// How old it may be.
    pub freshness: Option<Freshness>,
    /// Words to select it by.
    pub tags: Vec<String>,
    /// Who answers for it.
    pub owner: Option<String>,
}

/// What a number should be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Goal {
    /// This or more.
    AtLeast(f64),
    /// This or less.
    AtMost(f64),
}

/// A number that people steer by: one row per day of a mart.
#[derive(Debug, Clone, PartialEq)]
pub struct Metric {
    /// Its name.
    pub name: String,
    /// One sentence.
    pub summary: String,
    /// The model.
    pub model: String,
    /// Its date column.
    pub day: String,
    /// The column with the number.
    pub column: String,
    /// The unit.
    pub unit: String,
    /// What it should be.
    pub goal: Option<Goal>,
}

/// Who reads models outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exposure {
    /// Its name.
    pub name: String,
    /// One sentence.
    pub summary: String,
    /// The models it reads.
    pub depends_on: Vec<String>,
    /// Who answers for it.
    pub owner: Option<String>,
    /// Where it is.
    pub url: Option<String>,
}

/// All that a plugin declares.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Declaration {
    /// Models.
    pub models: Vec<Model>,
    /// What is known of the tables they read.
    pub sources: Vec<SourceTable>,
    /// Numbers.
    pub metrics: Vec<Metric>,
    /// Readers.
    pub exposures: Vec<Exposure>,
}
