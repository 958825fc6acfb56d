//! What was done with a model, and what that means for the models that read it.

/// What was done with a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Its view was made.
    View,
    /// It was built in full.
    Full,
    /// What changed was taken in.
    Incremental,
    /// New versions of rows were taken in.
    Versions,
    /// Nothing: neither it nor what it reads has changed.
    Unchanged,
    /// Nothing: its SQL is part of others.
    Ephemeral,
}

impl Action {
    /// The action's name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::View => "view",
            Self::Full => "full",
            Self::Incremental => "incremental",
            Self::Versions => "versions",
            Self::Unchanged => "unchanged",
            Self::Ephemeral => "ephemeral",
        }
    }
}

/// What was done, and how many rows there are now and were touched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct BuildOutcome {
    pub(super) action: Action,
    pub(super) rows: Option<u64>,
    pub(super) changed: u64,
    /// True if rows went, or may have.
    pub(super) lost: bool,
    /// True if the before images that are kept go on from those of the builds before.
    pub(super) keeps_chain: bool,
}

impl BuildOutcome {
    /// What touches no row.
    pub(super) fn nothing(action: Action, rows: Option<u64>) -> Self {
        Self { action, rows, changed: 0, lost: false, keeps_chain: true }
    }
}
