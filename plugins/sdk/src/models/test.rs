//! Assertions: tests of models and of the tables they read.

use super::names;
use super::unit::IntoValue;
use crate::contract::modelling::{self, Allowed, Assertion, Measure, Range, Reference, Severity, Threshold};

/// A test. Its default name describes its assertion; one failing row fails it, and the models that read the node are
/// not built.
#[derive(Clone, Debug)]
pub struct Test(modelling::Test);

/// The bounds of a measured number.
#[derive(Clone, Copy, Debug)]
pub struct Bounds(modelling::Bounds);

/// No NULL in any of these columns.
pub fn not_null<N: Into<String>>(columns: impl IntoIterator<Item = N>) -> Test {
    let columns = names(columns);
    Test::of(format!("not_null_{}", columns.join("_")), Assertion::NotNull(columns))
}

/// No two rows are equal in these columns.
pub fn unique<N: Into<String>>(columns: impl IntoIterator<Item = N>) -> Test {
    let columns = names(columns);
    Test::of(format!("unique_{}", columns.join("_")), Assertion::Unique(columns))
}

/// Only these values, or NULL.
pub fn accepted<V: IntoValue>(column: &str, values: impl IntoIterator<Item = V>) -> Test {
    let values = values.into_iter().map(IntoValue::into_value).collect();
    let allowed = Allowed { column: column.to_owned(), values };
    Test::of(format!("accepted_{column}"), Assertion::AcceptedValues(allowed))
}

/// Every value of the column except NULL is a value of the other one, in a model or stream.
pub fn exists_in(column: &str, to: &str, to_column: &str) -> Test {
    let reference = Reference { column: column.to_owned(), to: to.to_owned(), to_column: to_column.to_owned() };
    Test::of(format!("{column}_exists_in_{to}"), Assertion::Relationship(reference))
}

/// Every value except NULL is between these, inclusive.
pub fn between(column: &str, least: impl IntoValue, most: impl IntoValue) -> Test {
    let (least, most) = (Some(least.into_value()), Some(most.into_value()));
    range("between", Range { column: column.to_owned(), least, most })
}

/// Every value except NULL is this or more.
pub fn at_least(column: &str, least: impl IntoValue) -> Test {
    range("at_least", Range { column: column.to_owned(), least: Some(least.into_value()), most: None })
}

/// Every value except NULL is this or less.
pub fn at_most(column: &str, most: impl IntoValue) -> Test {
    range("at_most", Range { column: column.to_owned(), least: None, most: Some(most.into_value()) })
}

fn range(kind: &str, range: Range) -> Test {
    Test::of(format!("{}_{kind}", range.column), Assertion::Range(range))
}

/// A condition that is true in every row; NULL is not true.
pub fn holds(name: &str, condition: impl Into<String>) -> Test {
    Test::of(name.to_owned(), Assertion::Expression(condition.into()))
}

/// The highest value of the timestamp column is at most this many seconds old.
pub fn recent(column: &str, seconds: u64) -> Test {
    Test::of(format!("recent_{column}"), Assertion::Recency((column.to_owned(), seconds)))
}

/// The number of rows is within bounds.
pub fn row_count(bounds: Bounds) -> Test {
    Test::of("row_count".to_owned(), Assertion::RowCount(bounds.0))
}

/// A number over all rows, as a SQL aggregate: a mean, a share, the size of a category.
pub fn measured(name: &str, aggregate: impl Into<String>, bounds: Bounds) -> Test {
    let measure = Measure { aggregate: aggregate.into(), bounds: bounds.0 };
    Test::of(name.to_owned(), Assertion::Distribution(measure))
}

/// A SELECT of wrong rows returns none.
pub fn no_rows(name: &str, select: impl Into<String>) -> Test {
    Test::of(name.to_owned(), Assertion::Custom(select.into()))
}

impl Test {
    fn of(name: String, assertion: Assertion) -> Self {
        Self(modelling::Test {
            name,
            assertion,
            severity: Severity::Error,
            only_where: None,
            warn_if: Threshold::Rows(0),
            error_if: Threshold::Rows(0),
            summary: String::new(),
        })
    }

    /// Replaces the default name.
    #[must_use]
    pub fn named(mut self, name: &str) -> Self {
        self.0.name = name.to_owned();
        self
    }

    /// The meaning of a failure.
    #[must_use]
    pub fn says(mut self, summary: &str) -> Self {
        self.0.summary = summary.to_owned();
        self
    }

    /// A failure is reported and stops nothing.
    #[must_use]
    pub fn warns(mut self) -> Self {
        self.0.severity = Severity::Warn;
        self
    }

    /// Only rows for which this is true are tested.
    #[must_use]
    pub fn only_where(mut self, condition: impl Into<String>) -> Self {
        self.0.only_where = Some(condition.into());
        self
    }

    /// It warns only above this number of failing rows.
    #[must_use]
    pub fn warn_above(mut self, rows: u64) -> Self {
        self.0.warn_if = Threshold::Rows(rows);
        self
    }

    /// It fails only above this number of failing rows.
    #[must_use]
    pub fn error_above(mut self, rows: u64) -> Self {
        self.0.error_if = Threshold::Rows(rows);
        self
    }

    /// It warns only above this percentage of failing rows.
    #[must_use]
    pub fn warn_above_percent(mut self, percent: f64) -> Self {
        self.0.warn_if = Threshold::Percent(percent);
        self
    }

    /// It fails only above this percentage of failing rows.
    #[must_use]
    pub fn error_above_percent(mut self, percent: f64) -> Self {
        self.0.error_if = Threshold::Percent(percent);
        self
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.0.name
    }
}

impl From<Test> for modelling::Test {
    fn from(test: Test) -> Self {
        test.0
    }
}

impl Bounds {
    /// No bounds.
    pub const fn new() -> Self {
        Self(modelling::Bounds { least: None, most: None, most_fall: None, most_rise: None })
    }

    /// The number is this or more.
    #[must_use]
    pub const fn at_least(mut self, least: f64) -> Self {
        self.0.least = Some(least);
        self
    }

    /// The number is this or less.
    #[must_use]
    pub const fn at_most(mut self, most: f64) -> Self {
        self.0.most = Some(most);
        self
    }

    /// The number falls by at most this percentage, from run to run.
    #[must_use]
    pub const fn falls_at_most(mut self, percent: f64) -> Self {
        self.0.most_fall = Some(percent);
        self
    }

    /// The number rises by at most this percentage, from run to run.
    #[must_use]
    pub const fn rises_at_most(mut self, percent: f64) -> Self {
        self.0.most_rise = Some(percent);
        self
    }
}

impl Default for Bounds {
    fn default() -> Self {
        Self::new()
    }
}
