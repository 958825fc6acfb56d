//! `wmshost run`: the main job.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use anyhow::Context as _;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;
use wmshost_flow::{Cancel, FailureKind, StreamStatus, StreamSummary, run_streams};
use wmshost_state::{History, RunRecord, RunStatus};

use super::Edge;
use crate::assemble::Assembly;
use crate::cli::{Output, Selection};
use crate::exit::Exit;
use crate::home::{is_alive, new_run_id};
use crate::report::{RunReport, Watcher};
use crate::{logs, report};

pub(super) fn run(edge: &Edge, selection: &Selection, full_refresh: bool, output: Output) -> anyhow::Result<Exit> {
    let run_id = new_run_id(edge.clock.as_ref());
    let cancel = cancel_on_signals()?;
    let catalog = edge.catalog()?;
    let pipeline = edge.pipeline(&selection.pipeline, &catalog)?;
    let plans = pipeline.select(&selection.streams)?;
    logs::start(Some(&edge.home.log(&run_id)), edge.verbose)?;
    let mut history = History::open(&edge.home.history())?;
    history.mark_interrupted(is_alive)?;
    let assembly = Assembly {
        pipeline: &pipeline,
        catalog: &catalog,
        clock: Arc::clone(&edge.clock),
        run_id: run_id.clone(),
        full_refresh,
    };
    let streams = assembly.streams(&plans)?;
    history.begin(&RunRecord {
        run_id: run_id.clone(),
        pipeline: pipeline.name.clone(),
        file: selection.pipeline.display().to_string(),
        pid: std::process::id(),
        started_at: edge.clock.now(),
        status: RunStatus::Running,
        seconds: 0.0,
    })?;
    let watcher = Arc::new(Watcher::start(&plans, output));
    let context = assembly.context(Arc::clone(&watcher) as _, cancel);
    let ends = run_streams(streams, pipeline.run.concurrency, &context);
    watcher.finish();
    let seconds = edge.clock.elapsed().as_secs_f64();
    let status = status(&ends);
    history.end(&run_id, status, seconds, &ends)?;
    report::run(&RunReport { run_id: &run_id, pipeline: &pipeline.name, status, seconds, streams: &ends }, output);
    Ok(exit(&ends))
}

/// The first signal asks the run to stop; the second ends the process at once.
fn cancel_on_signals() -> anyhow::Result<Cancel> {
    let asked = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM] {
        flag::register_conditional_shutdown(signal, Exit::Cancelled as i32, Arc::clone(&asked))
            .and_then(|_| flag::register(signal, Arc::clone(&asked)))
            .context("signals cannot be handled")?;
    }
    Ok(Cancel::of_flag(asked))
}

fn status(ends: &[StreamSummary]) -> RunStatus {
    let any = |status| ends.iter().any(|end| end.status == status);
    if any(StreamStatus::Failed) || any(StreamStatus::NotRun) {
        RunStatus::Failed
    } else if any(StreamStatus::Cancelled) {
        RunStatus::Cancelled
    } else {
        RunStatus::Succeeded
    }
}

fn exit(ends: &[StreamSummary]) -> Exit {
    let misconfigured = ends
        .iter()
        .filter_map(|end| end.failure.as_ref())
        .any(|at| at.batch.is_none() && matches!(at.failure.kind, FailureKind::InvalidConfig | FailureKind::Denied));
    let busy = ends.iter().filter_map(|end| end.failure.as_ref()).any(|at| at.failure.kind == FailureKind::Busy);
    match status(ends) {
        RunStatus::Failed if misconfigured => Exit::Configuration,
        RunStatus::Failed if busy => Exit::Busy,
        RunStatus::Failed => Exit::Failed,
        RunStatus::Cancelled => Exit::Cancelled,
        _ => Exit::Success,
    }
}
