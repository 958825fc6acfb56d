//! The history, and a run: its streams, models and plugins, their failures, the timeline and the log.

use console::strip_ansi_codes;
use serde_json::Value as Json;
use wmshost_flow::timestamp_from_text;
use wmshost_runtime::explain::{self, Finding, Step};
use wmshost_runtime::history::{ModelRecord, RunFilter, RunParts, RunRecord, RunStatus, StreamRecord};
use wmshost_runtime::receipts::{ProofDocument, RunReceipt, StreamReceipt};

use super::chart;
use super::html::{Html, element, joined, link, text, words};
use super::parts::{
    command, count, definitions, facts, message, moment, order, outcome, run_link, seconds, section, shell_word, state,
    stream_link, table,
};
use super::{Answer, Visit, layout, orders};
use crate::report::documents::receipt::{differences, result};
use crate::report::logs::as_text;
use crate::report::receipt::{about, link as link_in_words};
use crate::web::api::{self, failed};

/// The most runs in the list.
const MOST_RUNS: u32 = 200;
/// The most bytes of a log that are read for the page, and the most lines that are shown.
const MOST_LOG: u64 = 1 << 20;
const MOST_LINES: usize = 300;

/// A part of the timeline.
struct Span {
    name: String,
    from: f64,
    until: f64,
    status: String,
}

pub(super) fn list(visit: &Visit<'_>) -> Answer {
    let pipeline = visit.call.parameter("pipeline").filter(|name| !name.is_empty()).map(str::to_owned);
    let is_failed = visit.call.parameter("failed") == Some("yes");
    let filter = RunFilter { pipeline, failed: is_failed, limit: Some(MOST_RUNS), ..RunFilter::default() };
    let found = visit.site.handle.runtime().history().and_then(|history| history.list(&filter)).map_err(failed)?;
    let chips =
        [("/runs", "all", !is_failed), ("/runs?failed=yes", "failed", is_failed)].map(|(to, name, is_shown)| {
            element("a", &[("href", to), ("aria-current", "true")][..if is_shown { 2 } else { 1 }], [text(name)])
        });
    let parts = [
        words("h1", "", "Runs"),
        element("nav", &[("class", "filter"), ("aria-label", "Filter runs")], chips),
        listed("Runs on this machine", &found),
    ];
    Ok(layout::page(visit, "Runs", parts))
}

/// A table of runs.
pub(super) fn listed(caption: &str, runs: &[RunRecord]) -> Html {
    let row = |run: &RunRecord| {
        let exit = run.exit_code.map(|code| text(code.to_string())).unwrap_or_default();
        vec![
            run_link(&run.run_id),
            text(run.kind.name()),
            text(&run.pipeline),
            moment(run.started_at),
            state(run.status.name()),
            exit,
            if run.status == RunStatus::Running { Html::default() } else { seconds(run.seconds) },
        ]
    };
    let head = ["run", "kind", "pipeline", "started (UTC)", "status", "exit", "duration"];
    table(caption, &head, &[5, 6], runs.iter().map(row).collect())
}

pub(super) fn page(visit: &Visit<'_>) -> Answer {
    let run_id = visit.call.name();
    let title = format!("Run {run_id}");
    let cancel = match visit.site.handle.running().contains_key(run_id) {
        true => order(visit, &format!("/runs/{run_id}/cancel"), "Stop this run", &[]),
        false => Html::default(),
    };
    let run = match (api::the_run(visit.site, run_id), visit.site.handle.running().get(run_id)) {
        (Ok(run), _) => run,
        // It has not begun yet.
        (Err(_), Some(waiting)) => {
            let why = waiting.waits_for.as_deref().unwrap_or("its process begins");
            let parts = [words("h1", "", &title), words("p", "", format!("The run waits: {why}.")), cancel];
            return Ok(layout::page(visit, &title, parts));
        }
        (Err(refusal), None) => return Err(refusal),
    };
    let parts = api::parts(visit.site, &run)?;
    let (found, log) = (api::the_receipt(visit.site, &run)?, log_lines(visit, &run));
    let restart = match orders::restarted(&run, &parts) {
        Some(_) => order(visit, &format!("/runs/{run_id}/restart"), "Run again what failed", &[]),
        None => Html::default(),
    };
    let shown = [
        words("h1", "", &title),
        head(&run),
        element("div", &[("class", "orders")], [restart, cancel]),
        failures(&run, &parts),
        timeline(&run, &parts, &log),
        section("Streams", [streams(&run, &parts.streams)]),
        models(&parts.models),
        plugins(&parts),
        found.as_ref().map(|found| receipt(&run, found)).unwrap_or_default(),
        shown_log(&run, &log),
    ];
    Ok(layout::page(visit, &title, shown))
}

