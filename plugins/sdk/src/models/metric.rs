//! Metrics, and exposures: readers of models outside of the project.

use super::names;
use crate::contract::modelling::{self, Goal};

/// A metric: one row per day of a mart.
#[derive(Clone, Debug)]
pub struct Metric(modelling::Metric);

impl Metric {
    /// A metric: its name, the model, its date column and the column with the number.
    pub fn new(name: &str, model: &str, day: &str, column: &str) -> Self {
        Self(modelling::Metric {
            name: name.to_owned(),
            summary: String::new(),
            model: model.to_owned(),
            day: day.to_owned(),
            column: column.to_owned(),
            unit: String::new(),
            goal: None,
        })
    }

    /// One sentence.
    #[must_use]
    pub fn summary(mut self, summary: &str) -> Self {
        self.0.summary = summary.to_owned();
        self
    }

    /// The unit: `%`, `s`.
    #[must_use]
    pub fn unit(mut self, unit: &str) -> Self {
        self.0.unit = unit.to_owned();
        self
    }

    /// The goal: this value or more.
    #[must_use]
    pub fn at_least(mut self, goal: f64) -> Self {
        self.0.goal = Some(Goal::AtLeast(goal));
        self
    }

    /// The goal: this value or less.
    #[must_use]
    pub fn at_most(mut self, goal: f64) -> Self {
        self.0.goal = Some(Goal::AtMost(goal));
        self
    }
}

impl From<Metric> for modelling::Metric {
    fn from(metric: Metric) -> Self {
        metric.0
    }
}

/// A dashboard, a report or another reader of models.
#[derive(Clone, Debug)]
pub struct Exposure(modelling::Exposure);

impl Exposure {
    /// An exposure: its name, one sentence, and the models it reads.
    pub fn new<N: Into<String>>(name: &str, summary: &str, reads: impl IntoIterator<Item = N>) -> Self {
        Self(modelling::Exposure {
            name: name.to_owned(),
            summary: summary.to_owned(),
            depends_on: names(reads),
            owner: None,
            url: None,
        })
    }

    /// The owner.
    #[must_use]
    pub fn owner(mut self, owner: &str) -> Self {
        self.0.owner = Some(owner.to_owned());
        self
    }

    /// The address.
    #[must_use]
    pub fn url(mut self, url: &str) -> Self {
        self.0.url = Some(url.to_owned());
        self
    }
}

impl From<Exposure> for modelling::Exposure {
    fn from(exposure: Exposure) -> Self {
        exposure.0
    }
}
