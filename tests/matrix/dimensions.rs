//! The dimensions that the matrices of all databases have.

use std::fmt;

use crate::cell::Cell;
use crate::values::Family;

/// A declared type, and the values of its columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Kind {
    /// The type as it is declared.
    pub(crate) declared: &'static str,
    /// The family of the values.
    pub(crate) family: Family,
    /// True if the host may refuse a key of this kind.
    pub(crate) may_be_refused: bool,
}

pub(crate) const fn kind(declared: &'static str, family: Family) -> Kind {
    Kind { declared, family, may_be_refused: false }
}

/// A kind that no rule knows, or that has no order: the host may refuse it, but must not lose a row.
pub(crate) const fn odd(declared: &'static str, family: Family) -> Kind {
    Kind { declared, family, may_be_refused: true }
}

macro_rules! dimension {
    ($(#[$doc:meta])* $name:ident { $($value:ident),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub(crate) enum $name { $($value),* }

        impl $name {
            pub(crate) const ALL: &'static [Self] = &[$(Self::$value),*];
        }
    };
}
pub(crate) use dimension;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Method {
    Full,
    Incremental,
    Append,
}
dimension!(Deletes { Ignore, Soft, Hard });
dimension!(
    /// Rows that are committed late: none, within the lookback, or later, so that only a comparison finds them.
    Late { None, Lookback, Reconcile }
);

dimension!(
    /// Rows without a change key.
    NullChange { None, Include, Ignore, Reject }
);
dimension!(
    /// Values that do not fit: none, in another column with either policy, in the key.
    Bad { None, Reject, Fail, Key }
);
dimension!(
    /// The command that it interrupts.
    When { First, Second, FollowUp }
);
dimension!(
    /// The command after the second run.
    FollowUp { Run, Verify, Repair, Replay, Backfill, FullRefresh }
);

/// Rows in a batch that is read or written.
pub(crate) const BATCHES: &[usize] = &[1, 2, 3, 7, 100];

impl Cell {
    /// True if a run compares source and target after its load.
    pub(crate) fn reconciles(&self) -> bool {
        self.method != Method::Full && (self.deletes != Deletes::Ignore || self.late == Late::Reconcile)
    }
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all: Vec<_> = self.coordinates().iter().map(|(name, value)| format!("{name}: {value}")).collect();
        write!(f, "cell {}: {}, occurrence: {}", self.seed, all.join(", "), self.occurrence)
    }
}
