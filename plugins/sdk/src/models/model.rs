//! One model.

use super::{Test, UnitTest, names};
use crate::contract::modelling::{
    self, Freshness, Increment, Interval, Layer, Materialization, ModelColumn, OnChange, Storage, Strategy,
};

/// One model. A staging model is a view and any other a table, unless declared otherwise.
#[derive(Clone, Debug)]
pub struct Model(modelling::Model);

/// The rules by which a new version of a row begins.
#[derive(Clone, Debug)]
pub struct Snapshot(modelling::Snapshot);

impl Model {
    /// One source table, cleaned. A view.
    pub fn staging(name: &str) -> Self {
        Self::of(name, Layer::Staging, Materialization::View)
    }

    /// Joined and computed, not meant for readers. A table.
    pub fn intermediate(name: &str) -> Self {
        Self::of(name, Layer::Intermediate, Materialization::Table)
    }

    /// A model for reports and dashboards. A table.
    pub fn mart(name: &str) -> Self {
        Self::of(name, Layer::Mart, Materialization::Table)
    }

    fn of(name: &str, layer: Layer, materialization: Materialization) -> Self {
        Self(modelling::Model {
            name: name.to_owned(),
            layer,
            materialization,
            depends_on: Vec::new(),
            statement: String::new(),
            columns: Vec::new(),
            tests: Vec::new(),
            unit_tests: Vec::new(),
            storage: Storage { indexes: Vec::new(), partition: None, statistics: false },
            freshness: None,
            summary: String::new(),
            tags: Vec::new(),
            owner: None,
        })
    }

    /// Makes it a view.
    #[must_use]
    pub fn view(self) -> Self {
        self.built(Materialization::View)
    }

    /// Makes it a table that is built in full every time.
    #[must_use]
    pub fn table(self) -> Self {
        self.built(Materialization::Table)
    }

    /// Makes it part of the SQL of the models that read it.
    #[must_use]
    pub fn ephemeral(self) -> Self {
        self.built(Materialization::Ephemeral)
    }

    /// Makes it incremental: rows are merged by this key.
    #[must_use]
    pub fn merged_by<N: Into<String>>(self, key: impl IntoIterator<Item = N>) -> Self {
        self.incremental(Strategy::Merge(names(key)))
    }

    /// Makes it incremental: windows (days, places) are replaced as a whole. `changes` is the SELECT of the windows
    /// affected since `{watermark}`, in these columns.
    #[must_use]
    pub fn replaced_by<N: Into<String>>(self, window: impl IntoIterator<Item = N>, changes: impl Into<String>) -> Self {
        self.incremental(Strategy::Replace(names(window))).changes(changes)
    }

    /// Makes it incremental: rows are only ever added.
    #[must_use]
    pub fn appended(self) -> Self {
        self.incremental(Strategy::Append)
    }

    /// Keeps every version of every row.
    #[must_use]
    pub fn snapshot(self, snapshot: Snapshot) -> Self {
        self.built(Materialization::Snapshot(snapshot.0))
    }

    fn incremental(self, strategy: Strategy) -> Self {
        let increment = Increment { strategy, changes: None, lookback: 0, on_change: OnChange::Rebuild };
        self.built(Materialization::Incremental(increment))
    }

    fn built(mut self, materialization: Materialization) -> Self {
        self.0.materialization = materialization;
        self
    }

    fn increment(mut self, change: impl FnOnce(&mut Increment)) -> Self {
        if let Materialization::Incremental(increment) = &mut self.0.materialization {
            change(increment);
        }
        self
    }

    /// The SELECT of the keys or windows affected since `{watermark}`, which becomes the table `{changes}`. For an
    /// incremental model, as are the next two.
    #[must_use]
    pub fn changes(self, changes: impl Into<String>) -> Self {
        let changes = changes.into();
        self.increment(|increment| increment.changes = Some(changes))
    }

    /// The lookback: the number of seconds before the watermark from which an incremental build reads rows again.
    #[must_use]
    pub fn lookback(self, seconds: u32) -> Self {
        self.increment(|increment| increment.lookback = seconds)
    }

    /// The reaction to changed columns.
    #[must_use]
    pub fn on_change(self, on_change: OnChange) -> Self {
        self.increment(|increment| increment.on_change = on_change)
    }

    /// A summary: one sentence, then details.
    #[must_use]
    pub fn summary(mut self, summary: &str) -> Self {
        self.0.summary = summary.to_owned();
        self
    }

    /// The streams and models that the SQL reads.
    #[must_use]
    pub fn reads<N: Into<String>>(mut self, dependencies: impl IntoIterator<Item = N>) -> Self {
        self.0.depends_on = names(dependencies);
        self
    }

    /// One SELECT.
    #[must_use]
    pub fn sql(mut self, statement: impl Into<String>) -> Self {
        self.0.statement = statement.into();
        self
    }

    /// The columns that the SQL returns, all of them.
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

    /// Adds a unit test.
    #[must_use]
    pub fn unit_test(mut self, test: UnitTest) -> Self {
        self.0.unit_tests.push(test.into());
        self
    }

    /// Declares an index over these columns.
    #[must_use]
    pub fn index<N: Into<String>>(mut self, columns: impl IntoIterator<Item = N>) -> Self {
        self.0.storage.indexes.push(names(columns));
        self
    }

    /// Partitions the table by day, where the database can.
    #[must_use]
    pub fn partition_by_day(mut self, column: &str) -> Self {
        self.0.storage.partition = Some((column.to_owned(), Interval::Day));
        self
    }

    /// Partitions the table by month, where the database can.
    #[must_use]
    pub fn partition_by_month(mut self, column: &str) -> Self {
        self.0.storage.partition = Some((column.to_owned(), Interval::Month));
        self
    }

    /// Has the optimizer's statistics renewed after a build that changed rows.
    #[must_use]
    pub fn statistics(mut self) -> Self {
        self.0.storage.statistics = true;
        self
    }

    /// The age in seconds from which the last build causes a warning, and an error.
    #[must_use]
    pub fn fresh(mut self, warn_after: u64, error_after: u64) -> Self {
        self.0.freshness = Some(Freshness { warn_after: Some(warn_after), error_after: Some(error_after), by: None });
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

    /// Its name.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// The whole model, as the contract's type.
    pub fn declared(&self) -> &modelling::Model {
        &self.0
    }
}

impl From<Model> for modelling::Model {
    fn from(model: Model) -> Self {
        model.0
    }
}

impl Snapshot {
    /// Versions of the rows with this key; a change of any other column makes a new one.
    pub fn of<N: Into<String>>(key: impl IntoIterator<Item = N>) -> Self {
        Self(modelling::Snapshot {
            key: names(key),
            check_columns: Vec::new(),
            updated_at: None,
            invalidate_deleted: false,
        })
    }

    /// Only a change of these columns makes a new version.
    #[must_use]
    pub fn check_columns<N: Into<String>>(mut self, columns: impl IntoIterator<Item = N>) -> Self {
        self.0.check_columns = names(columns);
        self
    }

    /// The column with the time since when a row is as it is.
    #[must_use]
    pub fn updated_at(mut self, column: &str) -> Self {
        self.0.updated_at = Some(column.to_owned());
        self
    }

    /// The current version of a key that the statement no longer returns ends.
    #[must_use]
    pub fn invalidate_deleted(mut self) -> Self {
        self.0.invalidate_deleted = true;
        self
    }
}
