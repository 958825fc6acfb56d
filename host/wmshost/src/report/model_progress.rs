//! The progress of models that are built: one line that moves on a terminal, a line now and then elsewhere.

use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::{LINE_INTERVAL, is_quiet, say};

/// The progress of models.
pub(super) struct ModelProgress {
    /// The line; `None` where nothing can move.
    pub(super) bar: Option<ProgressBar>,
    all: usize,
    done: usize,
    /// The nodes that are being built or tested, the longest first.
    running: Vec<String>,
    reported: Instant,
}

impl ModelProgress {
    /// The progress of this number of nodes.
    pub(super) fn new(is_moving: bool, all: usize) -> Self {
        let bar = is_moving.then(|| new_bar(all));
        Self { bar, all, done: 0, running: Vec::new(), reported: Instant::now() }
    }

    /// A node has begun.
    pub(super) fn started(&mut self, name: &str) {
        self.running.push(name.to_owned());
        self.show();
    }

    /// A node has ended, or was skipped.
    pub(super) fn finished(&mut self, name: &str) {
        self.running.retain(|running| running != name);
        self.done += 1;
        self.show();
    }

    fn show(&mut self) {
        let running = self.running.join(", ");
        if let Some(bar) = &self.bar {
            bar.set_position(self.done as u64);
            bar.set_message(running);
        } else if self.reported.elapsed() >= LINE_INTERVAL && !is_quiet() {
            self.reported = Instant::now();
            say(&format!("models: {} of {} done, now {running}", self.done, self.all));
        }
    }
}

impl Drop for ModelProgress {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

fn new_bar(all: usize) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(all as u64), ProgressDrawTarget::stderr_with_hz(10));
    if let Ok(style) = ProgressStyle::with_template("models {bar:24} {pos}/{len} {elapsed} {wide_msg}") {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}
