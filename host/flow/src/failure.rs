//! Why something did not happen. A failure knows its kind, which decides between retry and stop, and its
//! message, which tells a person what to do; the stream adds where in the flow it stood.

use std::fmt;

/// What a failure means for whoever asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailureKind {
    /// The pipeline file asks for something that cannot be had. A retry does not help.
    InvalidConfig,
    /// No right was granted. A retry does not help.
    Denied,
    /// A state that passes by itself. A retry may help.
    Transient,
    /// The data or the call is wrong and stays wrong.
    Permanent,
    /// A limit of the host was reached.
    Limit,
    /// A call took longer than it may.
    Timeout,
    /// A plugin broke off: it trapped.
    Trap,
    /// Another run holds the stream, or builds the models.
    Busy,
    /// The run was asked to stop.
    Cancelled,
    /// A guard stopped what would have been done until a person allows it. A retry does not help.
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

/// The plugin and the function of it that a failure came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallSite {
    /// The plugin's name in the pipeline file.
    pub plugin: String,
    /// The exported function that was called.
    pub function: &'static str,
}

/// Why something did not happen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// What it means for a retry.
    pub kind: FailureKind,
    /// Where, what, why, what to do; for a person. Never holds a secret or a row's value.
    pub message: String,
    /// The plugin call it came from, if it came from one.
    pub site: Option<CallSite>,
}

impl Failure {
    /// A failure of a kind.
    pub fn new(kind: FailureKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), site: None }
    }

    /// The pipeline file asks for something that cannot be had.
    pub fn invalid_config(message: impl Into<String>) -> Self {
        Self::new(FailureKind::InvalidConfig, message)
    }

    /// No right was granted.
    pub fn denied(message: impl Into<String>) -> Self {
        Self::new(FailureKind::Denied, message)
    }

    /// A state that passes by itself.
    pub fn transient(message: impl Into<String>) -> Self {
        Self::new(FailureKind::Transient, message)
    }

    /// The data or the call is wrong and stays wrong.
    pub fn permanent(message: impl Into<String>) -> Self {
        Self::new(FailureKind::Permanent, message)
    }

    /// A limit was reached: its name, its value, what was asked for.
    pub fn limit(name: &str, limit: impl fmt::Display, asked: impl fmt::Display) -> Self {
        Self::new(FailureKind::Limit, format!("limit {name}: {limit} allowed, {asked} asked for"))
    }

    /// A call took longer than it may: the limit's name and its value.
    pub fn timeout(name: &str, limit: impl fmt::Display) -> Self {
        Self::new(FailureKind::Timeout, format!("limit {name}: {limit} allowed, more asked for"))
    }

    /// The same failure, said to come from this plugin call unless it names one already.
    #[must_use]
    pub fn at(mut self, plugin: &str, function: &'static str) -> Self {
        self.site.get_or_insert_with(|| CallSite { plugin: plugin.to_owned(), function });
        self
    }

    /// The same failure with words after its message.
    #[must_use]
    pub fn and(mut self, more: impl fmt::Display) -> Self {
        self.message = format!("{}; {more}", self.message);
        self
    }

    /// The same failure with words in front of its message.
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

/// A failure, and where in a stream it stood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamFailure {
    /// The stream's name.
    pub stream: String,
    /// The stage.
    pub stage: Stage,
    /// The number of the batch, from 1; `None` before the first one.
    pub batch: Option<u64>,
    /// What happened.
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
