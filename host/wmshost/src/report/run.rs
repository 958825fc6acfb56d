//! The report of a run.

use console::style;
use serde_json::json;
use wmshost_flow::{Comparison, DefinitionChange, Reaction, StreamStatus, StreamSummary};
use wmshost_state::RunStatus;

use super::{bookmark_json, count, failure, note, print, table};
use crate::cli::Output;

/// A run that has ended.
pub(crate) struct RunReport<'a> {
    pub(crate) run_id: &'a str,
    pub(crate) pipeline: &'a str,
    /// The pipeline file, as it was named.
    pub(crate) file: &'a str,
    pub(crate) status: RunStatus,
    pub(crate) seconds: f64,
    pub(crate) streams: &'a [StreamSummary],
}

/// Reports the result of a run.
pub(crate) fn run(report: &RunReport<'_>, output: Output) {
    match output {
        Output::Json => super::json(&as_json(report)),
        Output::Text => as_text(report),
    }
    for end in report.streams {
        print_rejected(report, end);
        if let Some(at) = &end.failure {
            failure(&at.to_string());
        }
    }
}

/// Prints a note that rows were rejected, and the command that shows them.
fn print_rejected(report: &RunReport<'_>, end: &StreamSummary) {
    let rejected = end.stats.rejected;
    if rejected == 0 {
        return;
    }
    let (stream, file) = (&end.stream, report.file);
    let look = format!("`wmshost quarantine list {file} --stream {stream}` shows why");
    let rows = count(rejected);
    match end.status {
        StreamStatus::Rejected => {
            failure(&format!("{stream}: every row that was read was rejected ({rows}), nothing was loaded: {look}"))
        }
        _ => note(&format!("{stream}: {rows} of {} rows were rejected: {look}", count(end.stats.read))),
    }
}

fn as_json(report: &RunReport<'_>) -> serde_json::Value {
    let streams: Vec<_> = report
        .streams
        .iter()
        .map(|end| {
            json!({
                "stream": end.stream,
                "status": end.status.name(),
                "rows_read": end.stats.read,
                "rows_written": end.stats.written,
                "rows_unchanged": end.stats.unchanged,
                "rows_rejected": end.stats.rejected,
                "rows_filtered": end.stats.filtered,
                "rows_deleted": end.stats.deleted,
                "rows_with_duplicate_keys": end.stats.duplicates,
                "bytes": end.stats.bytes,
                "seconds": end.seconds,
                "bookmark": end.bookmark.as_ref().map(bookmark_json),
                "schema_changes": end.schema_changes,
                "definition_changes": definition_changes(&end.definition_changes),
                "reconciled": end.comparison.as_ref().map(|found| json!({
                    "missing": found.missing,
                    "extra": found.extra,
                    "different": found.different,
                    "repaired": found.repaired(),
                    "deleted": found.deleted,
                    "outdated": found.outdated,
                    "source_duplicates": found.source_duplicates,
                    "complete": found.is_complete,
                })),
                "error": end.failure.as_ref().map(|at| json!({
                    "kind": at.failure.kind.name(),
                    "stage": at.stage.to_string(),
                    "batch": at.batch,
                    "plugin": at.failure.site.as_ref().map(|site| &site.plugin),
                    "function": at.failure.site.as_ref().map(|site| site.function),
                    "message": at.failure.message,
                })),
            })
        })
        .collect();
    json!({
        "run_id": report.run_id,
        "pipeline": report.pipeline,
        "status": report.status.name(),
        "seconds": report.seconds,
        "streams": streams,
    })
}

fn as_text(report: &RunReport<'_>) {
    let status = match report.status {
        RunStatus::Succeeded => style(report.status.name()).green(),
        RunStatus::Cancelled => style(report.status.name()).yellow(),
        _ => style(report.status.name()).red(),
    };
    let head = ["stream", "status", "read", "written", "unchanged", "rejected", "seconds", "rows/s", "bookmark"];
    let rows = report.streams.iter().map(|end| {
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
    for end in report.streams {
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
        if let Some(found) = &end.comparison {
            note(&format!("{}: {}", end.stream, compared(found)));
        }
    }
    print(&format!("run {}: pipeline {} {status} in {:.2} s", report.run_id, report.pipeline, report.seconds));
}

/// The result of a comparison of source and target, in one sentence.
fn compared(found: &Comparison) -> String {
    let deleted = match (found.is_complete, found.deleted) {
        (false, _) => ", none was deleted: the comparison broke off",
        (true, 0) if found.extra > 0 => ", none was deleted",
        (true, _) => "",
    };
    format!(
        "compared with its source: {} rows were missing, {} different, {} no longer in the source{deleted}",
        count(found.missing),
        count(found.different),
        count(found.extra)
    )
}

/// The differences between a stream's definition and that of its checkpoint, for programs.
pub(crate) fn definition_changes(changes: &[DefinitionChange]) -> serde_json::Value {
    let change = |change: &DefinitionChange| {
        json!({
            "text": change.to_string(),
            "what": change.subject,
            "before": change.before,
            "after": change.after,
            "impact": change.impact.name(),
            "reaction": change.reaction.name(),
            "consequence": change.consequence,
        })
    };
    changes.iter().map(change).collect()
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
