//! `wmshost backfill`: a part of a stream read again by its change key, window by window. Each window has a checkpoint
//! of its own: a finished window is not read again unless that is asked for, and the stream's own bookmark is not
//! touched. All windows are one run.

use std::time::Duration;

use serde_json::{Value as Json, json};
use wmshost_flow::{
    Checkpoint, Failure, Impact, Ledger, StreamStats, StreamSummary, Value, Window, timestamp_from_text,
};
use wmshost_pipeline::{Method, Stream, parse_duration};
use wmshost_state::RunStatus;

use super::stream_runner::StreamRunner;
use super::{App, ownership};
use crate::cli::{BackfillArgs, Output};
use crate::data_dir::new_run_id;
use crate::exit::Exit;
use crate::stream_factory::StreamFactory;
use crate::windows::checkpoint_name;
use crate::{connect, logs, report};

/// A window and its result.
struct Part {
    window: Window,
    /// The checkpoint of a run that has done it before.
    done: Option<Checkpoint>,
    /// The result of the window in this run.
    end: Option<StreamSummary>,
}

pub(super) fn backfill(app: &App, arguments: &BackfillArgs) -> anyhow::Result<Exit> {
    let windows = windows(arguments)?;
    let registry = app.registry()?;
    let pipeline = app.pipeline(&arguments.pipeline, &registry)?;
    let plans = pipeline.select(std::slice::from_ref(&arguments.stream))?;
    let cancel = app.signals.let_end();
    let Some(stream) = plans.first() else { return Ok(Exit::Success) };
    if stream.plan.method != Method::Incremental {
        return Err(Failure::invalid_config(format!(
            "stream {}: it is read by the method {:?}; only an incremental stream has windows. Run it instead",
            stream.plan.name,
            stream.plan.method.name()
        ))
        .into());
    }
    let run_id = new_run_id(app.clock.as_ref());
    logs::start(Some(&app.data_dir.log(&run_id)), app.verbose)?;
    ownership::require(&pipeline, &plans, None)?;
    if arguments.again {
        StreamFactory::new(&pipeline, &registry, &app.clock, run_id.clone()).forget_windows(stream, &windows)?;
    }
    let factory = |window: Option<Window>| StreamFactory {
        window,
        ..StreamFactory::new(&pipeline, &registry, &app.clock, run_id.clone())
    };
    let mut parts = parts(&factory(None), stream, windows)?;
    print_done(&parts);
    let output = arguments.output.output;
    let job =
        |window| StreamRunner { app, factory: factory(window), plans: plans.clone(), output, cancel: cancel.clone() };
    let mut status = RunStatus::Succeeded;
    let mut ends = Vec::new();
    if parts.iter().any(|part| part.done.is_none()) {
        let whole = job(None);
        let begun = whole.begin(&Ok(()))?;
        for part in parts.iter_mut().filter(|part| part.done.is_none()) {
            let end = job(Some(part.window.clone())).move_rows();
            let ended_well = super::stream_runner::status(&end) == RunStatus::Succeeded;
            part.end = end.first().cloned();
            ends = super::stream_runner::summed(&ends, end);
            if !ended_well {
                break;
            }
        }
        status = whole.end(begun, &ends)?;
    }
    print_report(&parts, (&run_id, &arguments.stream), status, output);
    if status != RunStatus::Succeeded {
        let count = parts.len();
        let done = parts.iter().filter(|part| part.is_done()).count();
        report::note(&format!(
            "{done} of {count} windows are done; the same command without --again goes on with the next one"
        ));
    }
    Ok(super::stream_runner::exit(&ends))
}

/// The windows, each with the checkpoint that says it was done. One that was done under another definition of the
/// stream is done again.
fn parts(factory: &StreamFactory<'_>, stream: &Stream, windows: Vec<Window>) -> Result<Vec<Part>, Failure> {
    let plan = &stream.plan;
    let definition = factory.definition(stream)?;
    let ledger = Ledger { pipeline: &factory.pipeline.name };
    let mut reader = connect::reader(&plan.target, &factory.pipeline.connections[&plan.target])?;
    let part = |window: Window| {
        let kept = match &mut reader {
            Some(reader) => ledger.checkpoint(reader.as_mut(), &checkpoint_name(&plan.name, &window))?,
            None => None,
        };
        let is_same = |checkpoint: &Checkpoint| {
            let changes = checkpoint.definition.as_ref().map(|before| before.changes_to(&definition));
            changes.unwrap_or_default().iter().all(|change| change.impact == Impact::None)
        };
        let done = kept.filter(|checkpoint| checkpoint.complete && is_same(checkpoint));
        Ok(Part { window, done, end: None })
    };
    windows.into_iter().map(part).collect()
}

