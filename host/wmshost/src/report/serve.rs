//! The log of `wmshost serve`, and the report of `wmshost schedule list`.

use wmshost_flow::{Failure, Micros};
use wmshost_runtime::serve::{Due, ScheduleState, Schedules, ServeEvent, second};

use super::documents::api::ServeEventDocument;
use super::documents::schedule::SchedulesDocument;
use super::{is_quiet, json, note, plain, print, say, table};
use crate::cli::Output;

/// Logs an event of `wmshost serve`, at this time. With `--quiet` only those that a person may have to do something about.
pub(crate) fn event(now: Micros, event: &ServeEvent) {
    if event.is_bad() || !is_quiet() {
        let lines: Vec<String> = event.to_string().lines().map(plain).collect();
        say(&format!("{} {}", second(now), lines.join("\n    ")));
    }
}

/// An event for readers of the feed: one line of JSON.
pub(crate) fn event_as_json(now: Micros, event: &ServeEvent) -> String {
    serde_json::to_string(&ServeEventDocument::of(now, event)).unwrap_or_default()
}

/// Reports the schedules of a pipeline.
pub(crate) fn schedules(state: &Schedules, output: Output) -> Result<(), Failure> {
    if output == Output::Json {
        return json(&SchedulesDocument::from(state));
    }
    if state.schedules.is_empty() {
        print(&format!("pipeline {} has no schedule: add `schedule` to its [run], or to a stream", state.pipeline));
        return Ok(());
    }
    table(
        &["schedule", "zone", "next (UTC)", "last due (UTC)", "outcome", "streams"],
        &[],
        state.schedules.iter().map(row).collect(),
    );
    if let Some(since) = state.paused_since {
        note(&format!("paused since {} UTC: `wmshost schedule resume` lets runs begin again", second(since)));
    }
    Ok(())
}

fn row(schedule: &ScheduleState) -> Vec<String> {
    let last = schedule.last.first();
    vec![
        schedule.line.clone(),
        schedule.zone.clone(),
        schedule.next_due.map_or_else(|| "never".to_owned(), second),
        last.map(|last| second(last.due)).unwrap_or_default(),
        last.map(outcome).unwrap_or_default(),
        schedule.streams.join(", "),
    ]
}

fn outcome(due: &Due) -> String {
    let exit = due.exit_code.map(|code| format!(", exit code {code}")).unwrap_or_default();
    format!("{}{exit}", due.status.name())
}
