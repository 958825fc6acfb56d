//! The first page: all streams of all pipelines, with what a person has to know first.

use std::collections::BTreeMap;
use std::sync::Arc;

use wmshost_flow::Micros;
use wmshost_pipeline::Resolved;
use wmshost_runtime::history::RunFilter;
use wmshost_runtime::serve::{self, Schedules, ServedPipeline, ServedRun};
use wmshost_runtime::status::{Health, StreamState};

use super::html::{Html, element, joined, link, text, words};
use super::parts::{count, duration, message, moment, order, run_link, section, state, stream_link, table, until};
use super::{Answer, Visit, layout, runs};
use crate::web::api::failed;

/// The word for all states that need a person.
const BROKEN: &str = "broken";
/// The runs that the page lists.
const LAST_RUNS: u32 = 10;
/// The longest reason that is shown in the table, in letters.
const REASON_LETTERS: usize = 200;

/// A stream as the page shows it.
pub(super) struct Row {
    pub(super) pipeline: String,
    pub(super) state: StreamState,
    pub(super) waits_for: Option<String>,
    pub(super) next_due: Option<Micros>,
}

/// A pipeline that is served, with its schedules if they can be read now.
struct Scheduled {
    pipeline: Arc<Resolved>,
    schedules: Option<Schedules>,
}

impl Scheduled {
    fn of(visit: &Visit<'_>, pipeline: &Arc<Resolved>) -> Self {
        let schedules = serve::schedules(visit.site.handle.runtime(), pipeline).ok();
        Self { pipeline: Arc::clone(pipeline), schedules }
    }
}

impl Row {
    fn has(&self, state: &str) -> bool {
        if state == BROKEN { self.state.health.is_broken() } else { self.state.health.name() == state }
    }
}

pub(super) fn page(visit: &Visit<'_>) -> Answer {
    let wanted_pipeline = visit.call.parameter("pipeline");
    let (served, running) = (visit.site.handle.pipelines(), visit.site.handle.running());
    let pipelines: Vec<Scheduled> =
        served.iter().filter_map(|served| Some(Scheduled::of(visit, served.pipeline.as_ref()?))).collect();
    let wanted_pipelines =
        pipelines.iter().filter(|one| wanted_pipeline.is_none_or(|wanted| one.pipeline.name == wanted));
    let mut rows: Vec<Row> = wanted_pipelines.flat_map(|one| rows(visit, one, &running)).collect();
    // What needs a person comes first.
    rows.sort_by_key(|row| !row.state.health.is_broken());
    let wanted = visit.call.parameter("state").filter(|state| !state.is_empty());
    let shown: Vec<&Row> = rows.iter().filter(|row| wanted.is_none_or(|state| row.has(state))).collect();
    let title = wanted_pipeline.map_or_else(|| "Streams".to_owned(), |name| format!("Streams of {name}"));
    let parts = [
        words("h1", "", &title),
        health_line(&served, &rows),
        mistakes(&served),
        filter(&rows, wanted, wanted_pipeline),
        streams(visit, &shown),
        going_on(visit, &running),
        section("Last runs", [last_runs(visit)?]),
        orders(visit, &pipelines),
    ];
    Ok(layout::page(visit, &title, parts))
}

/// The streams of a pipeline; none if its state cannot be read now.
fn rows(visit: &Visit<'_>, scheduled: &Scheduled, running: &BTreeMap<String, ServedRun>) -> Vec<Row> {
    let Scheduled { pipeline, schedules } = scheduled;
    let Some(found) = visit.site.state(&pipeline.name) else { return Vec::new() };
    let row = |state: &StreamState| Row {
        pipeline: pipeline.name.clone(),
        waits_for: schedules.as_ref().and_then(|schedules| waits_for(schedules, running.values(), &state.stream)),
        next_due: schedules.as_ref().and_then(|schedules| next_due(schedules, &state.stream)),
        state: state.clone(),
    };
    found.streams.iter().map(row).collect()
}

