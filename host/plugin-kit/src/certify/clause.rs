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
