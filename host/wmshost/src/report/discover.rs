//! The report of `wmshost discover`.

use wmshost_flow::Failure;
use wmshost_runtime::discover::{ChangeKeyCandidate, DiscoveredTable, Discovery, RowCount};

use super::documents::discover::{TableDocument, kind_name};
use super::{count, json, plain, print, section, table};
use crate::cli::Output;

/// Reports the tables, each with its columns.
pub(crate) fn discover(discovery: &Discovery, output: Output) -> Result<(), Failure> {
    if output == Output::Json {
        return json(&discovery.tables.iter().map(TableDocument::of).collect::<Vec<_>>());
    }
    for (at, found) in discovery.tables.iter().enumerate() {
        if at > 0 {
            print("");
        }
        one(found);
    }
    Ok(())
}

fn one(found: &DiscoveredTable) {
    let mut lines = vec![("kind", kind_name(found.kind).to_owned()), ("rows", rows(found.rows))];
    let unique = found.unique.iter().map(|columns| format!("{} (unique index)", columns.join(", ")));
    let keys: Vec<String> =
        Some(found.key.join(", ")).filter(|key| !key.is_empty()).into_iter().chain(unique).collect();
    lines.push(("key", if keys.is_empty() { "none".to_owned() } else { keys.join("; ") }));
    if !found.change_keys.is_empty() {
        let candidates: Vec<String> = found.change_keys.iter().map(candidate).collect();
        lines.push(("change keys", candidates.join("; ")));
    }
    for misfit in &found.sample.misfits {
        let (rows, of) = (count(misfit.rows), count(found.sample.rows));
        lines.push(("misfits", format!("{rows} of the first {of} rows: {}", misfit.reason)));
    }
    lines.extend(found.trouble.iter().map(|why| ("trouble", why.clone())));
    let lines: Vec<_> = lines.into_iter().map(|(name, text)| (name, plain(&text))).collect();
    section(&plain(&found.name), &lines);
    let rows = found.columns.iter().map(|column| {
        let null = if column.nullable { "" } else { "not null" };
        let rule = column.rule.as_ref().map(|rule| plain(rule)).unwrap_or_default();
        let kind = column.kind.clone().unwrap_or_default();
        vec![format!("  {}", plain(&column.name)), plain(&column.declared), kind, null.to_owned(), rule]
    });
    table(&["  column", "declared", "is read as", "", "better as"], &[], rows.collect());
}

fn rows(rows: RowCount) -> String {
    match rows {
        RowCount::Exact(rows) => count(rows),
        RowCount::Estimate(rows) => format!("about {}", count(rows)),
        RowCount::AtLeast(rows) => format!("at least {}", count(rows)),
        RowCount::Unknown => "unknown".to_owned(),
    }
}

fn candidate(candidate: &ChangeKeyCandidate) -> String {
    let index = if candidate.is_indexed { "indexed" } else { "no index" };
    let share =
        |percent: Option<f64>, word| percent.map(|percent| format!(", {percent:.0} % {word}")).unwrap_or_default();
    let (nulls, ties) = (share(candidate.null_percent, "NULL"), share(candidate.tied_percent, "tied"));
    format!("{} ({index}{nulls}{ties})", candidate.column)
}
