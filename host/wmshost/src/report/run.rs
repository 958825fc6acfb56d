//! The report of a run.

use console::style;
use wmshost_flow::{Comparison, Failure, Reaction, StreamStatus, StreamSummary};
use wmshost_runtime::history::RunStatus;
use wmshost_runtime::models::ModelsOutcome;
use wmshost_runtime::run::RunOutcome;

use super::documents::run::RunDocument;
use super::verify::kept;
use super::{count, failure, note, print, table};
use crate::exit::Exit;

/// Reports the loaded streams of a run.
pub(crate) fn run(outcome: &RunOutcome) {
    as_text(outcome);
    print_failures(outcome);
}

/// Reports a run as a whole, for programs.
pub(crate) fn run_as_json(outcome: &RunOutcome, models: Option<&ModelsOutcome>, exit: Exit) -> Result<(), Failure> {
    super::json(&RunDocument::of(outcome, models, exit))?;
    print_failures(outcome);
    Ok(())
}

fn print_failures(outcome: &RunOutcome) {
    for end in &outcome.streams {
        print_rejected(outcome, end);
        if let Some(at) = &end.failure {
            failure(&at.to_string());
        }
    }
    let Some(receipt) = &outcome.receipt else { return };
    let file = receipt.file.display();
    for stream in &receipt.different {
        failure(&format!(
            "{stream}: the target does not have the rows that were loaded: `wmshost receipt show {file}` shows where, and \
             `wmshost verify {} --stream {stream} --repair` mends it",
            outcome.file
        ));
    }
    let failed = |name: &String| outcome.streams.iter().any(|end| end.stream == *name && end.failure.is_some());
    for (stream, reason) in receipt.unproven.iter().filter(|(stream, _)| !failed(stream)) {
        note(&format!("{stream}: the receipt proves nothing about it: {reason}"));
    }
    note(&format!("receipt: {file}"));
}

/// Prints a note that rows were rejected, and the command that shows them.
fn print_rejected(outcome: &RunOutcome, end: &StreamSummary) {
    let rejected = end.stats.rejected;
    if rejected == 0 {
        return;
    }
    let (stream, file) = (&end.stream, &outcome.file);
    let look = format!("`wmshost quarantine list {file} --stream {stream}` shows why");
    let rows = count(rejected);
    match end.status {
        StreamStatus::Rejected => {
            failure(&format!("{stream}: every row that was read was rejected ({rows}), nothing was loaded: {look}"))
        }
        _ => note(&format!("{stream}: {rows} of {} rows were rejected: {look}", count(end.stats.read))),
    }
}

fn as_text(outcome: &RunOutcome) {
    let status = match outcome.status {
        RunStatus::Succeeded => style(outcome.status.name()).green(),
        RunStatus::Cancelled => style(outcome.status.name()).yellow(),
        _ => style(outcome.status.name()).red(),
    };
    let head = ["stream", "status", "read", "written", "unchanged", "rejected", "seconds", "rows/s", "bookmark"];
    let rows = outcome.streams.iter().map(|end| {
        let stats = &end.stats;
        vec![
            end.stream.clone(),
            shown_status(end.status),
            count(stats.read),
            count(stats.written),
            count(stats.unchanged),
            count(stats.rejected),
            format!("{:.2}", end.seconds),
            per_second(stats.read, end.seconds),
            end.bookmark.as_ref().map(ToString::to_string).unwrap_or_default(),
        ]
    });
    table(&head, &[2, 3, 4, 5, 6, 7], rows.collect());
    for end in &outcome.streams {
        print_definition_changes(end);
        for change in &end.schema_changes {
            note(&format!("{}: column {change}", end.stream));
        }
        if end.stats.duplicates > 0 {
            note(&format!(
                "{}: {} rows have a key that another row of this run has; the target keeps one of each. A row's key must be \
                 its own: see `key`, and count them by `wmshost verify`",
                end.stream,
                count(end.stats.duplicates)
            ));
        }
        if let Some(denied) = outcome.denials.get(&end.stream) {
            note(&format!(
                "{}: {} calls of its plugins were denied: `wmshost logs {}` has each, `wmshost plugin grants {}` what is granted",
                end.stream,
                count(*denied),
                outcome.run_id,
                outcome.file
            ));
        }
        if let Some(found) = &end.comparison {
            note(&format!("{}: {}", end.stream, compared(found)));
            for text in missing_keys(&outcome.file, &end.stream, found).into_iter().chain(kept(found)) {
                note(&format!("{}: {text}", end.stream));
            }
        }
    }
    print(&format!("run {}: pipeline {} {status} in {:.2} s", outcome.run_id, outcome.pipeline, outcome.seconds));
}

/// The result of a comparison of source and target, in one sentence.
fn compared(found: &Comparison) -> String {
    let deleted = match (found.is_complete, found.deleted) {
        (false, _) => ", none was deleted: the comparison broke off",
        (true, 0) if found.extra > 0 => ", none was deleted",
        (true, _) => "",
    };
    let extra = count(found.extra);
    if found.is_by_keys {
        return format!("its keys were compared with those of its source: {extra} no longer in the source{deleted}");
    }
    format!(
        "compared with its source: {} rows were missing, {} different, {extra} no longer in the source{deleted}",
        count(found.missing),
        count(found.different)
    )
}

/// Says how to load the rows that a comparison by keys found to be missing.
fn missing_keys(file: &str, stream: &str, found: &Comparison) -> Option<String> {
    (found.is_by_keys && found.missing > 0).then(|| {
        format!(
            "{} rows of the source are not in the target: `wmshost verify {file} --stream {stream} --repair` loads them, \
             unless the stream leaves them out",
            count(found.missing)
        )
    })
}

/// The same for people.
pub(crate) fn print_definition_changes(end: &StreamSummary) {
    // The failure names the changes that caused it.
    for change in end.definition_changes.iter().filter(|change| change.reaction != Reaction::Fail) {
        note(&format!("{}: {change}: {}", end.stream, change.consequence));
    }
}

fn shown_status(status: StreamStatus) -> String {
    let name = style(status.name());
    match status {
        StreamStatus::Succeeded | StreamStatus::Unchanged => name.green(),
        StreamStatus::Cancelled | StreamStatus::NotRun => name.yellow(),
        StreamStatus::Failed | StreamStatus::Rejected => name.red(),
    }
    .to_string()
}

/// A rate; empty for streams that are too short to have one.
pub(super) fn per_second(rows: u64, seconds: f64) -> String {
    if rows == 0 || seconds < 0.001 {
        return String::new();
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "a rate for people"
    )]
    count((rows as f64 / seconds) as u64)
}
