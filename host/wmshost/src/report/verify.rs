//! The report of `wmshost verify`: the differences between source and target.

use wmshost_flow::{Comparison, Failure};
use wmshost_runtime::verify::VerifyOutcome;

use super::documents::verify::VerifyDocument;
use super::{count, failure, json, note, print, table};
use crate::cli::Output;

/// Reports a comparison, with at most `show` rows of each stream that differ.
pub(crate) fn verify(outcome: &VerifyOutcome, show: usize, output: Output) -> Result<(), Failure> {
    match output {
        Output::Json => json(&VerifyDocument::from(outcome))?,
        Output::Text => print_report(outcome, show),
    }
    for at in outcome.failures() {
        failure(&at.to_string());
    }
    if outcome.is_cancelled {
        let (done, all) = (outcome.completed(), outcome.selected);
        note(&format!("stopped by a signal: {done} of {all} streams were compared to their end"));
    }
    Ok(())
}

fn print_report(outcome: &VerifyOutcome, show: usize) {
    let rows = outcome.streams.iter().map(|verified| {
        let found = &verified.compared.found;
        let counts = [
            found.source_rows,
            found.target_rows,
            found.rejected,
            found.missing,
            found.extra,
            found.different,
            found.repaired(),
        ];
        let mut row = vec![verified.stream.clone(), verified.result().to_owned()];
        row.extend(counts.map(count));
        row.push(format!("{:.2}", verified.seconds));
        row
    });
    let head =
        ["stream", "result", "source", "target", "rejected", "missing", "extra", "different", "repaired", "seconds"];
    table(&head, &[2, 3, 4, 5, 6, 7, 8, 9], rows.collect());
    for verified in &outcome.streams {
        print_stream(outcome.repair, show, &verified.stream, &verified.compared.found);
    }
}

fn print_stream(repair: bool, show: usize, stream: &str, found: &Comparison) {
    for text in notes(repair, found) {
        note(&format!("{stream}: {text}"));
    }
    for difference in found.samples.iter().take(show) {
        let columns = match difference.columns.as_slice() {
            [] => String::new(),
            columns => format!(" in {}", columns.join(", ")),
        };
        print(&format!("{stream}: {} {}{columns}", difference.kind.name(), difference.key));
    }
    let all = found.differing() + found.source_duplicates + found.target_duplicates;
    let more = all.saturating_sub(show as u64);
    if more > 0 && show > 0 {
        print(&format!("{stream}: and {} more", count(more)));
    }
}

/// Explanations of the counts of a comparison.
fn notes(repair: bool, found: &Comparison) -> Vec<String> {
    let mut notes = Vec::new();
    if repair && found.is_complete && found.extra > found.deleted {
        notes.push(format!("{} extra rows stay, as the stream's `deletes` says", found.extra - found.deleted));
    }
    notes.extend(kept(found));
    if found.refused > 0 {
        let refused = count(found.refused);
        notes.push(format!("the target refused {refused} rows; they are in quarantine, see `wmshost quarantine list`"));
    }
    for (side, rows) in [("source", found.source_duplicates), ("target", found.target_duplicates)] {
        if rows > 0 {
            notes.push(format!(
                "{} rows of the {side} have a key that another row of it has: a row's key must be its own, see `key`",
                count(rows)
            ));
        }
    }
    if !found.columns_left_out.is_empty() {
        notes.push(format!("the target does not have {}", found.columns_left_out.join(", ")));
    }
    notes.extend(hint(found).filter(|_| !repair));
    notes
}

/// Says what a repair would do, if it can do something.
fn hint(found: &Comparison) -> Option<String> {
    let repairs = match (found.missing + found.different, found.extra) {
        _ if !found.is_complete => return None,
        (0, 0) => return None,
        (0, _) => "treats extra rows as the stream's `deletes` says",
        (_, 0) => "loads what is missing or different",
        _ => "loads what is missing or different, and treats extra rows as the stream's `deletes` says",
    };
    Some(format!("{} of {} ranges of keys differ; --repair {repairs}", found.ranges_different, found.ranges))
}

/// Says which rows of the target stay because of rejected rows of the source.
pub(super) fn kept(found: &Comparison) -> Vec<String> {
    let mut notes = Vec::new();
    if found.outdated > 0 {
        let outdated = count(found.outdated);
        notes.push(format!("{outdated} rows of the target stay as they were, for their new versions are rejected"));
    }
    if found.unclear > 0 {
        let gone = match found.unclear.saturating_sub(found.unreadable_keys) {
            0 => String::new(),
            gone => format!("; at least {} of them are no longer in the source", count(gone)),
        };
        notes.push(format!(
            "{} rows of the target stay: each may be one of {} rejected rows of the source whose key cannot be read{gone}; \
             see `wmshost quarantine list`",
            count(found.unclear),
            count(found.unreadable_keys)
        ));
    }
    notes
}
