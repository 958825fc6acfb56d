//! An observer that records events.

use std::sync::{Arc, Mutex};

use crate::ports::events::{Event, Observer, StreamStats};

/// An action at a named point of the flow.
type Hook = (&'static str, Box<dyn Fn() + Send>);

/// The observer.
#[derive(Default)]
pub(crate) struct Recorder {
    warnings: Mutex<Vec<String>>,
    points: Mutex<Vec<&'static str>>,
    committed: Mutex<Vec<StreamStats>>,
    hooks: Mutex<Vec<Hook>>,
}

impl Recorder {
    /// Returns a recorder to be shared with a context.
    pub(crate) fn shared() -> Arc<Self> {
        Arc::default()
    }

    /// Returns the warnings so far.
    pub(crate) fn warnings(&self) -> Vec<String> {
        self.warnings.lock().expect("warnings").clone()
    }

    /// Returns the named points that were reached so far.
    pub(crate) fn points(&self) -> Vec<&'static str> {
        self.points.lock().expect("points").clone()
    }

    /// Returns the counts that were reported with each commit.
    pub(crate) fn committed(&self) -> Vec<StreamStats> {
        self.committed.lock().expect("commits").clone()
    }

    /// Calls `act` whenever this point is reached.
    pub(crate) fn at(&self, point: &'static str, act: impl Fn() + Send + 'static) {
        self.hooks.lock().expect("hooks").push((point, Box::new(act)));
    }
}

impl Observer for Recorder {
    fn event(&self, event: &Event<'_>) {
        match event {
            Event::Warned { message, .. } => self.warnings.lock().expect("warnings").push((*message).to_owned()),
            Event::Committed { stats, .. } => self.committed.lock().expect("commits").push(*stats),
            Event::Reached { point, .. } => {
                self.points.lock().expect("points").push(point);
                let hooks = self.hooks.lock().expect("hooks");
                hooks.iter().filter(|(at, _)| at == point).for_each(|(_, act)| act());
            }
            Event::Started { .. } | Event::Ended(_) => {}
        }
    }
}
