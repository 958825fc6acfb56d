//! The parts of the host that every case needs: a clock that never advances, and a context without observers.

use std::sync::Arc;
use std::time::{Duration, Instant};

use wmshost_flow::{Cancel, Clock, LeaseOwner, Micros, NoObserver, Setting, StreamContext};
use wmshost_sandbox::{Identity, Plugin};

/// The time in every case: 2026-01-31T12:00:00 UTC.
pub(crate) const NOW: Micros = 1_769_860_800_000_000;
/// The name of the stream of a case.
pub(crate) const STREAM: &str = "case";

/// A clock whose wall time never advances, and that measures durations as usual.
struct FixedClock(Instant);

impl Clock for FixedClock {
    fn now(&self) -> Micros {
        NOW
    }
    fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }
}

/// Returns the clock of a case.
pub(crate) fn clock() -> Arc<dyn Clock> {
    Arc::new(FixedClock(Instant::now()))
}

/// Returns the context of a case.
pub(crate) fn context() -> StreamContext {
    StreamContext {
        pipeline: "cases".to_owned(),
        run_id: "case".to_owned(),
        holder: LeaseOwner { machine: "here".to_owned(), process: std::process::id() },
        is_dead: |_| true,
        clock: clock(),
        observer: Arc::new(NoObserver),
        cancel: Cancel::default(),
    }
}

/// Returns the identity of the component in a case.
pub(crate) fn identity(plugin: &Plugin, settings: std::collections::BTreeMap<String, Setting>) -> Identity {
    Identity {
        plugin: plugin.name.clone(),
        version: String::new(),
        digest: Some(plugin.digest.clone()),
        stream: STREAM.to_owned(),
        settings,
    }
}
