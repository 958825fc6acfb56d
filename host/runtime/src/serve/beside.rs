//! Work beside the loop of the server: alerts about what has failed or never ran, and the calls that report that the server lives.
//! Both go on only while the loop turns.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use wmshost_flow::Failure;

use super::handle::{ServedPipeline, Shared, locked};
use crate::alerts::{self, channels::call};
use crate::runtime::Runtime;

/// The time between two looks for causes of alerts.
const ALERT_INTERVAL: Duration = Duration::from_secs(60);
/// The time limit of a call that reports that the server lives.
const CALL_TIMEOUT: Duration = Duration::from_secs(10);

/// The threads beside the loop.
pub(super) struct Beside(Vec<SyncSender<()>>);

impl Beside {
    /// Starts the threads.
    pub(super) fn start(runtime: &Arc<Runtime>, shared: &Arc<Mutex<Shared>>) -> Result<Self, Failure> {
        let (of_alerts, of_calls) = (Arc::clone(runtime), Arc::clone(runtime));
        let mut alerted_at = None;
        let mut called_at = BTreeMap::new();
        let alerts = thread("alerts", shared, move |pipelines| {
            let elapsed = of_alerts.clock.elapsed();
            if alerted_at.is_none_or(|at| elapsed >= at + ALERT_INTERVAL) {
                alerted_at = Some(elapsed);
                pipelines.iter().for_each(|served| send(&of_alerts, served));
            }
        })?;
        let calls = thread("heartbeat", shared, move |pipelines| heartbeats(&of_calls, pipelines, &mut called_at))?;
        Ok(Self(vec![alerts, calls]))
    }

    /// Reports a turn of the loop. A thread that is at work misses it.
    pub(super) fn turn(&self) {
        for thread in &self.0 {
            let _ = thread.try_send(());
        }
    }
}

/// A thread that works once per turn that it hears of, until the loop is gone.
fn thread(
    name: &'static str,
    shared: &Arc<Mutex<Shared>>,
    mut work: impl FnMut(&[ServedPipeline]) + Send + 'static,
) -> Result<SyncSender<()>, Failure> {
    let shared = Arc::clone(shared);
    let (sender, turns) = sync_channel(1);
    let body = move || {
        while turns.recv().is_ok() {
            let pipelines: Vec<ServedPipeline> = locked(&shared).pipelines.values().cloned().collect();
            work(&pipelines);
        }
    };
    std::thread::Builder::new()
        .name(name.to_owned())
        .spawn(body)
        .map_err(|error| Failure::transient(format!("the thread {name} cannot be started: {error}")))?;
    Ok(sender)
}

fn send(runtime: &Runtime, served: &ServedPipeline) {
    let Some(pipeline) = &served.pipeline else { return };
    let sent = alerts::send(runtime, pipeline, alerts::File::Served(served.mistakes.as_deref()));
    if let Err(error) = sent {
        tracing::warn!(pipeline = pipeline.name, "alerts: {error}");
    }
}

/// Calls the addresses that are due; `called_at` has the time of the last call by file.
fn heartbeats(runtime: &Runtime, pipelines: &[ServedPipeline], called_at: &mut BTreeMap<PathBuf, Duration>) {
    for served in pipelines {
        let alerts = served.pipeline.as_ref().and_then(|pipeline| pipeline.alerts.as_ref());
        let Some((plan, url)) = alerts.and_then(|plan| Some((plan, plan.heartbeat.as_ref()?))) else { continue };
        let elapsed = runtime.clock.elapsed();
        if called_at.get(&served.file).is_some_and(|at| elapsed < *at + plan.heartbeat_every) {
            continue;
        }
        called_at.insert(served.file.clone(), elapsed);
        if let Err(why) = call(url, CALL_TIMEOUT) {
            tracing::warn!(file = %served.file.display(), "the heartbeat was not heard: {why}");
        }
    }
}
