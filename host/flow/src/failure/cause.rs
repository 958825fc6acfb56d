//! Where a failure comes from, as plain data: a database's code and its class, a component that broke off, the system.
//! A driver or the sandbox puts it there once; nothing after it reads a message to find it out.

use std::fmt;

use super::kind::FailureKind;

/// The meaning of a database's error, whichever database it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ErrorClass {
    /// The connection is gone or cannot be had now.
    ConnectionLost,
    /// Nobody can say whether the commit took place.
    Unknown,
    /// The transaction lost against another one.
    Conflict,
    /// The snapshot cannot be read any more.
    Snapshot,
    /// The server took too long.
    Timeout,
    /// A right is missing.
    Denied,
    /// The login is wrong, locked or expired.
    Login,
    /// A row breaks a rule of its table.
    Row,
    /// The server lacks a feature that the statement asks for.
    Unsupported,
    /// Anything else.
    Permanent,
}

impl ErrorClass {
    /// All classes, in the order in which they are documented.
    pub const ALL: [Self; 10] = [
        Self::ConnectionLost,
        Self::Unknown,
        Self::Conflict,
        Self::Snapshot,
        Self::Timeout,
        Self::Denied,
        Self::Login,
        Self::Row,
        Self::Unsupported,
        Self::Permanent,
    ];

    /// The class's name in the documentation.
    pub fn name(self) -> &'static str {
        match self {
            Self::ConnectionLost => "connection lost",
            Self::Unknown => "unknown",
            Self::Conflict => "conflict",
            Self::Snapshot => "snapshot",
            Self::Timeout => "timeout",
            Self::Denied => "denied",
            Self::Login => "login",
            Self::Row => "row",
            Self::Unsupported => "unsupported",
            Self::Permanent => "permanent",
        }
    }

    /// Returns the class with this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|class| class.name() == name)
    }

    /// The kind of the failure that an error of this class becomes.
    pub fn kind(self) -> FailureKind {
        match self {
            Self::ConnectionLost | Self::Unknown | Self::Conflict | Self::Snapshot | Self::Timeout => {
                FailureKind::Transient
            }
            Self::Denied | Self::Login => FailureKind::Denied,
            Self::Row | Self::Unsupported | Self::Permanent => FailureKind::Permanent,
        }
    }

    /// Returns whether the connection is of no more use.
    pub fn is_connection_lost(self) -> bool {
        matches!(self, Self::ConnectionLost | Self::Unknown)
    }

    /// Returns whether connecting again may help.
    pub fn is_retryable(self) -> bool {
        matches!(self, Self::ConnectionLost | Self::Timeout | Self::Unknown)
    }
}

/// The end of a component, or of a call of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WasmError {
    /// The file holds no component.
    NotAComponent,
    /// The component does not keep to the contract.
    ForeignContract,
    /// It called `exit` with this code.
    Exit(i32),
    /// It panicked.
    Panic,
    /// It asked for something that was not granted.
    NotGranted,
    /// It trapped, or ran out of memory.
    Trap,
    /// Its calls took too long together.
    TotalTime,
}

/// Where a failure comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailureCause {
    /// An error of Oracle, or of the client that talks to it.
    Oracle {
        /// Its number after `ORA-`; `None` if the client found it.
        code: Option<u32>,
        /// Its meaning.
        class: ErrorClass,
    },
    /// An error of SQLite.
    Sqlite {
        /// The extended result code.
        code: i32,
    },
    /// A component, or a call of it.
    Wasm(WasmError),
    /// An error of the system.
    Io(std::io::ErrorKind),
}

impl FailureCause {
    /// The number of an error of Oracle after `ORA-`.
    pub fn oracle_code(self) -> Option<u32> {
        match self {
            Self::Oracle { code, .. } => code,
            Self::Sqlite { .. } | Self::Wasm(_) | Self::Io(_) => None,
        }
    }

    /// The class of a database's error, where the driver knows one.
    pub fn class(self) -> Option<ErrorClass> {
        match self {
            Self::Oracle { class, .. } => Some(class),
            Self::Sqlite { .. } | Self::Wasm(_) | Self::Io(_) => None,
        }
    }
}

impl fmt::Display for FailureCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Oracle { code: Some(code), class } => write!(f, "ORA-{code:05} ({})", class.name()),
            Self::Oracle { code: None, class } => write!(f, "Oracle client ({})", class.name()),
            Self::Sqlite { code } => write!(f, "SQLite result code {code}"),
            Self::Wasm(error) => write!(f, "WebAssembly: {error:?}"),
            Self::Io(kind) => write!(f, "{kind}"),
        }
    }
}

impl std::error::Error for FailureCause {}

/// The advice that follows from the cause alone.
pub(crate) fn advice(cause: FailureCause) -> Option<&'static str> {
    match cause.class()? {
        ErrorClass::Snapshot => Some("start the run again for a new snapshot"),
        _ => None,
    }
}
