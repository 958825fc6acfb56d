//! Backfill: a part of a stream read again by its change key, window by window. Each window has a checkpoint of its own:
//! a finished window is not read again unless that is asked for, and the stream's own bookmark is not touched. All windows
//! are one run.

use wmshost_flow::{Checkpoint, Failure, Impact, Ledger, StreamStats, StreamSummary, Value, Window};
use wmshost_pipeline::{Checked, Method, Stream};

use crate::assembly::{StreamFactory, checkpoint_name, connect};
use crate::error::Result;
use crate::history::{RunRecorder, RunStatus};
use crate::ownership;
use crate::plugin_registry::PluginRegistry;
use crate::run::{StreamRunner, ended_well, run_status, summed};
use crate::runtime::Runtime;

/// A window and its result.
#[derive(Debug, Clone)]
pub struct WindowOutcome {
    /// The window.
    pub window: Window,
    /// The checkpoint of a run that has done it before.
    pub done: Option<Checkpoint>,
    /// The result of the window in this run.
    pub end: Option<StreamSummary>,
}

impl WindowOutcome {
    /// True if this run or one before it has done the window.
    pub fn is_done(&self) -> bool {
        self.done.is_some() || self.end.as_ref().is_some_and(ended_well)
    }

    /// The rows that this run has moved.
    pub fn stats(&self) -> StreamStats {
        self.end.as_ref().map(|end| end.stats).unwrap_or_default()
    }

    /// The duration in this run in seconds.
    pub fn seconds(&self) -> f64 {
        self.end.as_ref().map_or(0.0, |end| end.seconds)
    }
}

/// The outcome of a backfill.
#[derive(Debug, Clone)]
pub struct BackfillOutcome {
    /// The run's id.
    pub run_id: String,
    /// The stream's name.
    pub stream: String,
    /// The status of the run as a whole.
    pub status: RunStatus,
    /// The windows, one after the other.
    pub windows: Vec<WindowOutcome>,
    /// The stream, summed over the windows; empty if there was nothing to do.
    pub streams: Vec<StreamSummary>,
}

/// Fails if a stream has no windows, because it is not read by a change key.
pub fn require_windows(stream: &Stream) -> Result<()> {
    if stream.plan.method == Method::Incremental {
        return Ok(());
    }
    Err(Failure::invalid_config(format!(
        "stream {}: it is read by the method {:?}; only an incremental stream has windows",
        stream.plan.name,
        stream.plan.method.name()
    ))
    .advise("Run it instead")
    .into())
}

/// Reads windows of a stream. Those that were done before are left alone, unless they are read `again`.
pub fn backfill(
    runtime: &Runtime,
    (pipeline, registry): (&Checked, &PluginRegistry),
    stream: &Stream,
    parts: Vec<Window>,
    again: bool,
    recorder: &RunRecorder<'_>,
) -> Result<BackfillOutcome> {
    let run_id = recorder.run_id().to_owned();
    ownership::require(runtime, pipeline, &[stream], None)?;
    let factory = |window: Option<Window>| StreamFactory {
        window,
        ..StreamFactory::new(pipeline, registry, &runtime.clock, run_id.clone())
    };
    if again {
        factory(None).forget_windows(stream, &parts)?;
    }
    let mut windows = windows(&factory(None), stream, parts)?;
    report_done(runtime, &windows);
    let runner = |window| StreamRunner { runtime, factory: factory(window), plans: vec![stream] };
    let mut status = RunStatus::Succeeded;
    let mut streams = Vec::new();
    if windows.iter().any(|window| window.done.is_none()) {
        runner(None).record_plugins(recorder)?;
        for window in windows.iter_mut().filter(|window| window.done.is_none()) {
            let end = runner(Some(window.window.clone())).move_rows();
            let is_done = end.iter().all(ended_well);
            window.end = end.first().cloned();
            streams = summed(&streams, end);
            if !is_done {
                break;
            }
        }
        recorder.streams(&streams)?;
        status = run_status(&streams);
    }
    let stream = stream.plan.name.clone();
    Ok(BackfillOutcome { run_id, stream, status, windows, streams })
}

/// The windows, each with the checkpoint that says it was done. One that was done under another definition of the
/// stream is done again.
fn windows(factory: &StreamFactory<'_>, stream: &Stream, windows: Vec<Window>) -> Result<Vec<WindowOutcome>, Failure> {
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
        Ok(WindowOutcome { window, done, end: None })
    };
    windows.into_iter().map(part).collect()
}

/// Reports the windows that are left alone, in one note.
fn report_done(runtime: &Runtime, windows: &[WindowOutcome]) {
    let done: Vec<_> = windows.iter().filter_map(|window| Some((&window.window, window.done.as_ref()?))).collect();
    let Some((first, checkpoint)) = done.first() else { return };
    let at = Value::Timestamp(checkpoint.committed_at);
    let run = format!("run {} at {at} UTC", checkpoint.run_id);
    let note = match done.as_slice() {
        [_] => format!("the window from {} to {} is already done by {run}", first.start, first.end),
        many => format!("{} of {} windows are already done, the first of them by {run}", many.len(), windows.len()),
    };
    runtime.note(&format!("{note}; --again reads them again"));
}
