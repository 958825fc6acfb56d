//! States that are passed on when all before them is committed, from whichever thread commits the last of it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use wmshost_flow::{Event, Observer};
use wmshost_singer::States;

use crate::events::StreamEvents;

/// The function that passes a state on.
pub(super) type Pass = Box<dyn FnMut(&str) + Send>;

/// The states of a run, and the function that passes them on.
pub(super) struct Passing {
    inner: Mutex<(States, Pass)>,
}

impl Passing {
    pub(super) fn new(pass: Pass) -> Self {
        Self { inner: Mutex::new((States::default(), pass)) }
    }

    fn locked(&self) -> MutexGuard<'_, (States, Pass)> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a record of a stream; returns its number.
    pub(super) fn receive(&self, stream: usize) -> u64 {
        self.locked().0.receive(stream)
    }

    /// Reads or changes the states, and passes on what is covered afterwards.
    pub(super) fn with<R>(&self, act: impl FnOnce(&mut States) -> R) -> R {
        let (states, pass) = &mut *self.locked();
        let result = act(states);
        if let Some(state) = states.take() {
            pass(&state);
        }
        result
    }
}

/// Notes the commits of a stream, and passes its events on.
pub(super) struct Commits {
    pub(super) events: Arc<StreamEvents>,
    pub(super) passing: Arc<Passing>,
    /// The number of the stream among the states.
    pub(super) number: usize,
    /// The records of the stream that were committed before.
    pub(super) before: u64,
    /// True if rows become visible only at the end, so that a commit before it covers nothing.
    pub(super) at_end_only: bool,
}

impl Observer for Commits {
    fn event(&self, event: &Event<'_>) {
        self.events.event(event);
        if let Event::Committed { stats, .. } = event
            && !self.at_end_only
        {
            self.passing.with(|states| states.commit(self.number, self.before + stats.read));
        }
    }
}
