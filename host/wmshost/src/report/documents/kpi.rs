//! The output of `kpi`.

use schemars::JsonSchema;
use serde::Serialize;
use wmshost_models::ManifestGoal;
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
    goal: Option<ManifestGoal>,
    /// The days, the oldest first.
    days: Vec<DayDocument>,
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
        let day = |(day, value): &(String, Option<f64>)| DayDocument { day: day.clone(), value: *value };
        Self {
            name: metric.name.clone(),
            summary: metric.summary.clone(),
            unit: metric.unit.clone(),
            goal: metric.goal.map(ManifestGoal::from),
            days: days.iter().map(day).collect(),
        }
    }
}
