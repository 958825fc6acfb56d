//! The output of `import dbt` and `import meltano`.

use std::path::Path;

use schemars::JsonSchema;
use serde::Serialize;
use wmshost_projects::{DbtImport, MeltanoImport, ParityItem, ReportItem};

/// The result of an import.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct ImportDocument {
    /// The project's name.
    project: String,
    /// The folder that was written; null if none was.
    folder: Option<String>,
    /// The streams that the models read.
    streams: Vec<String>,
    /// The report on each part.
    items: Vec<ImportItemDocument>,
}

/// The outcome for a part.
#[derive(Debug, Serialize, JsonSchema)]
struct ImportItemDocument {
    /// Its kind: `model`, `seed`, `snapshot`, `source`, `test` or `other`.
    kind: &'static str,
    /// Its name.
    name: String,
    /// Its outcome: `taken over`, `by hand`, `left out` (it is disabled) or `refused`.
    status: &'static str,
    /// The file, from the project's folder.
    file: String,
    /// The line; null for the file as a whole.
    line: Option<usize>,
    /// The reasons and remarks; null if there is nothing to say.
    reason: Option<String>,
}

impl ImportDocument {
    /// Makes the document of an import.
    pub(crate) fn new(import: &DbtImport, folder: Option<&Path>) -> Self {
        Self {
            project: import.name.clone(),
            folder: folder.map(|folder| folder.display().to_string()),
            streams: import.streams.clone(),
            items: import.items.iter().map(item).collect(),
        }
    }
}

fn item(item: &ReportItem) -> ImportItemDocument {
    ImportItemDocument {
        kind: item.kind.name(),
        name: item.name.clone(),
        status: item.status.name(),
        file: item.file.clone(),
        line: Some(item.line).filter(|line| *line > 0),
        reason: Some(item.reason.clone()).filter(|reason| !reason.is_empty()),
    }
}

/// The result of an import of a Meltano project.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct MeltanoDocument {
    /// The folder that was written; null if none was.
    folder: Option<String>,
    /// The pipelines, by their names.
    pipelines: Vec<String>,
    /// The files of the folder.
    files: Vec<String>,
    /// The report on each part.
    items: Vec<ParityDocument>,
}

/// The outcome for a part of a Meltano project.
#[derive(Debug, Serialize, JsonSchema)]
struct ParityDocument {
    /// Its outcome: `carried` (the same), `mapped` (the same in other words), `changed` (it means something else),
    /// `dropped` (nothing corresponds to it) or `by hand`.
    outcome: &'static str,
    /// Its kind: `environment`, `plugin`, `setting`, `stream`, `job`, `schedule` or `state`.
    kind: &'static str,
    /// Its name.
    name: String,
    /// The file, from the project's folder.
    file: String,
    /// The line; null for the file as a whole.
    line: Option<usize>,
    /// The pipelines and the keys in them, or the file; null if there is none.
    to: Option<String>,
    /// The reason, and what to do; null if there is nothing to say.
    reason: Option<String>,
}

impl MeltanoDocument {
    /// Makes the document of an import.
    pub(crate) fn new(import: &MeltanoImport, folder: Option<&Path>) -> Self {
        Self {
            folder: folder.map(|folder| folder.display().to_string()),
            pipelines: import.pipelines.clone(),
            files: import.files.iter().map(|(path, _)| path.clone()).collect(),
            items: import.items.iter().map(parity).collect(),
        }
    }
}

fn parity(item: &ParityItem) -> ParityDocument {
    ParityDocument {
        outcome: item.parity.name(),
        kind: item.kind.name(),
        name: item.name.clone(),
        file: item.file.clone(),
        line: Some(item.line).filter(|line| *line > 0),
        to: Some(item.to.clone()).filter(|to| !to.is_empty()),
        reason: Some(item.reason.clone()).filter(|reason| !reason.is_empty()),
    }
}
