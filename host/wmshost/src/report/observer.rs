//! The observer of the runtime: a line per stream that moves on a terminal, a quiet line now and then elsewhere, notes
//! and the status of each stream at its end.

use std::collections::BTreeMap;
use std::io::IsTerminal as _;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use indicatif::{HumanBytes, MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use wmshost_flow::{Event, StreamStats, StreamSummary};
use wmshost_models::NodeStatus;
use wmshost_runtime::{RunEvent, RunObserver};

use super::model_progress::ModelProgress;
use super::run::per_second;
use super::{LINE_INTERVAL, count, failure, is_quiet, note, say};
use crate::cli::Output;

/// Shows what happens while a command runs.
pub(crate) struct ConsoleObserver {
    output: Output,
    /// True if lines can move on standard error.
    is_moving: bool,
    /// The progress of the streams that run.
    progress: Mutex<Option<Progress>>,
    /// The progress of the models that are built.
    models: Mutex<Option<ModelProgress>>,
}

/// The progress of streams.
struct Progress {
    bars: Option<MultiProgress>,
    lines: BTreeMap<String, Line>,
}

struct Line {
    bar: Option<ProgressBar>,
    started: Instant,
    reported: Instant,
    expected: Option<u64>,
}

impl ConsoleObserver {
    /// An observer of a command with this output.
    pub(crate) fn new(output: Output) -> Self {
        let is_moving = std::io::stderr().is_terminal() && output == Output::Text && !is_quiet();
        Self { output, is_moving, progress: Mutex::new(None), models: Mutex::new(None) }
    }

    fn models(&self) -> MutexGuard<'_, Option<ModelProgress>> {
        self.models.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn start(&self, streams: &[String]) -> Progress {
        let bars = self.is_moving.then(|| MultiProgress::with_draw_target(ProgressDrawTarget::stderr_with_hz(10)));
        let line = |name: &String| {
            let now = Instant::now();
            let bar = bars.as_ref().map(|bars| new_bar(bars, name));
            (name.clone(), Line { bar, started: now, reported: now, expected: None })
        };
        let lines = streams.iter().map(line).collect();
        Progress { bars, lines }
    }
}

impl Progress {
    fn event(&mut self, event: &Event<'_>) {
        let name = match event {
            Event::Started { stream, .. } | Event::Committed { stream, .. } => *stream,
            Event::Ended(end) => &end.stream,
            Event::Warned { stream, message } => {
                return beside_bars(self.bars.as_ref(), || note(&format!("{stream}: {message}")));
            }
            Event::Reached { .. } => return,
        };
        let Some(line) = self.lines.get_mut(name) else { return };
        match event {
            Event::Started { expected_rows, .. } => line.started(*expected_rows),
            Event::Committed { stream, stats } => line.committed(stream, stats),
            Event::Ended(end) => line.ended(end),
            Event::Reached { .. } | Event::Warned { .. } => {}
        }
    }
}

/// True if a person should hear at once that a node ended so. A skipped one follows from another's failure.
fn is_failure(status: NodeStatus) -> bool {
    matches!(status, NodeStatus::Errored | NodeStatus::Failed)
}

/// Prints something while the lines move.
fn beside_bars(bars: Option<&MultiProgress>, print: impl FnOnce()) {
    match bars {
        Some(bars) => bars.suspend(print),
        None => print(),
    }
}

fn new_bar(bars: &MultiProgress, name: &str) -> ProgressBar {
    let bar = bars.add(ProgressBar::new_spinner());
    if let Ok(style) = ProgressStyle::with_template("{prefix:16} {spinner} {wide_msg}") {
        bar.set_style(style);
    }
    bar.set_prefix(name.to_owned());
    bar.set_message("opening");
    bar
}

impl Line {
    fn started(&mut self, expected: Option<u64>) {
        self.started = Instant::now();
        self.expected = expected;
        let (Some(bar), Some(expected)) = (&self.bar, expected) else { return };
        let template = "{prefix:16} {bar:24} {percent:>3} % {wide_msg}";
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        bar.set_length(expected.max(1));
    }

    fn committed(&mut self, stream: &str, stats: &StreamStats) {
        let rate = per_second(stats.read, self.started.elapsed().as_secs_f64());
        let text =
            format!("{} rows, {rate} rows/s, {}, batch {}", count(stats.read), HumanBytes(stats.bytes), stats.batches);
        if let Some(bar) = &self.bar {
            bar.set_position(stats.read);
            bar.set_message(text);
        } else if self.reported.elapsed() >= LINE_INTERVAL && !is_quiet() {
            self.reported = Instant::now();
            say(&format!("{stream}: {text}"));
        }
    }

    fn ended(&self, end: &StreamSummary) {
        let text = format!("{}, {} rows", end.status.name(), count(end.stats.read));
        match &self.bar {
            Some(bar) => bar.finish_with_message(text),
            None if is_quiet() => {}
            None => say(&format!("{}: {text} in {:.2} s", end.stream, end.seconds)),
        }
    }
}

impl RunObserver for ConsoleObserver {
    fn event(&self, event: &RunEvent<'_>) {
        let mut progress = self.progress.lock().unwrap_or_else(PoisonError::into_inner);
        let bars = progress.as_ref().and_then(|progress| progress.bars.clone());
        match event {
            RunEvent::Note(text) => beside_bars(bars.as_ref(), || note(text)),
            RunEvent::AttemptStarted { streams } => *progress = Some(self.start(streams)),
            RunEvent::Stream(event) => {
                if let Some(progress) = progress.as_mut() {
                    progress.event(event);
                }
            }
            RunEvent::AttemptEnded => {
                if let Some(bars) = bars {
                    let _ = bars.clear();
                }
                *progress = None;
            }
            RunEvent::Retrying(retry) => note(&retry.to_string()),
            RunEvent::ModelsStarted { nodes } => *self.models() = Some(ModelProgress::new(self.is_moving, *nodes)),
            RunEvent::NodeStarted { name } => {
                if let Some(models) = self.models().as_mut() {
                    models.started(name);
                }
            }
            RunEvent::NodeFinished(node) => {
                let mut models = self.models();
                if self.output == Output::Text && is_failure(node.status) {
                    let text = format!("{}: {}: {}", node.name, node.status.name(), node.message);
                    match models.as_ref().and_then(|models| models.bar.as_ref()) {
                        Some(bar) => bar.suspend(|| failure(&text)),
                        None => failure(&text),
                    }
                }
                if let Some(models) = models.as_mut() {
                    models.finished(&node.name);
                }
            }
            RunEvent::ModelsEnded => *self.models() = None,
        }
    }

    fn wants_expected_rows(&self) -> bool {
        self.is_moving
    }
}