/// The next time at which a stream is due; `None` while its pipeline is paused.
pub(super) fn next_due(schedules: &Schedules, stream: &str) -> Option<Micros> {
    let of_stream = schedules.schedules.iter().filter(|schedule| schedule.streams.iter().any(|name| name == stream));
    of_stream.filter_map(|schedule| schedule.next_due).min().filter(|_| schedules.paused_since.is_none())
}

/// The reason why a run that has a stream waits.
fn waits_for<'a>(
    schedules: &Schedules,
    mut running: impl Iterator<Item = &'a ServedRun>,
    stream: &str,
) -> Option<String> {
    let of_line = |line: &str| schedules.schedules.iter().find(|schedule| schedule.line == line);
    running.find_map(|run| {
        let is_of_pipeline = run.unit.pipeline == schedules.pipeline;
        let has = of_line(&run.unit.line).is_some_and(|schedule| schedule.streams.iter().any(|name| name == stream));
        run.waits_for.clone().filter(|_| is_of_pipeline && has)
    })
}

/// `5 streams: 4 fresh, 1 failed`.
fn health_line(served: &[ServedPipeline], rows: &[Row]) -> Html {
    let counts = crate::report::status::counts(rows.iter().map(|row| row.state.health));
    let has_mistakes = served.iter().any(|served| served.mistakes.is_some());
    let is_broken = has_mistakes || rows.iter().any(|row| row.state.health.is_broken());
    let (class, verdict) = if is_broken { ("bad", "needs a person") } else { ("good", "all is well") };
    let total = format!("{} streams", rows.len());
    let line = [total, counts, verdict.to_owned()].into_iter().filter(|part| !part.is_empty());
    words("p", &format!("health {class}"), line.collect::<Vec<_>>().join(" · "))
}

/// The mistakes of pipeline files.
fn mistakes(served: &[ServedPipeline]) -> Html {
    let broken = served.iter().filter_map(|served| {
        let reason = served.mistakes.as_ref()?;
        let what = if served.pipeline.is_some() {
            "its schedule stays as it was, and due runs wait until it is mended"
        } else {
            "it is not served"
        };
        let title = format!("{} has mistakes; {what}", served.file.display());
        Some(element("div", &[("role", "alert")], [words("p", "bad", title), message("bad", reason)]))
    });
    joined(broken)
}

/// Links to the streams in each state that there is.
fn filter(rows: &[Row], wanted: Option<&str>, pipeline: Option<&str>) -> Html {
    let states = [BROKEN].into_iter().chain(Health::ALL.into_iter().map(Health::name));
    let counted = states.map(|state| (state, rows.iter().filter(|row| row.has(state)).count()));
    let shown = counted.filter(|(state, number)| *number > 0 || wanted == Some(*state));
    let all = [(None, "all", rows.len())].into_iter();
    let chips = all.chain(shown.map(|(state, number)| (Some(state), state, number))).map(|(state, name, number)| {
        let of_pipeline = pipeline.map(|name| format!("pipeline={name}"));
        let of_state = state.map(|state| format!("state={}", state.replace(' ', "+")));
        let query: Vec<String> = of_pipeline.into_iter().chain(of_state).collect();
        let to = if query.is_empty() { "/".to_owned() } else { format!("/?{}", query.join("&")) };
        let attributes = [("href", to.as_str()), ("aria-current", "true")];
        element("a", &attributes[..if state == wanted { 2 } else { 1 }], [text(format!("{name} {number}"))])
    });
    element("nav", &[("class", "filter"), ("aria-label", "Filter by state")], chips)
}

fn streams(visit: &Visit<'_>, rows: &[&Row]) -> Html {
    let head = [
        "stream",
        "pipeline",
        "state",
        "up to date",
        "allowed",
        "verified through",
        "last run",
        "ended (UTC)",
        "waits for",
        "next due",
        "quarantined",
    ];
    table("Streams", &head, &[10], rows.iter().map(|row| cells(visit, row)).collect())
}

