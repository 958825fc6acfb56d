//! The failures of the flow. A failure has a kind, which decides whether to retry or to stop, and a message, which says
//! what to do; the stream adds the place in the flow where it occurred.

use std::fmt;

/// The meaning of a failure for the caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailureKind {
    /// The pipeline file asks for something that is not possible. A retry does not help.
    InvalidConfig,
    /// A right was not granted. A retry does not help.
    Denied,
    /// A temporary state. A retry may help.
    Transient,
    /// The data or the call is wrong and stays wrong.
    Permanent,
    /// A limit of the host was reached.
    Limit,
    /// A call exceeded its time limit.
    Timeout,
    /// A plugin trapped.
    Trap,
    /// Another run holds the stream, or builds the models.
    Busy,
    /// The run was stopped on request.
    Cancelled,
    /// A guard prevented an action until a person allows it. A retry does not help.
    Guard,
}

impl FailureKind {
    /// The kind's name in reports and logs.
    pub fn name(self) -> &'static str {
        match self {
            Self::InvalidConfig => "invalid-config",
            Self::Denied => "denied",
            Self::Transient => "transient",
            Self::Permanent => "permanent",
            Self::Limit => "limit",
            Self::Timeout => "timeout",
            Self::Trap => "trap",
            Self::Busy => "busy",
            Self::Cancelled => "cancelled",
            Self::Guard => "guard",
        }
    }
}

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
    /// The kind, which decides whether a retry can help.
    pub kind: FailureKind,
    /// Place, problem, reason and advice, for a person. It never contains a secret or a value of a row.
    pub message: String,
    /// The plugin call in which it occurred, if any.
    pub site: Option<CallSite>,
}

impl Failure {
    /// Returns a failure of a kind.
    pub fn new(kind: FailureKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), site: None }
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
        self.site.get_or_insert_with(|| CallSite { plugin: plugin.to_owned(), function });
        self
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

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Failure {}

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
        write!(f, ": {}", self.failure.message)
    }
}

impl std::error::Error for StreamFailure {}
