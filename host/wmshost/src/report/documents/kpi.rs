//! The output of `kpi`.

use schemars::JsonSchema;
use serde::Serialize;
use wmshost_flow::model::Goal;
use wmshost_runtime::models::MetricDays;

/// A metric with its values of the last days.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct MetricDocument {
    /// The metric's name.
    name: String,
    /// A summary of its meaning.
    summary: String,
    /// Its unit.
    unit: String,
    /// Its goal, if it has one.
    goal: Option<GoalDocument>,
    /// The days, the oldest first.
    days: Vec<DayDocument>,
}

/// The goal of a metric, which has one of the two.
#[derive(Debug, Serialize, JsonSchema)]
struct GoalDocument {
    /// The least value.
    #[serde(skip_serializing_if = "Option::is_none")]
    at_least: Option<f64>,
    /// The greatest value.
    #[serde(skip_serializing_if = "Option::is_none")]
    at_most: Option<f64>,
}

/// The value of a metric on a day.
#[derive(Debug, Serialize, JsonSchema)]
struct DayDocument {
    /// The day.
    day: String,
    /// The value; null if there is none.
    value: Option<f64>,
}

impl From<&MetricDays<'_>> for MetricDocument {
    fn from(MetricDays { metric, days }: &MetricDays<'_>) -> Self {
        let goal = |goal| match goal {
            Goal::AtLeast(value) => GoalDocument { at_least: Some(value), at_most: None },
            Goal::AtMost(value) => GoalDocument { at_least: None, at_most: Some(value) },
        };
        let day = |(day, value): &(String, Option<f64>)| DayDocument { day: day.clone(), value: *value };
        Self {
            name: metric.name.clone(),
            summary: metric.summary.clone(),
            unit: metric.unit.clone(),
            goal: metric.goal.map(goal),
            days: days.iter().map(day).collect(),
        }
    }
}
