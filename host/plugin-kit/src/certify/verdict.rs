//! Verdicts over clauses.

use std::fmt::Display;

/// The verdict over a clause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// The component keeps it.
    Pass,
    /// It does not, for this reason.
    Fail(String),
    /// It was not examined, for this reason.
    Skip(String),
    /// A clause before it does not pass, so that it could not be examined.
    NotReached(String),
}

impl Verdict {
    /// The verdict's name in reports.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail(_) => "fail",
            Self::Skip(_) => "skip",
            Self::NotReached(_) => "not reached",
        }
    }

    /// The reason, if there is one.
    pub fn reason(&self) -> Option<&str> {
        match self {
            Self::Pass => None,
            Self::Fail(why) | Self::Skip(why) | Self::NotReached(why) => Some(why),
        }
    }

    /// Returns a failure.
    pub(super) fn fail(why: impl Display) -> Self {
        Self::Fail(why.to_string())
    }

    /// Returns a pass if there is no objection.
    pub(super) fn of(objection: Option<String>) -> Self {
        objection.map_or(Self::Pass, Self::Fail)
    }
}

/// Returns the value, or ends with the failure of a clause.
macro_rules! attempt {
    ($result:expr) => {
        match $result {
            Ok(value) => value,
            Err(why) => return $crate::certify::verdict::Verdict::fail(why),
        }
    };
}

/// Returns the value, or ends with the verdict that is there instead.
macro_rules! given {
    ($result:expr) => {
        match $result {
            Ok(value) => value,
            Err(verdict) => return verdict,
        }
    };
}

pub(super) use {attempt, given};