fn cells(visit: &Visit<'_>, row: &Row) -> Vec<Html> {
    let found = &row.state;
    let last = found.last_run.as_ref();
    let quarantined = match found.quarantined {
        0 => text("0"),
        number => {
            let to = format!("/pipelines/{}/quarantine?stream={}", row.pipeline, found.stream);
            link(&to, crate::report::count(number))
        }
    };
    vec![
        stream_link(&row.pipeline, &found.stream),
        link(&format!("/?pipeline={}", row.pipeline), &row.pipeline),
        joined([state(found.health.name()), reason(found)]),
        found.age.map(|age| joined([duration(age), text(" ago")])).unwrap_or_default(),
        found.max_age.map(duration).unwrap_or_default(),
        found.verified_through.map(moment).unwrap_or_default(),
        last.map(|last| joined([state(&last.status), text(" "), run_link(&last.run_id)])).unwrap_or_default(),
        last.map(|last| moment(last.ended_at)).unwrap_or_default(),
        row.waits_for.as_deref().map(text).unwrap_or_default(),
        row.next_due.map(|due| until(visit.now, due)).unwrap_or_default(),
        quarantined,
    ]
}

/// The beginning of the reason for a state.
fn reason(found: &StreamState) -> Html {
    let Some(reason) = &found.reason else { return Html::default() };
    let short: String = reason.chars().take(REASON_LETTERS).collect();
    let end = if short.len() < reason.len() { "…" } else { "" };
    words("span", "reason", format!("{short}{end}"))
}

/// The runs of this server that go on.
fn going_on(visit: &Visit<'_>, running: &BTreeMap<String, ServedRun>) -> Html {
    if running.is_empty() {
        return Html::default();
    }
    let row = |(run_id, run): (&String, &ServedRun)| {
        vec![
            run_link(run_id),
            text(&run.unit.pipeline),
            text(&run.unit.line),
            run.waits_for.as_deref().map(text).unwrap_or_default(),
            order(visit, &format!("/runs/{run_id}/cancel"), "Stop", &[]),
        ]
    };
    let head = ["run", "pipeline", "due by", "waits for", "order"];
    section("Runs that go on", [table("Runs that go on", &head, &[], running.iter().map(row).collect())])
}

fn last_runs(visit: &Visit<'_>) -> Result<Html, crate::web::exchange::Refusal> {
    let filter = RunFilter { limit: Some(LAST_RUNS), ..RunFilter::default() };
    let history = visit.site.handle.runtime().history().map_err(failed)?;
    let found = history.list(&filter).map_err(failed)?;
    Ok(joined([runs::listed("Last runs", &found), element("p", &[], [link("/runs", "Show more runs")])]))
}

/// The pipelines with their orders.
fn orders(visit: &Visit<'_>, pipelines: &[Scheduled]) -> Html {
    let row = |Scheduled { pipeline, schedules }: &Scheduled| {
        let paused = schedules.as_ref().and_then(|schedules| schedules.paused_since);
        let path = |order: &str| format!("/pipelines/{}/{order}", pipeline.name);
        let pause = match paused {
            Some(_) => order(visit, &path("resume"), "Resume schedules", &[]),
            None => order(visit, &path("pause"), "Pause schedules", &[]),
        };
        vec![
            link(&format!("/?pipeline={}", pipeline.name), &pipeline.name),
            text(pipeline.file.display().to_string()),
            count(schedules.as_ref().map_or(0, |schedules| schedules.schedules.len() as u64)),
            paused.map(|since| joined([text("since "), moment(since)])).unwrap_or_default(),
            link(&path("quarantine"), "quarantine"),
            element("div", &[("class", "orders")], [order(visit, &path("run"), "Run now", &[]), pause]),
        ]
    };
    let head = ["pipeline", "file", "schedules", "paused (UTC)", "rejected rows", "orders"];
    section("Pipelines", [table("Pipelines", &head, &[2], pipelines.iter().map(row).collect())])
}
