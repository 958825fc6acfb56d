//! Clauses: the demands on a component.

use wmshost_sandbox::World;

use super::subject::Subject;
use super::verdict::Verdict;

/// A demand that a component must meet.
#[derive(Debug, Clone, Copy)]
pub struct Clause {
    /// Its name.
    pub name: &'static str,
    /// The world that it is for; `None` for all.
    pub world: Option<World>,
    /// The demand, in one sentence.
    pub demand: &'static str,
    /// The reason for it, and the way in which it is examined.
    pub explanation: &'static str,
    /// The clauses that must pass before.
    pub(super) needs: &'static [&'static str],
    /// Examines a component.
    pub(super) check: fn(&Subject<'_>) -> Verdict,
}

/// The part that the clauses of one list share.
pub(super) struct Common {
    pub(super) world: Option<World>,
    pub(super) needs: &'static [&'static str],
}

impl Common {
    /// Returns a clause of the list.
    pub(super) const fn clause(
        &self,
        name: &'static str,
        demand: &'static str,
        explanation: &'static str,
        check: fn(&Subject<'_>) -> Verdict,
    ) -> Clause {
        Clause { name, world: self.world, demand, explanation, needs: self.needs, check }
    }
}
