//! The declaration and the tests of a stream's table.

use super::{Test, names};
use crate::contract::modelling::{self, Freshness, ModelColumn};

/// The declaration of the table that a stream writes.
#[derive(Clone, Debug)]
pub struct SourceTable(modelling::SourceTable);

impl SourceTable {
    /// The table of the stream with this name.
    pub fn of(stream: &str) -> Self {
        Self(modelling::SourceTable {
            name: stream.to_owned(),
            summary: String::new(),
            columns: Vec::new(),
            tests: Vec::new(),
            freshness: None,
            tags: Vec::new(),
            owner: None,
        })
    }

    /// A summary: one sentence, then details.
    #[must_use]
    pub fn summary(mut self, summary: &str) -> Self {
        self.0.summary = summary.to_owned();
        self
    }

    /// The known columns; there may be more. Fixtures of unit tests may leave them out.
    #[must_use]
    pub fn columns(mut self, columns: impl IntoIterator<Item = ModelColumn>) -> Self {
        self.0.columns.extend(columns);
        self
    }

    /// Adds a test.
    #[must_use]
    pub fn test(mut self, test: Test) -> Self {
        self.0.tests.push(test.into());
        self
    }

    /// The age in seconds from which the last load causes a warning, and an error.
    #[must_use]
    pub fn fresh(mut self, warn_after: u64, error_after: u64) -> Self {
        self.0.freshness = Some(Freshness { warn_after: Some(warn_after), error_after: Some(error_after), by: None });
        self
    }

    /// The same, for the age of the highest value of a timestamp column.
    #[must_use]
    pub fn fresh_by(mut self, column: &str, warn_after: u64, error_after: u64) -> Self {
        self.0.freshness = Some(Freshness {
            warn_after: Some(warn_after),
            error_after: Some(error_after),
            by: Some(column.to_owned()),
        });
        self
    }

    /// Words for the selector `tag:`.
    #[must_use]
    pub fn tags<N: Into<String>>(mut self, tags: impl IntoIterator<Item = N>) -> Self {
        self.0.tags = names(tags);
        self
    }

    /// The owner.
    #[must_use]
    pub fn owner(mut self, owner: &str) -> Self {
        self.0.owner = Some(owner.to_owned());
        self
    }
}

impl From<SourceTable> for modelling::SourceTable {
    fn from(source: SourceTable) -> Self {
        source.0
    }
}
