//! `wmshost kpi`: the numbers that people steer by, of the last days, drawn.

use console::style;
use serde_json::json;
use wmshost_flow::model::{Goal, Indicator};

use super::typed::KpiArgs;
use super::workshop::Workshop;
use crate::cli::Output;
use crate::commands::Edge;
use crate::exit::Exit;
use crate::report::{self, print};

/// How wide the longest bar is, in characters.
const WIDTH: f64 = 32.0;

pub(in crate::commands) fn kpi(edge: &Edge, args: &KpiArgs) -> anyhow::Result<Exit> {
    let workshop = Workshop::open(edge, &args.pipeline, &[])?;
    let mut sql = workshop.target.sql()?;
    let mut all = Vec::new();
    for indicator in workshop.project.indicators() {
        let days = workshop.project.indicator_days(indicator, args.days, sql.as_mut())?;
        if args.output.output == Output::Json {
            let goal = indicator.goal.map(|goal| match goal {
                Goal::AtLeast(goal) => json!({ "at_least": goal }),
                Goal::AtMost(goal) => json!({ "at_most": goal }),
            });
            let days: Vec<_> = days.iter().map(|(day, value)| json!({ "day": day, "value": value })).collect();
            all.push(json!({
                "name": indicator.name, "summary": indicator.summary, "unit": indicator.unit, "goal": goal, "days": days,
            }));
        } else {
            draw(indicator, &days);
        }
    }
    if args.output.output == Output::Json {
        report::json(&all.into());
    } else if workshop.project.indicators().is_empty() {
        report::note("no plugin of this pipeline declares an indicator");
    }
    Ok(Exit::Success)
}

fn draw(indicator: &Indicator, days: &[(String, Option<f64>)]) {
    let goal = match indicator.goal {
        Some(Goal::AtLeast(goal)) => format!(", goal: {goal} {} or more", indicator.unit),
        Some(Goal::AtMost(goal)) => format!(", goal: {goal} {} or less", indicator.unit),
        None => String::new(),
    };
    print(&style(format!("{}{goal}", indicator.name)).bold().to_string());
    if !indicator.summary.is_empty() {
        print(&style(&indicator.summary).dim().to_string());
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
        let is_met = match indicator.goal {
            Some(Goal::AtLeast(goal)) => *value >= goal,
            Some(Goal::AtMost(goal)) => *value <= goal,
            None => true,
        };
        let bar = bar(*value, most);
        let bar = if is_met { style(bar).green() } else { style(bar).red() };
        print(&format!("  {day}  {bar} {value:.2} {}", indicator.unit));
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