/// The receipt of a run as it is in its file.
pub(super) fn receipt_file(visit: &Visit<'_>) -> Answer {
    api::receipt(visit.site, &visit.call)
}

/// The log of a run as it is in its file.
pub(super) fn log(visit: &Visit<'_>) -> Answer {
    api::log(visit.site, &visit.call)
}

fn head(run: &RunRecord) -> Html {
    let exit = run.exit_code.map(|code| text(format!("exit code {code}"))).unwrap_or_default();
    let took = match run.status {
        RunStatus::Running => Html::default(),
        _ => joined([text("took "), seconds(run.seconds)]),
    };
    facts([
        state(run.status.name()),
        text(run.kind.name()),
        joined([text("pipeline "), link(&format!("/?pipeline={}", run.pipeline), &run.pipeline)]),
        joined([text("started "), moment(run.started_at), text(" UTC")]),
        took,
        exit,
    ])
}

/// The failures of the run as a whole, of its streams and of its models, each with what to do.
fn failures(run: &RunRecord, parts: &RunParts) -> Html {
    let findings = explain::run(run, parts);
    let explained = match findings.is_empty() {
        true => Html::default(),
        false => section("Failures", findings.iter().map(failure)),
    };
    // The run as a whole is among the findings if nothing in it is.
    let note = run.message.as_ref().filter(|why| !findings.iter().any(|finding| finding.happened == **why));
    joined([explained, note.map(|why| section("Note", [message("", why)])).unwrap_or_default()])
}

fn failure(finding: &Finding) -> Html {
    let step = |step: &Step| element("li", &[], [text(&step.purpose), text(": "), command(&step.command)]);
    let facts = [
        ("where", finding.place.as_deref().map(text)),
        ("committed", Some(text(&finding.committed))),
        ("likely cause", Some(text(&finding.cause))),
        ("next", Some(element("ol", &[], finding.next.iter().map(step)))),
    ];
    let facts = facts.into_iter().filter_map(|(name, fact)| Some((name.to_owned(), fact?)));
    joined([words("h3", "", &finding.subject), message("bad", &finding.happened), definitions(facts)])
}

/// The times at which the parts of a run began and ended: they end by the log, and their durations are in the history.
fn timeline(run: &RunRecord, parts: &RunParts, log: &[Json]) -> Html {
    let ended = |key: &str, name: &str| {
        let of_part = log.iter().rev().find(|line| line["fields"][key] == name)?;
        let at = timestamp_from_text(of_part["timestamp"].as_str()?)?;
        Some((at - run.started_at) as f64 / 1e6)
    };
    let span = |(key, name, took, status): (&str, &str, f64, &str)| {
        let until = ended(key, name).unwrap_or(took).max(took);
        Span { name: name.to_owned(), from: until - took, until, status: status.to_owned() }
    };
    let streams = parts.streams.iter().map(|end| ("stream", end.stream.as_str(), end.seconds, end.status.as_str()));
    let models = parts.models.iter().map(|end| ("model", end.model.as_str(), end.seconds, end.status.as_str()));
    let mut spans: Vec<Span> = streams.chain(models).map(span).collect();
    if spans.is_empty() {
        return Html::default();
    }
    spans.sort_by(|a, b| a.from.total_cmp(&b.from));
    let whole = spans.iter().map(|span| span.until).fold(run.seconds, f64::max);
    let row = |span: &Span| {
        let class = if ["failed", "errored"].contains(&span.status.as_str()) { "bad" } else { "busy" };
        let took = seconds(span.until - span.from);
        vec![text(&span.name), state(&span.status), chart::span(span.from, span.until, whole, class), took]
    };
    let rows = spans.iter().map(row).collect();
    section("Timeline", [table("Timeline", &["part", "status", "from begin to end", "duration"], &[3], rows)])
}

