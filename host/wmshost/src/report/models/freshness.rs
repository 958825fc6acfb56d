//! The report of `wmshost models freshness`: the ages of streams and models.

use std::time::Duration;

use console::style;
use wmshost_flow::{Failure, Micros, Value};
use wmshost_models::{Age, FreshnessStatus};
use wmshost_pipeline::duration_text;

use crate::cli::Output;
use crate::report::documents::models::FreshnessDocument;
use crate::report::{json, table};

/// Reports the ages of streams and models.
pub(crate) fn freshness(ages: &[Age], output: Output) -> Result<(), Failure> {
    if output == Output::Json {
        return json(&ages.iter().map(Into::into).collect::<Vec<FreshnessDocument>>());
    }
    // To the second.
    let short = |as_of: Micros| Value::Timestamp(as_of).to_string()[..19].to_owned();
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
            age.as_of.map(short).unwrap_or_default(),
            span(age.seconds),
            span(age.limits.0),
            span(age.limits.1),
        ]
    });
    table(&["name", "status", "by", "as of (UTC)", "age", "warns after", "fails after"], &[4, 5, 6], rows.collect());
    Ok(())
}