/// Prints a note about the windows that are left alone, in one line.
fn print_done(parts: &[Part]) {
    let done: Vec<_> = parts.iter().filter_map(|part| Some((part, part.done.as_ref()?))).collect();
    let Some((first, checkpoint)) = done.first() else { return };
    let at = Value::Timestamp(checkpoint.committed_at);
    let run = format!("run {} at {at} UTC", checkpoint.run_id);
    let note = match done.as_slice() {
        [_] => format!("the window from {} to {} is already done by {run}", first.window.start, first.window.end),
        many => format!("{} of {} windows are already done, the first of them by {run}", many.len(), parts.len()),
    };
    report::note(&format!("{note}; --again reads them again"));
}

impl Part {
    fn status(&self) -> &'static str {
        match (&self.done, &self.end) {
            (Some(_), _) => "already-done",
            (None, Some(end)) => end.status.name(),
            (None, None) => "not-run",
        }
    }

    fn is_done(&self) -> bool {
        let ended_well =
            |end: &StreamSummary| super::stream_runner::status(std::slice::from_ref(end)) == RunStatus::Succeeded;
        self.done.is_some() || self.end.as_ref().is_some_and(ended_well)
    }

    fn stats(&self) -> StreamStats {
        self.end.as_ref().map(|end| end.stats).unwrap_or_default()
    }

    fn seconds(&self) -> f64 {
        self.end.as_ref().map_or(0.0, |end| end.seconds)
    }

    fn as_json(&self) -> Json {
        let done = self.done.as_ref();
        let mut json = rows_json(&self.stats());
        json["from"] = json!(self.window.start.to_string());
        json["to"] = json!(self.window.end.to_string());
        json["status"] = json!(self.status());
        json["seconds"] = json!(self.seconds());
        json["done_by"] = json!(done.map(|checkpoint| &checkpoint.run_id));
        json["done_at"] = json!(done.map(|checkpoint| Value::Timestamp(checkpoint.committed_at).to_string()));
        json["error"] = json!(self.end.as_ref().and_then(|end| end.failure.as_ref()).map(ToString::to_string));
        json
    }

    fn as_row(&self) -> Vec<String> {
        let first = [self.window.start.to_string(), self.window.end.to_string(), self.status().to_owned()];
        row(first, &self.stats(), self.seconds())
    }
}

fn row(first: [String; 3], stats: &StreamStats, seconds: f64) -> Vec<String> {
    let counts = [stats.read, stats.written, stats.unchanged, stats.rejected].map(report::count);
    first.into_iter().chain(counts).chain([format!("{seconds:.2}")]).collect()
}

fn rows_json(stats: &StreamStats) -> Json {
    json!({
        "rows_read": stats.read,
        "rows_written": stats.written,
        "rows_unchanged": stats.unchanged,
        "rows_rejected": stats.rejected,
    })
}

fn print_report(parts: &[Part], (run_id, stream): (&str, &str), status: RunStatus, output: Output) {
    let sum = parts.iter().fold(StreamStats::default(), |sum, part| sum + part.stats());
    let seconds: f64 = parts.iter().map(Part::seconds).sum();
    if output == Output::Json {
        report::json(&json!({
            "run_id": run_id,
            "stream": stream,
            "status": status.name(),
            "seconds": seconds,
            "windows": parts.iter().map(Part::as_json).collect::<Vec<_>>(),
            "total": rows_json(&sum),
        }));
    } else {
        let total = row(["total".to_owned(), String::new(), status.name().to_owned()], &sum, seconds);
        let head = ["from", "to", "status", "read", "written", "unchanged", "rejected", "seconds"];
        report::table(&head, &[3, 4, 5, 6, 7], parts.iter().map(Part::as_row).chain([total]).collect());
    }
    for failure in parts.iter().filter_map(|part| part.end.as_ref()?.failure.as_ref()) {
        report::failure(&failure.to_string());
    }
}

/// The windows, one after the other; the last one ends at the end of the part.
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
