//! The report of `wmshost kpi`: the metrics of the last days, drawn.

use console::style;
use wmshost_flow::Failure;
use wmshost_flow::model::{Goal, Metric};
use wmshost_runtime::models::MetricDays;

use crate::cli::Output;
use crate::report::documents::kpi::MetricDocument;
use crate::report::{json, note, print};

/// The width of the longest bar, in characters.
const WIDTH: f64 = 32.0;

/// Reports metrics with their values of the last days.
pub(crate) fn kpi(metrics: &[MetricDays<'_>], output: Output) -> Result<(), Failure> {
    if output == Output::Json {
        return json(&metrics.iter().map(Into::into).collect::<Vec<MetricDocument>>());
    }
    metrics.iter().for_each(|MetricDays { metric, days }| draw(metric, days));
    if metrics.is_empty() {
        note("no plugin of this pipeline declares a metric");
    }
    Ok(())
}

fn draw(metric: &Metric, days: &[(String, Option<f64>)]) {
    let goal = match metric.goal {
        Some(Goal::AtLeast(goal)) => format!(", goal: {goal} {} or more", metric.unit),
        Some(Goal::AtMost(goal)) => format!(", goal: {goal} {} or less", metric.unit),
        None => String::new(),
    };
    print(&style(format!("{}{goal}", metric.name)).bold().to_string());
    if !metric.summary.is_empty() {
        print(&style(&metric.summary).dim().to_string());
    }
    if days.is_empty() {
        print("  no days yet; build the models: wmshost models build");
    }
    let most = days.iter().filter_map(|(_, value)| *value).fold(0.0, f64::max);
    for (day, value) in days {
        let Some(value) = value else {
            print(&format!("  {day}  -"));
            continue;
        };
        let is_met = match metric.goal {
            Some(Goal::AtLeast(goal)) => *value >= goal,
            Some(Goal::AtMost(goal)) => *value <= goal,
            None => true,
        };
        let bar = bar(*value, most);
        let bar = if is_met { style(bar).green() } else { style(bar).red() };
        print(&format!("  {day}  {bar} {value:.2} {}", metric.unit));
    }
    print("");
}

/// A bar in eighths of a character.
fn bar(value: f64, most: f64) -> String {
    const EIGHTHS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
    if most <= 0.0 || value <= 0.0 {
        return String::new();
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and 8 times the width")]
    let eighths = (value / most * WIDTH * 8.0).round() as usize;
    "█".repeat(eighths / 8) + EIGHTHS[eighths % 8]
}
