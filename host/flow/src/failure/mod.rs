//! The failures of the flow. A failure has a kind and a cause, which decide what follows, and a message and advice for a
//! person; the stream adds the place in the flow where it occurred.
//!
//! | module | what it is for |
//! |---|---|
//! | `kind` | the kinds of failures |
//! | `cause` | the cause of a failure, as plain data |
//! | `policy` | the consequences of a failure: retry, exit code, advice |

pub(crate) mod cause;
pub(crate) mod kind;
pub(crate) mod policy;

use std::fmt;

use cause::{ErrorClass, FailureCause};
use kind::FailureKind;

/// The plugin and its function in which a failure occurred.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallSite {
    /// The plugin's name in the pipeline file.
    pub plugin: String,
    /// The exported function that was called.
    pub function: &'static str,
}

/// The failure of an operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The kind, which decides with the cause what follows.
    pub kind: FailureKind,
    /// Place, problem and reason, for a person. It never contains a secret or a value of a row.
    pub message: String,
    /// The next step for a person, where one is known. It is printed after the message.
    pub advice: Option<String>,
    /// The error of a database, a component or the system that caused it, for code that decides.
    pub cause: Option<FailureCause>,
    /// The plugin call in which it occurred, if any.
    pub site: Option<Box<CallSite>>,
}

impl Failure {
    /// Returns a failure of a kind.
    pub fn new(kind: FailureKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), advice: None, cause: None, site: None }
    }

    /// Returns a failure because the pipeline file asks for something that is not possible.
    pub fn invalid_config(message: impl Into<String>) -> Self {
        Self::new(FailureKind::InvalidConfig, message)
    }

    /// Returns a failure because a right was not granted.
    pub fn denied(message: impl Into<String>) -> Self {
        Self::new(FailureKind::Denied, message)
    }

    /// Returns a failure because of a temporary state.
    pub fn transient(message: impl Into<String>) -> Self {
        Self::new(FailureKind::Transient, message)
    }

    /// Returns a failure because the data or the call is wrong and stays wrong.
    pub fn permanent(message: impl Into<String>) -> Self {
        Self::new(FailureKind::Permanent, message)
    }

    /// Returns a failure because a limit was reached: its name, its value, and the amount asked for.
    pub fn limit(name: &str, limit: impl fmt::Display, asked: impl fmt::Display) -> Self {
        Self::new(FailureKind::Limit, format!("limit {name}: {limit} allowed, {asked} asked for"))
    }

    /// Returns a failure because a call exceeded its time limit: the limit's name and its value.
    pub fn timeout(name: &str, limit: impl fmt::Display) -> Self {
        Self::new(FailureKind::Timeout, format!("limit {name}: {limit} allowed, more asked for"))
    }

    /// Returns the same failure with this plugin call as its place, unless it has one already.
    #[must_use]
    pub fn at(mut self, plugin: &str, function: &'static str) -> Self {
        self.site.get_or_insert_with(|| Box::new(CallSite { plugin: plugin.to_owned(), function }));
        self
    }

    /// Returns the same failure with its cause.
    #[must_use]
    pub fn caused_by(mut self, cause: FailureCause) -> Self {
        self.cause = Some(cause);
        self
    }

    /// Returns the same failure with the next step for a person, after the advice that it has already.
    #[must_use]
    pub fn advise(mut self, advice: impl fmt::Display) -> Self {
        self.advice = Some(match self.advice {
            Some(before) => joined(&before, &advice.to_string()),
            None => advice.to_string(),
        });
        self
    }

    /// The next step for a person: its own advice, or else what follows from its cause.
    pub(crate) fn next_step(&self) -> Option<&str> {
        self.advice.as_deref().or_else(|| self.cause.and_then(cause::advice))
    }

    /// The class of the database's error that caused it, where the driver knows one.
    pub fn class(&self) -> Option<ErrorClass> {
        self.cause.and_then(FailureCause::class)
    }

    /// Returns the same failure with a text after its message.
    #[must_use]
    pub fn and(mut self, more: impl fmt::Display) -> Self {
        self.message = format!("{}; {more}", self.message);
        self
    }

    /// Returns the same failure with a text in front of its message.
    #[must_use]
    pub fn within(mut self, place: impl fmt::Display) -> Self {
        self.message = format!("{place}: {}", self.message);
        self
    }
}

/// A text with another after it. What begins like a sentence follows a full stop, anything else a semicolon.
fn joined(text: &str, more: &str) -> String {
    let mut letters = more.chars();
    let begins = letters.next().is_some_and(char::is_uppercase) && letters.next().is_some_and(char::is_lowercase);
    if begins { format!("{text}. {more}") } else { format!("{text}; {more}") }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.next_step() {
            Some(advice) => f.write_str(&joined(&self.message, advice)),
            None => f.write_str(&self.message),
        }
    }
}

impl std::error::Error for Failure {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.cause.as_ref().map(|cause| cause as _)
    }
}

/// A stage of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Reading from the source.
    Extract,
    /// Changing batches.
    Transform,
    /// Writing into the target.
    Load,
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Extract => "extract",
            Self::Transform => "transform",
            Self::Load => "load",
        })
    }
}

/// A failure with its place in a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamFailure {
    /// The stream's name.
    pub stream: String,
    /// The stage.
    pub stage: Stage,
    /// The number of the batch, from 1; `None` if it occurred before the first one.
    pub batch: Option<u64>,
    /// The failure itself.
    pub failure: Failure,
}

impl fmt::Display for StreamFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "stream {}, {}", self.stream, self.stage)?;
        if let Some(batch) = self.batch {
            write!(f, ", batch {batch}")?;
        }
        if let Some(site) = &self.failure.site {
            write!(f, ", plugin {} in {}", site.plugin, site.function)?;
        }
        write!(f, ": {}", self.failure)
    }
}

impl std::error::Error for StreamFailure {
    /// Returns the cause of its failure, whose own text is part of this one's.
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.failure.source()
    }
}

#[cfg(test)]
mod tests {
    use std::error::Error as _;

    use super::*;

    #[test]
    fn advice_is_printed_after_the_message_and_what_is_around_it() {
        let failure =
            Failure::permanent("it is full").advise("make room").within("target dw").and("nothing was written");
        assert_eq!(failure.message, "target dw: it is full; nothing was written");
        assert_eq!(failure.to_string(), "target dw: it is full; nothing was written; make room");
        let sentence = Failure::permanent("it is full").advise("Make room");
        assert_eq!(sentence.to_string(), "it is full. Make room");
        assert_eq!(sentence.advise("run again").to_string(), "it is full. Make room; run again");
        assert_eq!(Failure::denied("no").advise("GRANT it").to_string(), "no; GRANT it");
        let at = StreamFailure { stream: "s".to_owned(), stage: Stage::Load, batch: None, failure };
        assert!(at.to_string().ends_with("nothing was written; make room"), "{at}");
    }

    #[test]
    fn the_source_of_a_failure_is_its_cause_which_wrapping_keeps() {
        let cause = FailureCause::Oracle { code: Some(1), class: ErrorClass::Row };
        let failure = Failure::permanent("why").caused_by(cause).within("place").and("more").at("p", "process");
        assert_eq!(failure.source().expect("a source").downcast_ref(), Some(&cause));
        assert_eq!(failure.class(), Some(ErrorClass::Row));
        let at = StreamFailure { stream: "s".to_owned(), stage: Stage::Load, batch: Some(1), failure };
        assert_eq!(at.source().expect("a source").to_string(), "ORA-00001 (row)");
        assert!(Failure::permanent("why").source().is_none());
    }
}
