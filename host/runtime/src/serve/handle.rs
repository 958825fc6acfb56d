//! The view of a server from outside, for its web pages and its API: the pipelines that it serves, the runs that go on, and
//! orders to it.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use wmshost_flow::{Exit, Failure, FailureKind};
use wmshost_pipeline::Resolved;

use super::book::UnitKey;
use super::messages::{Message, Order};
use crate::error::Result;
use crate::runtime::Runtime;

/// The word in the place of a line for runs that a person ordered.
const ORDERED: &str = "ordered";

/// A pipeline file, as it is served.
#[derive(Debug, Clone)]
pub struct ServedPipeline {
    /// The file.
    pub file: PathBuf,
    /// The pipeline as it is served; `None` if the file had mistakes from the beginning.
    pub pipeline: Option<Arc<Resolved>>,
    /// The mistakes that the file has now.
    pub mistakes: Option<String>,
}

/// A run that goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServedRun {
    /// The unit that runs.
    pub unit: UnitKey,
    /// The reason why it waits; `None` if it does not.
    pub waits_for: Option<String>,
}

/// The numbers of runs that have ended since the server was started.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct EndedRuns {
    /// Those that succeeded.
    pub succeeded: u64,
    /// All others.
    pub failed: u64,
}

/// The parts of a server that others see.
#[derive(Debug, Clone, Default)]
pub(super) struct Shared {
    pub(super) pipelines: BTreeMap<PathBuf, ServedPipeline>,
    pub(super) running: BTreeMap<String, ServedRun>,
    pub(super) ended: BTreeMap<String, EndedRuns>,
}

impl Shared {
    /// Notes an ordered run as one that goes on, so that there is none beside it.
    fn reserve(&mut self, run_id: &str, unit: &UnitKey) -> Result<(), Failure> {
        if let Some((other, _)) = self.running.iter().find(|(_, run)| run.unit == *unit) {
            let message = format!("run {other} of {} was ordered before and has not ended", unit.pipeline);
            return Err(Failure::new(FailureKind::Busy, message).advise("wait for it, or cancel it"));
        }
        self.running.insert(run_id.to_owned(), ServedRun { unit: unit.clone(), waits_for: None });
        Ok(())
    }

    /// Notes the end of a run.
    pub(super) fn end(&mut self, run_id: &str, pipeline: &str, exit_code: Option<u8>) {
        self.running.remove(run_id);
        let ended = self.ended.entry(pipeline.to_owned()).or_default();
        match exit_code {
            Some(code) if code == Exit::Success as u8 => ended.succeeded += 1,
            _ => ended.failed += 1,
        }
    }
}

/// A handle of a server. It can be used from any thread.
#[derive(Clone)]
pub struct ServeHandle {
    pub(super) runtime: Arc<Runtime>,
    pub(super) shared: Arc<Mutex<Shared>>,
    /// Set when nothing may begin any more.
    pub(super) is_draining: Arc<AtomicBool>,
    pub(super) orders: Sender<Message>,
}

/// Locks what a thread that panicked may have left: each change of it is one assignment.
pub(super) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl ServeHandle {
    /// The services that all operations share.
    pub fn runtime(&self) -> &Runtime {
        &self.runtime
    }

    /// The pipeline files that are served, or should be.
    pub fn pipelines(&self) -> Vec<ServedPipeline> {
        locked(&self.shared).pipelines.values().cloned().collect()
    }

    /// The pipeline of this name; `None` if none is served.
    pub fn pipeline(&self, name: &str) -> Option<Arc<Resolved>> {
        let shared = locked(&self.shared);
        shared.pipelines.values().filter_map(|served| served.pipeline.clone()).find(|pipeline| pipeline.name == name)
    }

    /// The runs of this server that go on, by their ids.
    pub fn running(&self) -> BTreeMap<String, ServedRun> {
        locked(&self.shared).running.clone()
    }

    /// The numbers of runs that have ended since the start, by pipeline.
    pub fn ended(&self) -> BTreeMap<String, EndedRuns> {
        locked(&self.shared).ended.clone()
    }

    /// Has these streams of a pipeline run now, or all; returns the id of the run. Fails if there is no such stream, if a run
    /// that was ordered goes on (busy), and if the server ends (transient).
    pub fn run(&self, pipeline: &Resolved, streams: &[String]) -> Result<String> {
        let selected = pipeline.select(streams)?;
        let names: Vec<String> = selected.iter().map(|plan| plan.name.clone()).collect();
        let (run_id, is_whole) = (self.runtime.new_run_id(), streams.is_empty());
        let unit = UnitKey { pipeline: pipeline.name.clone(), line: ORDERED.to_owned() };
        if self.is_draining.load(Ordering::Relaxed) {
            return Err(ending().into());
        }
        locked(&self.shared).reserve(&run_id, &unit)?;
        let ordered = self.order(Order::Run { unit, streams: names, is_whole, run_id: run_id.clone() });
        if ordered.is_err() {
            locked(&self.shared).running.remove(&run_id);
        }
        ordered?;
        Ok(run_id)
    }

    /// Asks a run to stop, as SIGTERM does; returns false if this server has no such run.
    pub fn cancel(&self, run_id: &str) -> Result<bool> {
        if !locked(&self.shared).running.contains_key(run_id) {
            return Ok(false);
        }
        self.order(Order::Cancel(run_id.to_owned()))?;
        Ok(true)
    }

    fn order(&self, order: Order) -> Result<(), Failure> {
        self.orders.send(Message::Order(order)).map_err(|_| ending())
    }
}

fn ending() -> Failure {
    Failure::transient("the server ends: nothing begins any more")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pipeline_has_one_ordered_run_at_once() {
        let mut shared = Shared::default();
        let [wms, other] = ["wms", "other"].map(|name| UnitKey { pipeline: name.to_owned(), line: ORDERED.to_owned() });
        shared.reserve("a", &wms).unwrap();
        shared.reserve("b", &other).unwrap();
        let refused = shared.reserve("c", &wms).unwrap_err();
        assert!(refused.kind == FailureKind::Busy && refused.to_string().contains("run a"), "{refused}");
        shared.end("a", "wms", Some(0));
        shared.reserve("c", &wms).unwrap();
    }
}
