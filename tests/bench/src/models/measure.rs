//! The measure of a bench of models: its rounds, costs and kinds of change.

use std::time::Duration;

/// The number of times that each thing is measured; the median counts.
pub(crate) const ROUNDS: u64 = 3;

/// The cost of a process.
#[derive(Clone, Copy)]
pub(crate) struct Took {
    pub(crate) wall: Duration,
    pub(crate) cpu: Duration,
}

/// The kind of change in the warehouse.
#[derive(Clone, Copy)]
pub(crate) enum Change {
    /// A day of activity: rows of all tables are new, changed, or late.
    Warehouse,
    /// Quantities of allocations.
    Allocations,
}

impl Change {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Warehouse => "warehouse",
            Self::Allocations => "allocations",
        }
    }
}
