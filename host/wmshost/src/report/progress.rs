//! The progress of a run: on a terminal, a line per stream that moves; elsewhere, a plain line now and then.

use std::collections::BTreeMap;
use std::io::IsTerminal as _;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{HumanBytes, MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use wmshost_flow::{Event, Observer, StreamStats, StreamSummary};
use wmshost_pipeline::Stream;

use super::run::per_second;
use super::{count, note, say};
use crate::cli::Output;
use crate::failpoints::Failpoints;

/// The interval between the lines of a stream where nothing can move.
const QUIET_LINE: Duration = Duration::from_secs(10);

/// Shows the progress of a run's streams.
pub(crate) struct ProgressObserver {
    bars: Option<MultiProgress>,
    streams: Mutex<BTreeMap<String, Line>>,
    failpoints: Failpoints,
}

struct Line {
    bar: Option<ProgressBar>,
    started: Instant,
    told: Instant,
    expected: Option<u64>,
}

impl ProgressObserver {
    pub(crate) fn start(plans: &[&Stream], output: Output) -> Self {
        let terminal = std::io::stderr().is_terminal() && output == Output::Text;
        let bars = terminal.then(|| MultiProgress::with_draw_target(ProgressDrawTarget::stderr_with_hz(10)));
        let line = |plan: &&Stream| {
            let now = Instant::now();
            let bar = bars.as_ref().map(|bars| new_bar(bars, &plan.plan.name));
            (plan.plan.name.clone(), Line { bar, started: now, told: now, expected: None })
        };
        let streams = plans.iter().map(line).collect();
        Self { bars, streams: Mutex::new(streams), failpoints: Failpoints::of_environment() }
    }

    /// Prints something while the lines move.
    fn beside_bars(&self, say: impl FnOnce()) {
        match &self.bars {
            Some(bars) => bars.suspend(say),
            None => say(),
        }
    }

    /// Removes the moving lines.
    pub(crate) fn finish(&self) {
        if let Some(bars) = &self.bars {
            let _ = bars.clear();
        }
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
        } else if self.told.elapsed() >= QUIET_LINE {
            self.told = Instant::now();
            say(&format!("{stream}: {text}"));
        }
    }

    fn ended(&self, end: &StreamSummary) {
        let text = format!("{}, {} rows", end.status.name(), count(end.stats.read));
        match &self.bar {
            Some(bar) => bar.finish_with_message(text),
            None => say(&format!("{}: {text} in {:.2} s", end.stream, end.seconds)),
        }
    }
}

impl Observer for ProgressObserver {
    fn event(&self, event: &Event<'_>) {
        let name = match event {
            Event::Started { stream, .. } | Event::Committed { stream, .. } => *stream,
            Event::Reached { stream, point } => return self.failpoints.reached(stream, point),
            Event::Warned { stream, message } => {
                tracing::warn!(stream, "{message}");
                return self.beside_bars(|| note(&format!("{stream}: {message}")));
            }
            Event::Ended(end) => &end.stream,
        };
        let mut streams = self.streams.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(line) = streams.get_mut(name) else { return };
        match event {
            Event::Started { expected_rows, .. } => line.started(*expected_rows),
            Event::Committed { stream, stats } => line.committed(stream, stats),
            Event::Ended(end) => line.ended(end),
            Event::Reached { .. } | Event::Warned { .. } => {}
        }
    }

    fn wants_expected_rows(&self) -> bool {
        self.bars.is_some()
    }
}
