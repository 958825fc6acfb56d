//! The arguments of `wmshost backfill`.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use wmshost_flow::{Failure, Value, Window};
use wmshost_pipeline::parse_duration;

use super::{OutputArgs, moment};

#[derive(Args)]
pub(crate) struct BackfillArgs {
    /// The pipeline file
    pub(crate) pipeline: PathBuf,
    /// The stream
    #[arg(long)]
    pub(crate) stream: String,
    /// The first moment, such as 2026-01-31 or "2026-01-31 06:00"
    #[arg(long, value_name = "MOMENT")]
    pub(crate) from: String,
    /// The first moment after the part
    #[arg(long, value_name = "MOMENT")]
    pub(crate) to: String,
    /// The length of one window
    #[arg(long, value_name = "DURATION", default_value = "7d")]
    pub(crate) window: String,
    /// Read windows again that were done before
    #[arg(long)]
    pub(crate) again: bool,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
}

impl BackfillArgs {
    /// The windows, one after the other; the last one ends at the end of the part.
    pub(crate) fn windows(&self) -> Result<Vec<Window>, Failure> {
        let given = |name: &str, text: &str| {
            moment(text).map_err(|advice| Failure::invalid_config(format!("--{name} {text:?}: {advice}")))
        };
        let (start, end) = (given("from", &self.from)?, given("to", &self.to)?);
        if start >= end {
            return Err(Failure::invalid_config(format!(
                "--from {} is not before --to {}: nothing would be read",
                self.from, self.to
            )));
        }
        let length = parse_duration(&self.window).filter(|length| *length >= Duration::from_secs(1));
        let length = length.and_then(|length| i64::try_from(length.as_micros()).ok()).ok_or_else(|| {
            Failure::invalid_config(format!("--window {:?}: write a duration such as 1d or 12h", self.window))
        })?;
        let mut windows = Vec::new();
        let mut from = start;
        while from < end {
            let to = from.saturating_add(length).min(end);
            windows.push(Window { start: Value::Timestamp(from), end: Value::Timestamp(to) });
            from = to;
        }
        Ok(windows)
    }
}
