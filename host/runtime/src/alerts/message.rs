//! A message of an alert: the document that webhooks and commands get, and the same as a text for people.

use std::fmt::Write as _;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use wmshost_flow::{Micros, Value};

use crate::explain::Finding;

/// The most findings of one message.
const MOST_FINDINGS: usize = 20;
/// The most letters of a text for people: services cut longer ones.
const MOST_LETTERS: usize = 3_000;

/// A message about a cause. It is sent at least once: a receiver drops one whose id it knows.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AlertMessage {
    /// The id of the message, the same at each try.
    pub id: String,
    /// `alert` for a new cause, or one with more streams than before; `reminder` for one that goes on; `recovery` for one that
    /// has passed; `test` for a trial.
    pub kind: String,
    /// The key of the cause, the same in all messages about it.
    pub cause: String,
    /// The pipeline's name.
    pub pipeline: String,
    /// The pipeline file.
    pub file: String,
    /// The machine that sends it.
    pub machine: String,
    /// The message in a line.
    pub title: String,
    /// The streams or models that it is about.
    pub subjects: Vec<String>,
    /// The person or team that has to act; null if the pipeline file names none.
    pub owner: Option<String>,
    /// The time since which the cause goes on, UTC.
    pub since: String,
    /// The time of the message, UTC.
    pub at: String,
    /// The explanations, each with the next commands; empty when the cause has passed. At most 20.
    pub findings: Vec<Finding>,
}

/// A time in UTC as it is shown, to the second.
pub(super) fn shown(time: Micros) -> String {
    Value::Timestamp(time / 1_000_000 * 1_000_000).to_string().chars().take(19).collect()
}

impl AlertMessage {
    /// The same with no more findings than a message has.
    pub(super) fn bounded(mut self) -> Self {
        self.findings.truncate(MOST_FINDINGS);
        self
    }

    /// The message as a text for people.
    pub(super) fn text(&self) -> String {
        let mut text = format!("[{}] {}\n", self.kind, self.title);
        // Writing into a text does not fail.
        let _ = writeln!(text, "since {} UTC, on {}", self.since, self.machine);
        if let Some(owner) = &self.owner {
            let _ = writeln!(text, "owner: {owner}");
        }
        for finding in &self.findings {
            let Finding { subject, happened, place, committed, cause, next } = finding;
            let _ = writeln!(text, "\n{subject}: {happened}");
            if let Some(place) = place {
                let _ = writeln!(text, "where: {place}");
            }
            let _ = writeln!(text, "committed: {committed}\nlikely cause: {cause}");
            for step in next {
                let _ = writeln!(text, "next: {}\n  {}", step.purpose, step.command);
            }
        }
        let _ = write!(text, "\n{} {}", self.cause, self.id);
        if text.chars().count() > MOST_LETTERS {
            text = text.chars().take(MOST_LETTERS).chain(['…']).collect();
        }
        text
    }
}
