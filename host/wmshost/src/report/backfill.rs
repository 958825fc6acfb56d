//! The report of `wmshost backfill`: the windows of a stream.

use wmshost_flow::{Failure, StreamStats};
use wmshost_runtime::backfill::{BackfillOutcome, WindowOutcome};
use wmshost_runtime::history::RunStatus;

use super::documents::backfill::{BackfillDocument, total, window_status};
use super::{count, failure, json, note, table};
use crate::cli::Output;

/// Reports a backfill.
pub(crate) fn backfill(outcome: &BackfillOutcome, output: Output) -> Result<(), Failure> {
    let windows = &outcome.windows;
    if output == Output::Json {
        json(&BackfillDocument::from(outcome))?;
    } else {
        let (stats, seconds) = total(windows);
        let total = row(["total".to_owned(), String::new(), outcome.status.name().to_owned()], &stats, seconds);
        let head = ["from", "to", "status", "read", "written", "unchanged", "rejected", "seconds"];
        table(&head, &[3, 4, 5, 6, 7], windows.iter().map(window_row).chain([total]).collect());
    }
    for at in windows.iter().filter_map(|window| window.end.as_ref()?.failure.as_ref()) {
        failure(&at.to_string());
    }
    if outcome.status != RunStatus::Succeeded {
        let (done, count) = (windows.iter().filter(|window| window.is_done()).count(), windows.len());
        note(&format!(
            "{done} of {count} windows are done; the same command without --again goes on with the next one"
        ));
    }
    Ok(())
}

fn window_row(window: &WindowOutcome) -> Vec<String> {
    let first = [window.window.start.to_string(), window.window.end.to_string(), window_status(window).to_owned()];
    row(first, &window.stats(), window.seconds())
}

fn row(first: [String; 3], stats: &StreamStats, seconds: f64) -> Vec<String> {
    let counts = [stats.read, stats.written, stats.unchanged, stats.rejected].map(count);
    first.into_iter().chain(counts).chain([format!("{seconds:.2}")]).collect()
}
