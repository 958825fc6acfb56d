//! The outcome of a model's build, and its consequence for the models that read it.

/// The action taken for a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Its view was created.
    View,
    /// It was built in full.
    Full,
    /// Only changes were applied.
    Incremental,
    /// New versions of rows were added.
    Versions,
    /// Nothing was done: neither it nor its inputs have changed.
    Unchanged,
    /// Nothing was done: its SQL is part of other models.
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

/// The action taken, and the numbers of rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct BuildOutcome {
    pub(super) action: Action,
    pub(super) rows: Option<u64>,
    pub(super) changed: u64,
    /// True if rows were deleted, or may have been.
    pub(super) lost: bool,
    /// True if the kept before images continue those of earlier builds.
    pub(super) keeps_chain: bool,
}

impl BuildOutcome {
    /// The outcome of an action that changes no row.
    pub(super) fn nothing(action: Action, rows: Option<u64>) -> Self {
        Self { action, rows, changed: 0, lost: false, keeps_chain: true }
    }
}
