//! The streams of a pipeline side by side. One stream's failure does not stop another.
//!
//! | module | what it is for |
//! |---|---|
//! | `on_change` | the reaction to a definition that changed |
//! | `open` | opening a stream: what can be wrong with it is found before any row moves |
//! | `reconcile` | comparing after a load: what an incremental read cannot see |
//! | `replay` | rows from quarantine, loaded again |
//! | `trial` | transforms on rows alone, for tests of plugins |
//! | `stream` | one stream from its first row to its end |

mod on_change;
mod open;
mod reconcile;
pub(crate) mod replay;
mod stream;
pub(crate) mod trial;

use std::sync::{Mutex, PoisonError};
use std::thread;

use crate::failure::policy::{Exit, failure_policy};
use crate::ports::events::StreamSummary;
use crate::stream::Stream;
use crate::stream::context::StreamContext;
use crate::stream::opened::OpenOutcome;

/// Runs streams, at most `concurrency` of them at once, and returns their summaries in the order of the streams. All
/// are opened first: if the configuration of one that is required is wrong, none of them moves a row.
pub fn run_streams(streams: Vec<Stream>, concurrency: usize, context: &StreamContext) -> Vec<StreamSummary> {
    let opened = open(streams, concurrency, context, true);
    let keeps_all_from_running = |(stream, outcome): &Opened| match &outcome.ready {
        Err(at) => stream.policy.required && failure_policy(&at.failure).exit == Exit::Configuration,
        Ok(_) => false,
    };
    if opened.iter().any(keeps_all_from_running) {
        return opened.into_iter().map(|(stream, outcome)| stream.not_run(outcome, context)).collect();
    }
    side_by_side(opened, concurrency, |(stream, outcome)| stream.run(outcome, context))
}

/// Opens streams as a run would, and returns their mistakes. Nothing is written.
pub fn check_streams(streams: Vec<Stream>, concurrency: usize, context: &StreamContext) -> Vec<StreamSummary> {
    let opened = open(streams, concurrency, context, false).into_iter();
    opened.map(|(stream, outcome)| stream.not_run(outcome, context)).collect()
}

type Opened = (Stream, OpenOutcome);

fn open(streams: Vec<Stream>, concurrency: usize, context: &StreamContext, for_run: bool) -> Vec<Opened> {
    side_by_side(streams, concurrency, |mut stream| {
        let outcome = stream.open(context, for_run);
        (stream, outcome)
    })
}

/// Calls `work` for each item, for at most `concurrency` at once; the results are in the order of the items.
fn side_by_side<T: Send, R: Send>(items: Vec<T>, concurrency: usize, work: impl Fn(T) -> R + Sync) -> Vec<R> {
    let threads = concurrency.clamp(1, items.len().max(1));
    let queue = Mutex::new(items.into_iter().enumerate());
    let done = Mutex::new(Vec::new());
    let span = tracing::Span::current();
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                let _in_span = span.enter();
                loop {
                    let next = queue.lock().unwrap_or_else(PoisonError::into_inner).next();
                    let Some((index, item)) = next else { break };
                    let result = work(item);
                    done.lock().unwrap_or_else(PoisonError::into_inner).push((index, result));
                }
            });
        }
    });
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_by_key(|(index, _)| *index);
    done.into_iter().map(|(_, result)| result).collect()
}
