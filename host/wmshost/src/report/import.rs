//! The report of `wmshost import`.

use std::path::Path;

use wmshost_flow::Failure;
use wmshost_projects::{DbtImport, ItemStatus, MeltanoImport, ReportItem, counts};

use super::documents::import::{ImportDocument, MeltanoDocument};
use super::{json, note, print, table};
use crate::cli::Output;

/// Reports what became of each part of a dbt project.
pub(crate) fn dbt(import: &DbtImport, folder: Option<&Path>, output: Output) -> Result<(), Failure> {
    if output == Output::Json {
        return json(&ImportDocument::new(import, folder));
    }
    let head = ["kind", "name", "status", "place", "reason"];
    table(&head, &[], import.items.iter().map(row).collect());
    let count = |status| import.items.iter().filter(|item| item.status == status).count();
    let counts = [ItemStatus::TakenOver, ItemStatus::ByHand, ItemStatus::LeftOut, ItemStatus::Refused]
        .map(|status| format!("{} {}", count(status), status.name()));
    print(&format!("project {}: {}", import.name, counts.join(", ")));
    if let Some(folder) = folder {
        note(&format!(
            "written to {}; name it under `project` of [models]. It reads the streams {}",
            folder.display(),
            import.streams.join(", ")
        ));
    }
    Ok(())
}

/// Reports what became of each part of a Meltano project.
pub(crate) fn meltano(import: &MeltanoImport, folder: Option<&Path>, output: Output) -> Result<(), Failure> {
    if output == Output::Json {
        return json(&MeltanoDocument::new(import, folder));
    }
    let row = |item: &wmshost_projects::ParityItem| {
        [item.parity.name(), item.kind.name(), &item.name, &item.place(), &item.to, &item.reason]
            .map(str::to_owned)
            .to_vec()
    };
    table(&["outcome", "part", "name", "from", "to", "reason"], &[], import.items.iter().map(row).collect());
    print(&counts(&import.items));
    let Some(folder) = folder else { return Ok(()) };
    note(&format!("written to {}: {} pipelines; next: wmshost check", folder.display(), import.pipelines.len()));
    if import.files.iter().any(|(path, _)| path.ends_with(".state.json")) {
        note(
            "each NAME.state.json is for `wmshost state import PIPELINE --file NAME.state.json`, before the first run and \
             after the last one of Meltano",
        );
    }
    Ok(())
}

fn row(item: &ReportItem) -> Vec<String> {
    let place = if item.line == 0 { item.file.clone() } else { format!("{}:{}", item.file, item.line) };
    let words = [item.kind.name(), &item.name, item.status.name(), &place, &item.reason];
    words.map(str::to_owned).to_vec()
}
