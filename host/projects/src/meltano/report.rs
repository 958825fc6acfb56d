//! The parity report: the outcome for each part of the project.

use super::source::Placed;

/// The name of the report's file.
pub const REPORT_FILE: &str = "parity-report.md";

/// The kind of a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum PartKind {
    /// An environment.
    Environment,
    /// An extractor, loader, mapper or utility.
    Plugin,
    /// A setting of a plugin, or of the project.
    Setting,
    /// A stream of an extractor.
    Stream,
    /// A job.
    Job,
    /// A schedule.
    Schedule,
    /// The bookmark of a stream.
    State,
}

impl PartKind {
    /// Its name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Environment => "environment",
            Self::Plugin => "plugin",
            Self::Setting => "setting",
            Self::Stream => "stream",
            Self::Job => "job",
            Self::Schedule => "schedule",
            Self::State => "state",
        }
    }
}

/// The outcome for a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Parity {
    /// It means the same, in the same words.
    Carried,
    /// It means the same, in other words.
    Mapped,
    /// It means something else; the reason says what differs.
    Changed,
    /// Nothing here corresponds to it, and no row depends on it.
    Dropped,
    /// It cannot be decided from the files; the reason says what to do.
    ByHand,
}

impl Parity {
    /// All outcomes, in the order of reports.
    pub const ALL: [Self; 5] = [Self::Carried, Self::Mapped, Self::Changed, Self::Dropped, Self::ByHand];

    /// Its name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Carried => "carried",
            Self::Mapped => "mapped",
            Self::Changed => "changed",
            Self::Dropped => "dropped",
            Self::ByHand => "by hand",
        }
    }
}

/// A part of the project, and the outcome for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParityItem {
    /// The file, from the project's folder.
    pub file: String,
    /// The line; 0 for the file as a whole.
    pub line: usize,
    /// Its kind.
    pub kind: PartKind,
    /// Its name.
    pub name: String,
    /// The outcome for it.
    pub parity: Parity,
    /// The pipeline and the key in it; empty if there is none.
    pub to: String,
    /// The reason, and what to do; empty if there is nothing to say.
    pub reason: String,
}

/// The report as it is written; equal items of several environments are one.
#[derive(Debug, Default)]
pub(super) struct Report {
    items: Vec<ParityItem>,
}

impl Report {
    /// Adds a part without a place in the new files.
    pub(super) fn add(
        &mut self,
        at: Placed<'_>,
        kind: PartKind,
        name: &str,
        parity: Parity,
        reason: impl Into<String>,
    ) {
        self.add_to(at, (kind, name), parity, "", reason);
    }

    /// Adds a part with its place in the new files.
    pub(super) fn add_to(
        &mut self,
        at: Placed<'_>,
        (kind, name): (PartKind, &str),
        parity: Parity,
        to: &str,
        reason: impl Into<String>,
    ) {
        self.items.push(ParityItem {
            file: at.file.to_owned(),
            line: at.node.line,
            kind,
            name: name.to_owned(),
            parity,
            to: to.to_owned(),
            reason: reason.into(),
        });
    }

    /// Adds the bookmark of a stream.
    pub(super) fn add_state(&mut self, file: &str, stream: &str, parity: Parity, to: &str, reason: impl Into<String>) {
        self.items.push(ParityItem {
            file: file.to_owned(),
            line: 0,
            kind: PartKind::State,
            name: stream.to_owned(),
            parity,
            to: to.to_owned(),
            reason: reason.into(),
        });
    }

    /// The items in the order of the files; those that differ in their places in the new files only are one.
    pub(super) fn items(mut self) -> Vec<ParityItem> {
        self.items.sort_by(|a, b| a.without_to().cmp(&b.without_to()).then_with(|| a.to.cmp(&b.to)));
        self.items.dedup();
        let mut items: Vec<ParityItem> = Vec::new();
        for item in self.items {
            match items.last_mut() {
                Some(last) if last.without_to() == item.without_to() => {
                    last.to = [last.to.as_str(), &item.to].join(", ");
                }
                _ => items.push(item),
            }
        }
        items
    }
}

/// The report as Markdown.
pub fn parity_text(project: &str, items: &[ParityItem]) -> String {
    let mut text = format!("# Parity of {project}\n\n{}.\n\n", counts(items));
    text += "| outcome | part | name | from | to | reason |\n|---|---|---|---|---|---|\n";
    let cell = |words: &str| words.replace('|', "\\|").replace(['\n', '\r'], " ");
    for item in items {
        let words = [item.parity.name(), item.kind.name(), &item.name, &item.place(), &item.to, &item.reason];
        text += &format!("| {} |\n", words.map(cell).join(" | "));
    }
    text
}

/// The number of items of each outcome, in words.
pub fn counts(items: &[ParityItem]) -> String {
    let count = |parity| items.iter().filter(|item| item.parity == parity).count();
    Parity::ALL.map(|parity| format!("{} {}", count(parity), parity.name())).join(", ")
}

impl ParityItem {
    fn without_to(&self) -> (&str, usize, PartKind, &str, Parity, &str) {
        (&self.file, self.line, self.kind, &self.name, self.parity, &self.reason)
    }

    /// The file and the line.
    pub fn place(&self) -> String {
        if self.line == 0 { self.file.clone() } else { format!("{}:{}", self.file, self.line) }
    }
}