fn streams(run: &RunRecord, streams: &[StreamRecord]) -> Html {
    let row = |end: &StreamRecord| {
        let stream = stream_link(&run.pipeline, &end.stream);
        [stream].into_iter().chain(outcome(end)).collect()
    };
    let head = ["stream", "status", "read", "written", "unchanged", "rejected", "duration", "committed up to"];
    table("Streams", &head, &[2, 3, 4, 5, 6], streams.iter().map(row).collect())
}

fn models(models: &[ModelRecord]) -> Html {
    if models.is_empty() {
        return Html::default();
    }
    let row = |end: &ModelRecord| {
        vec![
            text(&end.model),
            state(&end.status),
            end.action.as_deref().map(text).unwrap_or_default(),
            end.rows.map(count).unwrap_or_default(),
            count(end.rows_changed),
            seconds(end.seconds),
            text(&end.message),
        ]
    };
    let head = ["model", "status", "action", "rows", "changed", "duration", "message"];
    section("Models", [table("Models", &head, &[3, 4, 5], models.iter().map(row).collect())])
}

fn plugins(parts: &RunParts) -> Html {
    if parts.plugins.is_empty() {
        return Html::default();
    }
    let rows = parts
        .plugins
        .iter()
        .map(|used| vec![text(&used.stream), text(&used.plugin), text(&used.version), words("code", "", &used.digest)]);
    section("Plugins", [table("Plugins", &["stream", "plugin", "version", "digest"], &[], rows.collect())])
}

fn receipt(run: &RunRecord, found: &RunReceipt) -> Html {
    let check = command(&format!("wmshost receipt check {}", shell_word(&found.file.display().to_string())));
    let checked = match &found.checked {
        Ok(checked) => checked,
        Err(why) => return section("Receipt", [message("bad", why), check]),
    };
    let whole = link(&format!("/runs/{}/receipt", run.run_id), "The receipt as JSON");
    let head = facts([
        text(format!("receipt {} of {}", checked.receipt.sequence, run.pipeline)),
        text(link_in_words(checked.link)),
        text(format!("read after {}", checked.receipt.opened_at)),
    ]);
    let faults = checked.faults.iter().map(|fault| message("bad", fault));
    let row = |stream: &StreamReceipt| {
        let of = |number: fn(&ProofDocument) -> u64| stream.proof.as_ref().map(|proof| count(number(proof)));
        let why = stream.reason.iter().cloned().chain(differences(stream)).collect::<Vec<_>>().join("; ");
        vec![
            stream_link(&run.pipeline, &stream.stream),
            state(result(stream)),
            stream.proof.as_ref().map(|proof| text(about(&proof.scope))).unwrap_or_default(),
            of(|proof| proof.source.rows).unwrap_or_default(),
            of(|proof| proof.target.rows).unwrap_or_default(),
            text(why),
        ]
    };
    let titles = ["stream", "result", "about", "loaded", "in the target", "differences"];
    let rows = checked.receipt.streams.iter().map(row).collect();
    let shown = [head].into_iter().chain(faults).chain([table("Receipt", &titles, &[3, 4], rows)]);
    let more = element("p", &[("class", "soft")], [whole, text(", or "), check]);
    section("Receipt", shown.chain([more]))
}

/// The end of the run's log, as far as it is of the log's form.
fn log_lines(visit: &Visit<'_>, run: &RunRecord) -> Vec<Json> {
    let bytes = api::end_of_log(visit.site, &run.run_id, MOST_LOG).unwrap_or_default();
    String::from_utf8_lossy(&bytes).lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}

fn shown_log(run: &RunRecord, log: &[Json]) -> Html {
    if log.is_empty() {
        return Html::default();
    }
    let from = log.len().saturating_sub(MOST_LINES);
    let plain = |line: &Json| Some(strip_ansi_codes(&as_text(line.as_object()?)).into_owned());
    let lines: Vec<String> = log[from..].iter().filter_map(plain).collect();
    let cut = if from > 0 { format!("The last {MOST_LINES} lines. ") } else { String::new() };
    let whole = link(&format!("/runs/{}/log", run.run_id), "The log as JSON");
    let shown = element(
        "details",
        &[],
        [words("summary", "", format!("{} lines", lines.len())), message("", &lines.join("\n"))],
    );
    let follow = command(&format!("wmshost logs --run {}", run.run_id));
    section("Log", [shown, element("p", &[("class", "soft")], [text(cut), whole, text(", or "), follow])])
}
