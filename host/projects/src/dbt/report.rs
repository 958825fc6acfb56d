//! The report on each part of a project.

/// The kind of a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ItemKind {
    /// A model.
    Model,
    /// A seed.
    Seed,
    /// A snapshot.
    Snapshot,
    /// A table that models read.
    Source,
    /// A generic or a singular test.
    Test,
    /// Anything else: hooks, metrics, files that cannot be read.
    Other,
}

impl ItemKind {
    /// Its name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Model => "model",
            Self::Seed => "seed",
            Self::Snapshot => "snapshot",
            Self::Source => "source",
            Self::Test => "test",
            Self::Other => "other",
        }
    }
}

/// The outcome for a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ItemStatus {
    /// It is in the new project, with the same meaning.
    TakenOver,
    /// It is in the new project, and something of it has to be done by hand.
    ByHand,
    /// It is disabled in the project, and is not in the new one.
    LeftOut,
    /// It is not in the new project.
    Refused,
}

impl ItemStatus {
    /// Its name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::TakenOver => "taken over",
            Self::ByHand => "by hand",
            Self::LeftOut => "left out",
            Self::Refused => "refused",
        }
    }
}

/// A part of the project, and the outcome for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportItem {
    /// Its kind.
    pub kind: ItemKind,
    /// Its name.
    pub name: String,
    /// The outcome for it.
    pub status: ItemStatus,
    /// The file, from the project's folder.
    pub file: String,
    /// The line; 0 for the file as a whole.
    pub line: usize,
    /// The reasons and remarks; empty if there is nothing to say.
    pub reason: String,
}

impl ReportItem {
    /// A part of another kind that is refused.
    pub(super) fn other(name: &str, line: usize, file: &str, reason: String) -> Self {
        let (kind, status) = (ItemKind::Other, ItemStatus::Refused);
        Self { kind, name: name.to_owned(), status, file: file.to_owned(), line, reason }
    }
}
