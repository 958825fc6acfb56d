//! Assertions about a model or a stream: tests, and unit tests on rows of their own.

use wmshost_sql::Value;

/// The bounds of a measured number.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Bounds {
    /// The lower bound.
    pub least: Option<f64>,
    /// The upper bound.
    pub most: Option<f64>,
    /// The largest decrease since the last run that passed, in percent of its number.
    pub most_fall: Option<f64>,
    /// The largest increase, likewise.
    pub most_rise: Option<f64>,
}

/// The assertion of a test.
#[derive(Debug, Clone, PartialEq)]
pub enum Assertion {
    /// There is no NULL in any of these columns.
    NotNull(Vec<String>),
    /// No two rows are equal in these columns.
    Unique(Vec<String>),
    /// The column has only these values, or NULL.
    AcceptedValues {
        /// The column.
        column: String,
        /// The values.
        values: Vec<Value>,
    },
    /// Every value except NULL exists in another table.
    Relationship {
        /// The column.
        column: String,
        /// A model or a stream.
        to: String,
        /// Its column.
        to_column: String,
    },
    /// Every value except NULL is within a range.
    Range {
        /// The column.
        column: String,
        /// The lower bound, included.
        least: Option<Value>,
        /// The upper bound, included.
        most: Option<Value>,
    },
    /// A condition that is true in every row.
    Expression(String),
    /// The highest value of this timestamp column is at most this many seconds old.
    Recency {
        /// The column.
        column: String,
        /// The number of seconds.
        seconds: u64,
    },
    /// The number of rows is within bounds.
    RowCount(Bounds),
    /// A number measured over all rows is within bounds.
    Distribution {
        /// A SQL aggregate.
        aggregate: String,
        /// The bounds.
        bounds: Bounds,
    },
    /// A SELECT of the rows that are wrong returns none.
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

/// The effect of a failed test.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// The models that depend on the tested one are not built, and the run fails.
    Error,
    /// It is reported, and stops nothing.
    Warn,
}

/// The number of failing rows that is tolerated.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Threshold {
    /// This number of rows.
    Rows(u64),
    /// This percentage of the rows tested.
    Percent(f64),
}

/// A test of a model or of a stream's table.
#[derive(Debug, Clone, PartialEq)]
pub struct Test {
    /// Its name, unique within what it tests.
    pub name: String,
    /// Its assertion.
    pub assertion: Assertion,
    /// The effect of a failure.
    pub severity: Severity,
    /// A condition for the rows that are tested; `None` for all rows.
    pub only_where: Option<String>,
    /// The number of failing rows above which it warns.
    pub warn_if: Threshold,
    /// The number of failing rows above which it fails.
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
    /// Its name, which says what it proves.
    pub name: String,
    /// The rows of dependencies, or of `this`, by name.
    pub given: Vec<(String, Rows)>,
    /// The value of `{now}`, in microseconds since 1970-01-01T00:00:00.
    pub now: Option<i64>,
    /// Variables, as SQL literals.
    pub variables: Vec<(String, String)>,
    /// The watermark of an incremental build; `None` for a full build.
    pub watermark: Option<i64>,
    /// The rows that the model must return.
    pub expected: Rows,
}
