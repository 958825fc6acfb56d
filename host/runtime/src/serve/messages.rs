//! The messages to the loop of the server: news of runs, and orders from outside.

use super::book::UnitKey;

/// The news of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum News {
    /// It waits, for this reason.
    Waits(String),
    /// Its process has begun.
    Began(u32),
    /// It has ended, with its last words if it failed.
    Ended(Option<u8>, Option<String>),
    /// Another machine has done it, by this run.
    Elsewhere(String),
    /// It did not begin, because the scheduler ends.
    Abandoned,
}

/// A message to the server's loop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Message {
    /// The news of the run with this id.
    News(String, News),
    /// An order from outside.
    Order(Order),
}

/// An order to a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Order {
    /// Run these streams of a pipeline now.
    Run { unit: UnitKey, streams: Vec<String>, is_whole: bool, run_id: String },
    /// Stop a run.
    Cancel(String),
}
