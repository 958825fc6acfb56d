//! `wmshost models freshness`: the age of streams and models.

use std::collections::BTreeMap;
use std::time::Duration;

use console::style;
use serde_json::json;
use wmshost_flow::{Micros, Value};
use wmshost_models::FreshnessStatus;
use wmshost_pipeline::duration_text;

use super::args::SelectArgs;
use super::models_project::ModelsProject;
use crate::cli::Output;
use crate::commands::App;
use crate::exit::Exit;
use crate::report::{self, table};

pub(super) fn freshness(app: &App, args: &SelectArgs) -> anyhow::Result<Exit> {
    let models_project = ModelsProject::open(app, &args.pipeline, &args.vars)?;
    let selected = models_project.select(args)?;
    let now = app.clock.now();
    let mut sql = models_project.target.sql()?;
    let loaded: BTreeMap<String, Micros> = models_project.project.last_loads(&models_project.name, sql.as_mut())?;
    let ages = models_project.project.freshness(&models_project.name, &selected, &loaded, now, sql.as_mut())?;
    let moment = |as_of: Option<Micros>| as_of.map(|as_of| Value::Timestamp(as_of).to_string());
    if args.output.output == Output::Json {
        let one = |age: &wmshost_models::Age| {
            json!({
                "name": age.name, "status": age.status.name(), "as_of": moment(age.as_of), "age_seconds": age.seconds,
                "by": age.by, "warn_after": age.limits.0, "error_after": age.limits.1,
            })
        };
        report::json(&ages.iter().map(one).collect());
    } else {
        let span = |seconds: Option<u64>| seconds.map(|s| duration_text(Duration::from_secs(s))).unwrap_or_default();
        let rows = ages.iter().map(|age| {
            let status = style(age.status.name());
            let status = match age.status {
                FreshnessStatus::Fresh => status.green(),
                FreshnessStatus::Stale => status.yellow(),
                FreshnessStatus::TooOld | FreshnessStatus::Never => status.red(),
            };
            vec![
                age.name.clone(),
                status.to_string(),
                age.by.clone(),
                moment(age.as_of).map(|moment| moment[..19].to_owned()).unwrap_or_default(),
                span(age.seconds),
                span(age.limits.0),
                span(age.limits.1),
            ]
        });
        table(
            &["name", "status", "by", "as of (UTC)", "age", "warns after", "fails after"],
            &[4, 5, 6],
            rows.collect(),
        );
    }
    let is_too_old = |age: &wmshost_models::Age| matches!(age.status, FreshnessStatus::TooOld | FreshnessStatus::Never);
    Ok(if ages.iter().any(is_too_old) { Exit::Failed } else { Exit::Success })
}
