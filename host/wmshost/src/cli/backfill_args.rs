//! The arguments of `wmshost backfill`.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use wmshost_flow::{Failure, Value, Window};
use wmshost_pipeline::parse_duration;

use super::{OutputArgs, moment};

pub(super) const HELP: &str = "\
Each window has a checkpoint of its own: the same command goes on where it was interrupted and leaves finished windows
alone; with --again it reads them again. Rows that are newer in the target stay.

Examples:
  wmshost backfill pipelines/dev.toml --stream allocation --from 2026-01-01 --to 2026-02-01 --window 7d
  wmshost backfill pipelines/dev.toml --stream allocation --from 2026-01-01 --to 2026-02-01 --again";

/// The versions of a window of a change key of whole numbers, unless `--window` says otherwise.
const VERSIONS: i64 = 1_000_000;
/// The most windows of one command; each has a checkpoint.
const MOST_WINDOWS: usize = 100_000;

#[derive(Args)]
pub(crate) struct BackfillArgs {
    /// The pipeline file
    pub(crate) pipeline: PathBuf,
    /// The stream
    #[arg(long)]
    pub(crate) stream: String,
    /// The first moment, such as 2026-01-31 or "2026-01-31 06:00"; of a change key of whole numbers, the first number
    #[arg(long, value_name = "MOMENT", allow_negative_numbers = true)]
    pub(crate) from: String,
    /// The first moment or number after the part
    #[arg(long, value_name = "MOMENT", allow_negative_numbers = true)]
    pub(crate) to: String,
    /// The length of one window: a duration, or a number of versions [default: 7d, or 1000000]
    #[arg(long, value_name = "LENGTH")]
    pub(crate) window: Option<String>,
    /// Read windows again that were done before
    #[arg(long)]
    pub(crate) again: bool,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
}

impl BackfillArgs {
    /// The windows, one after the other; the last one ends at the end of the part.
    pub(crate) fn windows(&self) -> Result<Vec<Window>, Failure> {
        match (self.from.parse(), self.to.parse()) {
            (Ok(start), Ok(end)) => self.parts(start, end, self.versions()?, Value::Int64),
            _ => {
                let (start, end) = (given("from", &self.from)?, given("to", &self.to)?);
                self.parts(start, end, self.micros()?, Value::Timestamp)
            }
        }
    }

    fn parts(&self, start: i64, end: i64, length: i64, value: fn(i64) -> Value) -> Result<Vec<Window>, Failure> {
        if start >= end {
            return Err(Failure::invalid_config(format!(
                "--from {} is not before --to {}: nothing would be read",
                self.from, self.to
            )));
        }
        let mut windows = Vec::new();
        let mut from = start;
        while from < end {
            let to = from.saturating_add(length).min(end);
            windows.push(Window { start: value(from), end: value(to) });
            if windows.len() > MOST_WINDOWS {
                return Err(Failure::invalid_config(format!("these are more than {MOST_WINDOWS} windows"))
                    .advise("make --window longer, or the part shorter"));
            }
            from = to;
        }
        Ok(windows)
    }

    fn micros(&self) -> Result<i64, Failure> {
        let length = self.window.as_deref().unwrap_or("7d");
        let span = parse_duration(length).filter(|span| *span >= Duration::from_secs(1));
        span.and_then(|span| i64::try_from(span.as_micros()).ok())
            .ok_or_else(|| Failure::invalid_config(format!("--window {length:?}: write a duration such as 1d or 12h")))
    }

    fn versions(&self) -> Result<i64, Failure> {
        let Some(length) = &self.window else { return Ok(VERSIONS) };
        length.parse().ok().filter(|length| *length > 0).ok_or_else(|| {
            Failure::invalid_config(format!("--window {length:?}: write a number of versions such as 100000"))
        })
    }
}

fn given(name: &str, text: &str) -> Result<i64, Failure> {
    moment(text).map_err(|advice| Failure::invalid_config(format!("--{name} {text:?}: {advice}")))
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        backfill: BackfillArgs,
    }

    fn windows(rest: &[&str]) -> Result<Vec<(String, String)>, String> {
        let line = ["backfill", "p.toml", "--stream", "s"].iter().chain(rest);
        let windows = Line::try_parse_from(line).expect("arguments").backfill.windows();
        let windows = windows.map_err(|failure| failure.to_string())?;
        Ok(windows.iter().map(|window| (window.start.to_string(), window.end.to_string())).collect())
    }

    #[test]
    fn whole_numbers_are_windows_of_versions() {
        let pair = |from: &str, to: &str| (from.to_owned(), to.to_owned());
        let whole = windows(&["--from", "-5", "--to", "12"]).expect("windows");
        assert_eq!(whole, [pair("-5", "12")]);
        let parts = windows(&["--from", "0", "--to", "25", "--window", "10"]).expect("windows");
        assert_eq!(parts, [pair("0", "10"), pair("10", "20"), pair("20", "25")]);
        let greatest = i64::MAX.to_string();
        let last = windows(&["--from", "9223372036854775000", "--to", &greatest]).expect("windows");
        assert_eq!(last, [pair("9223372036854775000", &greatest)]);
        let days = windows(&["--from", "2026-01-01", "--to", "2026-01-10"]).expect("windows");
        assert_eq!(days.len(), 2);
    }

    #[test]
    fn parts_without_rows_and_mixed_ends_are_refused() {
        for (arguments, expected) in [
            (&["--from", "12", "--to", "12"][..], "--from 12 is not before --to 12"),
            (&["--from", "12", "--to", "-5"], "is not before"),
            (&["--from", "12", "--to", "2026-01-01"], "--from \"12\": write a moment"),
            (&["--from", "1", "--to", "9", "--window", "7d"], "a number of versions"),
            (&["--from", "1", "--to", "9", "--window", "0"], "a number of versions"),
            (&["--from", "2026-01-01", "--to", "2026-02-01", "--window", "10"], "a duration"),
            (&["--from", "-9223372036854775808", "--to", "9223372036854775807"], "more than 100000 windows"),
            (&["--from", "2026-01-01", "--to", "2126-01-01", "--window", "1s"], "more than 100000 windows"),
        ] {
            let refused = windows(arguments).expect_err("a mistake");
            assert!(refused.contains(expected), "{arguments:?}: {refused}");
        }
    }
}
