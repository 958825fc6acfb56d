//! The host's own folder, the environment and the clock.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use wmshost_flow::{Clock, Micros, Value};

use crate::commands::Shelf;

/// Where the host keeps what is its own: `WMSHOST_HOME`, or `.wmshost` where it was started.
#[derive(Debug, Clone)]
pub(crate) struct Home(PathBuf);

impl Home {
    pub(crate) fn find() -> Self {
        Self(env::var_os("WMSHOST_HOME").map_or_else(|| PathBuf::from(".wmshost"), PathBuf::from))
    }

    /// Compiled plugins.
    pub(crate) fn plugins(&self) -> PathBuf {
        self.0.join("plugins")
    }

    /// The history of runs.
    pub(crate) fn history(&self) -> PathBuf {
        self.0.join("state.db")
    }

    /// What is kept of a pipeline's models.
    pub(crate) fn models(&self, pipeline: &str) -> Shelf {
        Shelf(self.0.join("models").join(pipeline))
    }

    /// The log of a run.
    pub(crate) fn log(&self, run_id: &str) -> PathBuf {
        self.0.join("logs").join(format!("{run_id}.jsonl"))
    }
}

/// A variable of the process's environment.
pub(crate) fn variable(name: &str) -> Option<OsString> {
    env::var_os(name)
}

/// The machine's clocks.
pub(crate) struct SystemClock(Instant);

impl SystemClock {
    pub(crate) fn start() -> Self {
        Self(Instant::now())
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Micros {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Micros::try_from(since.as_micros()).unwrap_or(Micros::MAX)
    }

    fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }
}

/// An id for a run: its start in UTC, and a mark that tells apart runs of one second.
pub(crate) fn new_run_id(clock: &dyn Clock) -> String {
    let now = clock.now();
    let start: String = Value::Timestamp(now).to_string().chars().take(19).filter(char::is_ascii_digit).collect();
    let mark = blake3::hash(format!("{now} {}", std::process::id()).as_bytes()).to_hex();
    format!("{}-{}-{}", &start[..8], &start[8..], &mark[..4])
}

/// Whether a process of this machine is alive.
pub(crate) fn is_alive(pid: u32) -> bool {
    Path::new("/proc").join(pid.to_string()).exists()
}
