//! What must hold of a model or a stream: tests, and unit tests on rows of their own.

use crate::value::Value;

/// What a number that is measured may be.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Bounds {
    /// The least.
    pub least: Option<f64>,
    /// The most.
    pub most: Option<f64>,
    /// How far it may fall against the last run that passed, in percent of it.
    pub most_fall: Option<f64>,
    /// How far it may rise.
    pub most_rise: Option<f64>,
}

/// What a test asserts.
#[derive(Debug, Clone, PartialEq)]
pub enum Assertion {
    /// No NULL in any of these columns.
    NotNull(Vec<String>),
    /// No two rows alike in these columns.
    Unique(Vec<String>),
    /// Only these values, or NULL.
    AcceptedValues {
        /// The column.
        column: String,
        /// The values.
        values: Vec<Value>,
    },
    /// Every value but NULL exists there.
    Relationship {
        /// The column.
        column: String,
        /// A model or a stream.
        to: String,
        /// Its column.
        to_column: String,
    },
    /// Every value but NULL lies within.
    Range {
        /// The column.
        column: String,
        /// The least.
        least: Option<Value>,
        /// The most.
        most: Option<Value>,
    },
    /// A condition that is true in every row.
    Expression(String),
    /// The highest value of this timestamp column is at most this many seconds old.
    Recency {
        /// The column.
        column: String,
        /// How many seconds.
        seconds: u64,
    },
    /// How many rows there are.
    RowCount(Bounds),
    /// A number measured over all rows.
    Distribution {
        /// A SQL aggregate.
        aggregate: String,
        /// What it may be.
        bounds: Bounds,
    },
    /// A SELECT of the rows that are wrong.
    Custom(String),
}

impl Assertion {
    /// The assertion's name in reports.
    pub fn name(&self) -> &'static str {
        match self {
            Self::NotNull(_) => "not null",
            Self::Unique(_) => "unique",
            Self::AcceptedValues { .. } => "accepted values",
            Self::Relationship { .. } => "relationship",
            Self::Range { .. } => "range",
            Self::Expression(_) => "expression",
            Self::Recency { .. } => "recency",
            Self::RowCount(_) => "row count",
            Self::Distribution { .. } => "distribution",
            Self::Custom(_) => "custom",
        }
    }
}

/// What a failed test means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// The models after are not built, and the run fails.
    Error,
    /// It is told, and stops nothing.
    Warn,
}

/// How many failing rows are too many: more than this.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Threshold {
    /// So many rows.
    Rows(u64),
    /// So many percent of the rows tested.
    Percent(f64),
}

/// A test of a model or of a stream's table.
#[derive(Debug, Clone, PartialEq)]
pub struct Test {
    /// Its name, unique within what it tests.
    pub name: String,
    /// What it asserts.
    pub assertion: Assertion,
    /// What a failure means.
    pub severity: Severity,
    /// Only rows for which this is true are tested.
    pub only_where: Option<String>,
    /// From when on it warns.
    pub warn_if: Threshold,
    /// From when on it fails.
    pub error_if: Threshold,
    /// One sentence.
    pub summary: String,
}

/// Rows as an author writes them.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Rows {
    /// The columns' names.
    pub columns: Vec<String>,
    /// The values, row by row.
    pub rows: Vec<Vec<Value>>,
}

/// The model's SQL over a few rows.
#[derive(Debug, Clone, PartialEq)]
pub struct UnitTest {
    /// What it proves.
    pub name: String,
    /// The rows of dependencies, or of `this`.
    pub given: Vec<(String, Rows)>,
    /// What `{now}` is, in microseconds since 1970-01-01T00:00:00.
    pub now: Option<i64>,
    /// Variables, as SQL literals.
    pub variables: Vec<(String, String)>,
    /// The watermark of an incremental build; `None`: a full build.
    pub watermark: Option<i64>,
    /// What the model gives.
    pub expected: Rows,
}
