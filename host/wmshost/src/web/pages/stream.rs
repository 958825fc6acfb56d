//! A stream: its state, its last runs as a table and as charts, its bookmark, its schedule and its policies.

use wmshost_pipeline::{Resolved, StreamPlan};
use wmshost_runtime::history::{RunRecord, StreamRecord};
use wmshost_runtime::serve::{self, Schedules};
use wmshost_runtime::status::StreamState;

use super::chart::{self, Bar};
use super::html::{Html, element, joined, link, text, words};
use super::parts::{
    command, definitions, duration, facts, message, moment, order, outcome, run_link, section, shell_word, state,
    table, until,
};
use super::{Answer, Visit, layout, overview};
use crate::report::plan::policies;
use crate::web::api::{failed, no_pipeline};
use crate::web::exchange::Refusal;

/// The runs that the charts show.
const CHARTED: usize = 40;
/// The runs that are listed.
const LISTED: u32 = 50;

pub(super) fn page(visit: &Visit<'_>) -> Answer {
    let (name, stream) = (visit.call.name(), visit.call.second_name());
    let pipeline = visit.site.handle.pipeline(name).ok_or_else(|| no_pipeline(name))?;
    let no_stream = || Refusal(404, format!("pipeline {name} has no stream {stream}"));
    let plan = pipeline.streams.iter().find(|plan| plan.name == stream).ok_or_else(no_stream)?;
    let states = visit.site.state(name);
    let found = states.as_ref().and_then(|states| states.streams.iter().find(|found| found.stream == stream));
    let schedules = serve::schedules(visit.site.handle.runtime(), &pipeline).map_err(failed)?;
    let history = visit.site.handle.runtime().history().map_err(failed)?;
    let runs = history.of_stream(name, stream, LISTED).map_err(failed)?;
    let title = format!("Stream {stream}");
    let parts = [
        words("h1", "", &title),
        found.map(|found| head(visit, name, found, &schedules)).unwrap_or_default(),
        order(visit, &format!("/pipelines/{name}/run"), "Run this stream now", &[("stream", stream)]),
        found.and_then(|found| found.reason.as_deref()).map(|reason| message("bad", reason)).unwrap_or_default(),
        charts(&runs),
        section("Last runs", [last_runs(&runs)]),
        section("Position", [position(&pipeline, plan, found, &runs)]),
        section("Schedule", [schedule(visit, &schedules, stream)]),
        section("Policy", [policy(plan)]),
    ];
    Ok(layout::page(visit, &title, parts))
}

fn head(visit: &Visit<'_>, pipeline: &str, found: &StreamState, schedules: &Schedules) -> Html {
    let quarantine = format!("/pipelines/{pipeline}/quarantine?stream={}", found.stream);
    let quarantined = format!("in quarantine: {}", crate::report::count(found.quarantined));
    let holder = found.holder.as_ref().map(|holder| {
        let by = format!(" (process {} on {}), ", holder.process, holder.machine);
        let seen = format!("last seen {} s ago", holder.seconds_since_renewal);
        joined([text("held by run "), run_link(&holder.run_id), text(by), text(seen)])
    });
    facts([
        state(found.health.name()),
        joined([text("pipeline "), link(&format!("/?pipeline={pipeline}"), pipeline)]),
        found.age.map(|age| joined([text("up to date "), duration(age), text(" ago")])).unwrap_or_default(),
        found.max_age.map(|age| joined([text("allowed "), duration(age)])).unwrap_or_default(),
        found.verified_through.map(|at| joined([text("verified through "), moment(at)])).unwrap_or_default(),
        overview::next_due(schedules, &found.stream)
            .map(|due| joined([text("due "), until(visit.now, due)]))
            .unwrap_or_default(),
        if found.quarantined > 0 { link(&quarantine, quarantined) } else { text(quarantined) },
        holder.unwrap_or_default(),
    ])
}

