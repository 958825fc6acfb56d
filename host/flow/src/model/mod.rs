//! The declarations of a model plugin: SQL over the tables that streams write, with tests and documentation. These
//! types only describe; the crate `wmshost-models` checks and builds them. The contract's `models.wit` defines their
//! meaning.

mod assertion;

use arrow_schema::DataType;

pub use assertion::{Assertion, Bounds, Rows, Severity, Test, Threshold, UnitTest};

/// The position of a model between raw tables and the tables that people read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Layer {
    /// One source table, cleaned.
    Staging,
    /// Joined and computed, for use by other models only.
    Intermediate,
    /// A table for reports, dashboards and other consumers of models.
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

/// The way in which a model is made queryable.
#[derive(Debug, Clone, PartialEq)]
pub enum Materialization {
    /// A view.
    View,
    /// A table, built under another name and swapped in.
    Table,
    /// A table to which each build adds only what changed.
    Incremental(Increment),
    /// A table that keeps every version of every row.
    Snapshot(Snapshot),
    /// No table or view of its own: its SQL is embedded in the models that use it.
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

    /// Returns whether the model stores rows of its own.
    pub fn has_rows(&self) -> bool {
        matches!(self, Self::Table | Self::Incremental(_) | Self::Snapshot(_))
    }
}

/// The way in which an incremental model follows its inputs.
#[derive(Debug, Clone, PartialEq)]
pub struct Increment {
    /// The way in which its rows are combined with those in the table.
    pub strategy: Strategy,
    /// A SELECT of what is affected since the watermark: keys to merge, or windows to replace.
    pub changes: Option<String>,
    /// The time before the watermark from which on rows are read, in seconds.
    pub lookback: u32,
    /// The reaction to changed columns.
    pub on_change: OnChange,
}

/// The way in which the rows of an incremental build are combined with those in the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Strategy {
    /// They are merged by these key columns.
    Merge(Vec<String>),
    /// They replace whole windows, which are defined by the values of these columns.
    Replace(Vec<String>),
    /// They are added.
    Append,
}

/// The reaction when the model's columns differ from those of its table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnChange {
    /// The model is built in full.
    Rebuild,
    /// New columns are added.
    AddColumns,
    /// The model fails.
    Fail,
}

/// The rule that decides when a row gets a new version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// The columns that identify a row.
    pub key: Vec<String>,
    /// The columns whose change makes a new version; empty for all except the key.
    pub check_columns: Vec<String>,
    /// The column with the time since which a row has its present values.
    pub updated_at: Option<String>,
    /// True if the current version of a key ends when the key is deleted.
    pub invalidate_deleted: bool,
}

/// A column that a model returns.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelColumn {
    /// Its name.
    pub name: String,
    /// Its type.
    pub kind: DataType,
    /// One sentence.
    pub summary: String,
}

/// The age from which on data is stale, in seconds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Freshness {
    /// The age from which on it is a warning.
    pub warn_after: Option<u64>,
    /// The age from which on it is an error.
    pub error_after: Option<u64>,
    /// The timestamp column whose highest value counts; `None` for the time of the last load or build.
    pub by: Option<String>,
}

/// The size of a table's partitions in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Interval {
    /// A day.
    Day,
    /// A month.
    Month,
}

/// The additional storage structures of a model's table.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Storage {
    /// Indexes, each by its columns.
    pub indexes: Vec<Vec<String>>,
    /// A column by which the table is partitioned.
    pub partition: Option<(String, Interval)>,
    /// True if the optimizer's statistics are to be refreshed after a build that changed rows.
    pub statistics: bool,
}

/// A model.
#[derive(Debug, Clone, PartialEq)]
pub struct Model {
    /// Its name.
    pub name: String,
    /// Its layer.
    pub layer: Layer,
    /// Its materialization.
    pub materialization: Materialization,
    /// The streams and models that it reads.
    pub depends_on: Vec<String>,
    /// Its SELECT statement.
    pub statement: String,
    /// The columns that it returns.
    pub columns: Vec<ModelColumn>,
    /// The tests of its rows.
    pub tests: Vec<Test>,
    /// The unit tests of its SQL on a few rows.
    pub unit_tests: Vec<UnitTest>,
    /// The additional storage structures of its table.
    pub storage: Storage,
    /// The age from which on it is stale; `None` if age does not matter.
    pub freshness: Option<Freshness>,
    /// A sentence for lists, followed by any further description.
    pub summary: String,
    /// Tags to select it by.
    pub tags: Vec<String>,
    /// The person or team responsible for it.
    pub owner: Option<String>,
}

/// The description of a stream's table, and the tests of its rows.
#[derive(Debug, Clone, PartialEq)]
pub struct SourceTable {
    /// The stream's name.
    pub name: String,
    /// One sentence.
    pub summary: String,
    /// The columns that are described; the table may have more.
    pub columns: Vec<ModelColumn>,
    /// The tests of its rows.
    pub tests: Vec<Test>,
    /// The age from which on it is stale; `None` if age does not matter.
    pub freshness: Option<Freshness>,
    /// Tags to select it by.
    pub tags: Vec<String>,
    /// The person or team responsible for it.
    pub owner: Option<String>,
}

/// The target value of a metric.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Goal {
    /// At least this number.
    AtLeast(f64),
    /// At most this number.
    AtMost(f64),
}

/// A metric by which people manage: one row per day of a mart.
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
    /// The target value.
    pub goal: Option<Goal>,
}

/// A report, dashboard or other consumer of models outside the pipeline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exposure {
    /// Its name.
    pub name: String,
    /// One sentence.
    pub summary: String,
    /// The models it reads.
    pub depends_on: Vec<String>,
    /// The person or team responsible for it.
    pub owner: Option<String>,
    /// Its address.
    pub url: Option<String>,
}

/// The complete declaration of a plugin.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Declaration {
    /// The models.
    pub models: Vec<Model>,
    /// The tables that they read.
    pub sources: Vec<SourceTable>,
    /// The metrics.
    pub metrics: Vec<Metric>,
    /// The consumers of the models.
    pub exposures: Vec<Exposure>,
}
