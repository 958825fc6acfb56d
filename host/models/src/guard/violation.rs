//! The reason why SQL is refused.

/// The reason why SQL is refused, and its offset in the text that would run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Violation {
    pub(super) at: usize,
    pub(super) what: String,
}
