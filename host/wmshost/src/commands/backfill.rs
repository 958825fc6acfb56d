//! `wmshost backfill`: a part of a stream read again by its change key, window by window. Each window keeps a
//! checkpoint of its own: what is done is not done again, and the stream's own bookmark is not touched.

use std::time::Duration;

use wmshost_flow::{Failure, Value, Window, timestamp_from_text};
use wmshost_pipeline::{Method, parse_duration};

use super::Edge;
use super::job::Job;
use crate::assemble::Assembly;
use crate::cli::BackfillArgs;
use crate::exit::Exit;
use crate::home::new_run_id;
use crate::{logs, report};

pub(super) fn backfill(edge: &Edge, arguments: &BackfillArgs) -> anyhow::Result<Exit> {
    let windows = windows(arguments)?;
    let catalog = edge.catalog()?;
    let pipeline = edge.pipeline(&arguments.pipeline, &catalog)?;
    let plans = pipeline.select(std::slice::from_ref(&arguments.stream))?;
    let cancel = edge.signals.let_end();
    if let Some(plan) = plans.iter().find(|plan| plan.plan.method != Method::Incremental) {
        return Err(Failure::invalid_config(format!(
            "stream {}: it is read by the method {:?}; only an incremental stream has windows. Run it instead",
            plan.plan.name,
            plan.plan.method.word()
        ))
        .into());
    }
    logs::start(Some(&edge.home.log(&new_run_id(edge.clock.as_ref()))), edge.verbose)?;
    let count = windows.len();
    for (number, window) in (1..).zip(windows) {
        report::note(&format!("window {number} of {count}: from {} to {}", window.start, window.end));
        let assembly = Assembly {
            window: Some(window),
            ..Assembly::new(&pipeline, &catalog, &edge.clock, new_run_id(edge.clock.as_ref()))
        };
        let plans = plans.clone();
        let exit = Job { edge, assembly, plans, output: arguments.output.output, cancel: cancel.clone() }.go()?;
        if exit != Exit::Success {
            report::note(&format!(
                "{} of {count} windows are done; the same command goes on with window {number}",
                number - 1
            ));
            return Ok(exit);
        }
    }
    Ok(Exit::Success)
}

/// The windows, one after the other, the last one up to the end.
fn windows(arguments: &BackfillArgs) -> Result<Vec<Window>, Failure> {
    let moment = |name: &str, text: &str| {
        timestamp_from_text(text).ok_or_else(|| {
            Failure::invalid_config(format!(
                "--{name} {text:?}: write a moment such as 2026-01-31 or \"2026-01-31 06:00\""
            ))
        })
    };
    let (start, end) = (moment("from", &arguments.from)?, moment("to", &arguments.to)?);
    if start >= end {
        return Err(Failure::invalid_config(format!(
            "--from {} is not before --to {}: nothing would be read",
            arguments.from, arguments.to
        )));
    }
    let length = parse_duration(&arguments.window).filter(|length| *length >= Duration::from_secs(1));
    let length = length.and_then(|length| i64::try_from(length.as_micros()).ok()).ok_or_else(|| {
        Failure::invalid_config(format!("--window {:?}: write a duration such as 1d or 12h", arguments.window))
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
