//! The report of `wmshost sample`: the tables of the sample warehouse.

use wmshost_flow::Failure;
use wmshost_sample::Summary;

use super::documents::sample::SampleDocument;
use super::{count, json, print, table};
use crate::cli::Output;

/// Reports the sample warehouse after it was created or changed.
pub(crate) fn sample(summary: &Summary, output: Output) -> Result<(), Failure> {
    if output == Output::Json {
        return json(&SampleDocument::from(summary));
    }
    let rows = summary.tables.iter().map(|table| {
        let counts = [table.rows, table.inserted, table.updated, table.deleted];
        let mut row = vec![table.table.to_owned()];
        row.extend(counts.map(count));
        row
    });
    let head = ["table", "rows", "inserted", "updated", "deleted"];
    table(&head, &[1, 2, 3, 4], rows.collect());
    print(&format!("{}: {} in {:.2} s", summary.file.display(), indicatif::HumanBytes(summary.bytes), summary.seconds));
    Ok(())
}
