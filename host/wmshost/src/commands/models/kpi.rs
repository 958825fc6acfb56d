//! `wmshost kpi`: the metrics of the last days, drawn.

use console::style;
use serde_json::json;
use wmshost_flow::model::{Goal, Metric};
use wmshost_models::ManifestGoal;

use super::args::KpiArgs;
use super::models_project::ModelsProject;
use crate::cli::Output;
use crate::commands::App;
use crate::exit::Exit;
use crate::report::{self, print};

/// The width of the longest bar, in characters.
const WIDTH: f64 = 32.0;

pub(in crate::commands) fn kpi(app: &App, args: &KpiArgs) -> anyhow::Result<Exit> {
    let models_project = ModelsProject::open(app, &args.pipeline, &[])?;
    let mut sql = models_project.target.sql()?;
    let mut all = Vec::new();
    for metric in models_project.project.metrics() {
        let days = models_project.project.metric_days(metric, args.days, sql.as_mut())?;
        if args.output.output == Output::Json {
            let goal = metric.goal.map(ManifestGoal::from);
            let days: Vec<_> = days.iter().map(|(day, value)| json!({ "day": day, "value": value })).collect();
            all.push(json!({
                "name": metric.name, "summary": metric.summary, "unit": metric.unit, "goal": goal, "days": days,
            }));
        } else {
            draw(metric, &days);
        }
    }
    if args.output.output == Output::Json {
        report::json(&all.into());
    } else if models_project.project.metrics().is_empty() {
        report::note("no plugin of this pipeline declares a metric");
    }
    Ok(Exit::Success)
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