/// Rows, duration and rejected rows of the last runs, the oldest first.
fn charts(runs: &[(RunRecord, StreamRecord)]) -> Html {
    let bars = |value: fn(&StreamRecord) -> f64, shown: fn(f64) -> String, class: &'static str| -> Vec<Bar> {
        let last = runs.iter().take(CHARTED).collect::<Vec<_>>();
        let bar = |(run, end): &&(RunRecord, StreamRecord)| Bar {
            value: value(end),
            title: format!("{} {}: {}", run.run_id, end.status, shown(value(end))),
            class: if end.failure.is_some() { "bad" } else { class },
        };
        last.iter().rev().map(bar).collect()
    };
    let number = |value: f64| crate::report::count(value as u64);
    let second = |value: f64| format!("{value:.2} s");
    let charts = [
        chart::bars("Rows written", &bars(|end| end.rows_written as f64, number, "good"), number),
        chart::bars("Duration", &bars(|end| end.seconds, second, "busy"), second),
        chart::bars("Rows rejected", &bars(|end| end.rows_rejected as f64, number, "warn"), number),
    ];
    if runs.is_empty() { Html::default() } else { element("div", &[("class", "cards")], charts) }
}

fn last_runs(runs: &[(RunRecord, StreamRecord)]) -> Html {
    let row = |(run, end): &(RunRecord, StreamRecord)| {
        let run = [run_link(&run.run_id), text(run.kind.name()), moment(run.started_at)];
        run.into_iter().chain(outcome(end)).collect()
    };
    let head =
        ["run", "kind", "started (UTC)", "status", "read", "written", "unchanged", "rejected", "duration", "bookmark"];
    table("Last runs on this machine", &head, &[4, 5, 6, 7, 8], runs.iter().map(row).collect())
}

fn position(
    pipeline: &Resolved,
    plan: &StreamPlan,
    found: Option<&StreamState>,
    runs: &[(RunRecord, StreamRecord)],
) -> Html {
    let watermark = found.and_then(|found| found.watermark.as_ref()).map(ToString::to_string);
    let bookmark = runs.iter().find_map(|(_, end)| end.bookmark.clone());
    let file = shell_word(&pipeline.file.display().to_string());
    let log = format!("wmshost state log {file} --stream {}", plan.name);
    let pairs = [
        ("from", Some(text(format!("{} {}", plan.source, plan.table)))),
        ("to", Some(text(format!("{} {}", plan.target, plan.target_table)))),
        ("read up to", watermark.map(text)),
        ("last bookmark here", bookmark.map(text)),
        ("all checkpoints", Some(command(&log))),
    ];
    definitions(pairs.into_iter().filter_map(|(name, meaning)| Some((name.to_owned(), meaning?))))
}

fn schedule(visit: &Visit<'_>, schedules: &Schedules, stream: &str) -> Html {
    let of_stream = schedules.schedules.iter().filter(|schedule| schedule.streams.iter().any(|name| name == stream));
    let rows = of_stream.map(|schedule| {
        let last = schedule.last.first();
        vec![
            words("code", "", &schedule.line),
            text(&schedule.zone),
            schedule.next_due.map(|due| until(visit.now, due)).unwrap_or_default(),
            last.map(|last| moment(last.due)).unwrap_or_default(),
            last.map(|last| joined([state(last.status.name()), text(" "), ended(last)])).unwrap_or_default(),
            last.and_then(|last| last.note.as_deref()).map(text).unwrap_or_default(),
        ]
    });
    let paused = schedules.paused_since.map(|since| {
        element("p", &[("class", "warn")], [text("The pipeline is paused since "), moment(since), text(" UTC.")])
    });
    let head = ["schedule", "zone", "next due", "last due (UTC)", "outcome", "note"];
    joined([paused.unwrap_or_default(), table("Schedules that have this stream", &head, &[], rows.collect())])
}

/// The run of a due time.
fn ended(due: &serve::Due) -> Html {
    if due.run_id.is_empty() { Html::default() } else { run_link(&due.run_id) }
}

fn policy(plan: &StreamPlan) -> Html {
    definitions(policies(plan).into_iter().map(|(name, meaning)| (name.to_owned(), text(meaning))))
}
