//! Events of a run and their observer. The runtime reports here what a person may want to see before the outcome is
//! there; what is for the log it logs itself.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use wmshost_flow::{Event, Observer};
use wmshost_models::NodeResult;

use crate::failpoints::Failpoints;

/// An event.
#[derive(Debug)]
pub enum RunEvent<'a> {
    /// A person should know this.
    Note(&'a str),
    /// These streams begin to run.
    AttemptStarted {
        /// The names of the streams: all of the run, or those that are tried again.
        streams: &'a [String],
    },
    /// An event of one of these streams.
    Stream(&'a Event<'a>),
    /// These streams have ended.
    AttemptEnded,
    /// Streams failed for a reason that may pass, and are tried again after a pause.
    Retrying(&'a Retry),
    /// Models begin to be built or tested.
    ModelsStarted {
        /// The number of models and streams that are selected.
        nodes: usize,
    },
    /// A node of the models begins to be built or tested.
    NodeStarted {
        /// Its name.
        name: &'a str,
    },
    /// A node of the models was built or tested, or is skipped.
    NodeFinished(&'a NodeResult),
    /// The models have ended.
    ModelsEnded,
}

/// A retry to come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Retry {
    /// The names of the streams that are tried again.
    pub streams: Vec<String>,
    /// The number of the retry, from 1.
    pub attempt: u64,
    /// The most retries.
    pub attempts: u64,
    /// The pause before it.
    pub pause: Duration,
}

impl fmt::Display for Retry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { streams, attempt, attempts, pause } = self;
        let (names, seconds) = (streams.join(", "), pause.as_secs_f64());
        write!(f, "{names}: the reason may pass; try {attempt} of {attempts} in {seconds:.1} s")
    }
}

/// An observer of runs. It is called from the threads that move rows, and must not block.
pub trait RunObserver: Send + Sync {
    /// Receives an event.
    fn event(&self, event: &RunEvent<'_>);

    /// True if the sources should be asked for the number of rows to expect, which costs them a query.
    fn wants_expected_rows(&self) -> bool {
        false
    }
}

/// Passes the events of streams on to the observer of the run, and crashes at the failpoints among them.
pub(crate) struct StreamEvents {
    observer: Arc<dyn RunObserver>,
    failpoints: Failpoints,
}

impl StreamEvents {
    /// Reports that these streams begin to run, and passes their events on.
    pub(crate) fn start(observer: &Arc<dyn RunObserver>, streams: &[String]) -> Arc<Self> {
        observer.event(&RunEvent::AttemptStarted { streams });
        Arc::new(Self { observer: Arc::clone(observer), failpoints: Failpoints::of_environment() })
    }

    /// Reports that the streams have ended.
    pub(crate) fn end(&self) {
        self.observer.event(&RunEvent::AttemptEnded);
    }
}

impl Observer for StreamEvents {
    fn event(&self, event: &Event<'_>) {
        match event {
            Event::Reached { stream, point } => return self.failpoints.reached(stream, point),
            Event::Warned { stream, message } => tracing::warn!(stream, "{message}"),
            _ => {}
        }
        self.observer.event(&RunEvent::Stream(event));
    }

    fn wants_expected_rows(&self) -> bool {
        self.observer.wants_expected_rows()
    }
}
