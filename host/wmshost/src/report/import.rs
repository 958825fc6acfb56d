//! The report of `wmshost import`.

use std::path::Path;

use wmshost_flow::Failure;
use wmshost_projects::{DbtImport, ItemStatus, ReportItem};

use super::documents::import::ImportDocument;
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

fn row(item: &ReportItem) -> Vec<String> {
    let place = if item.line == 0 { item.file.clone() } else { format!("{}:{}", item.file, item.line) };
    let words = [item.kind.name(), &item.name, item.status.name(), &place, &item.reason];
    words.map(str::to_owned).to_vec()
}
