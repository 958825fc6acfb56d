//! The streams of a pipeline side by side. One stream's failure does not stop another.
//!
//! | module | what it is for |
//! |---|---|
//! | `on_change` | the reaction to a definition that changed |
//! | `open` | opening a stream: what can be wrong with it is found before any row moves |
//! | `prepare` | the loader's preparation of the table |
//! | `reconcile` | comparing after a load: what an incremental read cannot see |
//! | `replay` | rows from quarantine, loaded again |
//! | `side_by_side` | work on many items at once, in an order that some of them need |
//! | `trial` | transforms on rows alone, for tests of plugins |
//! | `stream` | one stream from its first row to its end |

mod on_change;
mod open;
mod prepare;
mod reconcile;
pub(crate) mod replay;
mod side_by_side;
mod stream;
pub(crate) mod trial;

use std::collections::BTreeSet;

use side_by_side::side_by_side;

use crate::failure::policy::{Exit, failure_policy};
use crate::ports::events::StreamSummary;
use crate::stream::Stream;
use crate::stream::context::StreamContext;
use crate::stream::opened::{OpenOutcome, OpenedStream};
use crate::stream::transaction::lock;

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
    let after = if opened.len() > 1 { referenced(&opened) } else { Vec::new() };
    side_by_side(opened, concurrency, &after, |(stream, outcome)| stream.run(outcome, context))
}

/// Opens streams as a run would, and returns their mistakes. Nothing is written.
pub fn check_streams(streams: Vec<Stream>, concurrency: usize, context: &StreamContext) -> Vec<StreamSummary> {
    let opened = open(streams, concurrency, context, false).into_iter();
    opened.map(|(stream, outcome)| stream.not_run(outcome, context)).collect()
}

type Opened = (Stream, OpenOutcome);

/// For each stream, the streams whose tables its own refers to by foreign keys: they are loaded before it, since a row that
/// refers to one that comes later would be refused.
fn referenced(opened: &[Opened]) -> Vec<BTreeSet<usize>> {
    let references = |(stream, outcome): &Opened| match outcome.ready {
        Ok(OpenedStream::Ready(_)) => lock(&stream.target).references(&stream.target_table).unwrap_or_else(|failure| {
            tracing::warn!(stream = stream.name, "the foreign keys of its table are not known: {failure}");
            Vec::new()
        }),
        Ok(OpenedStream::Unchanged(_)) | Err(_) => Vec::new(),
    };
    let after = |(at, opened_stream): (usize, &Opened)| {
        let tables = references(opened_stream);
        let is_meant = |stream: &Stream| tables.iter().any(|table| table.eq_ignore_ascii_case(&stream.target_table));
        let others = opened.iter().enumerate().filter(|(other, (stream, _))| *other != at && is_meant(stream));
        others.map(|(other, _)| other).collect()
    };
    opened.iter().enumerate().map(after).collect()
}

fn open(streams: Vec<Stream>, concurrency: usize, context: &StreamContext, for_run: bool) -> Vec<Opened> {
    side_by_side(streams, concurrency, &[], |mut stream| {
        let outcome = stream.open(context, for_run);
        (stream, outcome)
    })
}
