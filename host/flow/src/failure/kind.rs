//! The kinds of failures.

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
